"""Frames of every protocol that `sonde sniff` takes apart, in ordinary and in odd forms, made by scapy; and what becomes
of them when bytes are changed at random."""

import random
import struct

from scapy.all import (ARP, BOOTP, DHCP, GRE, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, ICMP, ICMPv6DestUnreach,
                       ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6MLReport, ICMPv6ND_NA, ICMPv6ND_NS,
                       ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU,
                       ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig,
                       ICMPv6ParamProblem, ICMPv6TimeExceeded, IPOption_NOP, IPOption_RR, IPOption_Router_Alert,
                       IPOption_Timestamp, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, PadN, Raw, RouterAlert, in4_chksum, raw)
from scapy.contrib.igmp import IGMP
from scapy.contrib.igmpv3 import IGMPv3, IGMPv3gr, IGMPv3mq, IGMPv3mr
from scapy.contrib.mpls import MPLS
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
from scapy.utils import PcapWriter

NEAR, FAR = "02:00:00:00:00:01", "02:00:00:00:00:02"
A, B = "10.0.0.1", "10.0.0.2"
A6, B6 = "2001:db8::1", "2001:db8::2"
L6, M6 = "fe80::1", "fe80::2"


def eth(payload, **fields):
    return Ether(src=NEAR, dst=FAR, **fields) / payload


def ip(payload, **fields):
    return eth(IP(**{"src": A, "dst": B, **fields}) / payload)


def ip6(payload, **fields):
    return eth(IPv6(**{"src": A6, "dst": B6, **fields}) / payload)


def extension(*objects):
    """RFC 4884: version 2, checksum, objects given as (class, type, bytes)."""
    body = b"".join(struct.pack("!HBB", 4 + len(data), kind, sort) + data for kind, sort, data in objects)
    header = struct.pack("!BBH", 0x20, 0, 0)
    total = 0
    for i in range(0, len(header + body), 2):
        total += struct.unpack_from("!H", header + body + b"\0", i)[0]
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!BBH", 0x20, 0, ~total & 0xffff) + body


MPLS_OBJECT = (1, 1, struct.pack("!I", 24015 << 12 | 1 << 8 | 1))
INTERFACE_OBJECT = (2, 0x0a, struct.pack("!I", 3) + b"\x05eth0")


def quoted(layer, padded_to=None):
    data = raw(layer)
    return Raw(data if padded_to is None else data[:padded_to].ljust(padded_to, b"\0"))


def error_v4(**fields):
    quote = quoted(IP(src=A, dst="203.0.113.9", ttl=1, id=7) / UDP(sport=40000, dport=33434) / (b"x" * 32))
    return IP(src="192.0.2.254", dst=A, ttl=254) / ICMP(**fields) / quote


def icmp_kinds():
    yield "echo request", ip(ICMP(id=7, seq=1) / (b"\x08" * 56), id=1)
    yield "echo reply", ip(ICMP(type=0, id=7, seq=1) / b"hello", ttl=63)
    yield "echo without payload", ip(ICMP(id=7, seq=2))
    yield "wrong icmp checksum", ip(ICMP(id=7, seq=3, chksum=0x1234) / b"hello")
    yield "timestamp", ip(ICMP(type=13, id=9, seq=1, ts_ori=1000, ts_rx=0, ts_tx=0))
    yield "timestamp reply", ip(ICMP(type=14, id=9, seq=1, ts_ori=1000, ts_rx=2000, ts_tx=3000))
    yield "address mask request", ip(ICMP(type=17, id=9, seq=1, addr_mask="0.0.0.0"))
    yield "address mask reply", ip(ICMP(type=18, id=9, seq=1, addr_mask="255.255.255.0"))
    yield "router solicitation v4", ip(ICMP(type=10), dst="224.0.0.2")
    yield "router advertisement v4", ip(Raw(bytes.fromhex("0900ecf4010207080a00000100000000")), proto=1)
    for code in range(16):
        yield f"unreachable code {code}", eth(error_v4(type=3, code=code, nexthopmtu=1400 if code == 4 else 0))
    yield "need to frag without mtu", eth(error_v4(type=3, code=4))
    tcp = quoted(IP(src=A, dst=B, ttl=1) / TCP(sport=1000, dport=80, flags="S"))
    yield "tcp port unreachable", eth(IP(src=B, dst=A) / ICMP(type=3, code=3) / tcp)
    yield "time exceeded", eth(error_v4(type=11))
    yield "reassembly time exceeded", eth(error_v4(type=11, code=1))
    yield "redirect", eth(error_v4(type=5, code=1, gw="10.0.0.9"))
    yield "source quench", eth(error_v4(type=4))
    yield "parameter problem", eth(error_v4(type=12, ptr=20))
    yield "nothing quoted", eth(IP(src=B, dst=A) / ICMP(type=11))
    yield "quote cut short", eth(IP(src=B, dst=A) / ICMP(type=11) / Raw(raw(IP(src=A, dst=B) / UDP())[:24]))
    yield "quote is an echo", eth(IP(src=B, dst=A) / ICMP(type=11) / quoted(IP(src=A, dst=B) / ICMP(id=3, seq=4)))
    quote = quoted(IP(src=A, dst="203.0.113.9", ttl=1, id=7, len=60) / UDP(sport=40000, dport=33434, len=40), 128)
    with_length = raw(ICMP(type=11, length=32) / quote)[8:]
    for name, length in (("mpls extension", 32), ("mpls extension without length", 0)):
        message = ICMP(type=11, length=length) / Raw(with_length + extension(MPLS_OBJECT))
        yield name, eth(IP(src="192.0.2.254", dst=A, id=9) / message)
    message = ICMP(type=3, code=1, length=32) / Raw(with_length + extension(MPLS_OBJECT, INTERFACE_OBJECT))
    yield "two extension objects", eth(IP(src="192.0.2.254", dst=A, id=9) / message)
    quote6 = quoted(IPv6(src=A6, dst=B6, plen=200) / UDP(sport=40000, dport=33434, len=200), 128)
    for name, data in (("mpls extension v6", extension(MPLS_OBJECT)),):
        message = ICMPv6TimeExceeded(length=16) / Raw(raw(quote6) + data)
        yield name, eth(IPv6(src=M6, dst=A6) / message)


def icmpv6_kinds():
    yield "echo request v6", ip6(ICMPv6EchoRequest(id=7, seq=1, data=b"\x08" * 56))
    yield "echo reply v6", ip6(ICMPv6EchoReply(id=7, seq=1, data=b"hello"), fl=0x12345, tc=0x2e)
    yield "wrong icmpv6 checksum", ip6(ICMPv6EchoRequest(id=7, seq=2, cksum=0x1234, data=b"hello"))
    quote = IPv6(src=A6, dst=B6, hlim=1) / UDP(sport=40000, dport=33434) / (b"x" * 32)
    for code in range(7):
        yield f"unreachable v6 code {code}", eth(IPv6(src=M6, dst=A6) / ICMPv6DestUnreach(code=code) / quote)
    yield "packet too big", eth(IPv6(src=M6, dst=A6) / ICMPv6PacketTooBig(mtu=1280) / quote)
    yield "time exceeded v6", eth(IPv6(src=M6, dst=A6) / ICMPv6TimeExceeded() / quote)
    yield "reassembly time v6", eth(IPv6(src=M6, dst=A6) / ICMPv6TimeExceeded(code=1) / quote)
    yield "parameter problem v6", eth(IPv6(src=M6, dst=A6) / ICMPv6ParamProblem(code=1, ptr=6) / quote)
    group = "ff02::1:ff00:2"
    yield "ns", eth(IPv6(src=L6, dst=group, hlim=255) / ICMPv6ND_NS(tgt=M6) / ICMPv6NDOptSrcLLAddr(lladdr=NEAR))
    yield "ns without option", eth(IPv6(src="::", dst=group, hlim=255) / ICMPv6ND_NS(tgt=M6))
    yield "na", eth(IPv6(src=M6, dst=L6, hlim=255) / ICMPv6ND_NA(R=1, S=1, O=1, tgt=M6)
                    / ICMPv6NDOptDstLLAddr(lladdr=FAR))
    yield "na alone", eth(IPv6(src=M6, dst="ff02::1", hlim=255) / ICMPv6ND_NA(R=0, S=0, O=1, tgt=M6))
    yield "rs", eth(IPv6(src=L6, dst="ff02::2", hlim=255) / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=NEAR))
    yield "ra", eth(IPv6(src=L6, dst="ff02::1", hlim=255) / ICMPv6ND_RA(chlim=64, M=1, O=1, routerlifetime=1800)
                    / ICMPv6NDOptSrcLLAddr(lladdr=NEAR) / ICMPv6NDOptMTU(mtu=1480)
                    / ICMPv6NDOptPrefixInfo(prefix="2001:db8::", prefixlen=64, L=1, A=1)
                    / ICMPv6NDOptRDNSS(dns=["2001:db8::53"]))
    yield "redirect v6", eth(IPv6(src=L6, dst=A6, hlim=255) / ICMPv6ND_Redirect(tgt=M6, dst=B6))
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert(value=0), PadN(optdata=b"")])
    yield "mld query", eth(IPv6(src=L6, dst="ff02::1", hlim=1) / alert / ICMPv6MLQuery(mladdr="::"))
    yield "mld report", eth(IPv6(src=L6, dst="ff02::fb", hlim=1) / alert / ICMPv6MLReport(mladdr="ff02::fb"))


def transport_kinds():
    yield "udp", ip(UDP(sport=40000, dport=7) / b"hello")
    yield "udp without checksum", ip(UDP(sport=40000, dport=9, chksum=0) / b"hello")
    yield "udp wrong checksum", ip(UDP(sport=40000, dport=9, chksum=0x1234) / b"hello")
    yield "udp empty", ip(UDP(sport=40000, dport=9))
    yield "udp length too large", ip(UDP(sport=40000, dport=9, len=100) / b"hello")
    yield "udp length too small", ip(UDP(sport=40000, dport=9, len=4) / b"hello")
    yield "udp v6", ip6(UDP(sport=40000, dport=9) / b"hello")
    syn = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
    yield "tcp syn", ip(TCP(sport=1234, dport=80, flags="S", seq=1, window=64240, options=syn), flags="DF")
    synack = [("MSS", 1400), ("SAckOK", b""), ("Timestamp", (9, 1)), ("NOP", None), ("WScale", 8)]
    yield "tcp syn ack", ip(TCP(sport=80, dport=1234, flags="SA", seq=5000, ack=2, options=synack), src=B, dst=A)
    stamp = [("NOP", None), ("NOP", None), ("Timestamp", (2, 9))]
    yield "tcp ack", ip(TCP(sport=1234, dport=80, flags="A", seq=2, ack=5001, window=502, options=stamp))
    yield "tcp data", ip(TCP(sport=1234, dport=80, flags="PA", seq=2, ack=5001, options=stamp) / b"hello, world")
    sack = [("NOP", None), ("NOP", None), ("SAck", (7000, 8000, 9000, 9500))]
    yield "tcp sack", ip(TCP(sport=80, dport=1234, flags="A", seq=5001, ack=14, options=sack), src=B, dst=A)
    yield "tcp fin", ip(TCP(sport=1234, dport=80, flags="FA", seq=14, ack=5001))
    yield "tcp rst", ip(TCP(sport=80, dport=1234, flags="R", seq=5001), src=B, dst=A)
    yield "tcp all flags", ip(TCP(sport=1, dport=2, flags=0x1ff, seq=1, ack=2, urgptr=5) / b"urgent")
    yield "tcp no flags", ip(TCP(sport=1, dport=2, flags=0, seq=1))
    yield "tcp wrong checksum", ip(TCP(sport=1, dport=2, flags="A", seq=1, ack=1, chksum=0x1234))
    yield "tcp v6", ip6(TCP(sport=1234, dport=443, flags="S", seq=77, options=syn))
    yield "tcp short offset", ip(TCP(sport=1, dport=2, flags="A", dataofs=3))
    yield "tcp offset past the end", ip(TCP(sport=1, dport=2, flags="A", dataofs=15))
    yield "tcp option of length 0", ip(TCP(sport=1, dport=2, flags="A", dataofs=6) / Raw(b"\x02\x00\x05\xb4"))
    yield "tcp fast open", ip(TCP(sport=1, dport=2, flags="S", options=[("TFO", (0x11223344, 0x55667788))]))


def network_kinds():
    yield "ip options record route", ip(ICMP(id=1, seq=1), options=[IPOption_RR(routers=["1.2.3.4", "0.0.0.0"])])
    yield "ip options timestamp", ip(ICMP(id=1, seq=1), options=[IPOption_Timestamp(flg=0)])
    yield "ip options alert", ip(UDP(sport=1, dport=9) / b"x", options=[IPOption_NOP(), IPOption_Router_Alert()])
    yield "ip unknown protocol", ip(Raw(b"\x01\x02\x03\x04" * 5), proto=253)
    yield "ip reserved flag", ip(UDP(sport=1, dport=9) / b"x", flags="evil")
    yield "ip tos", ip(ICMP(id=1, seq=1), tos=0xb9, ttl=255, id=0xffff)
    yield "ip wrong checksum", ip(ICMP(id=1, seq=1), chksum=0xbeef)
    yield "ip padded", eth(IP(src=A, dst=B) / UDP(sport=1, dport=9) / b"x" / Raw(b"")) / Raw(b"\0" * 17)
    yield "ip length too large", ip(ICMP(id=1, seq=1) / b"hello", len=400)
    yield "ip length too small", ip(ICMP(id=1, seq=1) / b"hello", len=10)
    yield "ip short header length", ip(ICMP(id=1, seq=1), ihl=4)
    yield "ip header length past the end", ip(b"", ihl=15)
    yield "first fragment", ip(UDP(sport=1000, dport=9, len=2008) / (b"x" * 1472), flags="MF", id=77)
    yield "middle fragment", ip(Raw(b"y" * 800), flags="MF", frag=185, proto=17, id=77)
    yield "last fragment", ip(Raw(b"z" * 100), frag=285, proto=17, id=77)
    yield "icmp fragment", ip(ICMP(id=5, seq=6) / (b"x" * 1400), flags="MF", id=78)
    yield "tiny tcp fragment", ip(Raw(raw(TCP(sport=1, dport=2))[:8]), flags="MF", proto=6, id=79)
    yield "ip in ip", ip(IP(src="192.0.2.1", dst="192.0.2.2") / ICMP(id=8, seq=9))
    yield "ip6 in ip", ip(IPv6(src=A6, dst=B6) / UDP(sport=5, dport=9) / b"x")
    yield "gre", ip(GRE() / IP(src="192.0.2.1", dst="192.0.2.2") / ICMP(id=8, seq=9))
    yield "ip6 in ip6", ip6(IPv6(src=L6, dst=M6) / ICMPv6EchoRequest(id=8, seq=9))
    yield "ip in ip6", ip6(IP(src=A, dst=B) / UDP(sport=5, dport=9) / b"x", nh=4)
    yield "destination options", ip6(IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")]) / UDP(sport=1, dport=9) / b"x")
    routing = IPv6ExtHdrRouting(type=0, segleft=1, addresses=["2001:db8::99"])
    yield "routing header", ip6(routing / UDP(sport=1, dport=9, chksum=0xabcd) / b"x")
    chain = IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]) / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
    yield "extension chain", ip6(chain / IPv6ExtHdrFragment(m=1, id=99) / UDP(sport=1, dport=9, len=3000) / (b"x" * 1200))
    yield "later fragment v6", ip6(IPv6ExtHdrFragment(nh=17, offset=151, m=0, id=99) / Raw(b"y" * 100))
    yield "atomic fragment", ip6(IPv6ExtHdrFragment(offset=0, m=0, id=98) / UDP(sport=1, dport=9) / b"x")
    yield "no next header", ip6(Raw(b"abcd"), nh=59)
    yield "unknown next header", ip6(Raw(b"abcdefgh"), nh=253)
    yield "ip6 length too large", ip6(UDP(sport=1, dport=9) / b"x", plen=500)
    yield "ip6 cut short", Ether(raw(ip6(UDP(sport=1, dport=9) / b"x"))[:40])


def link_kinds():
    yield "vlan", eth(Dot1Q(vlan=5, prio=3) / IP(src=A, dst=B) / ICMP(id=1, seq=1))
    yield "vlan dei", eth(Dot1Q(vlan=4095, prio=7, id=1) / IPv6(src=A6, dst=B6) / UDP(sport=1, dport=9) / b"x")
    yield "qinq", eth(Dot1AD(vlan=100) / Dot1Q(vlan=5) / IP(src=A, dst=B) / UDP(sport=1, dport=9) / b"x")
    yield "arp request", Ether(src=NEAR, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=NEAR, psrc=A, pdst=B)
    yield "arp reply", eth(ARP(op=2, hwsrc=FAR, psrc=B, hwdst=NEAR, pdst=A))
    yield "arp probe", Ether(src=NEAR, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=NEAR, psrc="0.0.0.0", pdst=B)
    yield "arp announcement", Ether(src=NEAR, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=NEAR, psrc=B, pdst=B)
    yield "arp reverse", eth(ARP(op=3, hwsrc=NEAR, hwdst=NEAR, psrc="0.0.0.0", pdst="0.0.0.0"))
    yield "arp padded", Ether(src=NEAR, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=NEAR, psrc=A, pdst=B) / Raw(b"\0" * 18)
    yield "unknown ethertype", eth(Raw(b"abcdefgh"), type=0x9999)
    yield "lldp", Ether(src=NEAR, dst="01:80:c2:00:00:0e", type=0x88cc) / Raw(bytes.fromhex("0207040200000000010000"))
    yield "mpls frame", eth(MPLS(label=17, s=1, ttl=9) / IP(src=A, dst=B) / ICMP(id=1, seq=1), type=0x8847)
    yield "length frame", Ether(src=NEAR, dst=FAR, type=8) / Raw(b"\xaa\xaa\x03\0\0\0\x99\x99")
    yield "ethernet cut short", Ether(raw(ip(b""))[:12])


def dhcp(op, kind, *options, **fields):
    message = BOOTP(**{"op": op, "xid": 0x3903f326, "chaddr": bytes.fromhex("020000000001") + b"\0" * 10, **fields})
    message = message / DHCP(options=[("message-type", kind), *options, "end"])
    ports = {"sport": 68, "dport": 67} if op == 1 else {"sport": 67, "dport": 68}
    return UDP(**ports) / Raw(raw(message).ljust(300, b"\0"))


def application_kinds():
    broadcast = {"src": "0.0.0.0", "dst": "255.255.255.255"}
    yield "dhcp discover", ip(dhcp(1, "discover", ("param_req_list", [1, 3, 6, 15]), flags=0x8000), **broadcast)
    yield "dhcp offer", ip(dhcp(2, "offer", ("server_id", B), ("lease_time", 3600), ("subnet_mask", "255.255.255.0"),
                                ("router", B), yiaddr="10.0.0.50", siaddr=B), src=B, dst="10.0.0.50")
    yield "dhcp request", ip(dhcp(1, "request", ("requested_addr", "10.0.0.50"), ("server_id", B),
                                  ("hostname", b"na\x1b[31mme"), secs=3), **broadcast)
    yield "dhcp ack", ip(dhcp(2, "ack", ("server_id", B), ("lease_time", 3600), ("domain", b"example.test"),
                              yiaddr="10.0.0.50", sname=b"server", file=b"boot.img"), src=B, dst="10.0.0.50")
    yield "dhcp release", ip(dhcp(1, "release", ("server_id", B), ciaddr="10.0.0.50"))
    yield "dhcp relayed", ip(dhcp(1, "inform", hops=1, giaddr="10.1.0.1", ciaddr=A))
    yield "igmpv2 query", ip(IGMP(type=0x11, mrcode=100, gaddr="0.0.0.0"), dst="224.0.0.1", ttl=1)
    yield "igmpv1 query", ip(IGMP(type=0x11, mrcode=0, gaddr="0.0.0.0"), dst="224.0.0.1", ttl=1)
    yield "igmpv2 group query", ip(IGMP(type=0x11, mrcode=10, gaddr="239.1.2.3"), dst="239.1.2.3", ttl=1)
    yield "igmpv2 report", ip(IGMP(type=0x16, gaddr="239.1.2.3"), dst="239.1.2.3", ttl=1)
    yield "igmpv1 report", ip(IGMP(type=0x12, gaddr="239.1.2.3"), dst="239.1.2.3", ttl=1)
    yield "igmp leave", ip(IGMP(type=0x17, gaddr="239.1.2.3"), dst="224.0.0.2", ttl=1)
    yield "igmpv3 query", ip(IGMPv3(type=0x11, mrcode=100) / IGMPv3mq(gaddr="239.1.2.3", srcaddrs=["192.0.2.1"]),
                             dst="239.1.2.3", ttl=1)
    records = [IGMPv3gr(rtype=4, maddr="239.1.2.3"), IGMPv3gr(rtype=1, maddr="239.1.2.4", srcaddrs=["192.0.2.1"])]
    yield "igmpv3 report", ip(IGMPv3(type=0x22) / IGMPv3mr(records=records), dst="224.0.0.22", ttl=1)
    hello = OSPF_Hello(mask="255.255.255.0", hellointerval=10, deadinterval=40, prio=1, router=A, backup=B,
                       neighbors=["2.2.2.2", "3.3.3.3"])
    yield "ospf hello", ip(OSPF_Hdr(src="1.1.1.1", area="0.0.0.0") / hello, dst="224.0.0.5", ttl=1, proto=89)
    alone = OSPF_Hello(mask="255.255.255.0", hellointerval=10, deadinterval=40)
    yield "ospf hello alone", ip(OSPF_Hdr(src="1.1.1.1", area="0.0.0.1") / alone, dst="224.0.0.5", ttl=1, proto=89)
    yield "ospf ls ack", ip(OSPF_Hdr(type=5, src="1.1.1.1", area="0.0.0.0") / Raw(b"\0" * 20), dst="224.0.0.5",
                            ttl=1, proto=89)


def every_kind():
    """Name and frame of each, in a fixed order."""
    for kinds in (icmp_kinds, icmpv6_kinds, transport_kinds, network_kinds, link_kinds, application_kinds):
        for name, packet in kinds():
            yield name, raw(packet)


def mutated(count, seed):
    """`count` frames with bytes changed, cut off or put in, the same for the same seed."""
    random_ = random.Random(seed)
    originals = [frame for _, frame in every_kind()]
    for _ in range(count):
        frame = bytearray(random_.choice(originals))
        for _ in range(random_.choice((1, 1, 1, 2, 4))):
            # Most of the headers are within the first 80 bytes.
            place = random_.randrange(12, min(len(frame), 80 if random_.random() < 0.8 else 2000)) if len(frame) > 12 else 0
            how = random_.random()
            if how < 0.55:
                frame[place] = random_.randrange(256)
            elif how < 0.7:
                frame[place] ^= 1 << random_.randrange(8)
            elif how < 0.8:
                frame[place] = random_.choice((0, 1, 0x7f, 0x80, 0xff))
            elif how < 0.9:
                del frame[max(place, 14):]
            elif how < 0.95:
                del frame[place:place + random_.randrange(1, 5)]
            else:
                frame[place:place] = random_.randbytes(random_.randrange(1, 9))
        yield bytes(frame)


FIRST_SECOND = 1_700_000_000


def write_capture(path, frames, link=1, snap_length=262144):
    """Nanoseconds; one frame a millisecond."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, snap_length, link))
        for number, frame in enumerate(frames):
            kept = frame[:snap_length]
            seconds, rest = divmod(number, 1000)
            file.write(struct.pack("<IIII", FIRST_SECOND + seconds, rest * 1_000_000 + 789, len(kept), len(frame)))
            file.write(kept)
