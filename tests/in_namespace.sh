#!/bin/sh
# in_namespace.sh COMMAND [ARGS...]: runs it in a network namespace of its own, as its root, with `lo` up and ICMP
# datagram sockets allowed. Exits 77 (ctest: skipped) where no such namespace can be made.
set -eu

if unshare -Urn true 2>/dev/null; then
    flags=-Urn
elif unshare -n true 2>/dev/null; then
    flags=-n
else
    echo "SKIP: neither user nor network namespaces can be made here"
    exit 77
fi

# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare "$flags" sh -c '
    ip link set lo up
    # A container may have /proc/sys read-only: what needs it says so itself.
    { echo "0 0" > /proc/sys/net/ipv4/ping_group_range; } 2>/dev/null || :
    exec "$@"' in_namespace "$@"
