#!/usr/bin/env bash
# run.sh BUILD_DIR CXX: installs the built tree into a prefix of its own, then builds and runs the consumer against it
# through CMake and through pkg-config, and compiles all installed headers.
set -euo pipefail

build=$1
cxx=$2
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

step() { printf 'install: %s\n' "$*"; }

step "cmake --install"
cmake --install "$build" --prefix "$scratch/staged" >"$scratch/install.log" || { cat "$scratch/install.log"; exit 1; }
# Moved after the installation: nothing in it may know where it was put first.
prefix=$scratch/prefix
mv "$scratch/staged" "$prefix"
if grep -rlIF -e "$build" -e "$(cd "$here/../.." && pwd)" "$prefix"; then
    echo "install: the files above name the build or source folder"
    exit 1
fi

step "the command"
"$prefix/bin/sonde" --version

step "a consumer through find_package"
cmake -G Ninja -S "$here" -B "$scratch/cmake" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/cmake.log" ||
    { cat "$scratch/cmake.log"; exit 1; }
cmake --build "$scratch/cmake" --verbose >"$scratch/cmake.log" || { cat "$scratch/cmake.log"; exit 1; }
"$scratch/cmake/consumer"

pc=$(find "$prefix" -name sonde.pc)
export PKG_CONFIG_PATH=${pc%/*}
for mode in "" --static; do
    step "a consumer through pkg-config $mode"
    # shellcheck disable=SC2046,SC2086 # flags are words
    "$cxx" -std=c++20 "$here/main.cpp" -o "$scratch/consumer" $(pkg-config $mode --cflags --libs sonde)
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir sonde) "$scratch/consumer"
done

step "all installed headers in one file"
(cd "$prefix/include" && find sonde -name '*.hpp' | sort | sed 's/.*/#include <&>/') >"$scratch/headers.cpp"
# shellcheck disable=SC2046
"$cxx" -std=c++20 -fsyntax-only -Wall -Wextra -Werror $(pkg-config --cflags sonde) "$scratch/headers.cpp"

step OK
