"""Every way in which a ping can end, on real routers and links: who says so, by what name, and what goes on."""

import json
import signal
import sys

import pytest

from command import Report, finish, ping, ping_json, start_ping
from lab import RoutedLab

BOTH = pytest.mark.parametrize("family", [4, 6])
ERRORS = {
    ("UNREACHABLE", 4): (3, 1, "host_unreachable"), ("UNREACHABLE", 6): (1, 0, "no_route_to_destination"),
    ("PROHIBITED", 4): (3, 13, "communication_administratively_prohibited"),
    ("PROHIBITED", 6): (1, 1, "communication_administratively_prohibited"),
    ("NO_ROUTE", 4): (3, 0, "network_unreachable"), ("NO_ROUTE", 6): (1, 0, "no_route_to_destination"),
    ("ABSENT", 4): (3, 1, "host_unreachable"), ("ABSENT", 6): (1, 3, "address_unreachable"),
}


@BOTH
def test_reply(routed, family):
    target = RoutedLab.FAR[family]
    report = ping_json(routed.host, "-c", "3", "-i", "0.1", target)
    assert report.kinds == {"reply"} and report.total["received"] == 3, report.result
    assert {(e["ttl"], e["bytes"], e["from"], e["clock"]) for e in report.of("reply")} == {(63, 64, target, "kernel")}


@BOTH
def test_timeout(routed, family):
    report = ping_json(routed.host, "-c", "2", "-i", "0.1", "-W", "0.3", RoutedLab.BLACKHOLE[family], code=1)
    assert report.kinds == {"timeout"} and report.total["lost"] == 2 and report.accounting["timed_out"] == 2


@BOTH
@pytest.mark.parametrize("where", ["UNREACHABLE", "PROHIBITED", "NO_ROUTE", "ABSENT"])
def test_unreachable(routed, family, where):
    target = getattr(RoutedLab, where)[family]
    report = ping_json(routed.host, "-c", "2", "-i", "0.1", "-W", "3", target, code=1)
    assert report.kinds == {"icmp_error"} and report.total["errors"] == 2 and report.total["lost"] == 2, report.result
    for e in report.of("icmp_error"):
        assert (e["icmp_type"], e["icmp_code"], e["error"]) == ERRORS[where, family]
        assert e["from"] == RoutedLab.ROUTER[family] and e["address"] == target


@BOTH
def test_time_exceeded_by_the_router_and_not_by_the_target(routed, family):
    expired = ping_json(routed.host, "-c", "1", "-t", "1", RoutedLab.FAR[family], code=1).one("icmp_error")
    assert (expired["from"], expired["icmp_type"], expired["icmp_code"]) == (
        RoutedLab.ROUTER[family], 11 if family == 4 else 3, 0)
    assert expired["error"] == ("time_exceeded_in_transit" if family == 4 else "hop_limit_exceeded_in_transit")
    assert ping_json(routed.host, "-c", "1", "-t", "2", RoutedLab.FAR[family]).kinds == {"reply"}


@BOTH
def test_neighbour_that_is_not_there(routed, family):
    """ARP and neighbour discovery fail on this machine's own link: the kernel itself reports it."""
    absent = "192.0.2.99" if family == 4 else "2001:db8:1::99"
    report = ping_json(routed.host, "-c", "2", "-i", "0.1", "-W", "3", absent, code=1)
    assert report.total["received"] == 0, report.result
    for e in report.of("icmp_error"):
        assert e["from"] == RoutedLab.HOST[family]
        assert e["error"] == ("host_unreachable" if family == 4 else "address_unreachable")
    assert len(report.of("icmp_error")) + len(report.of("send_failed")) == 2


@BOTH
def test_port_unreachable_of_another_protocol_is_not_ours(routed, family):
    """A UDP datagram to a closed port is answered by an error while pings are in flight."""
    running = start_ping(routed.host, "--json", "-c", "10", "-i", "0.05", RoutedLab.FAR[family])
    family_name = "AF_INET" if family == 4 else "AF_INET6"
    routed.host.run(sys.executable, "-c", f"""
import socket
s = socket.socket(socket.{family_name}, socket.SOCK_DGRAM)
for port in range(40000, 40050):
    s.sendto(b'x', ('{RoutedLab.FAR[family]}', port))
""")
    report = Report(finish(running))
    assert report.total["received"] == 10 and report.kinds == {"reply"}, report.result


@BOTH
def test_fragmentation_needed(routed, family):
    """The router's next link is narrower: it says so once, then the kernel knows and refuses by itself."""
    routed.router.sh("ip link set toward_far mtu 1300")
    routed.far.sh("ip link set far mtu 1300")
    report = ping_json(routed.host, "-c", "3", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1400",
                       RoutedLab.FAR[family], code=1)
    first = report.events[0]
    assert (first["event"], first["seq"], first["info"], first["from"]) == (
        "icmp_error", 1, 1300, RoutedLab.ROUTER[family])
    assert first["error"] == ("fragmentation_needed" if family == 4 else "packet_too_big")
    assert [(e["event"], e["seq"], e["errno"]) for e in report.events[1:]] == [("send_failed", 2, 90),
                                                                               ("send_failed", 3, 90)]
    # What may be fragmented gets through.
    assert ping_json(routed.host, "-c", "1", "-M", "dont", "-s", "1400", RoutedLab.FAR[family]).total["received"] == 1


@BOTH
def test_too_large_for_the_own_link(routed, family):
    result = ping(routed.host, "-c", "2", "-i", "0.1", "-M", "do", "-s", "3000", RoutedLab.FAR[family])
    assert result.lines[1:3] == [f"icmp_seq={n} send failed: Message too long" for n in (1, 2)]
    assert "2 packets transmitted, 0 received, 100% packet loss" in result.out and result.code == 2
    assert "2 packets could not be sent" in result.lines


def lose_and_regain(lab, family, lose, regain):
    """Pings, takes something away in mid-run, and gives it back; the run must go on and recover."""
    running = start_ping(lab.host, "--json", "-i", "0.05", "-W", "1", RoutedLab.FAR[family])
    lines = []

    def read_until(kind, count):
        seen = 0
        while seen < count:
            line = running.stdout.readline()
            assert line, running.stderr.read()
            lines.append(line)
            seen += json.loads(line)["event"] == kind
    read_until("reply", 3)
    lab.host.sh(lose)
    read_until("send_failed", 3)
    lab.host.sh(regain)
    read_until("reply", 5)
    running.send_signal(signal.SIGINT)
    result = finish(running)
    result.out = "".join(lines) + result.out
    assert result.code == 0 and result.err == "", result
    return Report(result)


@BOTH
def test_route_that_goes_and_comes_back(routed, family):
    route = f"ip -{family} route %s default via {RoutedLab.ROUTER[family]}"
    report = lose_and_regain(routed, family, route % "del", route % "add")
    assert {e["errno"] for e in report.of("send_failed")} == {101}
    assert {e["error"] for e in report.of("send_failed")} == {"Network is unreachable"}


@BOTH
def test_link_that_goes_down_and_comes_up(routed, family):
    down = "ip link set near down"
    # Going down forgets the routes, and of IPv6 the addresses too.
    up = "ip link set near up; ip addr replace 2001:db8:1::1/64 dev near nodad;" \
         "ip route replace default via 192.0.2.2; ip -6 route replace default via 2001:db8:1::2"
    report = lose_and_regain(routed, family, down, up)
    assert report.total["send_failed"] >= 3, report.result


@BOTH
def test_interface_that_is_deleted_for_good(routed, family):
    """Also with -I: the index means nothing any more. The run ends by its count, with all told."""
    for arguments in ((), ("-I", "near")):
        lab = routed if arguments else RoutedLab()
        running = start_ping(lab.host, "--json", "-c", "12", "-i", "0.1", "-W", "0.5", *arguments,
                             RoutedLab.FAR[family])
        running_first = running.stdout.readline()
        lab.host.sh("ip link del near")
        result = finish(running)
        result.out = running_first + result.out
        report = Report(result)
        assert report.total["received"] >= 1 and report.total["send_failed"] >= 5
        assert report.accounting["scheduled"] == 12
        if lab is not routed:
            lab.close()


def test_routes_of_this_machine_that_refuse_a_send(host):
    """Each by its own errno, and none at the expense of another target."""
    host.sh("ip route add prohibit 192.0.2.1; ip route add unreachable 192.0.2.2; ip route add blackhole 192.0.2.3")
    report = ping_json(host, "-c", "2", "-i", "0.1", "-W", "0.3", "192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1",
                       code=1)
    assert report.summary("127.0.0.1")["received"] == 2, report.result
    assert {e["errno"] for e in report.of("send_failed", target="192.0.2.1")} == {13}
    assert {e["errno"] for e in report.of("send_failed", target="192.0.2.2")} == {113}
    assert {e["errno"] for e in report.of("send_failed", target="192.0.2.3")} == {22}


def test_all_sends_fail_is_an_operation_that_failed(host):
    host.sh("ip route add unreachable 192.0.2.0/24")
    report = ping_json(host, "-c", "1", "192.0.2.1", "192.0.2.2", code=2)
    assert report.total["send_failed"] == 2 and report.total["sent"] == 0, report.result


@BOTH
def test_unreachable_half_does_not_disturb_the_good_half(routed, family):
    """An ICMP error fails the next send of the socket, to whomever: no ping of another host may be lost by it."""
    device = {4: "198.51.100.{}/24", 6: "2001:db8:2::1:{:x}/64"}[family]
    routed.far.run("ip", "-b", "-", input="".join(
        f"addr add {device.format(n)} dev far{' nodad' if family == 6 else ''}\n" for n in range(10, 90)))
    good = [device.format(n).split("/")[0] for n in range(10, 90)]
    bad = [RoutedLab.UNREACHABLE[6][:-1] + f"{n:x}" for n in range(0x100, 0x150)] if family == 6 else \
        [f"203.0.113.{n}" for n in range(100, 180)]
    mixed = [target for pair in zip(bad, good) for target in pair]
    report = ping_json(routed.host, "-c", "5", "-i", "0.1", "-W", "3", *mixed, code=1)
    for target in good:
        assert report.summary(target)["received"] == 5, report.summary(target)
    assert not [e for e in report.events if e["event"] != "reply" and e["target"] in good]
    errors = report.total["errors"]
    assert errors == 400 if family == 6 else errors >= 5  # IPv4 errors are limited by the sender's kernel


@BOTH
def test_errors_of_time_to_live_do_not_disturb_other_processes(routed, family):
    """Their errors quote another socket's pings."""
    flood = start_ping(routed.host, "-t", "1", "-q", "-i", "0.002", RoutedLab.FAR[family])
    report = ping_json(routed.host, "-c", "20", "-i", "0.05", RoutedLab.FAR[family])
    flood.send_signal(signal.SIGINT)
    assert report.total["received"] == 20 and report.kinds == {"reply"}, report.result
    assert finish(flood).code == 1


def test_redirected_by_a_better_router(routed):
    """host asks far through router; router knows a better way on the same link, and the ping is answered anyway."""
    other = routed.host.neighbour()
    bridge_names = ("bridged0", "second")
    routed.host.sh("ip link add bridge0 type bridge && ip link set bridge0 up")
    routed.host.join(other, [], ["192.0.2.3/24"], bridge_names)
    other.sh("echo 1 >/proc/sys/net/ipv4/ip_forward; ip addr add 198.18.7.7/32 dev lo; "
             "ip route add default via 192.0.2.2")
    routed.host.sh("""
        ip addr del 192.0.2.1/24 dev near; ip link set near master bridge0; ip link set bridged0 master bridge0
        ip addr add 192.0.2.1/24 dev bridge0; ip route replace default via 192.0.2.2
        echo 0 >/proc/sys/net/ipv4/conf/all/secure_redirects""")
    routed.router.sh("ip route add 198.18.7.7/32 via 192.0.2.3; "
                     "echo 1 | tee /proc/sys/net/ipv4/conf/all/send_redirects "
                     "/proc/sys/net/ipv4/conf/toward_host/send_redirects >/dev/null")
    report = ping_json(routed.host, "-c", "3", "-i", "0.2", "198.18.7.7")
    assert report.total["received"] == 3, report.result
    for e in report.of("advice"):
        assert (e["error"], e["from"]) == ("redirect_for_host", "192.0.2.2")
    assert report.of("advice")


def test_two_addresses_one_of_each_family_in_one_run(routed):
    report = ping_json(routed.host, "-c", "3", "-i", "0.1", RoutedLab.FAR[4], RoutedLab.FAR[6])
    assert report.total["received"] == 6, report.result


def test_lab_is_closed(routed):
    """Nothing of the machine's own network is in there."""
    links = routed.host.sh("ip -o link show")
    assert {line.split(":")[1].strip().split("@")[0] for line in links.splitlines()} == {"lo", "near"}
