"""`sonde recv`: what a raw socket receives, beside tcpdump, ping and packets that scapy made."""

import os
import re
import signal
import subprocess
import sys
import time
import types

import pytest

import lab
from command import ONLY_NET_RAW, UNPRIVILEGED, finish, next_line, parse_lines, sonde, validate
from conftest import made
from lab import wait_until

LINE = re.compile(r"(\d\d:\d\d:\d\d\.\d{6}) (\S+) > (\S+): (?:id (\d+), )?(\d+) bytes, ttl (\d+): (.+)")
SUMMARY = re.compile(r"(\d+) datagrams? received, (\d+) filtered, (\d+) dropped by the kernel\n")
LOOPED = " (the request: loopback delivers it to this machine too)"
NEAR, FAR = "192.0.2.1", "192.0.2.2"
NEAR6, FAR6 = "2001:db8:1::1", "2001:db8:1::2"


@pytest.fixture
def pair():
    """Two machines on a link: `host`, where it is received, and `far`, which sends."""
    machines = types.SimpleNamespace(host=made(lab.Namespace.fresh))
    machines.far = machines.host.neighbour()
    machines.host.join(machines.far, [f"{NEAR}/24", f"{NEAR6}/64"], [f"{FAR}/24", f"{FAR6}/64"], ("va", "vb"))
    machines.mac = machines.host.sh("ip -o link show dev va").split("link/ether ")[1].split()[0]
    yield machines
    machines.host.close()


def start(namespace, *arguments, wrap=(), **options):
    """Returns when its sockets are open: it has given up its capabilities."""
    process = namespace.start(*wrap, lab.sonde_binary(), "recv", *arguments, **options)
    wait_until(lambda: process.poll() is not None or powerless(process.pid), "the sockets")
    assert process.poll() is None, process.stderr.read()
    return process


def powerless(pid):
    with open(f"/proc/{pid}/status") as file:
        sets = dict(line.split(":\t") for line in file.read().splitlines() if line.startswith("Cap"))
    with open(f"/proc/{pid}/comm") as file:
        return file.read() == "sonde\n" and int(sets["CapPrm"], 16) == int(sets["CapEff"], 16) == 0


def end(process, how=signal.SIGINT):
    process.send_signal(how)
    return finish(process)


def ping(namespace, *arguments):
    return namespace.run("ping", "-q", "-n", "-W", "5", *arguments)


def scapy(namespace, code):
    """Runs after `from scapy.all import *`."""
    namespace.run(sys.executable, "-B", "-c", f"from scapy.all import *\nconf.verb = 0\n{code}")


def datagrams(result):
    found = [LINE.fullmatch(line) for line in result.lines[:-1]]
    assert all(found), result
    return found


def report(result):
    """The events of a --json run, and the accounting; the sums are right."""
    lines = parse_lines(result.out)
    validate(lines)
    assert lines[-1]["event"] == "summary", result
    a = lines[-1]["accounting"]
    rest = sum(value for name, value in a.items() if name.startswith(("filtered_", "rejected_")))
    assert a["received"] == a["shown"] + rest, result
    return lines[:-1], a


def test_request_and_reply_on_loopback(host):
    """The article's question: the request shows up too, and the line says why, once."""
    running = start(host, "icmp", "-c", "4")
    ping(host, "-c", "2", "-i", "0.1", "127.0.0.1")
    result = finish(running)
    assert result.code == 0 and result.err == "", result
    lines = datagrams(result)
    assert [m[7].split(",")[0] for m in lines] == ["ICMP echo request", "ICMP echo reply"] * 2
    assert [m[0].endswith(LOOPED) for m in lines] == [True, False, False, False]
    assert {(m[2], m[3], m[5], m[6]) for m in lines} == {("127.0.0.1", "127.0.0.1", "84", "64")}
    assert SUMMARY.fullmatch(result.lines[-1] + "\n").groups() == ("4", "0", "0")


# What a packet socket sees come in by loopback, in rows of digits. tcpdump gives its privileges to a user that a
# namespace of one user does not have.
SEE = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
s.bind(("lo", 0x0800))
print("ready", flush=True)
for _ in range({}):
    while True:
        packet, (_, _, kind, _, _) = s.recvfrom(65536)
        if kind == socket.PACKET_HOST and packet[9] == 1:
            break
    print(packet.hex(" ").upper(), flush=True)
"""


def test_bytes_are_those_that_a_packet_socket_sees(host):
    seen = host.start(sys.executable, "-c", SEE.format(6))
    assert next_line(seen) == "ready\n"
    running = start(host, "icmp", "--bytes", "-c", "6")
    ping(host, "-c", "3", "-i", "0.1", "-s", "33", "127.0.0.1")
    result = finish(running)
    assert result.lines[:-1] == finish(seen).lines, result
    assert all(re.fullmatch(r"[0-9A-F]{2}( [0-9A-F]{2}){60}", row) for row in result.lines[:-1]), result
    assert [row.split()[20] for row in result.lines[:-1]] == ["08", "00"] * 3, "the article's Type byte"


def test_bytes_in_rows_of_sixteen(host):
    running = start(host, "icmp", "--bytes", "-v", "-c", "1", "--type", "reply")
    ping(host, "-c", "1", "127.0.0.1")
    result = finish(running)
    assert LINE.fullmatch(result.lines[0]) and "ICMP echo reply" in result.lines[0], result
    assert result.lines[1].startswith("\t0x0000:  4500 0054 ")
    assert len(result.lines) == 1 + 6 + 1, "84 bytes are six rows"


def test_fragments_come_whole(pair):
    before = reassembled(pair.host)
    running = start(pair.host, "icmp", "-c", "1", "--json")
    ping(pair.far, "-c", "1", "-s", "4000", NEAR)
    events, _ = report(finish(running))
    assert events[0]["bytes"] == 4028 and events[0]["interface"] == "va"
    assert events[0]["source"] == FAR and events[0]["destination"] == NEAR
    assert "looped_request" not in events[0]
    assert reassembled(pair.host) == before + 1, "it came in pieces"


def reassembled(namespace):
    lines = [line.split() for line in namespace.sh("cat /proc/net/snmp").splitlines() if line.startswith("Ip: ")]
    return int(dict(zip(*lines))["ReasmOKs"])


def test_what_this_machine_sends_to_others_is_not_seen(pair):
    running = start(pair.host, "icmp")
    ping(pair.host, "-c", "2", "-i", "0.1", FAR)
    lines = datagrams(end(running))
    assert [m[7].split(",")[0] for m in lines] == ["ICMP echo reply"] * 2


def test_copies_of_udp_and_tcp_of_both_families(host):
    udp = start(host, "udp", "-c", "2")
    tcp = start(host, "tcp", "-c", "4", "--json")
    host.run(sys.executable, "-c", """
import socket
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    socket.socket(family, socket.SOCK_DGRAM).sendto(b"abc", (address, 4711))
    assert socket.socket(family, socket.SOCK_STREAM).connect_ex((address, 4712)) != 0
""")
    result = finish(udp)
    assert [m[7].split(" > ")[1] for m in datagrams(result)] == ["4711, 3 data bytes"] * 2
    # With its header 31 bytes; IPv6 comes without.
    assert [(m[2], m[4] is None, m[5]) for m in datagrams(result)] == [("127.0.0.1", False, "31"), ("::1", True, "11")]
    events, _ = report(finish(tcp))
    assert sorted((e["family"], e["destination_port"] == 4712) for e in events) == [
        (4, False), (4, True), (6, False), (6, True)]
    for e in events:
        assert (" SYN," in e["text"]) == (e["destination_port"] == 4712), e
        assert (" RST ACK," in e["text"]) == (e["source_port"] == 4712), e


@pytest.mark.parametrize("flag, family", [("-4", 4), ("-6", 6)])
def test_one_family(host, flag, family):
    running = start(host, "udp", flag, "--json", "-c", "1")
    host.run(sys.executable, "-c", """
import socket
for family, address in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    socket.socket(family, socket.SOCK_DGRAM).sendto(b"abc", (address, 4711))
""")
    events, _ = report(finish(running))
    assert [e["family"] for e in events] == [family]


def test_icmp6_comes_without_its_header(pair):
    running = start(pair.host, "icmp6", "--json", "--bytes", "--type", "echo-request", "-c", "1")
    ping(pair.far, "-6", "-c", "1", "-s", "16", NEAR6)
    events, _ = report(finish(running))
    e = events[0]
    assert e["type_name"] == "echo request" and e["ttl"] == 64 and e["id"] is None and e["bytes"] == 24
    assert (e["source"], e["destination"], e["family"]) == (FAR6, NEAR6, 6)
    assert e["hex"].startswith("8000") and len(e["hex"]) == 48


def test_igmp_ospf_and_a_number_of_no_name(pair):
    """Made by scapy. A query goes to all hosts; OSPF's group has no member here, so that hello is to the address."""
    runs = {name: start(pair.host, name, "-c", "1") for name in ("igmp", "ospf", "253")}
    scapy(pair.far, f"""
from scapy.contrib.igmp import IGMP
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
ether = Ether(dst="{pair.mac}")
sendp(Ether(dst="01:00:5e:00:00:01") / IP(dst="224.0.0.1", ttl=1) / IGMP(type=0x11, mrcode=100), iface="vb")
sendp(ether / IP(src="{FAR}", dst="{NEAR}", proto=89, ttl=1) / OSPF_Hdr(src="1.1.1.1") / OSPF_Hello(), iface="vb")
sendp(ether / IP(src="{FAR}", dst="{NEAR}", proto=253, id=7) / b"xyz", iface="vb")
""")
    words = {}
    for name, running in runs.items():
        result = finish(running)
        assert result.code == 0, result
        words[name] = datagrams(result)[0]
    assert words["igmp"][7] == "IGMP membership query" and words["igmp"][3] == "224.0.0.1"
    assert words["ospf"][7] == "OSPF hello" and words["ospf"][6] == "1"
    assert words["253"][7] == "protocol 253, 3 bytes" and words["253"][4] == "7"


def test_multicast_needs_a_member_on_this_machine(pair):
    """What the explanation says. Any member will do: here it is another process."""
    hello = """
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
sendp(Ether(dst="01:00:5e:00:00:05") / IP(src="{}", dst="224.0.0.5", proto=89, id={}) / OSPF_Hdr() / OSPF_Hello(),
      iface="vb")
"""
    running = start(pair.host, "ospf", "-4", "-c", "1")
    scapy(pair.far, hello.format(FAR, 1))
    member = pair.host.start(sys.executable, "-c", f"""
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.5") + socket.inet_aton("{NEAR}"))
print("joined", flush=True)
time.sleep(60)
""")
    assert next_line(member) == "joined\n"
    scapy(pair.far, hello.format(FAR, 2))
    assert [m[4] for m in datagrams(finish(running))] == ["2"]


# A hello to the group, with its number, and one to this machine itself that ends the run.
HELLO = {4: """
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
sendp(Ether(dst="{ether}") / IP(src="{far}", dst="{group}", proto=89, ttl=1) / OSPF_Hdr(src="1.1.1.1") / OSPF_Hello(),
      iface="vb")
sendp(Ether(dst="{mac}") / IP(src="{far}", dst="{near}", proto=89, ttl=1) / OSPF_Hdr(src="2.2.2.2") / OSPF_Hello(),
      iface="vb")
""", 6: """
from scapy.contrib.ospf import OSPFv3_Hdr, OSPFv3_Hello
sendp(Ether(dst="{ether}") / IPv6(src="{far}", dst="{group}", nh=89, hlim=1) / OSPFv3_Hdr(src="1.1.1.1") /
      OSPFv3_Hello(), iface="vb")
sendp(Ether(dst="{mac}") / IPv6(src="{far}", dst="{near}", nh=89, hlim=1) / OSPFv3_Hdr(src="2.2.2.2") /
      OSPFv3_Hello(), iface="vb")
"""}


@pytest.mark.parametrize("arguments, family, group, joined", [
    ((), 4, "224.0.0.5", False), (("--join", "224.0.0.5", "-I", "va"), 4, "224.0.0.5", True),
    (("--join", "224.0.0.6", "-I", "va"), 4, "224.0.0.5", False),
    (("--join", "224.0.0.6", "--join", "224.0.0.5", "--join", "ff02::5", "-I", "va"), 4, "224.0.0.5", True),
    ((), 6, "ff02::5", False), (("--join", "ff02::5", "-I", "va"), 6, "ff02::5", True),
    (("--join", "ff02::5%va"), 6, "ff02::5", True),
])
def test_join(pair, arguments, family, group, joined):
    """An OSPF hello to its group comes in by the interface on which it was joined, and only then."""
    near, far = (NEAR, FAR) if family == 4 else (NEAR6, FAR6)
    ether = "01:00:5e:00:00:05" if family == 4 else "33:33:00:00:00:05"
    running = start(pair.host, "ospf", f"-{family}" if not joined else "-v", "--json", "--type", "hello", "--to", near,
                    "--to", group, "-c", "2" if joined else "1", *arguments)
    scapy(pair.far, HELLO[family].format(ether=ether, far=far, near=near, mac=pair.mac, group=group))
    result = finish(running)
    events, _ = report(result)
    assert [e["destination"] for e in events] == ([group, near] if joined else [near]), result
    if joined:
        assert f"{group} on va" in " ".join(result.err.split()), result


def test_join_by_the_routing_table(pair):
    """Without -I the route to the group says by which interface; without one it must be named."""
    result = sonde(pair.host, "recv", "ospf", "--join", "224.0.0.5", "-w", "1")
    assert result.code == 2 and result.out == "", result
    assert result.err == ("sonde recv: no route says by which interface to join 224.0.0.5\n"
                          "say by which with -I\n"), result
    pair.host.sh("ip route add 224.0.0.0/4 dev va")
    running = start(pair.host, "ospf", "-4", "--join", "224.0.0.5", "-c", "1", "--json")
    scapy(pair.far, HELLO[4].format(ether="01:00:5e:00:00:05", far=FAR, near=NEAR, mac=pair.mac, group="224.0.0.5"))
    events, _ = report(finish(running))
    assert [(e["destination"], e["interface"]) for e in events] == [("224.0.0.5", "va")]


def test_members_leave_at_the_end(pair):
    def member():
        return "224.0.0.5" in pair.host.sh("ip maddr show dev va")
    running = start(pair.host, "ospf", "--join", "224.0.0.5", "-I", "va")
    assert member()
    end(running)
    assert not member()


def test_what_to_join_is_told(host):
    for arguments, hints in ((("ospf",), ("224.0.0.5", "224.0.0.6", "ff02::5", "ff02::6")),
                             (("ospf", "-6"), ("ff02::5", "ff02::6")), (("igmp",), ("224.0.0.22", "224.0.0.2"))):
        result = sonde(host, "recv", *arguments, "-v", "-w", "0.1")
        words = " ".join(result.err.split())
        assert re.findall(r"--join ([^ ,.]\S+)", words) == list(hints), result
        for group in hints:  # exact: it can be copied. What joins IGMP's group hears its own report
            copied = sonde(host, "recv", *arguments, "--join", group, "-I", "lo", "-v", "-w", "0.1")
            assert copied.code in (0, 1) and f"--join {group} " not in " ".join(copied.err.split()), copied


def test_malformed_messages_are_shown_as_what_they_are(pair):
    """The kernel itself keeps ICMP of less than 8 bytes from raw sockets: with id 1 none comes."""
    runs = [start(pair.host, name, "-4", "-c", "2") for name in ("icmp", "udp", "tcp")]
    scapy(pair.far, f"""
def send_bytes(number, protocol, payload, **header):
    ip = IP(src="{FAR}", dst="{NEAR}", proto=protocol, id=number, **header)
    sendp(Ether(dst="{pair.mac}") / ip / payload, iface="vb")
send_bytes(1, 1, b"\\x08\\x00\\x00")
send_bytes(2, 1, bytes(ICMP(type=8, id=3, seq=4, chksum=0x1234)))
send_bytes(3, 1, bytes(ICMP(type=44, code=2)), options=[IPOption(b"\\x94\\x04\\x00\\x00")])
send_bytes(4, 17, b"")
send_bytes(5, 17, b"\\x12\\x67\\x00")
send_bytes(6, 6, bytes(7))
send_bytes(7, 6, b"\\x00\\x50\\x01\\x00" + bytes(8) + b"\\xf0\\xff" + bytes(6))
""")
    words = {m[4]: m[7] for running in runs for m in datagrams(finish(running))}
    assert words == {
        "2": "ICMP echo request, id 3, seq 4 (bad checksum)",
        "3": "ICMP type 44, code 2",
        "4": "UDP cut short: 0 bytes of at least 8",
        "5": "UDP cut short: 3 bytes of at least 8",
        "6": "TCP cut short: 7 bytes of at least 20",
        "7": "TCP 80 > 256 FIN SYN RST PSH ACK URG ECE CWR, bad data offset",
    }


def test_errors_tell_what_they_are_about(pair):
    running = start(pair.host, "icmp", "-c", "1")
    pair.host.run(sys.executable, "-c", f"""
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("{FAR}", 4711))
""")
    lines = datagrams(finish(running))
    assert lines[0][7] == f"ICMP Destination Port Unreachable, about {NEAR} > {FAR}"


def test_filters_by_address(pair):
    arguments = ("--json", "--from", f"{FAR}/32", "--to", "192.0.2.0/24")
    running = start(pair.host, "icmp", *arguments)
    ping(pair.host, "-c", "2", "-i", "0.1", "127.0.0.1")
    ping(pair.far, "-c", "1", NEAR)
    ping(pair.host, "-c", "1", NEAR)  # over loopback, from itself
    result = end(running)
    events, a = report(result)
    assert result.code == 0 and [(e["source"], e["destination"]) for e in events] == [(FAR, NEAR)]
    assert a["filtered_source"] == 6 and a["filtered_destination"] == 0, result


def test_filters_by_destination_and_prefixes_together(pair):
    running = start(pair.host, "icmp", "--json", "--to", "127.0.0.2", "--to", "127.0.0.4/30")
    for last in (1, 2, 3, 4, 7):
        ping(pair.host, "-c", "1", f"127.0.0.{last}")
    events, a = report(end(running))
    requests = [e["destination"] for e in events if e["type"] == 8]
    assert requests == ["127.0.0.2", "127.0.0.4", "127.0.0.7"]
    assert a["filtered_destination"] == 10 - len(events)


@pytest.mark.parametrize("word", ["8", "echo", "echo-request", "Echo Request"])
def test_filter_by_type_runs_in_the_kernel(host, word):
    running = start(host, "icmp", "--json", "--type", word, "-c", "2")
    ping(host, "-c", "2", "-i", "0.1", "127.0.0.1")
    events, a = report(finish(running))
    assert [e["type"] for e in events] == [8, 8]
    assert a["received"] == 2, "the replies were never delivered"


def test_filter_by_type_of_other_protocols(pair):
    """The kernel's filters know nothing of IGMP, whose messages this process tells apart. Those of ICMP are exact, also
    above type 31, where ICMP_FILTER ends."""
    igmp = start(pair.host, "igmp", "--json", "--type", "membership-query", "-c", "1")
    high = start(pair.host, "icmp", "--json", "--type", "42", "-c", "1")
    scapy(pair.far, f"""
def send_bytes(protocol, payload):
    sendp(Ether(dst="{pair.mac}") / IP(src="{FAR}", dst="{NEAR}", proto=protocol) / payload, iface="vb")
for first in (0x16, 0x11):
    send_bytes(2, bytes([first]) + bytes(7))
send_bytes(2, b"")
for first in (0, 43, 42):
    send_bytes(1, bytes([first]) + bytes(7))
""")
    events, a = report(finish(igmp))
    assert [e["type"] for e in events] == [0x11] and a["filtered_type"] == 1
    events, a = report(finish(high))
    assert [e["type"] for e in events] == [42] and a["filtered_type"] == 0 and a["received"] == 1


def test_too_short_for_the_filter_is_rejected_and_counted(pair):
    running = start(pair.host, "igmp", "--type", "0x22", "--json")
    scapy(pair.far, f'sendp(Ether(dst="{pair.mac}") / IP(src="{FAR}", dst="{NEAR}", proto=2), iface="vb")')
    ping(pair.far, "-c", "1", NEAR)  # what came before it has been delivered
    result = end(running)
    events, a = report(result)
    assert not events and result.code == 1 and a["rejected_malformed"] == a["received"] == 1


def test_one_interface(pair):
    running = start(pair.host, "icmp", "-I", "va", "--json", "-c", "1")
    ping(pair.host, "-c", "2", "-i", "0.1", "127.0.0.1")
    ping(pair.far, "-c", "1", NEAR)
    events, a = report(finish(running))
    assert [e["interface"] for e in events] == ["va"] and a["received"] == 1


def test_interface_that_is_deleted_ends_the_run_with_what_was_received(pair):
    running = start(pair.host, "icmp", "-I", "va")
    ping(pair.far, "-c", "1", NEAR)
    pair.host.sh("ip link del va")
    result = finish(running)
    assert result.code == 2 and result.err == "sonde recv: interface 'va' was deleted\n"
    assert len(datagrams(result)) == 1 and SUMMARY.fullmatch(result.lines[-1] + "\n")


@pytest.mark.parametrize("dropped", [False, True])
def test_firewall_comes_first(pair, dropped):
    """What the explanation says: the INPUT hook is before the raw sockets."""
    if dropped:
        pair.host.sh("""
            nft add table inet lab
            nft add chain inet lab input '{ type filter hook input priority 0; policy accept; }'
            nft add rule inet lab input ip protocol icmp drop
        """)
    running = start(pair.host, "icmp")
    answered = pair.far.run("ping", "-q", "-n", "-c", "2", "-i", "0.2", "-W", "1", NEAR, check=False)
    result = end(running)
    assert (answered.returncode == 0) != dropped
    assert result.code == (1 if dropped else 0) and len(datagrams(result)) == (0 if dropped else 2), result


def test_explanation_is_there_with_verbose_and_on_a_terminal_only(host):
    result = sonde(host, "recv", "icmp", "-v", "-w", "0.1")
    words = " ".join(result.err.split())
    assert result.code == 1 and result.out == "0 datagrams received, 0 filtered, 0 dropped by the kernel\n"
    for claim in ("after fragments are put together", "INPUT rules", "On loopback what is sent comes in again"):
        assert claim in words, result
    assert "BSD" in sonde(host, "recv", "tcp", "-v", "-w", "0.1").err
    assert "without its IPv6 header" in " ".join(sonde(host, "recv", "icmp6", "-v", "-w", "0.1").err.split())
    assert sonde(host, "recv", "icmp", "-w", "0.1").err == ""


def test_no_permission_names_the_capability_and_the_command(host):
    for protocol in ("icmp", "icmp6", "tcp"):
        result = sonde(host, "recv", protocol, "--json", "-w", "1", wrap=UNPRIVILEGED)
        assert result.code == 2 and result.out == "", result
        first, *remedy = result.err.splitlines()
        assert first.startswith("sonde recv: cannot open a raw IPv") and "CAP_NET_RAW" in result.err, result
        assert any("setcap cap_net_raw+ep " in line for line in remedy), result


def test_one_capability_is_enough(host):
    running = start(host, "icmp", "-c", "2", wrap=ONLY_NET_RAW)
    ping(host, "-c", "1", "127.0.0.1")
    assert finish(running).code == 0


BAD = [
    ((), "no protocol given"),
    (("icpm",), "unknown protocol 'icpm'; did you mean 'icmp'?"),
    (("opsf",), "unknown protocol 'opsf'; did you mean 'ospf'?"),
    (("\x1b[2J",), "unknown protocol '\\x1b[2J'"),
    (("256",), "'256' is too large"), (("-1",), "unknown protocol '-1'"), (("--no",), "unknown option '--no'"),
    (("1x",), "'1x' is not a whole number"),
    (("255",), "receives nothing"), (("raw",), "receives nothing"), (("0",), "no raw socket"),
    (("icmp", "-6"), "sonde recv icmp6"), (("icmp6", "-4"), "sonde recv icmp"), (("udp", "-4", "-6"), "--ipv6"),
    (("icmp", "udp"), "unexpected argument 'udp'"),
    (("icmp", "--type", "ehco"), "did you mean 'echo'?"), (("icmp", "--type", "256"), "'256' is too large"),
    (("tcp", "--type", "1"), "TCP has no message types"),
    (("icmp", "--from", "10.0.0.0/33"), "--from: '10.0.0.0/33'"), (("icmp", "--to", ""), "--to: ''"),
    (("icmp", "-I", "nosuch0"), "no interface 'nosuch0'; there are: lo"),
    (("ospf", "--join", "192.0.2.1"), "--join: 192.0.2.1 is no multicast group"),
    (("ospf", "--join", "2001:db8::5"), "--join: 2001:db8::5 is no multicast group"),
    (("ospf", "-4", "--join", "ff02::5"), "--join: ff02::5 is a group of IPv6"),
    (("icmp6", "--join", "224.0.0.5"), "--join: 224.0.0.5 is a group of IPv4"),
    (("ospf", "--join", "allspf"), "--join: 'allspf'"), (("ospf", "--join", "ff02::5%nosuch0"), "nosuch0"),
    (("ospf", "--join", "224.0.0.5", "-I", "nosuch0"), "no interface 'nosuch0'; there are: lo"),
    (("icmp", "-c", "0"), "--count"), (("icmp", "-w", "-1"), "--deadline"), (("icmp", "--btyes"), "'--bytes'"),
]


@pytest.mark.parametrize("arguments, said", BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input(host, arguments, said):
    result = sonde(host, "recv", *arguments)
    assert result.code == 2 and result.out == "", result
    assert result.err.startswith("sonde recv: ") and result.err.count("\n") == 1 and said in result.err, result


def test_deadline_and_nothing_received(host):
    before = time.monotonic()
    result = sonde(host, "recv", "icmp", "-w", "300ms")
    assert result.code == 1 and 0.25 < time.monotonic() - before < 20
    assert result.out == "0 datagrams received, 0 filtered, 0 dropped by the kernel\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [(), ("--json",), ("-q",)], ids=["text", "json", "quiet"])
def test_signals_end_with_the_summary(host, how, arguments):
    running = start(host, "icmp", *arguments)
    ping(host, "-c", "1", "127.0.0.1")
    result = end(running, how)
    assert result.code == 0 and result.err == ""
    if "--json" in arguments:
        assert report(result)[1]["shown"] == 2
    else:
        assert result.lines[-1] == "2 datagrams received, 0 filtered, 0 dropped by the kernel"
        assert len(result.lines) == (1 if "-q" in arguments else 3)


def test_quit_signal_prints_the_counts_and_goes_on(host):
    running = start(host, "icmp", "-c", "4")
    ping(host, "-c", "1", "127.0.0.1")
    assert next_line(running) and next_line(running)
    running.send_signal(signal.SIGQUIT)
    assert next_line(running, running.stderr) == "2 datagrams received, 0 filtered, 0 dropped by the kernel\n"
    ping(host, "-c", "1", "127.0.0.1")
    assert finish(running).lines[-1].startswith("4 datagrams received")


def test_reader_that_goes_away_ends_the_run_quietly(host):
    read, write = os.pipe()
    running = start(host, "icmp", stdout=write)
    os.close(write)
    os.close(read)
    ping(host, "-c", "1", "127.0.0.1")
    running.wait(10)
    assert running.returncode in (0, 1) and running.stderr.read() == ""


def test_full_disk_is_an_operation_that_failed(host):
    with open("/dev/full", "w") as full:
        running = start(host, "icmp", stdout=full, stderr=subprocess.PIPE)
    ping(host, "-c", "1", "127.0.0.1")
    running.wait(10)
    assert running.returncode == 2
    assert running.stderr.read() == "sonde: cannot write to stdout: No space left on device\n"


def test_what_the_kernel_drops_is_counted(host):
    """Stopped, it does not read: the buffer fills."""
    running = start(host, "udp", "-4", "-q", "--json")
    running.send_signal(signal.SIGSTOP)
    sent = 4000
    host.run(sys.executable, "-c", f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range({sent}):
    s.sendto(bytes(8000), ("127.0.0.1", 4711))
""")
    running.send_signal(signal.SIGCONT)
    result = end(running)
    _, a = report(result)
    assert a["kernel_drops"] > 0 and a["received"] + a["kernel_drops"] <= sent, result
