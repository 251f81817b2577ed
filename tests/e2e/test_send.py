"""`sonde send`: the same packets built by scapy, what leaves through each of the doors, what answers, and what is said of
a wrong description."""

import re
import signal
import subprocess
import sys
import time
import types

import pytest
from scapy.all import (ARP, BOOTP, DHCP, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6EchoRequest, ICMPv6ND_NS,
                       ICMPv6NDOptSrcLLAddr, IPOption_Router_Alert, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                       IPv6ExtHdrRouting, Raw, raw, wrpcap)
from scapy.contrib.igmp import IGMP
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello

import lab
from command import ONLY_NET_RAW, UNPRIVILEGED, finish, parse_lines, sonde, validate
from conftest import made

NEAR, FAR = "192.0.2.1", "192.0.2.2"
NEAR6, FAR6 = "2001:db8:1::1", "2001:db8:1::2"
A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
LINK = f"eth(src={A}, dst={B})"
ETHER = Ether(src=A, dst=B)
V4, SCAPY_V4 = f"ip(src={NEAR}, dst={FAR})", IP(src=NEAR, dst=FAR, id=0)
V6, SCAPY_V6 = f"ip6(src={NEAR6}, dst={FAR6})", IPv6(src=NEAR6, dst=FAR6)
GOLDEN = "ip(src=127.0.0.1, dst=127.0.0.1, id=11, ttl=64)/icmp(echo)"


def send(namespace, *arguments, **options):
    return sonde(namespace, "send", *arguments, **options)


def send_json(namespace, *arguments, code=0, **options):
    """The events of a run, and its accounting; the sums are right."""
    result = send(namespace, "--json", *arguments, **options)
    assert result.code == code, result
    lines = parse_lines(result.out)
    validate(lines)
    assert lines[-1]["event"] == "total", result
    a = lines[-1]["accounting"]
    assert a["frames"] == a["left"] + a["replies"] + a["icmp_errors"] + a["not_ours"], result
    assert a["answered"] <= a["sent"], result
    return lines[:-1], a


@pytest.fixture(scope="module")
def host():
    namespace = made(lab.Namespace.fresh)
    namespace.use_names()
    yield namespace
    namespace.close()


@pytest.fixture(scope="module")
def pair():
    machines = types.SimpleNamespace(host=made(lab.Namespace.fresh))
    machines.far = machines.host.neighbour()
    machines.host.join(machines.far, [f"{NEAR}/24", f"{NEAR6}/64"], [f"{FAR}/24", f"{FAR6}/64"], ("va", "vb"))
    for namespace, device in ((machines.host, "va"), (machines.far, "vb")):
        mac = namespace.sh(f"ip -o link show dev {device}").split("link/ether ")[1].split()[0]
        setattr(machines, device, mac)
    machines.host.run("ping", "-c", "1", FAR)
    yield machines
    machines.host.close()


# Frames that come in, in rows of digits, until the first one that ends with the mark.
SEE = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 3))
s.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA: the kernel takes a VLAN tag out of the frame
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    while True:
        frame, data, _, (_, _, kind, _, _) = s.recvmsg(65536, 100)
        tag = struct.unpack_from("=IIIHHHH", data[0][2]) if data else (0,) * 7
        if tag[0] & 0x10:
            frame = frame[:12] + struct.pack("!HH", tag[6] if tag[0] & 0x40 else 0x8100, tag[5]) + frame[12:]
        if kind != socket.PACKET_OUTGOING and b"marked" in frame:
            break
    print(frame.hex(), flush=True)
"""


def arrives(pair, *arguments, frames=1):
    """What comes in at the far end of frames that have `marked` in them."""
    seen = pair.far.start(sys.executable, "-c", SEE, "vb", str(frames))
    assert seen.stdout.readline() == "ready\n"
    result = send(pair.host, *arguments)
    assert result.code == 0, result
    return [bytes.fromhex(line) for line in finish(seen).lines]


BUILT = {
    f'{LINK}/{V4}/icmp(echo, id=7, seq=1)/"hello"': ETHER / SCAPY_V4 / ICMP(id=7, seq=1) / b"hello",
    f"{LINK}/{V4}/icmp(unreachable, code=3)/ip(src={NEAR}, dst={FAR})/udp(dport=9)/'12345678'":
        ETHER / SCAPY_V4 / ICMP(type=3, code=3) / SCAPY_V4 / UDP(dport=9) / b"12345678",
    f"{LINK}/{V4}/udp(sport=1000, dport=2000)/hex(00ff)": ETHER / SCAPY_V4 / UDP(sport=1000, dport=2000) / b"\0\xff",
    f"{LINK}/{V4}/tcp(dport=80, flags=S, window=8192, mss=1460)":
        ETHER / SCAPY_V4 / TCP(dport=80, flags="S", window=8192, options=[("MSS", 1460)]),
    f"{LINK}/{V4}/tcp(flags=SA, seq=1, ack=2, window=8192, mss=1460, sack_ok, timestamps=1:2, nop, wscale=7)":
        ETHER / SCAPY_V4 / TCP(flags="SA", seq=1, ack=2, window=8192, options=[
            ("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 2)), ("NOP", None), ("WScale", 7)]),
    f"{LINK}/{V6}/udp(dport=53)/hex(00ff)": ETHER / SCAPY_V6 / UDP(dport=53) / b"\0\xff",
    f"{LINK}/{V6}/tcp(dport=80, window=8192)": ETHER / SCAPY_V6 / TCP(dport=80, window=8192),
    f"{LINK}/{V6}/icmp6(echo, id=7, seq=1)/'hello'":
        ETHER / SCAPY_V6 / ICMPv6EchoRequest(id=7, seq=1, data=b"hello"),
    f"{LINK}/ip6(src={NEAR6}, dst=ff02::1:ff00:2)/icmp6(ns, target={FAR6}, slla={A})":
        ETHER / IPv6(src=NEAR6, dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt=FAR6) /
        ICMPv6NDOptSrcLLAddr(lladdr=A),
    # RFC 8200 section 8.1: the checksum is that of the final destination.
    f"{LINK}/{V6}/routing(source_route, segleft=1)/hex(20010db8000000000000000000000009)/udp(dport=9)/'x'":
        ETHER / SCAPY_V6 / IPv6ExtHdrRouting(addresses=["2001:db8::9"]) / UDP(dport=9) / b"x",
    f"{LINK}/{V6}/dstopts/udp": ETHER / SCAPY_V6 / IPv6ExtHdrDestOpt() / UDP(),
    f"{LINK}/{V6}/frag(id=5, offset=2, m)/udp/'x'":
        ETHER / SCAPY_V6 / IPv6ExtHdrFragment(id=5, offset=2, m=1) / UDP() / b"x",
    f"eth(src={A})/arp(hwsrc={A}, psrc={NEAR}, pdst={FAR})":
        Ether(src=A, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=A, psrc=NEAR, pdst=FAR),
    f"{LINK}/vlan(id=5, prio=3)/vlan(id=6)/{V4}/icmp":
        ETHER / Dot1Q(vlan=5, prio=3) / Dot1Q(vlan=6) / SCAPY_V4 / ICMP(),
    f"eth(src={A})/ip(src={NEAR}, dst=224.0.0.5)/ospf(hello, router=1.2.3.4, options=2, priority=1)":
        Ether(src=A, dst="01:00:5e:00:00:05") / IP(src=NEAR, dst="224.0.0.5", ttl=1, id=0, proto=89) /
        OSPF_Hdr(src="1.2.3.4") / OSPF_Hello(mask="255.255.255.0", hellointerval=10, options=2, prio=1,
                                             deadinterval=40),
    f"eth(src={A})/ip(src={NEAR}, dst=224.0.0.1, router_alert=0)/igmp(query, max_resp=20)":
        Ether(src=A, dst="01:00:5e:00:00:01") /
        IP(src=NEAR, dst="224.0.0.1", ttl=1, id=0, proto=2, options=[IPOption_Router_Alert()]) / IGMP(mrcode=20),
    f"eth(src={A})/ip(src=0.0.0.0, dst=255.255.255.255)/udp/"
    f"dhcp(xid=7, chaddr={A}, message_type=discover, requested_address={FAR})":
        Ether(src=A, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255", id=0) /
        UDP(sport=68, dport=67) / BOOTP(xid=7, chaddr=bytes.fromhex(A.replace(":", ""))) /
        DHCP(options=[("message-type", "discover"), ("requested_addr", FAR), "end"]),
    # Wrong values stay wrong, and what is computed from them too.
    f"{LINK}/ip(src={NEAR}, dst={FAR}, version=6, len=7, chksum=0xbeef, flags=DF+MF, frag=3, ttl=0, proto=200)/"
    f"udp(len=3, chksum=1)/'x'":
        ETHER / IP(src=NEAR, dst=FAR, id=0, version=6, len=7, chksum=0xbeef, flags="DF+MF", frag=3, ttl=0,
                   proto=200) / UDP(len=3, chksum=1) / b"x",
}


@pytest.mark.parametrize("words", BUILT)
def test_scapy_builds_the_same_bytes(pair, words):
    events, _ = send_json(pair.host, "--dry-run", "-i", "va", words)
    assert events[0]["bytes"] == raw(BUILT[words]).hex(), words


def test_golden_explanation_of_the_article(host):
    result = send(host, "--explain", "--dialect", "macos", GOLDEN)
    assert result.code == 0 and result.err == "", result
    assert "written  45 00 00 00 00 0b 00 00 40 01 00 00 7f 00 00 01\n" in result.out
    assert "left     45 00 00 1c 00 0b 00 00 40 01 7c d4 7f 00 00 01\n" in result.out
    assert "macos        45 00 1c 00 00 0b 00 00 40 01 60 f0 7f 00 00 01\n" in result.out
    assert "on the wire  45 00 00 1c 00 0b 00 00 40 01 7c d4 7f 00 00 01\n" in result.out
    assert re.search(r"^  len +1c 00 +in host byte order", result.out, re.M), result
    assert re.search(r"^  chksum +60 f0 ", result.out, re.M), result
    assert "IP_HDRINCL  must be set" in result.out
    fields = dict(re.findall(r"^  (\w+) +.*?  +(you|sonde|sonde, computed|kernel)$", result.out.split("Internet Control")[0], re.M))
    assert fields["len"] == fields["chksum"] == "kernel"
    assert fields["id"] == fields["src"] == fields["dst"] == fields["ttl"] == "you"
    assert fields["tos"] == "sonde" and fields["ihl"] == "sonde, computed"
    marks = result.lines[next(i for i, line in enumerate(result.lines) if "left     45" in line) + 1]
    assert [m.start() for m in re.finditer(r"\^\^", marks)] == [19 + 3 * at for at in (3, 10, 11)], result


@pytest.mark.parametrize("dialect,length,checksum", [("linux", "00 1c", "7c d4"), ("freebsd", "00 1c", "7c d4"),
                                                     ("freebsd10", "1c 00", "60 f0"), ("macos", "1c 00", "60 f0")])
def test_every_dialect(host, dialect, length, checksum):
    result = send(host, "--explain", "--dry-run", "--dialect", dialect, GOLDEN, wrap=UNPRIVILEGED)
    assert result.code == 0, result
    assert re.search(rf"^  len +{length} ", result.out, re.M), result
    assert re.search(rf"^  chksum +{checksum} ", result.out, re.M), result


def test_fragment_offset_is_in_host_order_there_too(host):
    result = send(host, "--explain", "--dry-run", "--dialect", "macos", "ip(dst=127.0.0.1, flags=DF)/icmp")
    assert re.search(r"^  flags\+frag +00 40 ", result.out, re.M), result


def test_explanation_draws_the_header(host):
    result = send(host, "--explain", "--dry-run", "ip(dst=127.0.0.1)/icmp(echo)")
    assert "  +-+-+-+-+-+-+-+-+" in result.out and "|         Total Length          |" in result.out
    assert "RFC 791 section 3.1" in result.out and "RFC 792" in result.out
    assert "\x1b" not in result.out


def test_wait_explain_on_loopback(host):
    result = send(host, "--explain", "--wait", "1s", "ip(dst=127.0.0.1)/icmp(echo)")
    assert result.code == 0, result
    assert re.search(r"^reply after \d+\.\d{3} ms: IP 127\.0\.0\.1 > 127\.0\.0\.1: ICMP echo reply", result.out, re.M)
    assert result.out.endswith("1 packet sent, 28 bytes; 1 answered, 1 reply, 0 ICMP errors\n"), result


@pytest.mark.parametrize("words,kind", [
    ("ip(dst=127.0.0.1)/icmp(echo, id=3, seq=9)/'data'", "reply"),
    ("ip(dst=127.0.0.1)/icmp(timestamp, id=3)", "reply"),
    ("ip(dst=127.0.0.1)/udp(sport=3333, dport=1)/'x'", "icmp_error"),
    ("ip(dst=127.0.0.1)/tcp(sport=3333, dport=1, flags=S)", "reply"),
    ("ip(dst=127.0.0.1, proto=200)/'x'", "icmp_error"),
    ("ip6(dst=::1)/icmp6(echo, id=3)", "reply"),
    ("ip6(dst=::1)/udp(sport=3333, dport=1)", "icmp_error"),
    ("ip6(dst=::1)/tcp(sport=3333, dport=1, flags=S)", "reply"),
])
def test_the_kernel_answers(host, words, kind):
    events, accounting = send_json(host, "--wait", "5s", words)
    answers = [e for e in events if e["event"] == "answer"]
    assert [(a["kind"], a["number"], a["clock"]) for a in answers] == [(kind, 1, "kernel")], events
    assert answers[0]["rtt_ms"] > 0
    assert accounting["answered"] == 1 and accounting["left"] == 1


def test_silence_is_exit_1(host):
    events, accounting = send_json(host, "--wait", "200ms", "ip(dst=127.0.0.1)/icmp(reply)", code=1)
    assert accounting["answered"] == 0 and accounting["sent"] == 1
    assert send(host, "ip(dst=127.0.0.1)/icmp(reply)").code == 0


def test_transport_door(pair):
    frame, = arrives(pair, "--layer", "transport",
                     f"ip(dst={FAR}, ttl=7, tos=0x20, src={NEAR}, flags=DF)/icmp(echo, id=9)/'marked'")
    packet = Ether(frame)
    assert (packet[IP].ttl, packet[IP].tos, packet[IP].src, str(packet[IP].flags)) == (7, 0x20, NEAR, "DF")
    assert raw(packet[IP].payload) == raw(ICMP(id=9) / b"marked")
    frame, = arrives(pair, "--layer", "transport", "--dst", FAR6, "udp(dport=9)/'marked'")
    assert raw(Ether(frame)[IPv6].payload)[:16] == raw(SCAPY_V6 / UDP(dport=9) / b"marked")[40:56]
    refused = send(pair.host, "--layer", "transport", f"ip(dst={FAR}, id=5)/icmp")
    assert refused.code == 2 and "ip's id is the kernel's in the transport door" in refused.err


def test_network_door(pair):
    frame, = arrives(pair, f"ip(dst={FAR}, id=77, ttl=5, tos=4)/udp(sport=5, dport=6)/'marked'")
    packet = Ether(frame)
    assert raw(packet[IP]) == raw(IP(src=NEAR, dst=FAR, id=77, ttl=5, tos=4) / UDP(sport=5, dport=6) / b"marked")
    frame, = arrives(pair, f"{V6[:-1]}, fl=0x12345)/udp(sport=5, dport=6)/'marked'")
    assert raw(Ether(frame)[IPv6]) == raw(IPv6(src=NEAR6, dst=FAR6, fl=0x12345) / UDP(sport=5, dport=6) / b"marked")
    frame, = arrives(pair, "-i", "va", "ip(dst=224.0.0.5, proto=89)/ospf(hello)/'marked'")
    assert Ether(frame).dst == "01:00:5e:00:00:05" and Ether(frame)[IP].ttl == 1


def test_link_door(pair):
    wrong = f"ip(src={NEAR}, dst={FAR}, len=33, chksum=1)/'marked'"
    frame, = arrives(pair, "--layer", "link", wrong)
    assert frame == raw(Ether(src=pair.va, dst=pair.vb) / IP(src=NEAR, dst=FAR, id=0, len=33, chksum=1) / b"marked")
    frame, = arrives(pair, "-i", "va", "eth(dst=broadcast, type=0x1234)/'marked'")
    assert frame == bytes.fromhex("ff" * 6 + pair.va.replace(":", "") + "1234") + b"marked"
    frame, = arrives(pair, f"eth/vlan(id=5)/{V4}/udp/'marked'")
    assert frame == raw(Ether(src=pair.va, dst=pair.vb) / Dot1Q(vlan=5) / SCAPY_V4 / UDP() / b"marked")


def test_what_left_is_what_arrived(pair):
    for words in (f"ip(dst={FAR})/udp/'marked'", f"eth/vlan(id=5)/{V4}/udp/'marked'", f"{V6}/udp/'marked'"):
        seen = pair.far.start(sys.executable, "-c", SEE, "vb", "1")
        assert seen.stdout.readline() == "ready\n"
        events, accounting = send_json(pair.host, "--explain", words)
        frame = finish(seen).lines[0]
        assert accounting["left"] == 1 and events[0]["left"], events
        assert frame.endswith(events[0]["left"]), words


def test_arp_and_neighbour_discovery(pair):
    for words in (f"arp(pdst={FAR})", f"eth/ip6(src={NEAR6})/icmp6(ns, target={FAR6}, slla={pair.va})"):
        events, _ = send_json(pair.host, "-i", "va", "--wait", "2s", words)
        answers = [e for e in events if e["event"] == "answer"]
        assert len(answers) == 1 and answers[0]["bytes"].startswith(pair.va.replace(":", "")), events


def test_the_link_door_asks_who_has_an_address(pair):
    """Addresses that the neighbour table does not hold: this process asks, as the kernel would for its own packets."""
    pair.far.sh("ip addr add 192.0.2.50/24 dev vb; ip addr add 2001:db8:1::50/64 dev vb nodad")
    for words, target in ((f"ip(src={NEAR}, dst=192.0.2.50)/icmp/'marked'", "192.0.2.50"),
                          (f"ip6(src={NEAR6}, dst=2001:db8:1::50)/udp/'marked'", "2001:db8:1::50")):
        assert target not in pair.host.sh("ip neigh; ip -6 neigh")
        frame, = arrives(pair, "--layer", "link", words)
        assert (Ether(frame).dst, Ether(frame).src) == (pair.vb, pair.va), words
        # Nothing was put into the kernel's table, and nothing is asked or sent when nothing is to be sent.
        result = send(pair.host, "--layer", "link", "--dry-run", "--json", words)
        assert result.code == 0 and "not known: left zero" in result.err, result
        validate(parse_lines(result.out))


# Answers a tagged ARP request: first as somebody outside of the VLAN, then as who is meant.
ANSWER_TAGGED = """
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("vb", 3))
s.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
print("ready", flush=True)
while True:
    frame, data, _, _ = s.recvmsg(2000, 100)
    tag = struct.unpack_from("=IIIHHHH", data[0][2])
    if frame[12:14] != bytes.fromhex("0806") or frame[21] != 1 or not tag[0] & 0x10 or tag[5] & 0xfff != 7:
        continue
    for mac, between in (("020000000066", ""), ("020000000077", "81002007")):
        mac = bytes.fromhex(mac)
        arp = frame[14:20] + b"\\0\\2" + mac + frame[38:42] + frame[22:32]
        s.send(frame[6:12] + mac + bytes.fromhex(between) + b"\\x08\\x06" + arp)
"""


def test_the_question_goes_under_the_packets_tags(pair):
    """On a VLAN an address is somebody else's than outside of it, and who is asked untagged does not answer here."""
    answering = pair.far.start(sys.executable, "-c", ANSWER_TAGGED)
    assert answering.stdout.readline() == "ready\n"
    words = f"ip(src={NEAR}, dst=192.0.2.60)/udp/'marked'"
    frame, = arrives(pair, f"eth/vlan(id=7)/{words}")
    assert Ether(frame).dst == "02:00:00:00:00:77"
    for other in (f"eth/vlan(id=8)/{words}", f"eth/{words}"):
        assert send(pair.host, other).code == 2
    answering.kill()


def test_a_neighbour_whom_nobody_is(pair):
    asked = pair.far.start(sys.executable, "-u", "-c", """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("vb", 3))
print("ready")
while True:
    frame = s.recv(100)
    if frame[12:14] == bytes.fromhex("0806") and frame[38:42] == bytes([192, 0, 2, 77]):
        print(frame[:42].hex())
    if frame[12:14] == bytes.fromhex("86dd") and frame[54] == 135 and frame[77] == 0x77:
        print(frame[:86].hex())
""")
    assert asked.stdout.readline() == "ready\n"
    for words, address in (("ip(dst=192.0.2.77)/icmp", "192.0.2.77"), ("ip6(dst=2001:db8:1::77)/udp", "2001:db8:1::77")):
        result = send(pair.host, "--layer", "link", words)
        assert result.code == 2 and result.out == "", result
        assert result.err == (f"sonde send: the link address of {address} on va is not known: nobody there answers for "
                              "it\ngive it with eth(dst=...)\n"), result
    frames = [Ether(bytes.fromhex(asked.stdout.readline())) for _ in range(6)]
    for frame in frames[:3]:
        assert raw(frame) == raw(Ether(src=pair.va, dst="ff:ff:ff:ff:ff:ff") /
                                 ARP(hwsrc=pair.va, psrc=NEAR, pdst="192.0.2.77"))
    for frame in frames[3:]:
        assert raw(frame) == raw(Ether(src=pair.va, dst="33:33:ff:00:00:77") /
                                 IPv6(src=NEAR6, dst="ff02::1:ff00:77", hlim=255) /
                                 ICMPv6ND_NS(tgt="2001:db8:1::77") / ICMPv6NDOptSrcLLAddr(lladdr=pair.va))
    asked.kill()


def test_this_machine_is_not_its_own_neighbour(pair):
    result = send(pair.host, "--layer", "link", "-i", "va", f"ip(dst={NEAR})/icmp")
    assert result.code == 2 and "it is this machine's own" in result.err, result


def test_the_kernels_fields_are_told(host):
    result = send(host, "ip(dst=127.0.0.1, len=99)/icmp(echo)")
    assert result.code == 0 and "the kernel writes ip's len itself" in result.err, result
    events, _ = send_json(host, "--explain", "ip(dst=127.0.0.1, len=99)/icmp(echo)")
    length = next(f for f in events[0]["layers"][0]["fields"] if f["name"] == "len")
    assert length == {"name": "len", "value": "28", "author": "user", "written": "00 63", "overwritten_by": "kernel"}


def test_count_rate_and_memory(host):
    """A hundred thousand packets at a rate, and the process holds no more than for a few."""
    script = ('import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); '
              'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)')
    sizes = []
    for count in ("10", "100000"):
        result = host.run(sys.executable, "-c", script, lab.sonde_binary(), "send", "-c", count, "--rate", "1000000",
                          "ip(dst=127.0.0.1)/icmp(reply)")
        assert f"{count} packets sent" in result.stdout
        sizes.append(int(result.stdout.splitlines()[-1]))
    assert lab.sanitized() or sizes[1] < sizes[0] + 2000, sizes
    for pace in (("--interval", "0"), ("--rate", "100000000")):
        result = send(host, "-c", "3000", *pace, "-i", "lo", "eth(type=0x1234)/'x'")
        assert "3000 packets sent" in result.out, result
    before = time.monotonic()
    result = send(host, "-c", "300", "--rate", "1000", "-i", "lo", "eth(type=0x1234)/'x'")
    assert "300 packets sent" in result.out and time.monotonic() - before >= 0.299, result


def test_interrupted_in_the_middle(host):
    running = host.start(lab.sonde_binary(), "send", "-c", "0", "--interval", "10s", "--explain",
                         "ip(dst=127.0.0.1)/icmp(echo)")
    assert running.stdout.readline()
    running.send_signal(signal.SIGINT)
    result = finish(running)
    assert result.code == 0 and "1 packet sent" in result.out, result


def test_several_that_look_the_same_have_no_round_trip_time(host):
    events, accounting = send_json(host, "-c", "50", "--interval", "0", "--wait", "5s", "ip(dst=127.0.0.1)/icmp(echo)")
    answers = [e for e in events if e["event"] == "answer"]
    assert len(answers) == 50 == accounting["answered"]
    assert sorted(a["number"] for a in answers) == list(range(1, 51))


@pytest.mark.parametrize("words,column,said", [
    ("ip(dst=127.0.0.1, tttl=3)", 19, "did you mean 'ttl'? its fields are version, ihl, tos"),
    ("ip(dst=127.0.0.1)/ucmp", 19, "the layers are"),
    ("ip(dst=127.0.0.1)/icmp(ehco)", 24, "did you mean 'echo'"),
    ("ip(ttl=300)", 8, "8 bits"),
    ("ip(dst=127.0.0.1", 17, "expected ',' or ')'"),
    ("ip(dst=127.0.0.1)/", 19, "expected a layer"),
    ("ip(dst=127.0.0.1)/hex(0)", 23, "two hexadecimal digits"),
    ("ip(dst=127.0.0.1)/\"abc", 23, "not closed"),
    ("ip(dst=::1)", 8, "an IPv4 address"),
    ("ip(dst=127.0.0.1)/zeros(65530)", 1, "16 bits"),
    ("tcp(mss=70000)", 9, "2 bytes"),
    ("ip(dst=127.0.0.1)/\x1b[2J", 19, "\\x1b"),
])
def test_an_error_points_at_the_place(host, words, column, said):
    result = send(host, words)
    assert result.code == 2 and result.out == "", result
    lines = result.err.splitlines()
    assert lines[0].startswith(f"sonde send: column {column}: ") and said in lines[0], result
    assert len(lines) == 3 and lines[2] == " " * (column + 1) + "^", result
    assert "\x1b" not in result.err


@pytest.mark.parametrize("arguments,said", [
    ((), "no packet given"),
    (("ip", "icmp"), "more than one packet"),
    (("ip", "--hex", "45"), "exclude each other"),
    (("--hex", "450"), "--hex: column 3: a byte is two"),
    (("--hex", "45 0x"), "--hex: column 5: 'x' is no"),
    (("--file", "/nowhere/at/all"), "cannot read '/nowhere/at/all': No such file"),
    (("--file", "/"), "cannot read '/'"),
    (("--file", "/dev/null"), "holds no bytes"),
    (("-i", "eht0", "ip"), "no interface 'eht0'; there are: lo"),
    (("--layer", "lnk", "ip"), "not one of link, network, transport"),
    (("--layer", "network", "eth"), "packets that begin with ip or ip6"),
    (("--layer", "transport", "eth"), "takes what IP carries"),
    (("udp(dport=5)",), "does not say where to"),
    (("--layer", "transport", "--dst", "127.0.0.1", "'x'"), "give --protocol"),
    (("--explain", "--dialect", "plan9", "ip"), "not one of linux, freebsd, freebsd10, macos"),
    (("--dialect", "macos", "ip"), "--dialect is for --explain"),
    (("ip(dst=203.0.113.1)/icmp",), "no route to 203.0.113.1"),
    (("eth/'x'",), "must know the interface"),
    (("ip6(dst=fe80::1)/icmp6",), "give -i"),
    (("--rate", "5", "--interval", "1", "ip"), "exclude each other"),
    (("--hex", ""), "--hex holds no bytes"),
    (("--file", ""), "cannot read ''"),
    (("'x'",), "bytes alone do not say where to"),
    (("--dst", "127.0.0.2", "ip(dst=127.0.0.1)/icmp"), "--dst would have no effect: it is 127.0.0.2"),
    (("--layer", "transport", "--dst", "127.0.0.2", "ip(dst=127.0.0.1)/icmp"), "--dst would have no effect"),
    (("-i", "lo", "--dst", "127.0.0.2", "arp(pdst=127.0.0.1)"), "--dst would have no effect"),
    (("-i", "lo", "--dst", "127.0.0.2", "eth(type=0x1234)/'x'"), "--dst would have no effect"),
    (("--protocol", "udp", "ip(dst=127.0.0.1)/icmp"), "--protocol would have no effect: the packet goes through the network"),
    (("--layer", "transport", "--protocol", "udp", "ip(dst=127.0.0.1)/icmp"), "--protocol would have no effect: the packet has"),
    (("--dst", "127.0.0.2", "--hex", "45"), "would have no effect"),
    (("--layer", "transport", "--protocol", "udp", "--hex", "45"), "would have no effect"),
])
def test_what_cannot_be_meant(host, arguments, said):
    result = send(host, *arguments)
    assert result.code == 2 and result.out == "", result
    assert result.err.startswith("sonde send: ") and said in result.err, result


def test_a_destination_said_twice_is_said_once(host):
    for words in ("ip(dst=127.0.0.1)/icmp(echo)", "ip(ttl=3)/icmp(echo)", "icmp(echo)"):
        events, _ = send_json(host, "--dry-run", "--dst", "127.0.0.1", words)
        assert events[0]["destination"] == "127.0.0.1"


def test_the_interface_in_an_address(pair):
    own = [*re.findall(r"inet6 (fe80::\S+)/", pair.far.sh("ip -6 addr show dev vb scope link")), None][0]
    assert own, "no link-local address"
    events, accounting = send_json(pair.host, "--wait", "5s", f"ip6(dst={own}%va)/icmp6(echo)")
    assert accounting["answered"] == 1 and events[0]["destination"] == f"{own}%va", events
    events, _ = send_json(pair.host, "--layer", "link", "--dry-run", f"ip6(dst={own}%va)/icmp6(echo)")
    assert Ether(bytes.fromhex(events[0]["bytes"])).src == pair.va
    result = send(pair.host, "-i", "lo", f"ip6(dst={own}%va)/icmp6(echo)")
    assert result.code == 2 and "-i says lo" in result.err, result


def test_every_reason_is_said_once(host, tmp_path):
    """Two failures in turn, a hundred times."""
    path = tmp_path / "packets.pcap"
    wrpcap(str(path), [IP(src="127.0.0.1", dst=dst) / ICMP() for dst in ("203.0.113.1", "240.0.0.1")]
           + [IP(src="127.0.0.1", dst="127.0.0.1", ihl=4) / ICMP()])
    result = send(host, "-c", "100", "--file", path)
    assert result.code == 2 and "could not be sent" in result.out, result
    lines = result.err.splitlines()
    assert 2 < len(lines) < 12 and sum("100 packets: " in line for line in lines) >= 1, result
    assert len(set(lines)) == len(lines), result


def test_one_is_one(host):
    result = send(host, "--dry-run", "-i", "lo", "--layer", "link", "--hex", "00")
    assert result.out == "1 packet, 1 byte: built, not sent\n", result
    usage = send(host, "--help").out
    assert "--hex DIGITS" in usage and "--file FILE" in usage, usage


def test_a_header_that_the_kernel_refuses(pair):
    result = send(pair.host, f"ip(dst={FAR}, ihl=4)/icmp(echo)")
    assert result.code == 2 and "Invalid argument" in result.err and "--layer link" in result.err, result


@pytest.mark.parametrize("arguments", [("ip(dst=192.0.2.255)/icmp(echo)",), ("-i", "va", "ip(dst=224.0.0.1)/icmp(echo)"),
                                       ("-i", "va", "ip6(dst=ff02::1)/icmp6(echo)"),
                                       ("--layer", "link", "ip(dst=192.0.2.255)/icmp(echo)")])
def test_groups_answer(pair, arguments):
    pair.far.sysctl("net/ipv4/icmp_echo_ignore_broadcasts", "0")
    events, accounting = send_json(pair.host, "--wait", "1s", *arguments)
    answers = [e for e in events if e["event"] == "answer"]
    assert answers and accounting["answered"] == 1, events
    assert all(a["rtt_ms"] > 0 and a["number"] == 1 for a in answers), events


def test_too_large_for_the_interface(pair):
    for layer in ("network", "link"):
        result = send(pair.host, "--layer", layer, f"ip(dst={FAR})/zeros(1481)")
        assert result.code == 2, result
        assert "too large for va, whose MTU is 1500" in result.err and "ip link set dev va mtu" in result.err, result


def test_without_permission(host):
    result = send(host, "ip(dst=127.0.0.1)/icmp", wrap=UNPRIVILEGED)
    assert result.code == 2 and "cap_net_raw" in result.err.lower(), result
    assert send(host, "--dry-run", "ip(dst=127.0.0.1)/icmp", wrap=UNPRIVILEGED).code == 0
    assert send(host, "--explain", "ip(dst=127.0.0.1)/icmp", wrap=ONLY_NET_RAW).code == 0


def test_capabilities_are_given_up(host):
    running = host.start(lab.sonde_binary(), "send", "-c", "0", "--interval", "10s", "--explain",
                         "ip(dst=127.0.0.1)/icmp(echo)")
    assert running.stdout.readline()
    with open(f"/proc/{running.pid}/status") as file:
        sets = dict(line.split(":\t") for line in file.read().splitlines() if line.startswith("Cap"))
    assert all(int(sets[name], 16) == 0 for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"))
    running.send_signal(signal.SIGTERM)
    finish(running)


def test_an_interface_that_is_down(pair):
    pair.host.sh("ip link add name dead0 type veth peer name dead1")
    result = send(pair.host, "-i", "dead0", "eth(dst=broadcast, type=0x1234)/'x'")
    assert result.code == 2 and "dead0" in result.err and "down" in result.err, result


def test_layers_are_listed(host):
    result = send(host, "--layers")
    assert result.code == 0, result
    for word in ("eth", "vlan", "arp", "ip6", "hopopts", "icmp(echo)", "icmp6(ns)", "ospf(hello)", "mss=", "tttl"):
        assert (word in result.out) == (word != "tttl"), word
    assert max(map(len, result.lines)) < 130


def test_every_event_of_the_schema_is_seen(pair, tmp_path):
    seen = set()
    for arguments, code in ((("--explain", "--wait", "5s", f"ip(dst={FAR})/icmp(echo)"), 0),
                            (("--dry-run", f"ip(dst={FAR})/icmp(echo)"), 0), ((f"ip(dst={FAR})/zeros(1481)",), 2)):
        result = send(pair.host, "--json", *arguments)
        assert result.code == code, result
        lines = parse_lines(result.out)
        validate(lines)
        seen |= {line["event"] for line in lines}
    assert seen == {"sent", "built", "answer", "send_failed", "total"}
