#!/usr/bin/env bash
# demo_lab.sh SONDE [LOOPBACK ADDRESSES...]: inside a network namespace of its own (tests/in_namespace.sh), joins a second
# one by a veth pair and pings through it, so that a reply, a loss and an error are seen. The addresses given are pinged
# first. Exits 77 when this kernel cannot do it.
set -euo pipefail

sonde=$1
shift
for address; do
    echo "\$ sonde ping -c 3 -i 0.2 $address"
    "$sonde" ping -c 3 -i 0.2 "$address"
    echo
done

# The other machine lives as long as a process that does nothing in it.
exec {far_ready}< <(unshare -n sh -c 'echo ready; exec sleep 600')
far=$!
trap 'kill "$far"' EXIT
if ! read -r _ <&"$far_ready" || ! ip link add lab0 type veth peer name lab1 netns "$far"; then
    echo "no second namespace, or no veth in this kernel"
    exit 77
fi
in_far() { nsenter --target "$far" --net -- "$@"; }

answers=192.0.2.2
silent=198.51.100.9
unreachable=203.0.113.9
targets=("$answers" "$silent" "$unreachable")

ip addr add 192.0.2.1/24 dev lab0
ip link set lab0 up
in_far ip addr add "$answers/24" dev lab1
in_far ip link set lab1 up
in_far ip route add blackhole "$silent/32"
in_far ip route add unreachable "$unreachable/32"
# Only a router says "unreachable", and no more than one a second unless told. A container may have /proc/sys read-only.
errors=yes
in_far sh -c '{ echo 1 > /proc/sys/net/ipv4/ip_forward && echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; } 2>/dev/null' ||
    errors=no
ip route add default via "$answers"
if [[ -e /proc/net/if_inet6 ]]; then
    ip addr add 2001:db8::1/64 dev lab0 nodad
    in_far ip addr add 2001:db8::2/64 dev lab1 nodad
    targets+=(2001:db8::2)
fi

# Not every host answers: 1 is right. 2 or more is a failure of sonde itself.
ping_all() {
    local status=0
    "$sonde" ping "$@" "${targets[@]}" || status=$?
    ((status == 1)) || { echo "sonde ping exited with $status, not 1" >&2 && exit 1; }
}

echo "$answers answers, $silent is silent, $unreachable is unreachable"
echo "\$ sonde ping -c 3 -i 0.2 -W 1 ${targets[*]}"
ping_all -c 3 -i 0.2 -W 1

events=$(ping_all -c 1 -W 0.5 --json)
expect() {
    grep -Eq "\"event\": ?\"$1\"" <<<"$events" && return
    printf '%s\n' "$events" "no $1 was seen"
    exit 1
}
expect reply
expect timeout
if [[ $errors == yes ]]; then
    expect icmp_error
else
    echo "/proc/sys is read-only here: the unreachable host is silent too"
fi

# What is below: hosts that no kernel knows of, a packet in words, and what passes meanwhile.
show() {
    local word line=""
    for word; do
        [[ $word == *[\ \(]* ]] && word="'$word'"
        line+=" $word"
    done
    printf '\n$ sonde%s\n' "$line"
    "$sonde" "$@"
}
ip route add 198.18.0.0/24 dev lab0
in_far ip route add blackhole 198.18.0.0/24 # it forwards, and would say that there is no such network
echo
echo "from here on the far machine answers for all of 198.18.0.0/24: sonde echo -i lab1 --address 198.18.0.0/24"
exec {echo_ready}< <(exec nsenter --target "$far" --net -- "$sonde" echo -i lab1 --address 198.18.0.0/24)
echoing=$!
trap 'kill "$echoing" "$far"' EXIT
read -r _ <&"$echo_ready"
exec {seen}< <(exec "$sonde" sniff -i lab0 -n -c 4 'arp or icmp' 2>&1)
read -r _ <&"$seen"
show ping -c 1 198.18.0.77
printf '\n$ sonde sniff -i lab0 -n -c 4 arp or icmp    (meanwhile)\n'
cat <&"$seen"
show send --wait 1s "ip(dst=$answers)/udp(dport=9)/\"hello\""
show send --explain 'ip(dst=127.0.0.1, ttl=64)/icmp(echo, id=7, seq=1)'
