"""The text of one target is iputils', line for line: both run in the same namespace and are compared."""

import re

import pytest

from command import PERCENTILES, finish, iputils, normalised, ping, start_ping, without_percentiles
from lab import RoutedLab

LOOPBACK = {4: "127.0.0.1", 6: "::1"}
BOTH = pytest.mark.parametrize("family", [4, 6])


def both(namespace, *arguments):
    """What sonde and ping say, at the same time."""
    running = start_ping(namespace, *arguments)
    theirs = iputils(namespace, *arguments)
    return finish(running), theirs


def same(namespace, *arguments):
    """What sonde said, after it was found to be what ping says."""
    ours, theirs = both(namespace, *arguments)
    assert normalised(without_percentiles(ours.out)).splitlines() == normalised(theirs.out).splitlines()
    assert ours.code == theirs.code, (ours, theirs)
    assert ours.err == "", ours
    return ours


@BOTH
def test_three_pings(host, family):
    result = same(host, "-c", "3", "-i", "0.2", LOOPBACK[family])
    lines = result.lines
    assert lines[0] in ("PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.", "PING ::1(::1) 56 data bytes")
    assert re.fullmatch(r"64 bytes from \S+: icmp_seq=3 ttl=64 time=\d\.\d+ ms", lines[3])
    assert lines[4:7][:2] == ["", f"--- {LOOPBACK[family]} ping statistics ---"]
    assert re.fullmatch(r"3 packets transmitted, 3 received, 0% packet loss, time \d+ms", lines[6])
    assert len(PERCENTILES.findall(result.out)) == 1 and result.out.endswith(lines[8] + "\n")


@BOTH
@pytest.mark.parametrize("arguments", [
    ("-q",), ("-D",), ("-n",), ("-s", "16"), ("-s", "1400"),
    ("-s", "20000"), ("-p", "ff"), ("-p", "0123456789abcdef"), ("-p", "f"), ("-p", "abc"), ("-t", "9"), ("-Q", "0x10"),
    ("-W", "2"), ("-w", "3"), ("-v",), ("-O",), ("-M", "do"), ("-M", "want"), ("-M", "dont"), ("-q", "-D", "-O"),
], ids=" ".join)
def test_options(host, family, arguments):
    # -v prints identifiers that differ; the newest iputils also says which socket it has.
    result, theirs = both(host, "-c", "2", "-i", "0.1", *arguments, LOOPBACK[family])
    expected = normalised(theirs.out)
    if "-v" in arguments:
        expected = re.sub(r" ident=\d+", "", "".join(
            line + "\n" for line in expected.splitlines() if not line.startswith(("ping: sock", "ai->"))))
    assert normalised(without_percentiles(result.out)).splitlines() == expected.splitlines()
    assert result.code == theirs.code == 0


@BOTH
@pytest.mark.parametrize("size", ["0", "1", "7", "8", "15"])
def test_small_payloads_have_times_nevertheless(host, family, size):
    """ping keeps its time stamp in the payload, and without room for it prints no times: the one difference."""
    result, theirs = both(host, "-c", "2", "-i", "0.1", "-s", size, LOOPBACK[family])
    ours = normalised(without_percentiles(result.out))
    assert ours.count(" time=T ms\n") == 2 and ours.count("rtt min/avg/max/mdev") == 1
    assert re.sub(r"rtt min.*\n", "\n", ours.replace(" time=T ms\n", "\n")) == normalised(theirs.out)


@BOTH
def test_source_address_is_in_the_header(routed, family):
    same(routed.host, "-c", "1", "-I", RoutedLab.HOST[family], RoutedLab.FAR[family])
    result = ping(routed.host, "-c", "1", "-I", RoutedLab.HOST[family], RoutedLab.FAR[family])
    assert f" from {RoutedLab.HOST[family]} : 56" in result.lines[0]


@BOTH
def test_interface_is_in_the_header(routed, family):
    same(routed.host, "-c", "1", "-I", "near", RoutedLab.FAR[family])
    result = ping(routed.host, "-c", "1", "-I", "near", RoutedLab.FAR[family])
    assert f" from {RoutedLab.HOST[family]} near: 56" in result.lines[0]


@BOTH
def test_link_local_scope(routed, family):
    if family == 4:
        routed.host.sh("ip addr add 169.254.7.1/16 dev near")
        routed.router.sh("ip addr add 169.254.7.2/16 dev toward_host")
        same(routed.host, "-c", "1", "169.254.7.2")
        return
    link_local = re.search(r"inet6 (fe80::\S+)/", routed.router.sh("ip -6 addr show dev toward_host"))[1]
    result = same(routed.host, "-c", "2", "-i", "0.2", f"{link_local}%near")
    assert f"from {link_local}%near: icmp_seq=1" in result.lines[1]


@BOTH
def test_name_of_the_target_and_of_who_answers(routed, family):
    result, theirs = both(routed.host, f"-{family}", "-c", "2", "-i", "0.3", "far.test")
    # ping's header waits for the address's own name; for -4 and a hosts file it loses even the target's.
    expected = normalised(theirs.out).replace("---  ping statistics", "--- far.test ping statistics").splitlines()
    assert normalised(without_percentiles(result.out)).splitlines()[1:] == expected[1:]
    address = RoutedLab.FAR[family]
    assert result.lines[0] == ("PING far.test (198.51.100.2) 56(84) bytes of data." if family == 4 else
                               "PING far.test(2001:db8:2::2) 56 data bytes")
    assert result.lines[1].startswith(f"64 bytes from far.test ({address}): icmp_seq=1 ")
    numeric = ping(routed.host, f"-{family}", "-n", "-c", "1", "far.test")
    assert numeric.lines[1].startswith(f"64 bytes from {address}: icmp_seq=1 ")


@BOTH
@pytest.mark.parametrize("where", ["UNREACHABLE", "PROHIBITED", "NO_ROUTE", "ABSENT"])
def test_unreachable(routed, family, where):
    target = getattr(RoutedLab, where)[family]
    arguments = ("-c", "2", "-i", "0.1", "-W", "2", target)
    ours = ping(routed.host, *arguments)
    # The kernel gives one host's errors at a limited rate: ping asks from an address that has not asked yet.
    source = "192.0.2.77" if family == 4 else "2001:db8:1::77"
    routed.host.sh(f"ip addr add {source}/{24 if family == 4 else 64} dev near" + (" nodad" if family == 6 else ""))
    theirs = iputils(routed.host, "-I", source, *arguments)
    expected = theirs.out.replace(f" from {source} :", "")
    if where == "ABSENT":
        # How many of the two wait for the same resolution of the address is the kernel's affair.
        ours.out, expected = (re.sub(r", pipe \d|^pipe \d$", "", text, flags=re.M) for text in (ours.out, expected))
    assert normalised(ours.out).splitlines() == normalised(expected).splitlines()
    assert ours.code == theirs.code == 1
    assert "2 packets transmitted, 0 received, +2 errors, 100% packet loss" in ours.out


@BOTH
def test_time_to_live_exceeded(routed, family):
    result = same(routed.host, "-c", "2", "-i", "0.2", "-t", "1", RoutedLab.FAR[family])
    said = "Time to live exceeded" if family == 4 else "Time exceeded: Hop limit"
    assert result.lines[1] == f"From {RoutedLab.ROUTER[family]} icmp_seq=1 {said}"


def test_offender_has_its_name_when_the_target_was_named(routed):
    result = ping(routed.host, "-4", "-c", "3", "-i", "0.3", "-t", "1", "far.test")
    # The name of an address that was not known is looked up while pings go on, so the first line may be without it.
    assert f"From router.test ({RoutedLab.ROUTER[4]}) icmp_seq=3 Time to live exceeded" in result.lines


@BOTH
def test_silence(routed, family):
    arguments = ("-c", "2", "-i", "0.2", "-W", "0.5", RoutedLab.BLACKHOLE[family])
    result, expected = both(routed.host, *arguments)
    assert normalised(result.out).replace("pipe 2", "").splitlines() == \
        normalised(expected.out).replace("pipe 2", "").splitlines()
    assert result.code == 1


@BOTH
def test_outstanding_pings_are_told_when_the_next_leaves(routed, family):
    result, theirs = both(routed.host, "-O", "-c", "3", "-i", "0.2", "-W", "0.4", RoutedLab.BLACKHOLE[family])
    assert result.lines[1:4] == ["no answer yet for icmp_seq=1", "no answer yet for icmp_seq=2", ""]
    assert theirs.lines[1:4] == result.lines[1:4]


def test_outstanding_says_nothing_where_replies_come(host):
    assert "no answer" not in ping(host, "-O", "-c", "3", "-i", "0.1", "127.0.0.1").out


@BOTH
def test_flood(host, family):
    """Dots and backspaces come in no fixed order; what is left of them at the end is nothing."""
    result = ping(host, "-f", "-c", "200", LOOPBACK[family])
    theirs = iputils(host, "-f", "-c", "200", LOOPBACK[family])
    for output in (result, theirs):
        assert output.out.count(".\b \b") <= 200 and output.code == 0
    body = result.out.split("\n", 1)[1].split("\n---")[0].rstrip("\n")
    assert body.count(".") == 200 and body.count("\b \b") == 200
    tail = without_percentiles(result.out)[result.out.index("\n---"):]
    # Whether more than one was ever in flight depends on the machine's load.
    tails = (tail, theirs.out[theirs.out.index("\n---"):])
    without_pipe = [re.sub(r", pipe \d+", "", normalised(text)) for text in tails]
    assert without_pipe[0] == without_pipe[1]
    assert "200 packets transmitted, 200 received, 0% packet loss" in result.out


def test_flood_shows_losses_as_dots(routed):
    result = ping(routed.host, "-f", "-c", "20", "-W", "0.2", RoutedLab.BLACKHOLE[4])
    assert "." * 20 in result.out and result.code == 1


@BOTH
def test_adaptive_goes_as_fast_as_replies_come(host, family):
    result = same(host, "-A", "-c", "20", LOOPBACK[family])
    assert "ipg/ewma" in result.out
    # 20 s would be the default interval's; 2 ms each is what replies allow.
    assert int(re.search(r"time (\d+)ms", result.out)[1]) < 5000


def test_audible_rings_once_per_reply(host):
    result = ping(host, "-a", "-c", "3", "-i", "0.1", "127.0.0.1")
    theirs = iputils(host, "-a", "-c", "3", "-i", "0.2", "127.0.0.1")
    assert result.out.count("\a") == theirs.out.count("\a") == 3
    assert normalised(without_percentiles(result.out)) == normalised(theirs.out)


def test_timestamps_are_those_of_the_wall_clock(host):
    import time
    before = time.time()
    result = ping(host, "-D", "-c", "1", "127.0.0.1")
    stamp = float(re.match(r"\[(\d{10}\.\d{6})\] 64 bytes", result.lines[1])[1])
    assert before - 0.01 <= stamp <= time.time() + 0.01


def test_count_with_a_deadline_counts_answers(routed):
    """ping's rule: with -w, -c waits for that many answers, and pings on until then or until the end."""
    result = ping(routed.host, "-c", "2", "-w", "1", "-i", "0.2", RoutedLab.BLACKHOLE[4])
    transmitted = int(re.search(r"(\d+) packets transmitted, 0 received", result.out)[1])
    assert transmitted > 2 and result.code == 1
    answered = ping(routed.host, "-c", "2", "-w", "30", "-i", "0.2", RoutedLab.FAR[4])
    assert "2 packets transmitted, 2 received" in answered.out and answered.code == 0


def test_broadcast_needs_to_be_meant(routed):
    refused = ping(routed.host, "-c", "1", "192.0.2.255")
    assert refused.code == 2 and refused.out == ""
    assert refused.err == "sonde ping: 192.0.2.255: this is a broadcast address; -b pings it\n"
    routed.router.sysctl("net/ipv4/icmp_echo_ignore_broadcasts", "0")
    result = ping(routed.host, "-b", "-c", "1", "192.0.2.255")
    assert result.code == 0 and "64 bytes from 192.0.2.2: icmp_seq=1" in result.out and "(broadcast)" in result.out


def test_short_forms_of_addresses(host):
    same(host, "-c", "1", "127.1")
    same(host, "-c", "1", "0:0:0:0:0:0:0:1")


def test_help_and_version_go_to_stdout(host):
    for flag in ("-h", "--help"):
        result = ping(host, flag)
        assert result.code == 0 and "--count" in result.out and result.err == ""
    assert ping(host, "-V").out.startswith("sonde ")


def test_plot_draws_a_histogram(host):
    result = ping(host, "--plot", "-c", "5", "-i", "0.1", "127.0.0.1")
    after = result.out[PERCENTILES.search(result.out).end():]
    counts = [int(line.split()[-1]) for line in after.splitlines()]
    assert sum(counts) == 5 and " ms  " in after, result
    assert "\x1b" not in result.out
