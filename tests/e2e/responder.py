"""Answers echo requests as badly as a test asks for: `responder.py tun|packet DEVICE LOG`.

How an address answers is chosen by its last byte, an index into MODES: 198.18.0.N and 2001:db8:18::N. Each request is
written to LOG as a JSON line, as scapy reads it. Runs until it is killed. Packets are built and read by scapy: a second
opinion on every byte that sonde makes.
"""

import fcntl
import heapq
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

MODES = """none plain truncate truncate_to_pattern empty zero flip_pattern flip_token duplicate duplicate_many late
    wrong_source bad_checksum older_token older_token_only impostor impostor_late hostile options longer silent
    quote_eight quote_other_token quote_nothing quote_bad_ihl quote_other_process error_after_reply
    first_silent stop_after_two swap ttl_one error_with_reply""".split()
# 198.18.1.N and 2001:db8:18::1:N answer with the ICMP error ERRORS[N]: type, code, and the header's second word.
ERRORS = {4: [(3, code, 1400 if code == 4 else 0) for code in range(16)]
          + [(11, 0, 0), (11, 1, 0), (12, 0, 21 << 24), (3, 200, 0), (4, 0, 0), (5, 1, 0xC612FEFE)],
          6: [(1, code, 0) for code in range(9)]
          + [(2, 0, 1280), (3, 0, 0), (3, 1, 0), (4, 0, 6), (4, 1, 40), (4, 2, 41), (1, 200, 0)]}
LATE_BY = 0.6  # seconds
PATTERN = 16  # the payload's first bytes are sonde's token
REPORTER = {4: "198.18.254.254", 6: "2001:db8:18::fe:fe"}  # who sends the ICMP errors


def address(mode, family, offset=0):
    """Where a mode answers."""
    last = MODES.index(mode) + offset
    return f"198.18.0.{last}" if family == 4 else f"2001:db8:18::{last:x}"


def error_address(family, index):
    return f"198.18.1.{index}" if family == 4 else f"2001:db8:18::1:{index:x}"


class Tun:
    def __init__(self, name):
        self.fd = os.open("/dev/net/tun", os.O_RDWR)
        tun_set_interface, tun_without_info = 0x400454CA, 0x1001
        fcntl.ioctl(self.fd, tun_set_interface, struct.pack("16sH22x", name.encode(), tun_without_info))

    def fileno(self):
        return self.fd

    def receive(self):
        return os.read(self.fd, 65536 + 64)

    def send(self, datagram):
        os.write(self.fd, datagram)


class Packet:
    """One end of a veth whose other end does no ARP: it sends to, and takes, its own hardware address."""

    ETH_P_ALL, OUTGOING = 3, 4

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((name, self.ETH_P_ALL))
        self.peer = b""

    def fileno(self):
        return self.socket.fileno()

    def receive(self):
        frame, where = self.socket.recvfrom(65536 + 64)
        if where[2] == self.OUTGOING or len(frame) < 14:
            return b""
        self.peer = frame[6:12]
        return frame[14:]

    def send(self, datagram):
        kind = b"\x08\x00" if datagram[0] >> 4 == 4 else b"\x86\xdd"
        self.socket.send(self.peer + b"\x02\0\0\0\0\x01" + kind + datagram)


class Request:
    """An echo request of either family, and what can be answered to it."""

    def __init__(self, ip, layers):
        self.layers = layers
        self.ip = ip
        self.family = ip.version
        self.icmp = ip.payload
        self.payload = bytes(self.icmp.payload) if self.family == 4 else bytes(self.icmp.data)

    def seen(self):
        ip, family = self.ip, self.family
        again = ip.copy()
        if family == 4:
            del again.chksum, again.payload.chksum
        else:
            del again.payload.cksum
        return {
            "family": family, "src": ip.src, "dst": ip.dst, "id": self.icmp.id, "seq": self.icmp.seq,
            "ttl": ip.ttl if family == 4 else ip.hlim, "tos": ip.tos if family == 4 else ip.tc,
            "dont_fragment": family == 4 and "DF" in str(ip.flags), "payload": self.payload.hex(),
            "checksums_ok": bytes(again) == bytes(ip), "size": len(bytes(ip)),
        }

    def outer(self, source=None, **fields):
        kind = self.layers.IP if self.family == 4 else self.layers.IPv6
        hops = {"ttl": 64} if self.family == 4 else {"hlim": 64}
        return kind(src=source or self.ip.dst, dst=self.ip.src, **{**hops, **fields})

    def reply(self, payload=None, source=None, identifier=None, sequence=None, checksum=None, **outer):
        payload = self.payload if payload is None else payload
        identifier = self.icmp.id if identifier is None else identifier
        sequence = self.icmp.seq if sequence is None else sequence
        extra = {} if checksum is None else {"chksum" if self.family == 4 else "cksum": checksum}
        if self.family == 4:
            icmp = self.layers.ICMP(type=0, id=identifier, seq=sequence, **extra) / payload
        else:
            icmp = self.layers.ICMPv6EchoReply(id=identifier, seq=sequence, data=payload, **extra)
        return bytes(self.outer(source, **outer) / icmp)

    def error(self, kind, code, word=0, quoted=None, source=None):
        """`word` is the header's second one: next-hop MTU, pointer or gateway. By default all is quoted."""
        quoted = bytes(self.ip) if quoted is None else quoted
        body = struct.pack("!BBHI", kind, code, 0, word) + quoted
        outer = self.outer(source or REPORTER[self.family])
        if self.family == 4:
            total = self.layers.checksum(body)
            outer.proto = 1
        else:
            total = self.layers.in6_chksum(58, outer, body)
            outer.nh = 58
        return bytes(outer / (body[:2] + struct.pack("!H", total) + body[4:]))

    def unreachable(self, quoted=None):
        return self.error(3, 1, quoted=quoted) if self.family == 4 else self.error(1, 3, quoted=quoted)

    def quoted_with(self, at, octets):
        """The request with some bytes of its ICMP message changed, as an error quotes it."""
        whole = bytearray(bytes(self.ip))
        header = len(whole) - len(self.payload) - 8
        whole[header + at:header + at + len(octets)] = octets
        return bytes(whole)


def changed(octets, at, by=0xFF):
    return octets[:at] + bytes([octets[at] ^ by]) + octets[at + 1:]


def hostile(r):
    """What must change nothing; the good answer comes last."""
    family, good = r.family, r.reply()
    out = [
        r.reply(identifier=r.icmp.id ^ 0x5555), r.reply(sequence=r.icmp.seq ^ 0x8000), r.reply(sequence=0xFFFF),
        r.reply(sequence=r.icmp.seq + 1),
        r.reply(payload=b"\0" * len(r.payload)), r.reply(payload=b"\xff" * 1200), r.reply(payload=b""),
        good[:-len(r.payload) - 4], good[:-len(r.payload) - 7], good[:-1], good[:24], good[:5], b"\x4f", b"\x00",
        bytes(r.outer()), r.unreachable(quoted=b""), r.unreachable(quoted=b"\x40"),
        r.unreachable(quoted=bytes(r.ip)[:27 if family == 4 else 47]),
        r.unreachable(quoted=r.quoted_with(4, b"\x12\x34")), r.unreachable(quoted=r.quoted_with(6, b"\xff\xff")),
        r.unreachable(quoted=r.quoted_with(0, b"\x00")), r.unreachable(quoted=r.quoted_with(8, b"\xee" * 16)),
        r.error(0xFE, 0), r.error(3 if family == 4 else 1, 255, quoted=b"\0" * 64),
    ]
    if family == 4:
        out += [r.reply(source=r.ip.src), r.reply(source=REPORTER[4])]  # of IPv6 that would be anycast
        # In IPv6 the kernel does not look at the quoted version, and nothing else is wrong with such an error.
        out += [r.unreachable(quoted=first + bytes(r.ip)[1:]) for first in (b"\x41", b"\x4f", b"\x00")]
        wrong_length = bytearray(good)
        wrong_length[2:4] = b"\xff\xff"
        short_length = bytearray(good)
        short_length[2:4] = b"\x00\x15"
        for option in (b"\x07\x00", b"\x07\xff", b"\x44\x04\x05\x00", b"\x01\x01\x01\x00"):
            option = option.ljust(4, b"\0")
            raw = bytearray(good[:20]) + option + good[20:]
            raw[0], raw[2:4], raw[10:12] = 0x46, struct.pack("!H", len(raw)), b"\0\0"
            raw[10:12] = struct.pack("!H", r.layers.checksum(bytes(raw[:24])))
            out.append(bytes(raw[:24]) + b"\x09" + raw[25:])  # with options, and of a type that nobody asked for
        out += [bytes(wrong_length), bytes(short_length)]
    return [(0, datagram) for datagram in out] + [(0.02, good)]


def quoted_minimum(r):
    return bytes(r.ip)[:28 if r.family == 4 else 48]  # RFC 792: the IP header and 8 bytes


class Answers:
    """Requests in, (delay, datagram) out, by mode. Remembers what some modes need of earlier requests."""

    def __init__(self):
        self.before = {}
        self.counts = {}

    def to(self, r):
        last = ipaddress.ip_address(r.ip.dst)
        if (int(last) >> (8 if r.family == 4 else 16)) & 0xFF == 1:
            return self.error(r, int(last) & 0xFF)
        if (int(last) >> (8 if r.family == 4 else 16)) & 0xFF >= 16:  # a crowd: every second one is unreachable
            return [(0, r.reply() if int(last) % 2 == 0 else r.unreachable())]
        index = int(last) & 0xFF
        mode = MODES[index] if index < len(MODES) else "silent"
        self.counts[r.ip.dst] = self.counts.get(r.ip.dst, 0) + 1
        return getattr(self, mode, self.simple(mode))(r)

    @staticmethod
    def error(r, index):
        kind, code, word = ERRORS[r.family][index]
        # Advice (source quench, redirect) does not end a ping: the answer comes nevertheless.
        answer = [(0.05, r.reply())] if r.family == 4 and kind in (4, 5) else []
        return [(0, r.error(kind, code, word)), *answer]

    @staticmethod
    def simple(mode):
        def changed_pattern(r):
            return changed(r.payload, PATTERN + 4)

        return {
            "plain": lambda r: [(0, r.reply())],
            "truncate": lambda r: [(0, r.reply(r.payload[:len(r.payload) // 2]))],
            "truncate_to_pattern": lambda r: [(0, r.reply(r.payload[:PATTERN]))],
            "empty": lambda r: [(0, r.reply(b""))],
            "zero": lambda r: [(0, r.reply(b"\0" * len(r.payload)))],
            "flip_pattern": lambda r: [(0, r.reply(changed_pattern(r)))],
            "flip_token": lambda r: [(0, r.reply(changed(r.payload, 9)))],
            "duplicate": lambda r: [(0, r.reply()), (0.02, r.reply())],
            "duplicate_many": lambda r: [(0, r.reply())] * 20,
            "late": lambda r: [(LATE_BY, r.reply())],
            "wrong_source": lambda r: [(0, r.reply(source=str(ipaddress.ip_address(r.ip.dst) + 100)))],
            "bad_checksum": lambda r: [(0, r.reply(checksum=0x1234))],
            "impostor": lambda r: [(0, r.reply(b"\xaa" * len(r.payload))), (0.03, r.reply())],
            "impostor_late": lambda r: [(0, r.reply()), (0.03, r.reply(b"\xaa" * len(r.payload)))],
            "hostile": hostile,
            "options": lambda r: [(0, r.reply(options=r.layers.no_operations) if r.family == 4 else r.reply())],
            "longer": lambda r: [(0, r.reply(r.payload + b"\x55" * 100))],
            "ttl_one": lambda r: [(0, r.reply(**({"ttl": 1} if r.family == 4 else {"hlim": 1})))],
            "quote_eight": lambda r: [(0, r.unreachable(quoted=quoted_minimum(r)))],
            "quote_other_token": lambda r: [(0, r.unreachable(r.quoted_with(8, b"\xee" * 16))), (0.03, r.reply())],
            "quote_nothing": lambda r: [(0, r.unreachable(quoted=b"")), (0.03, r.reply())],
            "quote_bad_ihl": lambda r: [(0, r.unreachable(b"\x41" + bytes(r.ip)[1:])), (0.03, r.reply())],
            "quote_other_process": lambda r: [(0, r.unreachable(r.quoted_with(4, b"\x12\x34"))), (0.03, r.reply())],
            "error_with_reply": lambda r: [(LATE_BY / 2, r.reply()), (LATE_BY, r.unreachable())],
            "error_after_reply": lambda r: [(0, r.reply()), (0.03, r.unreachable())],
        }.get(mode, lambda r: [])

    def older_token(self, r):
        return self.older_token_only(r) + [(0.03, r.reply())]

    def older_token_only(self, r):
        before = self.before.get(r.ip.dst, b"\0" * len(r.payload))
        self.before[r.ip.dst] = r.payload
        return [(0, r.reply(before))] if self.counts[r.ip.dst] > 1 else []

    def first_silent(self, r):
        return [(0, r.reply())] if self.counts[r.ip.dst] > 1 else []

    def stop_after_two(self, r):
        return [(0, r.reply())] if self.counts[r.ip.dst] <= 2 else []

    def swap(self, r):
        """Two at a time, the second one first."""
        before = self.before.pop(r.ip.dst, None)
        if before is None:
            self.before[r.ip.dst] = r
            return []
        return [(0, r.reply()), (0, before.reply())]


class Layers:
    """What is needed of scapy, which takes a second to load."""

    def __init__(self):
        from scapy.layers import inet, inet6
        from scapy.utils import checksum
        self.IP, self.ICMP, self.checksum = inet.IP, inet.ICMP, checksum
        self.no_operations = [inet.IPOption_NOP() for _ in range(8)]
        self.IPv6, self.ICMPv6EchoReply, self.in6_chksum = inet6.IPv6, inet6.ICMPv6EchoReply, inet6.in6_chksum

    def request(self, datagram):
        if not datagram or datagram[0] >> 4 not in (4, 6):
            return None
        ip = (self.IP if datagram[0] >> 4 == 4 else self.IPv6)(datagram)
        asks = ip.version == 4 and ip.proto == 1 and ip.frag == 0 and datagram[(datagram[0] & 15) * 4] == 8
        asks = asks or (ip.version == 6 and ip.nh == 58 and len(datagram) > 40 and datagram[40] == 128)
        return Request(ip, self) if asks else None


def main(carrier, device, log_path):
    layers = Layers()
    link = {"tun": Tun, "packet": Packet}[carrier](device)
    answers, queue, serial = Answers(), [], 0
    with open(log_path, "w", buffering=1) as log:
        print("ready", flush=True)
        while True:
            wait = max(0, queue[0][0] - time.monotonic()) if queue else None
            if select.select([link], [], [], wait)[0]:
                try:
                    request = layers.request(link.receive())
                except OSError:  # the device went down: it may come up again
                    time.sleep(0.01)
                    continue
                if request:
                    log.write(json.dumps(request.seen()) + "\n")
                    for delay, datagram in answers.to(request):
                        serial += 1
                        heapq.heappush(queue, (time.monotonic() + delay, serial, datagram))
            while queue and queue[0][0] <= time.monotonic():
                try:
                    link.send(heapq.heappop(queue)[2])
                except OSError:  # a datagram that not even this device carries
                    pass


if __name__ == "__main__":
    main(*sys.argv[1:])
