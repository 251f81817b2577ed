"""`sonde echo` beside a kernel whose firewall drops everything: the article's case, and what must not be answered."""

import json
import re
import signal

import pytest

import lab
from command import UNPRIVILEGED, iputils, next_line, sonde
from conftest import made
from echo_lab import FAR, NEAR, EchoLab, Report, clean, net, run_echo, shared
from lab import wait_until

FAMILIES = pytest.mark.parametrize("family", [4, 6])


@pytest.fixture
def fresh():
    lab_ = made(EchoLab)
    yield lab_
    lab_.close()


def answering(net, *arguments):
    return net.start("--json", *arguments)


def report_of(responder, **options):
    return Report(responder.stop(**options))


def test_the_firewall_silences_the_kernel_and_sonde_answers(net):
    for family in (4, 6):
        silent = net.ping(FAR[family], count=2)
        assert silent.code == 1 and "0 received, 100% packet loss" in re.sub(r"\+\d errors, ", "", silent.out), silent
    responder = answering(net)
    for family in (4, 6):
        clean(net.ping(FAR[family]))
    report = report_of(responder)
    assert report.by["answered"] == 6 and report.total["answered_v4"] == report.total["answered_v6"] == 3
    assert report.by["answered_neighbour"] >= 1, "the kernel's own neighbour discovery is dropped as well"
    assert report.total["kernel_dropped"] == 0 and report.by["kernel_reply"] == 0


def test_the_same_with_nft():
    net = made(lambda: EchoLab(drop=False))
    try:
        net.far.sh("nft 'table inet t { chain in { type filter hook input priority 0; policy drop; }; }'")
        assert net.ping(FAR[4], count=1).code == 1 and net.ping(FAR[6], count=1).code == 1
        responder = answering(net)
        clean(net.ping(FAR[4]))
        clean(net.ping(FAR[6]))
        assert report_of(responder).by["answered"] == 6
    finally:
        net.close()


@FAMILIES
@pytest.mark.parametrize("size", [0, 1, 8, 15, 56, 57, 1400])
def test_payloads_come_back_as_they_were(net, family, size):
    responder = answering(net)
    result = clean(net.ping(FAR[family], "-s", str(size)))
    assert f"{size + 8} bytes from" in result.out
    assert report_of(responder).by["answered"] == 3


def test_patterns_and_the_largest_payload(net):
    responder = answering(net)
    for arguments in (("-p", "ff00a5"), ("-p", "00"), ("-s", "1472", "-M", "do")):
        clean(net.ping(FAR[4], *arguments))
    report_of(responder)


def test_type_of_service_and_time_to_live(net):
    responder = answering(net)
    assert "ttl=64" in clean(net.ping(FAR[4], "-Q", "0xb8")).out
    out = net.scapy(f"""
for q in (eth/IP(src={NEAR[4]!r}, dst={FAR[4]!r}, tos=0xb9)/ICMP(id=1)/b"x",
          eth/IPv6(src={NEAR[6]!r}, dst={FAR[6]!r}, tc=0xb9, fl=0xabcde)/ICMPv6EchoRequest(id=1, data=b"x")):
    a = Ether(ask(q)[0])
    print(a.payload.tos if IP in a else (a.payload.tc, hex(a.payload.fl)))
""")
    assert out.split("\n")[:2] == ["185", "(185, '0xabcde')"]
    report_of(responder)


def test_jumbo_frames():
    net = made(lambda: EchoLab(mtu=9000))
    try:
        responder = answering(net)
        for family, header in ((4, 28), (6, 48)):
            clean(net.ping(FAR[family], "-s", str(9000 - header), "-M", "do"))
        assert report_of(responder).by["answered"] == 6
    finally:
        net.close()


def test_vlan_tags(net):
    """Also where the kernel knows of no such VLAN: what comes back comes from sonde, in the same VLAN and priority."""
    responder = answering(net, "--address", "10.5.0.2", "--address", "fd05::/64")
    out = net.scapy("""
tag = Ether(src=near_mac, dst=far_mac)/Dot1Q(vlan=5, prio=3)
arp = Ether(src=near_mac, dst="ff:ff:ff:ff:ff:ff")/Dot1Q(vlan=5, prio=3)/ARP(hwsrc=near_mac, psrc="10.5.0.1", pdst="10.5.0.2")
ns = tag/IPv6(src="fd05::1", dst="fd05::77", hlim=255)/ICMPv6ND_NS(tgt="fd05::77")/ICMPv6NDOptSrcLLAddr(lladdr=near_mac)
four = tag/IP(src="10.5.0.1", dst="10.5.0.2")/ICMP(id=5)/b"in a VLAN"
six = tag/IPv6(src="fd05::1", dst="fd05::77")/ICMPv6EchoRequest(id=5, data=b"in a VLAN")
two = Ether(src=near_mac, dst=far_mac)/Dot1AD(vlan=7)/Dot1Q(vlan=8)/IP(src="10.5.0.1", dst="10.5.0.2")/ICMP(id=6)
for q in (arp, ns, four, six, two):
    a = Ether(ask(q)[0])
    tags = []
    layer = a.payload
    while isinstance(layer, (Dot1Q, Dot1AD)):
        tags.append((layer.vlan, layer.prio))
        layer = layer.payload
    print(a.src == far_mac, a.dst == near_mac, tags, bytes(a).endswith(b"in a VLAN"))
""")
    assert out.splitlines() == ["True True [(5, 3)] False"] * 2 + ["True True [(5, 3)] True"] * 2 + \
        ["True True [(7, 0), (8, 0)] False"]
    report = report_of(responder)
    assert report.by["answered"] == 3 and report.by["answered_arp"] == 1 and report.by["answered_neighbour"] == 1


def test_record_route_and_timestamps(net):
    responder = answering(net)
    result = clean(net.ping(FAR[4], "-R", count=1), 1)
    assert re.search(rf"RR:\s+{NEAR[4]}\n\s+{FAR[4]}\n\s+{NEAR[4]}\n", result.out), result
    result = clean(net.ping(FAR[4], "-T", "tsandaddr", count=1), 1)
    assert re.search(rf"TS:\s+{NEAR[4]}\s+\d+ absolute\n\s+{FAR[4]}\s+-?\d+\n", result.out), result
    report_of(responder)


def test_addresses_that_the_kernel_has_never_heard_of(net):
    net.near.sh("ip route add 10.99.0.0/16 dev na; ip -6 route add fd99::/64 dev na")
    try:
        responder = answering(net, "--address", "10.99.0.0/16", "--address", "fd99::/64")
        for target in ("10.99.0.1", "10.99.255.254", "10.99.44.7", "fd99::1", "fd99::dead:beef:1:2"):
            clean(net.ping(target, count=1), 1)
        assert net.ping(FAR[4], count=1).code == 1, "with prefixes only they are answered"
        report = report_of(responder)
        assert report.by["answered"] == 5 and report.by["not_ours"] >= 1
        assert report.lines[0]["answers"] == ["10.99.0.0/16", "fd99::/64"]
    finally:
        net.near.sh("ip route del 10.99.0.0/16; ip -6 route del fd99::/64")


def test_duplicate_address_detection_is_left_alone(fresh):
    """A newcomer takes an address out of a prefix; a lone address is defended."""
    responder = answering(fresh, "--address", "fd99::/64", "--address", "fd98::7")
    fresh.near.sh("""
        echo 1 >/proc/sys/net/ipv6/conf/na/accept_dad; echo 1 >/proc/sys/net/ipv6/conf/na/dad_transmits
        ip addr add fd99::5/64 dev na; ip addr add fd98::7/64 dev na""")
    state = lambda address: fresh.near.sh(f"ip -6 addr show dev na to {address}")  # noqa: E731
    wait_until(lambda: "tentative" not in state("fd99::5") and "fd99::5" in state("fd99::5"), "fd99::5 to be taken")
    wait_until(lambda: "dadfailed" in state("fd98::7"), "fd98::7 to be refused")
    report = report_of(responder, code=1)
    assert report.by["address_detection"] >= 1 and report.by["answered_neighbour"] >= 1


def test_what_is_not_answered_and_why(net):
    near4, far4, near6, far6 = NEAR[4], FAR[4], NEAR[6], FAR[6]
    responder = answering(net, "-v")
    net.scapy(f"""
q = eth/IP(src={near4!r}, dst={far4!r})/ICMP(id=9)/(b"x" * 40)
q6 = eth/IPv6(src={near6!r}, dst={far6!r})/ICMPv6EchoRequest(id=9, data=b"x" * 40)
bad = q.copy(); bad[ICMP].chksum = 1
bad6 = q6.copy(); bad6[ICMPv6EchoRequest].cksum = 1
header = q.copy(); header[IP].chksum = 1
short = q.copy(); short[IP].len = 200
say(bad, bad6, header, short)
say(eth/IP(src={near4!r}, dst={far4!r}, flags="MF")/ICMP()/(b"x" * 40))
say(eth/IPv6(src={near6!r}, dst={far6!r})/IPv6ExtHdrFragment(m=1)/ICMPv6EchoRequest())
say(Ether(src=near_mac, dst="ff:ff:ff:ff:ff:ff")/IP(src={near4!r}, dst="255.255.255.255")/ICMP())
say(Ether(src=near_mac, dst="ff:ff:ff:ff:ff:ff")/IP(src={near4!r}, dst="192.0.2.255")/ICMP())
say(Ether(src=near_mac, dst="01:00:5e:00:00:01")/IP(src={near4!r}, dst="224.0.0.1")/ICMP())
say(eth/IP(src="255.255.255.255", dst={far4!r})/ICMP())
say(eth/IP(src={far4!r}, dst={far4!r})/ICMP())
say(Ether(src=far_mac, dst=far_mac)/IP(src={near4!r}, dst={far4!r})/ICMP())
say(eth/IP(src={near4!r}, dst={far4!r}, options=[IPOption_LSRR(routers=["192.0.2.77"])])/ICMP())
say(eth/IP(src={near4!r}, dst="192.0.2.77")/ICMP())
say(eth/IP(src={near4!r}, dst={far4!r})/ICMP(type=13))
say(q)
""")
    wait_until(lambda: count_lines(responder, "answered"), "the last, which is answered")
    result = responder.stop()
    result.out = "".join(responder.seen) + result.out[len(responder.first):]
    report = Report(result)
    expected = {"bad_checksum": 3, "truncated": 1, "fragment": 2, "group_destination": 3, "group_source": 1,
                "own_source": 2, "source_route": 1, "not_ours": 1, "answered": 1}
    assert {name: report.by[name] for name in expected} == expected, report.result
    told = [request["outcome"] for request in report.requests if request["outcome"] in expected]
    assert sorted(told) == sorted(name for name, count in expected.items() for _ in range(count))
    answered = [request for request in report.requests if request["outcome"] == "answered"]
    assert answered[0]["id"] == 9 and answered[0]["from"] == near4 and answered[0]["bytes"] == 48


def count_lines(responder, outcome):
    """Reads on until an event with that outcome comes."""
    if not hasattr(responder, "seen"):
        responder.seen = [responder.first]
    while True:
        line = responder.process.stdout.readline()
        assert line, responder.process.stderr.read()
        responder.seen.append(line)
        if json.loads(line).get("outcome") == outcome:
            return True


def test_replies_are_right_to_a_second_opinion(net):
    """scapy computes what it sees anew: all checksums and lengths agree."""
    responder = answering(net)
    out = net.scapy(f"""
def same(raw):
    a = Ether(raw)
    b = a.copy()
    for layer in (IP, ICMP, IPv6, ICMPv6EchoReply):
        if layer in b:
            for field in ("chksum", "cksum", "len", "plen"):
                if hasattr(b[layer], field): delattr(b[layer], field)
    return bytes(b) == raw
for size in (0, 1, 2, 3, 31, 500):
    for q in (eth/IP(src={NEAR[4]!r}, dst={FAR[4]!r})/ICMP(id=1, seq=size)/(b"\\xa5" * size),
              eth/IPv6(src={NEAR[6]!r}, dst={FAR[6]!r})/ICMPv6EchoRequest(id=1, seq=size, data=b"\\xa5" * size),
              eth/IPv6(src={NEAR[6]!r}, dst={FAR[6]!r})/IPv6ExtHdrDestOpt()/ICMPv6EchoRequest(id=2, seq=size)):
        print(same(ask(q)[0]))
""")
    assert out.split() == ["True"] * 18
    report_of(responder)


def test_unfinished_checksums_of_local_traffic(net):
    """A frame whose checksum was left to a device reaches a veth's other end without one: it is not corrupt."""
    responder = answering(net)
    out = net.scapy(f"""
import socket, struct
def unfinished(packet, start, offset):
    door = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    door.bind(("na", 0))
    door.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
    door.send(struct.pack("<BBHHHH", 1, 0, 0, 0, start, offset) + bytes(packet))  # VIRTIO_NET_HDR_F_NEEDS_CSUM
q = eth/IP(src={NEAR[4]!r}, dst={FAR[4]!r})/ICMP(id=9, seq=1, chksum=0x1234)/(b"x" * 40)
q6 = eth/IPv6(src={NEAR[6]!r}, dst={FAR[6]!r})/ICMPv6EchoRequest(id=9, seq=1, cksum=0x1234, data=b"x" * 40)
watch = AsyncSniffer(iface="na", store=True, count=2, timeout=10, started_callback=lambda: (
    unfinished(q, 34, 2), unfinished(q6, 54, 2)), lfilter=lambda p: ICMP in p and p[ICMP].type == 0
    or ICMPv6EchoReply in p)
watch.start(); watch.join()
for got in watch.results:
    again = got.copy()
    if ICMP in again: del again[ICMP].chksum
    else: del again[ICMPv6EchoReply].cksum
    print(bytes(again) == bytes(got))
""")
    assert out.split() == ["True", "True"]
    report = report_of(responder)
    assert report.by["bad_checksum"] == 0 and report.by["answered"] == 2


def test_two_responders_do_not_talk_to_each_other(fresh):
    fresh.near.sh("iptables -P INPUT DROP; ip6tables -P INPUT DROP")
    far = answering(fresh)
    near = fresh.near.start(lab.sonde_binary(), "echo", "-i", "na", "--json")
    assert near.stdout.readline()
    fresh.scapy(f"say(eth/IP(src={NEAR[4]!r}, dst={FAR[4]!r})/ICMP(id=3), "
                f"eth/IPv6(src={NEAR[6]!r}, dst={FAR[6]!r})/ICMPv6EchoRequest(id=3))")
    wait_until(lambda: status_of(far) == 2, "both to be answered")
    assert report_of(far).by["answered"] == 2
    near.send_signal(signal.SIGINT)
    total = json.loads(near.communicate(timeout=20)[0].splitlines()[-1])
    assert total["by_outcome"]["answered"] == 0


def status_of(responder):
    """Asks with SIGQUIT how many were answered; the run goes on."""
    responder.process.send_signal(signal.SIGQUIT)
    while True:
        line = responder.process.stderr.readline()
        found = re.match(r"(\d+) answered \(\d+ IPv4, \d+ IPv6\), \d+ not answered, \d+ dropped by the kernel$", line)
        if found:
            return int(found[1])
        assert line, "the responder ended"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_with_a_summary(net, how):
    responder = net.start()
    clean(net.ping(FAR[4]))
    result = responder.stop(how)
    assert result.out.startswith("ECHO vb ("), result
    assert f"answering for {FAR[4]}, {FAR[6]}" in result.lines[0]
    assert "--- vb echo statistics ---\n" in result.out
    assert re.search(r"^\d+ frames seen, 3 answered \(3 IPv4, 0 IPv6\), \d+ ARP requests? and \d+ solicitations? "
                     r"answered, time \d+ms$", result.out, re.M), result
    assert re.search(r"^\d+ replies sent; 0 frames dropped by the kernel$", result.out, re.M), result


def test_nothing_answered_is_a_no(net):
    assert run_echo(net.far, "-i", "vb", "-w", "0.2").code == 1


def test_count_and_deadline(net):
    responder = answering(net, "-c", "2")
    pinged = net.ping(FAR[4], count=3)
    assert ", 2 received" in pinged.out
    assert Report(responder.result()).by["answered"] == 2
    responder = answering(net, "-w", "600ms")
    clean(net.ping(FAR[4], count=1), 1)
    assert 600 <= Report(responder.result()).total["elapsed_ms"] < 20_000


def test_a_reader_that_goes_away(net):
    responder = net.start("-v")
    responder.process.stdout.close()
    # The first line that finds nobody ends it.
    net.ping(FAR[4], count=1)
    wait_until(lambda: responder.process.poll() is not None, "the end")
    assert responder.process.returncode == 0
    assert "cannot write" not in responder.process.stderr.read()


def test_privileges_are_gone_once_it_listens(net):
    responder = net.start()
    status = net.far.sh(f"cat /proc/{responder.process.pid}/status")
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert re.search(rf"^{kind}:\s+0+$", status, re.M), status
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    responder.stop(code=1)


def test_no_permission(net):
    result = sonde(net.far, "echo", "-i", "vb", wrap=UNPRIVILEGED)
    assert result.code == 2 and result.out == ""
    assert "CAP_NET_RAW" in result.err and "setcap cap_net_raw" in result.err, result


@pytest.mark.parametrize("arguments, words", [
    ((), ["which interface?", "lo", "vb"]),
    (("-i", "eht0"), ["no interface 'eht0'", "lo", "vb"]),
    (("-i", "lo"), ["loopback"]),
    (("-i", "vb", "--address", "10.99.0.0/33"), ["10.99.0.0/33"]),
    (("-i", "vb", "--address", "nonsense"), ["nonsense"]),
    (("-i", "vb", "--drop", "1.5"), ["--drop", "probability"]),
    (("-i", "vb", "--drop", "nan"), ["--drop", "probability"]),
    (("-i", "vb", "--corrupt", "110%"), ["--corrupt", "probability"]),
    (("-i", "vb", "--delay", "5x"), ["--delay", "5x"]),
    (("-i", "vb", "--delay", "5ms±"), ["--delay"]),
    (("-i", "vb", "--truncate", "-1"), ["--truncate"]),
    (("-i", "vb", "--wrong-source", "x"), ["--wrong-source", "x"]),
    (("-i", "vb", "-c", "0"), ["-c", "small"]),
    (("-i", "vb", "extra"), ["extra"]),
    (("-i", "\x1b[2J"), ["\\x1b[2J"]),
])
def test_bad_input_is_one_clear_line(net, arguments, words):
    result = run_echo(net.far, *arguments)
    assert result.code == 2 and result.out == "", result
    assert result.err.startswith("sonde echo: ") and "\x1b" not in result.err
    for word in words:
        assert word in result.err, result


def recreate(net):
    """The far end is deleted, which takes the near end along, and made again."""
    net.far.sh("ip link del vb")
    wait_until(lambda: net.near.run("ip", "link", "show", "dev", "na", check=False).returncode != 0, "na to go")
    net.near.join(net.far, ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"], ("na", "vb"))


def test_an_interface_that_goes_and_comes_back(fresh):
    responder = fresh.start("--address", "192.0.2.2", "--address", "2001:db8::2")
    clean(fresh.ping(FAR[4]))
    fresh.far.sh("ip link del vb")
    assert responder.process.stderr.readline().startswith("sonde echo: the kernel may answer too")
    words = [responder.process.stderr.readline() for _ in range(4)]
    assert words[-1] == "sonde echo: vb is gone; waiting for it to come back\n", words
    wait_until(lambda: fresh.near.run("ip", "link", "show", "dev", "na", check=False).returncode != 0, "na to go")
    fresh.near.join(fresh.far, ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"], ("na", "vb"))
    assert responder.process.stderr.readline() in ("sonde echo: vb is back\n", "sonde echo: vb is down; waiting for it\n")
    wait_until(lambda: fresh.ping(FAR[4], count=1).code == 0, "an answer")
    clean(fresh.ping(FAR[6]))
    responder.stop()


def codes_until(responder, last):
    """What its events are called, up to this one."""
    codes = []
    while last not in codes:
        codes.append(json.loads(next_line(responder.process)).get("code", "listening"))
    return codes


def test_an_interface_that_is_replaced_at_once(fresh):
    responder = answering(fresh)
    clean(fresh.ping(FAR[4], count=1), 1)
    recreate(fresh)
    wait_until(lambda: fresh.ping(FAR[4], count=1).code == 0, "an answer from the new interface")
    # It answers as soon as it can, and sees a moment later that the interface is up.
    assert codes_until(responder, "interface_back").count("interface_gone") <= 1
    responder.stop()


def test_an_interface_that_is_down(fresh):
    fresh.far.sh("ip link set vb down")
    responder = answering(fresh)
    fresh.far.sh("ip link set vb up; ip addr add 2001:db8::2/64 dev vb nodad")
    for family in (4, 6):
        wait_until(lambda: fresh.ping(FAR[family], count=1).code == 0, "an answer")  # noqa: B023
    assert codes_until(responder, "interface_back")[:2] == ["kernel_may_answer", "interface_down"]
    responder.stop()


def test_addresses_that_come_and_go_are_followed(fresh):
    responder = answering(fresh)
    fresh.far.sh("ip addr add 192.0.2.50/24 dev vb")
    wait_until(lambda: fresh.ping("192.0.2.50", count=1).code == 0, "an answer")
    fresh.far.sh("ip addr del 192.0.2.50/24 dev vb")
    fresh.near.sh(f"ip neigh replace 192.0.2.50 lladdr {fresh.mac(fresh.far, 'vb')} dev na")
    wait_until(lambda: fresh.ping("192.0.2.50", count=1).code == 1, "silence")
    report = report_of(responder)
    assert sum(line["event"] == "echo_listening" for line in report.lines) == 3


def test_flood_without_loss(net):
    """Thousands as fast as they go, through the ring."""
    responder = answering(net)
    flood = iputils(net.near, "-n", "-q", "-f", "-c", "5000", FAR[4])
    assert "5000 packets transmitted, 5000 received" in flood.out, flood
    report = report_of(responder)
    assert report.by["answered"] == 5000 and report.total["kernel_dropped"] == 0
