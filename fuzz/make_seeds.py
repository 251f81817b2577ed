#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to fuzz/corpus/. What libFuzzer found is kept beside them."""

import pathlib
import re
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def checksum(data: bytes, total: int = 0) -> int:
    data += b"\0" * (len(data) % 2)
    total += sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp(kind: int, code: int, rest: int, body: bytes = b"") -> bytes:
    head = struct.pack("!BBHI", kind, code, 0, rest)
    return head[:2] + struct.pack("!H", checksum(head + body)) + head[4:] + body


def ipv4(payload: bytes, options: bytes = b"", *, ihl: int | None = None, total: int | None = None, fragment: int = 0,
         protocol: int = 1) -> bytes:
    size = 20 + len(options)
    words = size // 4 if ihl is None else ihl
    length = size + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, length, 11, fragment, 64, protocol, 0,
                       bytes([192, 0, 2, 1]), bytes([198, 51, 100, 7])) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(payload: bytes, next_header: int = 58, *, length: int | None = None) -> bytes:
    source = bytes.fromhex("20010db8000000000000000000000001")
    destination = bytes.fromhex("20010db8000000000000000000000002")
    return struct.pack("!IHBB", 0x60000000, len(payload) if length is None else length, next_header, 64) + \
        source + destination + payload


ECHO = icmp(8, 0, 0x12340001, bytes(range(16)))
ECHO6 = icmp(128, 0, 0x12340001, bytes(range(16)))

SEEDS = {
    "craft": {
        "echo": b'ip(dst=127.0.0.1, ttl=64)/icmp(echo, id=7, seq=1)/"hello"',
        "arp": b'eth(dst=broadcast)/arp(pdst=10.0.0.1)',
        "udp6": b'ip6(dst=::1)/udp(dport=53)/hex(00ff)',
        "ospf": b'ip(dst=224.0.0.5, proto=89)/ospf(hello)',
        "tcp": b'ip/tcp(dport=80, flags=SYN+ACK, mss=1460, wscale=7, sack_ok, timestamp=1:2, nop, sack=[1:2,3:4])',
        "error": b'ip/icmp(unreachable, code=3)/ip/udp/"12345678"',
        "dhcp": b'eth/ip(dst=255.255.255.255)/udp/dhcp(message_type=discover, parameter_list=[1,3,6], hostname="a")',
        "nd": b'eth/ip6/icmp6(ns, target=2001:db8::1, slla=02:00:00:00:00:01)',
        "ra": b'ip6/icmp6(ra, managed, prefix(prefix_length=64, value=2001:db8::), mtu=1500)',
        "extensions": b'ip6/hopopts(router_alert=0)/routing(source_route)/frag(m, offset=3)/dstopts/udp',
        "vlan": b'eth/vlan(id=5, prio=7)/vlan(id=6)/ip/igmp(report3)',
        "wrong": b"ip(version=5, ihl=15, len=7, chksum=0xbeef)/udp(len=3, chksum=0)/'abc\\x00\\n'",
        "options": b'ip(options=hex(0700), record_route=[1.2.3.4], option99=hex(00))/zeros(8)',
        "layers_only": b'ip/tcp/udp/icmp/igmp/ospf/dhcp/arp/eth/sll/sll2/null/icmpext',
        "too_long": b'ip/zeros(65535)',
        "open_quote": b'ip/"abc',
        "deep_list": b'tcp(sack=[[[[[[[[1]]]]]]]])',
        "unknown": b'ip(tttl=3)',
    },
    "ipv4": {
        "echo": ipv4(ECHO),
        "padded": ipv4(ECHO[:8]) + bytes(18),
        "router_alert": ipv4(ECHO, b"\x94\x04\0\0"),
        "record_route_full": ipv4(ECHO, b"\x07\x27\x04" + bytes(36) + b"\0"),
        "options_all_nop": ipv4(ECHO, b"\x01" * 40),
        "option_length_0": ipv4(ECHO, b"\x07\0\0\0"),
        "option_past_end": ipv4(ECHO, b"\x01\x07\xff\0"),
        "option_kind_only": ipv4(ECHO, b"\x01\x01\x01\x07"),
        "ihl_4": ipv4(ECHO, ihl=4),
        "ihl_15_past_end": ipv4(b"", ihl=15),
        "total_below_header": ipv4(ECHO, total=19),
        "total_above_datagram": ipv4(ECHO, total=65535),
        "total_host_order": ipv4(ECHO, total=0x2C00),
        "later_fragment": ipv4(ECHO, fragment=0x2001),
        "last_fragment": ipv4(ECHO, fragment=0x1FFF),
    },
    "ipv6": {
        "echo": ipv6(ECHO6),
        "no_next_header": ipv6(b"", 59),
        "hop_by_hop_routing_destination": ipv6(
            b"\x2b\0\x05\x02\0\0\x01\0" + b"\x3c\0\x04\0\0\0\0\0" + b"\x3a\x01\x01\x0c" + bytes(12) + ECHO6, 0),
        "atomic_fragment": ipv6(b"\x3a\0\0\0\0\0\0\x09" + ECHO6, 44),
        "first_fragment": ipv6(b"\x3a\0\0\x01\0\0\0\x09" + ECHO6, 44),
        "later_fragment": ipv6(b"\x3c\0\xff\xf9\0\0\0\x09" + b"\xff" * 8, 44),
        "extension_past_end": ipv6(b"\x3a\xff" + bytes(14), 0),
        "extension_cut": ipv6(b"\x3a\0\0", 60),
        "extensions_only": ipv6(b"\x3c\0\0\0\0\0\0\0" * 12, 60),
        "length_above_packet": ipv6(ECHO6, length=65535),
        "jumbo": ipv6(b"\x3a\0\xc2\x04\0\x01\0\0" + ECHO6, 0, length=0),
        "mapped_source": ipv6(ECHO6)[:8] + bytes(10) + b"\xff\xff\xc0\0\x02\x01" + ipv6(ECHO6)[24:],
    },
    "icmp": {
        "echo": b"\0\0\0" + ECHO,
        "echo_reply": b"\0\0\0" + icmp(0, 0, 0x1234FFFF, b"payload"),
        "echo6": b"\x03\x12\x34" + ECHO6,
        "host_unreachable": b"\0\0\0" + icmp(3, 1, 0, ipv4(ECHO[:8], total=44)),
        "nothing_quoted": b"\0\0\0" + icmp(3, 3, 0),
        "frag_needed": b"\0\0\0" + icmp(3, 4, 1400, ipv4(ECHO)),
        "quoted_ihl_4": b"\0\0\0" + icmp(11, 0, 0, ipv4(ECHO, ihl=4)),
        "quoted_options": b"\0\0\0" + icmp(11, 0, 0, ipv4(ECHO, b"\x01" * 40)),
        "quoted_option_length_0": b"\0\0\0" + icmp(11, 0, 0, ipv4(ECHO, b"\x07\0\0\0")),
        "redirect": b"\0\0\0" + icmp(5, 1, 0xC0000201, ipv4(ECHO)),
        "too_big6": b"\x03\0\0" + icmp(2, 0, 1280, ipv6(ECHO6)),
        "quoted_chain_cut6": b"\x03\0\0" + icmp(3, 0, 0, ipv6(b"\x3a\xff\0", 0, length=1000)),
        "unknown_error6": b"\x03\0\0" + icmp(100, 7, 0xFFFFFFFF, ipv6(ECHO6)),
        "bad_checksum": b"\0\0\0" + ECHO[:-1],
        "zeros": bytes(11),
    },
    "address": {
        name: text.encode() for name, text in {
            "v4": "192.0.2.1",
            "v6": "2001:db8::1",
            "mapped": "::ffff:192.0.2.1",
            "mapped_scope": "::ffff:192.0.2.1%1",
            "scope_index": "fe80::1%4294967295",
            "scope_name": "fe80::1%lo",
            "scope_zero_byte": "fe80::1%lo\0x",
            "prefix": "192.0.2.77/28",
            "prefix_point_to_point": "192.0.2.1/31",
            "prefix6": "2001:db8::/64",
            "prefix_all": "::/0",
            "prefix_around_mapped": "::/80",
            "prefix_too_long": "0.0.0.0/33",
            "duration": "200ms",
            "duration_fraction": "1.5m",
            "duration_exponent": "1e9",
            "duration_nan": "nan",
            "duration_negative": "-1",
            "duration_huge": "9" * 40 + "h",
        }.items()
    },
}

SEEDS["echo_prober"] = {
    # steps of echo_prober_fuzz.cpp: 0 ask, 1/9/.. answer, 2 datagram, 3 error, 4 stamp, 5 send failure, 6 cancel, 7 time
    "replied": bytes([0, 0, 100, 3, 0, 1, 3]),
    "replied_twice": bytes([0, 0, 100, 3, 0, 1, 3, 1, 3]),
    "timed_out_then_late": bytes([0, 0, 10, 3, 0, 7, 200, 1, 3]),
    "corrupt_then_right": bytes([0, 0, 100, 3, 0, 0x41, 20, 0xff, 3, 1, 3, 7, 200]),
    "truncated": bytes([0, 0, 100, 3, 0, 0x11, 10, 3, 7, 200]),
    "refused": bytes([0, 0, 100, 3, 0, 9, 3, 0, 3, 1, 0]),
    "anycast6": bytes([0, 1, 100, 3, 0, 1, 1, 3]),
    "lingers": bytes([0, 0, 100, 3, 3, 1, 3, 1, 3, 7, 5]),
    "stamped": bytes([0, 0, 100, 3, 0, 4, 0, 1, 100, 1, 11, 100]),
    "no_token": bytes([0, 0, 100, 0, 0, 1, 3, 1, 3]),
    "cancelled": bytes([0, 0, 100, 3, 0, 6, 1, 0, 1, 1, 3]),
    "send_failed": bytes([0, 0, 100, 3, 0, 5, 0, 1, 105]),
    "garbage": bytes([2, 20]) + bytes(range(30)),
}
def trace(method: int, target: int, goal: int = 0, hops: int = 8, wait: int = 100) -> bytes:
    """Step 0 of tracer_fuzz.cpp: one round of a method (UDP, ICMP, TCP) and goal (path, paths, mtu)."""
    how = next(h for h in range(64, 128) if h % 3 == method and h // 3 % 3 == goal)
    return bytes([0, how, target, 1, hops, 3, 1, 10, wait, 0])


def trace_error(probe: int, kind: int, step: int = 1, extension: bytes = b"") -> bytes:
    """Step 1: the probe comes back in an error of that type, with a right checksum."""
    return bytes([step, probe, kind, 0, 0, len(extension)]) + extension + bytes([0, 2])


SEEDS["tracer"] = {
    # steps: 0 start, 1/2/11/.. an error, 3 packet, 4 queue entry, 5 stamp, 6 send failure, 7 finish or cancel,
    # 8 connection, 9 time
    "udp": trace(0, 0) + trace_error(0, 11) + trace_error(7, 3) + bytes([9, 50]),
    "udp_twice_late": trace(0, 0, wait=5) + trace_error(0, 11) * 2 + bytes([9, 255]) + trace_error(1, 11),
    "udp6": trace(0, 1) + trace_error(0, 3) + trace_error(5, 1) + bytes([9, 50]),
    "icmp": trace(1, 0) + trace_error(2, 11) + bytes([9, 50]) + trace_error(5, 3),
    "icmp6": trace(1, 1) + trace_error(2, 3) + bytes([9, 50]) + trace_error(5, 1),
    "tcp": trace(2, 0) + trace(2, 1) + trace_error(2, 11) + trace_error(11, 3),
    "connecting": trace(2, 0) + trace(2, 1) + bytes([8, 2, 11, 0, 4, 1, 8, 0, 0, 0, 0, 2, 8, 3, 0, 0, 0, 3]),
    "short_quotes": trace(0, 0) + bytes([0x31 + 1, 1, 28, 0, 4, 11, 0, 0]) * 3 + bytes([9, 255]) +
                    bytes([0x31 + 1, 9, 28, 0, 4, 11, 0, 0, 9, 20]) * 4,
    "extensions": trace(0, 0) + trace_error(0, 11, extension=bytes.fromhex("200000000008010100010101")),
    "hostile_extensions": trace(0, 0) + trace_error(0, 11, extension=bytes.fromhex("20000000ffff0101")),
    "changed_quote": trace(1, 0) + bytes([0x41 + 0x10 * 5, 2, 30, 0x55, 11, 0, 0, 0, 0, 2]),
    "paths": trace(0, 0, 1) + trace_error(0, 11) + trace_error(1, 11) + bytes([9, 50, 9, 200]),
    "mtu": trace(0, 0, 2) + trace_error(0, 11) + bytes([9, 50]) + trace_error(7, 3) + bytes([9, 200]),
    "cancelled": trace(0, 0, hops=30) + trace_error(3, 11) + bytes([7, 3]) + trace_error(0, 11),
    "send_failed": trace(0, 0) + bytes([6, 1, 0, 105, 6, 3, 0, 1, 5, 2, 0, 100]),
    "garbage": bytes([3, 1, 40]) + bytes(range(40)) + bytes([4, 0, 30]) + bytes(range(100, 130)),
}
SEEDS["text"] = {
    name: text.encode() for name, text in {
        "condition_loss": "loss>1%",
        "condition_rtt": " p95 >= 50ms ",
        "condition_unknown": "colour==red",
        "targets": "192.0.2.1 # a comment\n2001:db8::1\nlocalhost\n192.0.2.0/30\n127.1\n",
        "targets_rubbish": "192.0.2.1\n300.1.2.3\n",
        "targets_huge": "10.0.0.0/8",
        "controls": "a\x1b[2Jb\u202ec\n",
        "group_range": "0\t2147483647\n",
        "id_map": "         0       1000          1\n",
    }.items()
}


# The typed views of the link, transport and group protocols: packets that scapy made, and what is wrong with them.
def packets(**hexadecimal: str) -> dict[str, bytes]:
    return {name: bytes.fromhex(digits) for name, digits in hexadecimal.items()}


SEEDS["link"] = packets(
    ethernet="00 020000000002 020000000001 0800 450000160001000040008eabc0000201c63364076869",
    tags="00 01005e000005 020000000001 88a8a064 8100fffe 0800 616263",
    six_tags="00 020000000002 020000000001" + "81000007" * 6 + "0800",
    tag_cut="00 020000000002 020000000001 810000",
    llc="00 0180c2000000 020000000001 0003 424203",
    arp_request="01 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202",
    arp_reply_padded="01 0001 0800 06 04 0002 020000000002 c0000202 020000000001 c0000201" + "00" * 18,
    arp_other_lengths="01 0001 0800 08 10 0001 020000000001 c0000201 000000000000 c0000202",
    arp_other_hardware="01 0006 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202",
)
SEEDS["nd"] = packets(
    solicitation="87007a97 00000000 fe800000000000000000000000000002 0101020000000001",
    advertisement="88009819 e0000000 fe800000000000000000000000000002 0201020000000002",
    router_solicitation="85007a2c 00000000 0101020000000001",
    router_advertisement="8600b27b 40a80708 00007530 000003e8 0101020000000001 0501000000000578"
                         "030440c0 00015180 00003840 00000000 20010db8000100000000000000000000",
    redirect="89001991 00000000 fe800000000000000000000000000009 20010db8000000000000000000000077 0201020000000009",
    multicast_target="87007a97 00000000 ff020000000000000000000000000001",
    option_length_0="87007a97 00000000 fe800000000000000000000000000002 0100020000000001",
    option_past_end="87007a97 00000000 fe800000000000000000000000000002 0102020000000001",
    mapped_target="87007a97 00000000 00000000000000000000ffffe0000001",
)
SEEDS["udp"] = packets(
    query="9c400035000d273a 7175657279",
    padded="9c400035000a273a 7175657279",
    empty="9c40003500080000",
    length_below_header="9c4000350007273a 7175657279",
    length_above_datagram="9c400035ffff273a 7175657279",
)
SEEDS["tcp"] = packets(
    syn="9c400050 01020304 00000000 a002faf0 7bd60000 020405b4 0402 080a1122334400000000 01 030307",
    urgent="00509c40 00000005 01020305 a03801f5 82b10003 01010512 0000000100000002 fffffff000000010 64617461",
    reset="9c400050 00000000 00000000 50040000 00000000",
    offset_4="9c400050 01020304 00000000 40020000 00000000",
    offset_past_end="9c400050 01020304 00000000 f0020000 00000000 0204",
    option_length_0="9c400050 01020304 00000000 60020000 00000000 02000000",
    sack_of_five="9c400050 01020304 00000000 f0100000 00000000 052a" + "00" * 38,
    unknown_option="9c400050 01020304 00000000 70020000 00000000 fd08f98900000000",
)
SEEDS["igmp"] = packets(
    query_v1="1100eeff00000000",
    query_v2="11640c97e0010203",
    query_v3="118f7de1e0010203 0a7d0002 c0000201 c0000209",
    query_of_no_version="11640c97e0010203 0a7d",
    query_sources_past_end="118f7de1e0010203 0a7dffff c0000201",
    report_v1="12000bfbe0010203",
    report_v2="160007fbe0010203",
    leave="170006fbe0010203",
    report_v3="220089ef00000002 04000000e0010203 01000002e8010101 c0000201 c0000202",
    report_auxiliary="2200000000000001 06010001e0010203 c0000201 aabbccdd 99",
    report_records_past_end="220000000000ffff 04000000e0010203",
    pim="14000000000000010203",
)
SEEDS["ospf"] = packets(
    hello="02010034 c0000201 00000000 328a0000 0000000000000000 ffffff00 000a0201 00000028 c0000201 c0000202 c0000202"
          "c0000203",
    password="0201002c c0000201 00000001 3c9b0001 70617373776f7264 ffffff00 000a0001 00000028 00000000 00000000",
    digest="0201002c c0000201 00000001 00000002 0000011000000001 ffffff00 000a0001 00000028 00000000 00000000"
           + "55" * 16,
    hello_cut="0201001c c0000201 00000000 00000000 0000000000000000 ffffff00",
    neighbor_cut="02010036 c0000201 00000000 328a0000 0000000000000000 ffffff00 000a0201 00000028 c0000201 c0000202"
                 "c0000202 c0000203 0000",
    length_below_header="02010017 c0000201 00000000 328a0000 0000000000000000",
    update="04040018 c0000201 00000000 00000000 0000000000000000",
    version_3="03010018 c0000201 00000000 00000000 0000000000000000",
)
DHCP_HEAD = "01 01 06 00 12345678 0003 8000" + "00" * 16 + "020000000001" + "00" * (10 + 64)
SEEDS["dhcp"] = packets(
    discover=DHCP_HEAD + "00" * 128 + "63825363 350101 0c04686f7374 3204c0000232 ff",
    overload=DHCP_HEAD + "350102ff" + "00" * 124 + "63825363 340101 ff",
    overload_malformed=DHCP_HEAD + "ee" * 128 + "63825363 340101 ff",
    padded=DHCP_HEAD + "00" * 128 + "63825363 000000 350108 ff 0000",
    option_past_end=DHCP_HEAD + "00" * 128 + "63825363 35ff01",
    option_cut=DHCP_HEAD + "00" * 128 + "63825363 35",
    bootp=DHCP_HEAD + "00" * 128 + "00000000",
    hardware_address_of_17="01 01 11 00" + DHCP_HEAD[11:] + "00" * 128 + "63825363 ff",
)
SEEDS["ipv6_extension"] = packets(
    router_alert="00 3a00 05020000 0100",
    home_address="3c 1102 0102 0000 c910 20010db8000000000000000000000001",
    source_route="2b 3a02 00 01 00000000 20010db8000000000000000000000009",
    fragment="2c 3a00 05c9 deadbeef",
    chain="00 2b00 05020000 0100 3c00 0401 00000000 2c00 01040000 0000 3a00 0001 00000007",
    option_past_end="00 3a00 05ff0000 0100",
    header_past_end="3c 3aff 0104 00000000",
    pads="3c 3a00 000000000000",
)

# dissect_fuzz.cpp's first byte is the place of the link type in its table; the frames are those of the unit tests.
LINKS = ["null_loopback", "ethernet", "raw_ip", "linux_cooked", "raw_ipv4", "raw_ipv6", "linux_cooked_v2"]
SAMPLES = CORPUS.parent.parent / "sonde" / "wire" / "sample_frames_test.hpp"
SEEDS["dissect"] = {
    name: bytes([LINKS.index(link)]) + bytes.fromhex("".join(re.findall(r'"([0-9a-f]*)"', digits)))
    for name, link, digits in re.findall(r'\{"(\w+)", link_type::(\w+),\s*((?:"[0-9a-f]*"\s*)*)\}',
                                         SAMPLES.read_text())
}

# One byte of family (even: IPv4), then the ICMP error.
EXTENSION = "2000 0000 000c 0101 03e81001 05dc1b02"
SEEDS["icmp_extension"] = {
    name: bytes.fromhex(head) + bytes([0x45]) * size + bytes.fromhex(extension)
    for name, (head, size, extension) in {
        "mpls": ("00 0b00 0000 0020 0000", 128, EXTENSION),
        "mpls6": ("01 0300 0000 1000 0000", 128, EXTENSION),
        "interface": ("00 0b00 0000 0001 0000", 4,
                      "2000 0000 001c 028f 00000003 00010000 0a000001 0865746830000000 000005dc"),
        "old": ("00 0b00 0000 0000 0000", 128, "2000 aa2b 000c 0101 03e81001 05dc1b02"),
        "object_length_0": ("00 0b00 0000 0001 0000", 4, "2000 0000 0000 0101"),
        "object_past_end": ("00 0b00 0000 0001 0000", 4, "2000 0000 ffff 0101 00000000"),
        "name_length_0": ("00 0b00 0000 0001 0000", 4, "2000 0000 0008 0202 00000000"),
        "length_past_end": ("00 0b00 0000 00ff 0000", 128, EXTENSION),
        "structure": ("00", 0, EXTENSION),
    }.items()
}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")


def responder_seeds():
    """Frames for echo_responder_fuzz.cpp: a byte of flags, then frames after their lengths."""
    near, far, all_macs = bytes.fromhex("020000000001"), bytes.fromhex("020000000002"), b"\xff" * 6
    near4, far4 = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
    near6, far6 = (bytes.fromhex("20010db8" + "00" * 11) + bytes([n]) for n in (1, 2))

    def v4(message, options=b"", destination=far4, fragment=0):
        message = message[:2] + checksum(message[:2] + b"\0\0" + message[4:]) + message[4:]
        header = bytes([0x45 + len(options) // 4, 0xB8]) + (20 + len(options) + len(message)).to_bytes(2, "big") + \
            b"\x12\x34" + fragment.to_bytes(2, "big") + b"\x40\x01\0\0" + near4 + destination + options
        return header[:10] + checksum(header) + header[12:] + message

    def v6(message, extension=b"", first=58, destination=far6, hops=64):
        pseudo = near6 + destination + len(message).to_bytes(4, "big") + b"\0\0\0\x3a"
        message = message[:2] + checksum(pseudo + message[:2] + b"\0\0" + message[4:]) + message[4:]
        return b"\x60\x0a\xbc\xde" + (len(extension) + len(message)).to_bytes(2, "big") + bytes([first, hops]) + \
            near6 + destination + extension + message

    def eth(packet, to=far):
        return to + near + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + packet

    echo4, echo6 = bytes([8, 0, 0, 0, 0, 7, 0, 1]) + bytes(range(40)), bytes([128, 0, 0, 0, 0, 7, 0, 1]) + bytes(range(40))
    arp = all_macs + near + bytes.fromhex("0806000108000604" "0001") + near + near4 + b"\0" * 6
    solicited = bytes.fromhex("ff0200000000000000000001ff") + far6[13:]
    solicit = v6(bytes([135, 0, 0, 0, 0, 0, 0, 0]) + far6 + b"\x01\x01" + near, destination=solicited, hops=255)
    record_route = bytes([7, 11, 4] + [0] * 9)
    hop_by_hop = bytes([58, 0, 5, 2, 0, 0, 1, 0])
    frames = {
        "echo": [eth(v4(echo4))],
        "echo6": [eth(v6(echo6))],
        "no_payload": [eth(v4(echo4[:8])) + b"\0" * 18],
        "record_route": [eth(v4(echo4, record_route))],
        "source_route": [eth(v4(echo4, bytes([131, 7, 4, 1, 2, 3, 4, 0])))],
        "timestamp": [eth(v4(echo4, bytes([68, 12, 5, 1] + [0] * 8)))],
        "fragment": [eth(v4(echo4, fragment=0x2000))],
        "broadcast": [eth(v4(echo4, destination=b"\xff" * 4), all_macs)],
        "hop_by_hop": [eth(v6(echo6, hop_by_hop, 0))],
        "atomic_fragment": [eth(v6(echo6, bytes([58, 0, 0, 0, 1, 2, 3, 4]), 44))],
        "arp": [arp + far4],
        "arp_probe": [arp[:28] + b"\0" * 4 + arp[32:] + far4],
        "solicitation": [eth(solicit, b"\x33\x33" + solicited[12:])],
        "tagged": [far + near + b"\x81\0\0\5\x81\0\0\6\x08\0" + v4(echo4)],
        "several": [arp + far4, eth(v4(echo4)), eth(v6(echo6)), eth(v4(echo4))],
    }

    def stream(flags, all_frames):
        return bytes([flags]) + b"".join(len(f).to_bytes(2, "big") + f for f in all_frames)

    seeds = {name: stream(0, all_frames) for name, all_frames in frames.items()}
    seeds["faults"] = stream(2, frames["several"] * 6)
    seeds["taken_tag"] = stream(4, frames["several"])
    seeds["unfinished"] = stream(8, frames["several"])
    seeds["cut"] = stream(32, frames["several"])
    seeds["outgoing_reply"] = stream(16, [eth(v4(b"\0" + echo4[1:], destination=near4))])
    seeds["raw_ip"] = stream(1, [v4(echo4), v6(echo6)])
    seeds["prefix"] = stream(64, [eth(v4(echo4, destination=bytes([10, 99, 3, 4])))])
    return seeds


SEEDS["echo_responder"] = responder_seeds()

# Capture files: both byte orders, both precisions, pcapng with two interfaces, and each kind of damage.
def pcap(records: list[bytes], *, order: str = "<", magic: int = 0xA1B2C3D4, snap: int = 262144, link: int = 1) -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link) + b"".join(records)


def pcap_record(data: bytes, *, order: str = "<", caplen: int | None = None) -> bytes:
    return struct.pack(order + "IIII", 1, 2, len(data) if caplen is None else caplen, len(data)) + data


def ng_block(kind: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


NG_SECTION = ng_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
NG_INTERFACE = ng_block(1, struct.pack("<HHI", 1, 0, 0))


def ng_packet(interface: int, data: bytes) -> bytes:
    return ng_block(6, struct.pack("<IIIII", interface, 0, 1, len(data), len(data)) + data)


SEEDS["capture_file"] = {
    "pcap": pcap([pcap_record(ECHO), pcap_record(b"")]),
    "pcap_big_nano": pcap([pcap_record(ECHO, order=">")], order=">", magic=0xA1B23C4D),
    "pcap_cut": pcap([pcap_record(ECHO), pcap_record(ECHO)])[:-3],
    "pcap_caplen_huge": pcap([pcap_record(ECHO, caplen=0xFFFFFFFF)]),
    "pcap_above_snap": pcap([pcap_record(ECHO)], snap=8),
    "pcap_other_link": pcap([pcap_record(ECHO)], link=127),
    "pcapng": NG_SECTION + NG_INTERFACE * 2 + ng_packet(0, ECHO) + ng_packet(1, ECHO6),
    "pcapng_no_interface": NG_SECTION + ng_packet(3, ECHO),
    "pcapng_block_length_0": NG_SECTION + struct.pack("<II", 6, 0),
    "gzip": bytes.fromhex("1f8b0800000000000003"),
}

# filter_fuzz.cpp: the link type's number, then one word of its vocabulary per byte.
SEEDS["filter"] = {
    "tcp_port": bytes([0, 0, 10, 43]),
    "host_and_not_vlan": bytes([0, 8, 50, 13, 15, 7]),
    "bytes_of_a_header": bytes([2, 4, 24, 43, 40, 43, 25, 26, 46, 33, 41]),
    "unbalanced": bytes([1, 22, 22, 0, 14]),
    "no_such_sign": bytes([0, 0, 63]),
    "cooked": bytes([2, 60, 44, 13, 59]),
}

# datagram_fuzz.cpp: family (1: IPv6) and loopback (2), protocol, bytes that the datagram had beyond these.
def delivered(protocol: int, message: str, *, choice: int = 0, longer: int = 0) -> bytes:
    body = bytes.fromhex(message)
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 11, 0, 64, protocol, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
    return bytes([choice, protocol, longer]) + (b"" if choice & 1 else header) + body


SEEDS["datagram"] = {
    "echo_request": delivered(1, "0800f7f700070001", choice=2),
    "unreachable": delivered(1, "0303000000000000" + "4500001c000b0000401100007f0000017f000001" + "0035126700080000"),
    "cut_icmp": delivered(1, "0800", longer=9),
    "tcp_syn": delivered(6, "0050c0de00000000000000005012faf000000000"),
    "udp_short": delivered(17, "0035"),
    "igmp_query": delivered(2, "1164ee9b00000000"),
    "ospf_hello": delivered(89, "0201001801010101" + "00" * 16),
    "experiment": delivered(253, "78797a"),
    "icmp6_too_big": delivered(58, "0200000000000500" + "60" + "00" * 39, choice=1),
    "icmp6_echo": delivered(58, "8000000000070001", choice=3),
    "bad_version": bytes([0, 1, 0]) + b"\xff" * 24,
    "empty": bytes([0, 1, 0]),
}


# network_fuzz.cpp: time in 10 ms, length, packet; and again.
def thrown(*packets: bytes, after: int = 1) -> bytes:
    return b"".join(struct.pack("!BH", after, len(p)) + p for p in packets)


def from_us(destination: str, protocol: int, payload: bytes, *, ttl: int = 64, fragment: int = 0) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, fragment, ttl, protocol, 0,
                       bytes([10, 0, 1, 1]), bytes(map(int, destination.split("."))))
    return head[:10] + checksum(head) + head[12:] + payload


def from_us6(destination: str, protocol: int, payload: bytes, *, ttl: int = 64) -> bytes:
    source = bytes.fromhex("20010db8000100000000000000000001")
    return struct.pack("!IHBB", 0x60000000, len(payload), protocol, ttl) + source + bytes.fromhex(destination) + payload


def echo_of(size: int) -> bytes:
    head = struct.pack("!BBHI", 8, 0, 0, 1)
    return head[:2] + checksum(head + bytes(size)) + head[4:] + bytes(size)


TO_UDP = struct.pack("!HHHH", 4000, 33434, 28, 0) + bytes(20)
TO_TCP = struct.pack("!HHIIBBHHH", 4000, 80, 1, 0, 0x50, 2, 1024, 0, 0)
LAN6 = "20010db8000900000000000000000002"
SEEDS["network"] = {
    "echo": thrown(from_us("10.0.9.2", 1, ECHO), from_us("10.0.9.3", 1, ECHO), from_us("203.0.113.1", 1, ECHO)),
    "trace": thrown(*[from_us("10.0.9.3", 17, TO_UDP, ttl=ttl) for ttl in range(1, 6)]),
    "trace6": thrown(*[from_us6(LAN6, 17, TO_UDP, ttl=ttl) for ttl in range(1, 6)], after=0),
    "tcp": thrown(from_us("10.0.9.2", 6, TO_TCP)),
    "broadcast": thrown(from_us("10.0.9.255", 1, ECHO), from_us("255.255.255.255", 1, ECHO)),
    "population": thrown(*[from_us(f"198.51.100.{i}", 1, ECHO) for i in range(8)]),
    "routes": thrown(*[from_us(to, 17, TO_UDP) for to in ("192.0.2.1", "192.0.2.130", "192.0.2.200", "8.8.8.8")]),
    "fragments": thrown(from_us("10.0.9.2", 1, echo_of(1400)[:800], fragment=0x2000),
                        from_us("10.0.9.2", 1, echo_of(1400)[800:], fragment=100), after=0),
    "half_a_packet": thrown(from_us("10.0.9.2", 17, TO_UDP + bytes(4), fragment=0x2000)),
    "large": thrown(from_us("10.0.9.2", 1, echo_of(3000)), after=0),
    "later": thrown(from_us("10.0.9.2", 1, ECHO), from_us("10.0.9.3", 1, ECHO), after=120),
    "nonsense": thrown(b"", b"\x45", ECHO, ECHO6),
}

for target, seeds in SEEDS.items():
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)
