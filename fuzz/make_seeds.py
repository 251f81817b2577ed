#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to fuzz/corpus/. What libFuzzer found is kept beside them."""

import pathlib
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

for target, seeds in SEEDS.items():
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)
