"""The decoders of `sonde sniff` against tshark's, on frames of every protocol and on 10,000 with changed bytes.

Where both tell a field's value they must tell the same. Where one of them tells none it must be for a reason of EXCUSES,
which is bounded: a decoder that stopped telling a field would not get through.
"""

import collections

import pytest

import sniff_packets
from sniff_second_opinion import CONVERSIONS, ask_sonde, ask_tshark, opinions

SEED = 20_241_120
MUTATED = 10_000
KNOWN = set("eth ethertype vlan ieee8021ad arp ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.fraghdr ipv6.routing icmp icmpv6 "
            "igmp ospf udp tcp dhcp data".split())
IPV4_ONLY = {"icmp", "igmp", "ospf"}
IPV6_ONLY = {"icmpv6", "ipv6.hopopts", "ipv6.dstopts", "ipv6.fraghdr", "ipv6.routing"}


class Case:
    """One field of one packet that the two tell differently."""

    def __init__(self, number, name, packet, row, ours, theirs):
        self.number, self.name, self.packet, self.row, self.ours, self.theirs = number, name, packet, row, ours, theirs
        self.protocols = row["frame.protocols"].split(":")

    def __repr__(self):
        return f"packet {self.number}: {self.name}: {self.ours!r}, tshark {self.theirs!r} ({':'.join(self.protocols)})"

    def layers(self, name):
        return [layer for layer in self.packet["layers"] if layer["layer"] == name]


def in_trouble(value):
    """sonde says somewhere that it stopped to understand."""
    if isinstance(value, dict):
        return "problem" in value or "malformed" in value or any(in_trouble(v) for v in value.values())
    return isinstance(value, list) and any(in_trouble(v) for v in value)


SONDES_NAME = {"icmpv6": "icmp6", "ipv6": "ip6"}


def not_judged(c):
    name = c.name.split(".")[0]
    layers = c.layers(SONDES_NAME.get(name, name))
    return c.name.endswith(".status") and any(
        layer.get("quoted") or layer.get("checksum") == "partial" or in_trouble(layer) for layer in layers)


# As the options' own length fields count.
LENGTHS = {"tcp": {"mss": 4, "wscale": 3, "timestamps": 10}, "icmp6": {"mtu": 1, "prefix": 4}, "dhcp": {"message_type": 1}}


def option_of_wrong_length(c):
    return c.name.startswith(("tcp.options.", "icmpv6.opt.", "dhcp.option.")) and any(
        option.get("length") != lengths[option["kind"]]
        for name, lengths in LENGTHS.items() for layer in c.layers(name) for option in layer.get("options", [])
        if option.get("kind") in lengths)


def behind_the_other_family(c):
    """`ip:icmpv6`, `ipv6:igmp`: what no stack would take."""
    version = None
    for protocol in c.protocols:
        if protocol in ("ip", "ipv6"):
            version = protocol
        if (version == "ip" and protocol in IPV6_ONLY) or (version == "ipv6" and protocol in IPV4_ONLY):
            return True
    return False


# Reason, at most this share of the packets, and what it holds for.
WRONG_LENGTH = ("an option of another length than it should have: sonde shows its bytes", 0.002, option_of_wrong_length)
OURS_MISSING = [
    ("tshark goes on into protocols that sonde does not take apart", 0.10,
     lambda c: any(p not in KNOWN for p in c.protocols)),
    ("sonde judges no checksum of what is quoted, in fragments, cut short or malformed", 0.25,
     not_judged),
    ("sonde says what is malformed and reads no further, tshark tries", 0.06, lambda c: in_trouble(c.packet["layers"])),
    ("BOOTP cut short, or without the cookie that makes it DHCP", 0.01, lambda c: c.name.startswith("dhcp.")),
    ("tshark takes the protocols of one family behind the header of the other", 0.005, behind_the_other_family),
    ("without RFC 4884's length, sonde believes in an extension only when its checksum is right", 0.005,
     lambda c: c.name.startswith("icmp.mpls.") and any(layer.get("length") == 0 for layer in c.layers("icmp"))),
    ("an IGMP type without a form of its own", 0.003,
     lambda c: c.name == "igmp.maddr" and all("form" not in layer for layer in c.layers("igmp"))),
]
THEIRS_MISSING = [
    ("sonde says that it is malformed and tells what is there, tshark tells less", 0.10,
     lambda c: in_trouble(c.packet["layers"]) or "_ws.malformed" in c.row),
    ("tshark tells the MTU and the quote's length only where they are set", 0.20,
     lambda c: c.name in ("icmp.mtu", "icmp.length") and (c.ours == 0 or c.row.get("icmp.code") != "4")),
    ("below 1536 the type is a length, which is another field of tshark's", 0.01,
     lambda c: c.name in ("eth.type", "vlan.etype") and c.ours < 1536),
    ("tshark names ARP's addresses after other hardware and protocols", 0.01, lambda c: c.name.startswith("arp.")),
    ("tshark tells no sequence number of a quoted segment", 0.01, lambda c: c.name == "tcp.seq_raw"),
    ("tshark knows no checksum in IGMP types of its own", 0.005, lambda c: c.name.startswith("igmp.")),
    ("tshark takes it for another protocol, by the other port", 0.001,
     lambda c: c.name.startswith("dhcp.") and "dhcp" not in c.protocols),
    ("the client's hardware address is no Ethernet address", 0.003,
     lambda c: c.name == "dhcp.hw.mac_addr" and (c.row["dhcp.hw.type"], c.row["dhcp.hw.len"]) != ("0x01", "6")),
    ("RFC 8335's sequence number has one byte and another name", 0.001,
     lambda c: (c.name, c.row.get("icmp.type", c.row.get("icmpv6.type"))) in (
         ("icmp.seq", "42"), ("icmp.seq", "43"), ("icmpv6.echo.sequence_number", "160"),
         ("icmpv6.echo.sequence_number", "161"))),
    WRONG_LENGTH,
    ("a quote with a total length below its header's: sonde reads on, for kernels quote it changed", 0.002,
     lambda c: any(layer.get("quoted") and layer["len"] < 4 * layer["ihl"] for layer in c.layers("ip"))),
    ("an RFC 4884 length below the 128 bytes that a quote then has: sonde takes it for none", 0.002,
     lambda c: any(0 < layer.get("length", 0) < 32 for layer in c.layers("icmp"))),
    ("tshark finds no extension behind a quote whose total length was changed", 0.002,
     lambda c: c.name.startswith("icmp.mpls.") and any(layer.get("quoted") for layer in c.layers("ip"))),
]
DIFFERENT = [
    ("tshark guesses that seconds over 255 are in the wrong byte order", 0.002,
     lambda c: c.name == "dhcp.secs" and c.ours == c.theirs << 8),
    ("a total length of zero, for which tshark puts the captured one", 0.005,
     lambda c: c.name == "ip.len" and c.ours == 0),
    WRONG_LENGTH,
]
# The tag of a provider is a protocol of its own there, so tshark's first VLAN tag is sonde's second.
PROVIDER_TAGS = ("two tags", 0.02, lambda c: c.name.startswith("vlan.") and "ieee8021ad" in c.protocols)


def compare(packets, rows):
    """Cases that nothing excuses, the packets that each excuse was used for, and how often each field agreed."""
    assert len(packets) == len(rows)
    unexcused, used, agreed = [], collections.defaultdict(set), collections.Counter()
    for number, (packet, row) in enumerate(zip(packets, rows)):
        for name, ours, theirs in opinions(packet, row):
            if ours == theirs:
                agreed[name] += 1
                continue
            case = Case(number, name, packet, row, ours, theirs)
            reasons = OURS_MISSING if ours is None else THEIRS_MISSING if theirs is None else DIFFERENT
            for reason, most, holds in [PROVIDER_TAGS, *reasons]:
                if holds(case):
                    used[reason, most].add(number)
                    break
            else:
                unexcused.append(case)
    return unexcused, used, agreed


def told_of(namespace, path, frames):
    sniff_packets.write_capture(path, frames)
    return ask_sonde(namespace, str(path)), ask_tshark(str(path))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Every kind of frame, unharmed, and its name."""
    from lab import Namespace
    from conftest import made
    namespace = made(Namespace.fresh)
    kinds = list(sniff_packets.every_kind())
    packets, rows = told_of(namespace, tmp_path_factory.mktemp("sniff") / "kinds.pcap", [frame for _, frame in kinds])
    yield [name for name, _ in kinds], packets, rows
    namespace.close()


def test_every_kind_of_packet(whole):
    names, packets, rows = whole
    unexcused, _, agreed = compare(packets, rows)
    assert not unexcused, [(names[case.number], case) for case in unexcused]
    assert sum(agreed.values()) > 2500
    never = [name for name in CONVERSIONS if not agreed[name]]
    assert not never, f"in no packet at all do both tell: {never}"


def test_mutated_packets(host, tmp_path):
    frames = list(sniff_packets.mutated(MUTATED, SEED))
    packets, rows = told_of(host, tmp_path / "mutated.pcap", frames)
    assert len(packets) == MUTATED
    unexcused, used, agreed = compare(packets, rows)
    assert not unexcused, f"seed {SEED}: {len(unexcused)} differences, the first of them: {unexcused[:20]}"
    assert sum(agreed.values()) > 10 * MUTATED
    for (reason, most), numbers in used.items():
        assert len(numbers) <= most * MUTATED, f"{reason}: {len(numbers)} packets, such as {sorted(numbers)[:5]}"


def wrong_in_one_place(packets, layer_name, field):
    """What a decoder with a wrong offset would tell."""
    changed = []
    for packet in packets:
        layers = [{**layer} for layer in packet["layers"]]
        for layer in layers:
            if layer["layer"] == layer_name and isinstance(layer.get(field), int):
                layer[field] ^= 1
        changed.append({**packet, "layers": layers})
    return changed


@pytest.mark.parametrize("layer, field", [("ip", "ttl"), ("ip6", "fl"), ("tcp", "window"), ("udp", "len"), ("arp", "op"),
                                          ("icmp", "seq"), ("icmp6", "code"), ("dhcp", "xid"), ("ospf", "priority"),
                                          ("frag", "offset"), ("igmp", "type"), ("vlan", "id")])
def test_a_wrong_decoder_would_be_seen(whole, layer, field):
    _, packets, rows = whole
    unexcused, _, _ = compare(wrong_in_one_place(packets, layer, field), rows)
    assert unexcused


@pytest.mark.parametrize("layer, field", [("ip", "ttl"), ("tcp", "ack"), ("icmp6", "target"), ("udp", "checksum")])
def test_a_decoder_that_tells_nothing_would_be_seen(whole, layer, field):
    _, packets, rows = whole
    silent = [{**p, "layers": [{k: v for k, v in one.items() if (one["layer"], k) != (layer, field)}
                               for one in p["layers"]]} for p in packets]
    unexcused, used, _ = compare(silent, rows)
    excused = [numbers for (_, most), numbers in used.items() if len(numbers) > max(most, 0.4) * len(packets)]
    assert unexcused or excused
