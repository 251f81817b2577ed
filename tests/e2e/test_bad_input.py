"""Bad input: one clear line on stderr, exit 2, nothing on stdout, at once."""

import os
import random
import subprocess
import time

import pytest

import lab
from command import ping, ping_json, sonde
from conftest import made

# Words in the place of a target, and what the line must say.
TARGETS = [
    ((), "no target given"),
    (("",), "'' is not an address, a prefix or a host name"),
    (("300.1.2.3",), "'300.1.2.3' is not an IP address"),
    (("1.2.3.4.5",), "is not an IP address"),
    (("::1::",), "'::1::'"),
    (("::1%nosuch0",), "nosuch0"),
    (("10.0.0.0/33",), "'10.0.0.0/33'"),
    (("10.0.0.0/-1",), "'10.0.0.0/-1'"),
    (("::1/129",), "'::1/129'"),
    (("10.0.0.0/",), "'10.0.0.0/'"),
    (("/24",), "'/24'"),
    (("-1",), "'-1' is not an address, a prefix or a host name"),
    (("a..b",), "'a..b'"),
    (("two words",), "'two words'"),
    (("x" * 254,), "..."),
    (("evil\x1b]0;title\x07",), "'evil\\x1b]0;title\\x07'"),
    (("line\nbreak",), "'line\\x0abreak'"),
    (("nowhere.invalid",), "nowhere.invalid: Name or service not known"),
    (("-4", "::1"), "'::1' is not an IPv4 address"), (("-6", "127.0.0.1"), "'127.0.0.1' is not an IPv6 address"),
    (("-4", "-6", "localhost"), "--ipv6"),
    (("-c",), "--count needs a value"), (("--targets",), "--targets needs a value"),
    (("--targets", "/nonexistent"), "cannot read the targets in '/nonexistent': No such file or directory"),
]
# Values of options, all refused in a line that names the option by its long name.
VALUES = {
    ("-c", "--count"): ["0", "-1", "1.5", "many", "4294967296", "9" * 23, ""],
    ("-i", "--interval"): ["-1", "nan", "inf", "1parsec", "1e300", ""],
    ("-W", "--timeout"): ["-1", "x"],
    ("-w", "--deadline"): ["-1", "1e99"],
    ("-s", "--size"): ["99999999", "-1", "65508", "1k"],
    ("-t", "--ttl"): ["0", "256", "-1"],
    ("-Q", "--tos"): ["256", "0x100", "high"],
    ("-m", "--mark"): ["-1", "4294967296"],
    ("-p", "--pattern"): ["zz", "", "0" * 33, "12g4"],
    ("-M", "--pmtudisc"): ["maybe", ""],
    ("-I", "--source"): ["nosuch0", "\x1b[1m", ""],
    ("--rate", "--rate"): ["0", "-5", "fast"],
    ("--until", "--until"): ["sideways", ""],
    ("--fail-if", "--fail-if"): ["loss", ""],
}
OPTIONS = [((short, value), long) for (short, long), values in VALUES.items() for value in values] + [
    (("-p", "zz"), "'zz' is not a pattern"),
    (("-M", "maybe"), "'maybe' is not one of do, want, dont, probe"),
    (("-I", "nosuch0"), "'nosuch0' is neither an interface of this machine nor an address"),
    (("--until", "sideways"), "'sideways' is not one of up, down"),
    (("--timout", "1"), "unknown option '--timout'; did you mean '--timeout'?"),
    (("--cuont=3",), "unknown option '--cuont'; did you mean '--count'?"),
    (("--jsom",), "did you mean '--json'?"),
    (("--utterly-different",), "unknown option '--utterly-different'; see 'sonde ping --help'"),
    (("-Z",), "unknown option '-Z'"),
    (("--json=maybe",), "--json"),
]


def refuse(namespace, *arguments, **options):
    before = time.monotonic()
    result = ping(namespace, *arguments, **options)
    assert time.monotonic() - before < 10
    assert result.code == 2 and result.out == "", result
    assert result.err.count("\n") == 1 and result.err.startswith("sonde ping: "), result
    assert all(character.isprintable() or character == "\n" for character in result.err), result
    return result.err


@pytest.mark.parametrize("arguments,said", TARGETS, ids=ascii)
def test_targets_are_refused_in_one_line(shared_host, arguments, said):
    assert said in refuse(shared_host, *arguments)


@pytest.mark.parametrize("arguments,said", OPTIONS, ids=ascii)
def test_options_are_refused_in_one_line(shared_host, arguments, said):
    assert said in refuse(shared_host, *arguments, "127.0.0.1")
    assert said in refuse(shared_host, "--json", *arguments, "127.0.0.1")


@pytest.fixture(scope="module")
def shared_host():
    namespace = made(lab.Namespace.fresh)
    namespace.use_names()
    yield namespace
    namespace.close()


@pytest.mark.parametrize("arguments", [
    ("-W", "2148"), ("-W", "3000000"), ("-i", "3600"), ("-w", "100000"), ("-s", "65507"), ("-t", "255"), ("-Q", "0xff"),
    ("-c", "4294967295", "-w", "0.2"), ("-i", "0.000001"), ("-i", "0"), ("-i", "50us"), ("-W", "200ms"), ("-i", "1h"),
    ("--count", "1"), ("--interval=1s",), ("--timeout", "2s"), ("--deadline", "3s"), ("--size", "8"), ("--ttl", "3"),
    ("--tos", "16"), ("--source", "127.0.0.1"), ("--interface", "lo"), ("--numeric",), ("--quiet",),
], ids=" ".join)
def test_extreme_but_meant(shared_host, arguments):
    """-W 2148 overflows 32 bits of microseconds in others."""
    count = () if "-c" in arguments else ("-c", "1")
    result = ping(shared_host, *count, *arguments, "127.0.0.1")
    assert result.err == ""
    assert result.code == (1 if "4294967295" in arguments else 0), result
    assert " 0% packet loss" in result.out


def test_value_given_twice_counts_as_given_last_but_rubbish_is_refused(shared_host):
    assert ping_json(shared_host, "-c", "5", "-c", "2", "-i", "0.05", "127.0.0.1").total["sent"] == 2
    refuse(shared_host, "-c", "x", "-c", "2", "127.0.0.1")


def test_double_dash_ends_the_options(shared_host):
    assert ping(shared_host, "-c", "1", "--", "127.0.0.1").code == 0
    refuse(shared_host, "-c", "1", "--", "-c")


def test_unknown_command(shared_host):
    for word, said in (("pign", "did you mean 'ping'?"), ("frobnicate", "see 'sonde --help'"), ("--jsno", "--help")):
        result = sonde(shared_host, word)
        assert result.code == 2 and result.out == "" and result.err.count("\n") == 1, result
        assert result.err.startswith("sonde: unknown ") and said in result.err
    assert sonde(shared_host).code == 2


def test_no_ipv6_in_the_kernel(host):
    """Switched off on every interface, lo included: IPv4 goes on, IPv6 is told in one line."""
    for name in ("all", "default", "lo"):
        host.sysctl(f"net/ipv6/conf/{name}/disable_ipv6", "1")
    said = refuse(host, "-c", "1", "::1")
    assert "::1" in said
    assert ping(host, "-c", "1", "127.0.0.1").code == 0
    report = ping_json(host, "-c", "2", "-i", "0.1", "-W", "0.3", "127.0.0.1", "::1", code=1)
    assert report.summary("127.0.0.1")["received"] == 2
    assert report.summary("::1")["send_failed"] == 2
    # What localhost means is then 127.0.0.1.
    assert ping(host, "-4", "-c", "1", "localhost").code == 0


def test_no_route_to_a_lone_target_is_told_at_once(host):
    assert "192.0.2.1: " in refuse(host, "-c", "1", "192.0.2.1")
    assert "2001:db8::1: " in refuse(host, "-c", "1", "2001:db8::1")


def test_source_that_is_not_ours(host):
    said = refuse(host, "-c", "1", "-I", "192.0.2.77", "127.0.0.1")
    assert "Cannot assign requested address" in said


def test_source_of_the_other_family(host):
    for source, target in (("127.0.0.1", "::1"), ("::1", "127.0.0.1")):
        refuse(host, "-c", "1", "-I", source, target)


def test_interface_that_vanished_from_an_address(routed):
    refuse(routed.host, "-c", "1", "fe80::1%nosuch0")


def test_link_local_address_without_an_interface(routed):
    refuse(routed.host, "-c", "1", "fe80::1")


def test_multicast_and_unspecified_targets_do_not_crash(routed):
    for target in ("224.0.0.1", "ff02::1%near", "0.0.0.0", "::", "255.255.255.255", "240.0.0.1"):
        result = ping(routed.host, "-c", "1", "-W", "0.2", target)
        assert result.code in (0, 1, 2)
        if result.code == 2:
            assert result.err.count("\n") == 1 or "could not be sent" in result.out, result


def test_binary_rubbish_as_arguments(shared_host):
    source = random.Random(20)
    for _ in range(60):
        words = [bytes(source.randrange(1, 256) for _ in range(source.randrange(1, 12))) for _ in range(2)]
        limited = ("ping", "-c", "1", "-W", "0.1", "-w", "0.2")
        command = [os.fsencode(word) for word in (*shared_host.enter, lab.sonde_binary(), *limited)]
        done = subprocess.run([*command, *words], capture_output=True, timeout=20)
        assert done.returncode in (0, 1, 2), (words, done)
        assert all(byte >= 0x20 or byte == 0x0A for byte in done.stderr), (words, done.stderr)
