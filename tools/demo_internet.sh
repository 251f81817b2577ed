#!/usr/bin/env bash
# demo_internet.sh SONDE SCENARIO: inside a network namespace of its own (tests/in_namespace.sh), puts the example internet behind
# a TUN device and asks through it with this machine's own stack. Exits 77 when this kernel cannot do it.
set -euo pipefail

sonde=$1
scenario=$2

if [[ ! -r /dev/net/tun || ! -w /dev/net/tun ]]; then
    echo "/dev/net/tun is not there for this user: no TUN device"
    exit 77
fi
echo "\$ sonde lab $scenario &"
exec {lab}< <(exec "$sonde" lab "$scenario" 2>&1)
trap 'kill "$!" 2>/dev/null' EXIT
read -r line <&"$lab"
echo "$line"
for words in "trace 203.0.113.80" "ping -c 3 -i 0.2 2001:db8:113::80"; do
    [[ $words != *:* || -e /proc/net/if_inet6 ]] || continue
    printf '\n$ sonde %s\n' "$words"
    # shellcheck disable=SC2086 # words
    "$sonde" $words
done
