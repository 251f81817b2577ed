"""Writes small MaxMind databases (MaxMind DB File Format Specification 2.0), so that no test needs somebody's real one."""

import ipaddress
import struct

MARKER = b"\xab\xcd\xefMaxMind.com"


class Uint16(int):
    pass


class Uint64(int):
    pass


def control(kind, size):
    extended = kind > 7
    first = 0 if extended else kind << 5
    extra = bytes([kind - 7]) if extended else b""
    if size < 29:
        return bytes([first | size]) + extra
    if size < 29 + 256:
        return bytes([first | 29]) + extra + bytes([size - 29])
    return bytes([first | 30]) + extra + struct.pack("!H", size - 285)


def number(kind, value):
    octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(kind, len(octets)) + octets


def encode(value):
    if isinstance(value, str):
        octets = value.encode()
        return control(2, len(octets)) + octets
    if isinstance(value, Uint16):
        return number(5, value)
    if isinstance(value, Uint64):
        return number(9, value)
    if isinstance(value, int):
        return number(6, value)
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    return control(11, len(value)) + b"".join(encode(v) for v in value)


def bits_of(prefix, ip_version):
    network = ipaddress.ip_network(prefix)
    value, length = int(network.network_address), network.prefixlen
    if network.version == 4 and ip_version == 6:
        length += 96  # IPv4 lies at ::/96
    width = 128 if ip_version == 6 else 32
    return [value >> (width - 1 - i) & 1 for i in range(length)]


def database(kind, entries, ip_version=6):
    """The bytes of a database of type `kind`: `entries` are values by prefix."""
    nodes, data = [[None, None]], b""
    for prefix, value in entries.items():
        at = 0
        *path, last = bits_of(prefix, ip_version)
        for bit in path:
            if nodes[at][bit] is None:
                nodes[at][bit] = ("node", len(nodes))
                nodes.append([None, None])
            assert nodes[at][bit][0] == "node", f"{prefix} lies inside another prefix"
            at = nodes[at][bit][1]
        nodes[at][last] = ("data", len(data))
        data += encode(value)
    records = {"node": lambda n: n, "data": lambda n: len(nodes) + 16 + n}
    tree = b"".join((len(nodes) if r is None else records[r[0]](r[1])).to_bytes(3, "big") for node in nodes for r in node)
    metadata = {
        "binary_format_major_version": Uint16(2), "binary_format_minor_version": Uint16(0),
        "build_epoch": Uint64(1700000000), "database_type": kind, "description": {"en": "of a test"},
        "ip_version": Uint16(ip_version), "languages": ["en"], "node_count": len(nodes), "record_size": Uint16(24)}
    return tree + bytes(16) + data + MARKER + encode(metadata)
