"""What the options do to the packets, as scapy sees them at the other end."""

import pytest

from command import UNPRIVILEGED, ping, ping_json, seconds
from responder import address

BOTH = pytest.mark.parametrize("family", [4, 6])


def requests_of(fake, family, *arguments, count=1):
    """The echo requests that a run sent, which all came and were answered."""
    before = len(fake.seen())
    report = ping_json(fake.host, "-c", str(count), "-i", "0.05", *arguments, address("plain", family))
    assert report.total["received"] == count, report.result
    requests = fake.seen()[before:]
    assert len(requests) == count and all(r["checksums_ok"] for r in requests)
    return requests


@BOTH
def test_defaults(fake, family):
    first, second = requests_of(fake, family, count=2)
    assert (first["ttl"], first["tos"]) == (64, 0)
    assert first["size"] == 56 + 8 + (20 if family == 4 else 40)
    assert first["dont_fragment"] == (family == 4)
    assert (first["seq"], second["seq"]) == (1, 2) and first["id"] == second["id"]
    # 16 bytes of token, and then the pattern of ping.
    for request in (first, second):
        assert bytes.fromhex(request["payload"])[16:] == bytes(range(16, 56))
    assert first["payload"][:32] != second["payload"][:32]


@BOTH
@pytest.mark.parametrize("ttl", ["1", "37", "255"])
def test_time_to_live(fake, family, ttl):
    assert requests_of(fake, family, "-t", ttl)[0]["ttl"] == int(ttl)


@BOTH
@pytest.mark.parametrize("tos,expected", [("0", 0), ("0x10", 0x10), ("184", 184), ("0xff", 0xFF)])
def test_type_of_service(fake, family, tos, expected):
    # Linux leaves the two bits of congestion notification to the user of a socket that is not TCP's.
    assert requests_of(fake, family, "-Q", tos)[0]["tos"] == expected


@BOTH
@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 17, 56, 1400])
def test_size(fake, family, size):
    payload = bytes.fromhex(requests_of(fake, family, "-s", str(size))[0]["payload"])
    assert len(payload) == size
    assert payload[16:] == bytes(i & 0xFF for i in range(16, size))


@BOTH
@pytest.mark.parametrize("pattern,expected", [("ff", b"\xff"), ("c0ffee", b"\xc0\xff\xee"), ("f", b"\x0f"),
                                              ("000102030405060708090a0b0c0d0e0f", bytes(range(16)))])
def test_pattern(fake, family, pattern, expected):
    payload = bytes.fromhex(requests_of(fake, family, "-p", pattern, "-s", "80")[0]["payload"])
    assert payload[16:] == (expected * 80)[16:80]


def test_path_mtu_discovery_sets_the_dont_fragment_bit(fake):
    seen = {how: requests_of(fake, 4, "-M", how)[0]["dont_fragment"] for how in ("do", "want", "dont", "probe")}
    assert seen == {"do": True, "want": True, "dont": False, "probe": True}


@BOTH
def test_source_address(fake, family):
    other = "198.18.255.77" if family == 4 else "2001:db8:18::ff77"
    fake.host.sh(f"ip addr add {other}/{15 if family == 4 else 64} dev fake0" + (" nodad" if family == 6 else ""))
    first = "198.18.255.1" if family == 4 else "2001:db8:18::ffff"
    for source in (other, first, other):  # one of them is what the kernel would choose
        assert requests_of(fake, family, "-I", source)[0]["src"] == source
    fake.host.sh(f"ip addr del {other}/{15 if family == 4 else 64} dev fake0")


@BOTH
def test_interface(fake, family):
    """To an address that the routing table would send elsewhere."""
    target = address("plain", family)
    prefix = f"{target}/{32 if family == 4 else 128}"
    fake.host.sh(f"ip -{family} route add {prefix} dev lo")
    try:
        lost = ping_json(fake.host, "-c", "1", "-W", "0.3", target, code=1)
        assert lost.total["received"] == 0
        assert requests_of(fake, family, "-I", "fake0")[0]["dst"] == target
    finally:
        fake.host.sh(f"ip -{family} route del {prefix} dev lo")


@BOTH
def test_interval_is_kept(fake, family):
    report = ping_json(fake.host, "-c", "6", "-i", "0.2", address("plain", family))
    times = [seconds(e["time"]) for e in report.of("reply")]
    assert 0.9 < times[-1] - times[0] < 3  # five intervals: a machine under load may be late, but never early


def test_mark_needs_a_privilege_and_works_with_it(fake):
    assert requests_of(fake, 4, "-m", "7")
    refused = ping(fake.host, "-c", "1", "-m", "7", address("plain", 4), wrap=UNPRIVILEGED)
    assert refused.code == 2 and refused.out == ""
    assert refused.err.startswith("sonde ping: cannot set the mark 7 (SO_MARK)") and "CAP_NET_ADMIN" in refused.err


def test_mark_is_on_the_packets(fake):
    """A rule for marked packets sends them nowhere."""
    fake.host.sh("ip rule add fwmark 9 prohibit")
    try:
        assert ping_json(fake.host, "-c", "1", "-m", "8", address("plain", 4)).total["received"] == 1
        blocked = ping_json(fake.host, "-c", "1", "-W", "0.3", "-m", "9", address("plain", 4), code=2)
        assert blocked.total["send_failed"] == 1
    finally:
        fake.host.sh("ip rule del fwmark 9 prohibit")


@BOTH
def test_sequence_numbers_of_several_targets_are_not_mixed_up(fake, family):
    targets = [address("plain", family), address("longer", family), address("truncate", family)]
    report = ping_json(fake.host, "-c", "5", "-i", "0.05", *targets)
    for target in targets:
        assert [e["seq"] for e in report.of("reply", target=target)] == [1, 2, 3, 4, 5]
    assert {e["bytes"] for e in report.of("reply", target=targets[1])} == {164}


@BOTH
@pytest.mark.parametrize("flag", ["-f", "-A"])
def test_flood_and_adaptive_send_the_next_when_the_last_was_answered(fake, family, flag):
    report = ping_json(fake.host, flag, "-c", "50", address("plain", family))
    assert report.total["received"] == 50 and report.total["sent"] == 50, report.result


@BOTH
def test_preferred_clock_is_the_kernels(fake, family):
    assert {e["clock"] for e in ping_json(fake.host, "-c", "3", "-i", "0.1", address("plain", family)).of("reply")} \
        == {"kernel"}
