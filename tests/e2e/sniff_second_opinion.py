"""What `sonde sniff --json` and tshark say of the same capture file, field by field."""

import subprocess

import lab
from command import parse_lines, sonde

# tshark decides by heuristics and across packets where it can: here it shall look at each packet alone.
TSHARK = [
    "tshark", "-n", "-T", "fields", "-E", "occurrence=f", "-E", "separator=/t",
    "-o", "ip.check_checksum:TRUE", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
    "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE",
    "-o", "tcp.relative_sequence_numbers:FALSE", "-o", "tcp.analyze_sequence_numbers:FALSE",
    "-o", "ip.use_geoip:FALSE", "-o", "ipv6.use_geoip:FALSE", "-o", "ip.tso_support:TRUE",
]
STATUS = {"right": "1", "wrong": "0"}


def text(value):
    return value


def number(value):
    """`64`, `0x0040` or `True`."""
    return {"True": 1, "False": 0}[value] if value in ("True", "False") else int(value, 0)


def status(value):
    return {"1": "right", "0": "wrong"}.get(value)  # 2: unverified, 3: not present


def words(value):
    """ihl and data offset: tshark tells bytes."""
    return int(value) // 4


# Layer, field of sonde's, field of tshark's, how tshark's text becomes sonde's value.
FIELDS = [
    ("eth", "dst", "eth.dst", text),
    ("eth", "src", "eth.src", text),
    ("eth", "type", "eth.type", number),
    ("vlan", "prio", "vlan.priority", number),
    ("vlan", "dei", "vlan.dei", number),
    ("vlan", "id", "vlan.id", number),
    ("vlan", "type", "vlan.etype", number),
    ("arp", "hwtype", "arp.hw.type", number),
    ("arp", "ptype", "arp.proto.type", number),
    ("arp", "hwlen", "arp.hw.size", number),
    ("arp", "plen", "arp.proto.size", number),
    ("arp", "op", "arp.opcode", number),
    ("arp", "hwsrc", "arp.src.hw_mac", text),
    ("arp", "psrc", "arp.src.proto_ipv4", text),
    ("arp", "hwdst", "arp.dst.hw_mac", text),
    ("arp", "pdst", "arp.dst.proto_ipv4", text),
    ("ip", "ihl", "ip.hdr_len", words),
    ("ip", "tos", "ip.dsfield", number),
    ("ip", "len", "ip.len", number),
    ("ip", "id", "ip.id", number),
    ("ip", "flags", "ip.flags", number),
    ("ip", "frag", "ip.frag_offset", number),
    ("ip", "ttl", "ip.ttl", number),
    ("ip", "proto", "ip.proto", number),
    ("ip", "chksum", "ip.checksum", number),
    ("ip", "src", "ip.src", text),
    ("ip", "dst", "ip.dst", text),
    ("ip", "checksum", "ip.checksum.status", status),
    ("ip6", "tc", "ipv6.tclass", number),
    ("ip6", "fl", "ipv6.flow", number),
    ("ip6", "plen", "ipv6.plen", number),
    ("ip6", "nh", "ipv6.nxt", number),
    ("ip6", "hlim", "ipv6.hlim", number),
    ("ip6", "src", "ipv6.src", text),
    ("ip6", "dst", "ipv6.dst", text),
    ("hopopts", "nh", "ipv6.hopopts.nxt", number),
    ("hopopts", "len", "ipv6.hopopts.len", number),
    ("dstopts", "nh", "ipv6.dstopts.nxt", number),
    ("frag", "nh", "ipv6.fraghdr.nxt", number),
    ("frag", "offset", "ipv6.fraghdr.offset", number),
    ("frag", "m", "ipv6.fraghdr.more", number),
    ("frag", "id", "ipv6.fraghdr.ident", number),
    ("routing", "nh", "ipv6.routing.nxt", number),
    ("routing", "type", "ipv6.routing.type", number),
    ("routing", "segleft", "ipv6.routing.segleft", number),
    ("icmp", "type", "icmp.type", number),
    ("icmp", "code", "icmp.code", number),
    ("icmp", "chksum", "icmp.checksum", number),
    ("icmp", "id", "icmp.ident", number),
    ("icmp", "seq", "icmp.seq", number),
    ("icmp", "mtu", "icmp.mtu", number),
    ("icmp", "gateway", "icmp.redir_gw", text),
    ("icmp", "pointer", "icmp.pointer", number),
    ("icmp", "length", "icmp.length", number),
    ("icmp", "checksum", "icmp.checksum.status", status),
    ("icmp6", "type", "icmpv6.type", number),
    ("icmp6", "code", "icmpv6.code", number),
    ("icmp6", "chksum", "icmpv6.checksum", number),
    ("icmp6", "id", "icmpv6.echo.identifier", number),
    ("icmp6", "seq", "icmpv6.echo.sequence_number", number),
    ("icmp6", "mtu", "icmpv6.mtu", number),
    ("icmp6", "pointer", "icmpv6.pointer", number),
    ("icmp6", "checksum", "icmpv6.checksum.status", status),
    ("icmp6", "router", "icmpv6.nd.na.flag.r", number),
    ("icmp6", "solicited", "icmpv6.nd.na.flag.s", number),
    ("icmp6", "override", "icmpv6.nd.na.flag.o", number),
    ("udp", "sport", "udp.srcport", number),
    ("udp", "dport", "udp.dstport", number),
    ("udp", "len", "udp.length", number),
    ("udp", "chksum", "udp.checksum", number),
    ("udp", "checksum", "udp.checksum.status", status),
    ("tcp", "sport", "tcp.srcport", number),
    ("tcp", "dport", "tcp.dstport", number),
    ("tcp", "seq", "tcp.seq_raw", number),
    ("tcp", "ack", "tcp.ack_raw", number),
    ("tcp", "dataofs", "tcp.hdr_len", words),
    ("tcp", "window", "tcp.window_size_value", number),
    ("tcp", "chksum", "tcp.checksum", number),
    ("tcp", "urgptr", "tcp.urgent_pointer", number),
    ("tcp", "checksum", "tcp.checksum.status", status),
    ("igmp", "type", "igmp.type", number),
    ("igmp", "chksum", "igmp.checksum", number),
    ("igmp", "group", "igmp.maddr", text),
    ("igmp", "records", "igmp.num_grp_recs", number),
    ("igmp", "checksum", "igmp.checksum.status", status),
    ("ospf", "version", "ospf.version", number),
    ("ospf", "type", "ospf.msg", number),
    ("ospf", "len", "ospf.packet_length", number),
    ("ospf", "router", "ospf.srcrouter", text),
    ("ospf", "area", "ospf.area_id", text),
    ("ospf", "chksum", "ospf.checksum", number),
    ("ospf", "autype", "ospf.auth.type", number),
    ("ospf", "mask", "ospf.hello.network_mask", text),
    ("ospf", "hello_interval", "ospf.hello.hello_interval", number),
    ("ospf", "priority", "ospf.hello.router_priority", number),
    ("ospf", "dead_interval", "ospf.hello.router_dead_interval", number),
    ("ospf", "dr", "ospf.hello.designated_router", text),
    ("ospf", "bdr", "ospf.hello.backup_designated_router", text),
    ("dhcp", "op", "dhcp.type", number),
    ("dhcp", "htype", "dhcp.hw.type", number),
    ("dhcp", "hlen", "dhcp.hw.len", number),
    ("dhcp", "hops", "dhcp.hops", number),
    ("dhcp", "xid", "dhcp.id", number),
    ("dhcp", "secs", "dhcp.secs", number),
    ("dhcp", "flags", "dhcp.flags", number),
    ("dhcp", "ciaddr", "dhcp.ip.client", text),
    ("dhcp", "yiaddr", "dhcp.ip.your", text),
    ("dhcp", "siaddr", "dhcp.ip.server", text),
    ("dhcp", "giaddr", "dhcp.ip.relay", text),
    ("dhcp", "chaddr", "dhcp.hw.mac_addr", text),
]
# Layer, list, kind of its first element that counts, field in it, field of tshark's, conversion.
LISTED = [
    ("tcp", "options", "mss", "value", "tcp.options.mss_val", number),
    ("tcp", "options", "wscale", "value", "tcp.options.wscale.shift", number),
    ("tcp", "options", "timestamps", "value", "tcp.options.timestamp.tsval", number),
    ("tcp", "options", "sack", "value", "tcp.options.sack_le", number),
    ("icmp6", "options", "mtu", "value", "icmpv6.opt.mtu", number),
    ("icmp6", "options", "prefix", "value", "icmpv6.opt.prefix", text),
    ("icmp6", "options", "prefix", "prefix_length", "icmpv6.opt.prefix.length", number),
    ("icmp6", "options", "rdnss", "value", "icmpv6.opt.rdnss", text),
    ("icmpext", "objects", "mpls", "label", "icmp.mpls.label", number),
    ("icmpext", "objects", "mpls", "ttl", "icmp.mpls.ttl", number),
    ("igmp", "group_records", None, "type", "igmp.record_type", number),
    ("igmp", "group_records", None, "group", "igmp.maddr", text),
    ("dhcp", "options", "message_type", "value", "dhcp.option.dhcp", number),
    ("dhcp", "options", "requested_address", "value", "dhcp.option.requested_ip_address", text),
    ("dhcp", "options", "lease_time", "value", "dhcp.option.ip_address_lease_time", number),
    ("dhcp", "options", "subnet_mask", "value", "dhcp.option.subnet_mask", text),
    ("dhcp", "options", "server_id", "value", "dhcp.option.dhcp_server_id", text),
]
# Both name the target of a neighbor message, tshark by the message.
TARGETS = {"icmpv6.nd.ns.target_address": 135, "icmpv6.nd.na.target_address": 136,
           "icmpv6.nd.rd.target_address": 137}


def tshark_fields():
    names = [entry[-2] for entry in FIELDS + LISTED] + [*TARGETS, "frame.protocols", "_ws.malformed"]
    return list(dict.fromkeys(names))


def ask_tshark(path):
    """A dictionary for each packet: what is not empty."""
    names = tshark_fields()
    command = [*TSHARK, *[word for name in names for word in ("-e", name)], "-r", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300,
                          env=lab.clean_environment(HOME="/nonexistent"))
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [{name: value for name, value in zip(names, row) if value} for row in rows]


def ask_sonde(namespace, path):
    lines = parse_lines(sonde(namespace, "sniff", "-r", path, "--json", timeout=300).out)
    return [line for line in lines if line["event"] == "packet"]


def first(value):
    return value[0] if isinstance(value, list) and value else value


def plain_values(packet, name, field):
    """Of all layers of that name, outermost first; those of quoted packets too."""
    return [first(layer[field]) for layer in packet["layers"] if layer["layer"] == name and field in layer]


def listed_values(packet, name, which, kind, field):
    for layer in packet["layers"]:
        for element in layer.get(which, []) if layer["layer"] == name else []:
            if kind in (None, element.get("kind")):
                yield from (first(e[field]) for e in [element, *element.get("labels", [])] if field in e)


def told_by_sonde(packet):
    """What tshark would put first, under tshark's names: its fields know no layers."""
    told = {}
    for name, field, theirs, _ in FIELDS:
        values = plain_values(packet, name, field)
        if values:
            told.setdefault(theirs, values[0])
    for name, which, kind, field, theirs, _ in LISTED:
        values = list(listed_values(packet, name, which, kind, field))
        if values:
            told.setdefault(theirs, values[0])
    for theirs, kind in TARGETS.items():
        for layer in packet["layers"]:
            if layer["layer"] == "icmp6" and layer.get("type") == kind and "target" in layer:
                told.setdefault(theirs, layer["target"])
    return told


CONVERSIONS = {**{e[-2]: e[-1] for e in FIELDS + LISTED}, **{name: text for name in TARGETS}}


def opinions(packet, row):
    """(tshark's name of the field, sonde's value, tshark's value) of every field that either tells."""
    ours = told_by_sonde(packet)
    for name, convert in CONVERSIONS.items():
        mine = ours.get(name)
        theirs = convert(row[name]) if name in row else None
        if name.endswith(".status") and mine == "partial":
            mine = None
        if mine is not None or theirs is not None:
            yield name, mine, theirs
