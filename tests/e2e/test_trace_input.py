"""`sonde trace`: bad input is one line and exit 2; and however a run ends, its output is whole."""

import os
import re
import signal
import subprocess
import time

import pytest

import lab
from command import Result, finish
from conftest import made
from lab import RoutedLab
from trace_lab import NOTE, SILENT, SilentLab, Trace, start_trace, trace, trace_json

VALUES = {
    ("-q", "--queries"): ["0", "11", "-1", "x", ""],
    ("-m", "--max-hops"): ["0", "256", "ten"],
    ("-f", "--first"): ["0", "256", "31"],
    ("-w", "--wait"): ["0", "-1", "x", "1,x", "1,-2", "1,2,3,4", "", "1,nan"],
    ("-z", "--sendwait"): ["-1", "soon"],
    ("-p", "--port"): ["0", "65536", "http"],
    ("--size", "--size"): ["0", "31", "65536", "1k"],
    ("-t", "--tos"): ["256", "-1"],
    ("-s", "--source"): ["nowhere", "1.2.3", ""],
    ("-i", "--interface"): ["nosuch0", ""],
    ("-c", "--count"): ["-1", "4294967296", "many"],
    ("--confidence", "--confidence"): ["0", "1", "101%", "sure"],
    ("--rate", "--rate"): ["0", "-1"],
    ("--mmdb", "nonexistent"): ["/nonexistent"],
    ("--lab", "--lab"): ["/nonexistent"],
}
REFUSED = [((short, value, "127.0.0.1"), said) for (short, said), values in VALUES.items() for value in values] + [
    ((), "no target given"),
    (("300.1.2.3",), "'300.1.2.3' is not an IP address"),
    (("nowhere.invalid",), "nowhere.invalid: Name or service not known"),
    (("224.0.0.1",), "a multicast group has no path of its own"), (("ff02::1%lo",), "a multicast group"),
    (("127.0.0.1", "1400"), "--size 1400"), (("0.0.0.0",), "the address of no host"), (("::",), "of no host"),
    (("255.255.255.255",), "a broadcast has no path of its own"), (("127.255.255.255",), "a broadcast has no path"),
    (("203.0.113.9",), "203.0.113.9: "), (("2001:db8:f::9",), "2001:db8:f::9: "),
    (("fe80::1",), "fe80::1: "),
    (("-4", "::1"), "'::1' is not an IPv4 address"), (("-6", "127.0.0.1"), "'127.0.0.1' is not an IPv6 address"),
    (("-s", "::1", "127.0.0.1"), "'127.0.0.1' is not an IPv6 address, as the source is"),
    (("-s", "127.0.0.1", "-6", "::1"), "--source: '127.0.0.1' is not an IPv6 address"),
    (("-s", "192.0.2.77", "127.0.0.1"), "192.0.2.77"),
    (("-4", "-6", "127.0.0.1"), "--ipv6"), (("-I", "-T", "127.0.0.1"), "--"), (("-U", "-I", "127.0.0.1"), "--"),
    (("-f", "5", "-m", "4", "127.0.0.1"), "--first: hop 5 lies beyond the last one, 4"),
    (("--paths", "--mtu", "127.0.0.1"), "--"), (("--paths", "-c", "3", "127.0.0.1"), "--"),
    (("--mtu", "-T", "127.0.0.1"), "--mtu: a TCP SYN"), (("--size", "100", "-T", "127.0.0.1"), "--size: a TCP SYN"),
    (("--size", "40", "::1"), "--size: '40' is too small for IPv6"),
    (("-A", "127.0.0.1"), "give one with --mmdb FILE"),
    (("--max-hop", "3", "127.0.0.1"), "did you mean '--max-hops'?"), (("--jsom", "127.0.0.1"), "did you mean '--json'?"),
    (("evil\x1b]0;t\x07",), "'evil\\x1b]0;t\\x07'"),
]


@pytest.fixture(scope="module")
def shared():
    namespace = made(lab.Namespace.fresh)
    namespace.use_names()
    yield namespace
    namespace.close()


@pytest.mark.parametrize("form,arguments,said", [
    *(((), *r) for r in REFUSED), *((("--json",), *r) for r in REFUSED[::7])], ids=ascii)
def test_refused_in_one_line(shared, form, arguments, said):
    before = time.monotonic()
    result = trace(shared, *form, *arguments)
    assert time.monotonic() - before < 10
    assert result.code == 2 and result.out == "" and said in result.err, result
    assert result.err.count("\n") == 1 and result.err.startswith("sonde trace: "), result
    assert all(c.isprintable() or c == "\n" for c in result.err), result


@pytest.mark.parametrize("arguments", [
    ("-w", "1/3/10"), ("-w", "200ms"), ("-w", "5,0,0"), ("-z", "20"), ("-z", "1ms"), ("-q", "10"), ("-m", "255"),
    ("--size", "32"), ("--size", "9000"), ("-c", "1"), ("--confidence", "99%", "--paths"), ("--timeout", "2s"),
    ("--rate", "10000000"), ("--ttl", "5"), ("-p", "65535"), ("-F", "--size", "60000"), ("--", )], ids=" ".join)
def test_extreme_but_meant(shared, arguments):
    result = trace(shared, *arguments, "127.0.0.1")
    assert result.code == 0 and result.err == "", result


def test_no_ipv6_here(shared):
    namespace = made(lab.Namespace.fresh)
    try:
        namespace.use_names()
        namespace.sysctl("net/ipv6/conf/all/disable_ipv6", "1")
        result = trace(namespace, "-n", "::1")
        assert result.code == 2 and result.out == "" and result.err.startswith("sonde trace: "), result
        assert trace(namespace, "-n", "127.0.0.1").code == 0
    finally:
        namespace.close()


def test_too_large_to_send_unfragmented(shared):
    result = trace(shared, "-n", "-F", "--size", "65535", "-m", "2", "127.0.0.1")
    assert result.code in (0, 2), result  # loopback carries 65,536 bytes
    net = made(RoutedLab)
    try:
        result = trace(net.host, "-n", "-F", "--size", "2000", RoutedLab.FAR[4])
        assert result.code == 2 and "cannot send: Message too long" in result.err, result
    finally:
        net.close()


@pytest.fixture
def routed():
    net = made(SilentLab)
    yield net
    net.close()


def interrupted(namespace, how, *arguments, lines=1):
    running = start_trace(namespace, *arguments)
    first = "".join(running.stdout.readline() for _ in range(lines))
    running.send_signal(how)
    result = finish(running)
    result.out = first + result.out
    return result


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_rounds_with_the_report(routed, how):
    arguments = ("-n", "-c", "0", "--interval", "0.05", RoutedLab.FAR[4])
    running = start_trace(routed.host, *arguments)
    running.stdout.readline()
    lab.wait_until(lambda: re.search(r"hop 2|  2\.|far|198\.51\.100\.2", status_of(running)), "an answer")
    running.send_signal(how)
    result = finish(running)
    assert result.code == 0 and "Loss%" in result.out and RoutedLab.FAR[4] in result.out, result
    report = Trace(interrupted(routed.host, how, "--json", *arguments, lines=5))
    assert report.summary["reached"] and report.summary["end"] in ("cancelled", "reached"), report.result


def status_of(process):
    """Asks how it goes, and reads what comes within a moment."""
    os.set_blocking(process.stderr.fileno(), False)
    process.send_signal(signal.SIGQUIT)
    time.sleep(0.1)
    return process.stderr.read() or ""


def test_quit_signal_shows_the_state_and_goes_on(routed):
    running = start_trace(routed.host, "--json", "-n", "-w", "3", "-m", "4", SILENT[4])
    first = running.stdout.readline()  # before it, nobody might catch the signal
    lab.wait_until(lambda: f"hop 1 ({RoutedLab.ROUTER[4]})" in status_of(running), "the state")
    os.set_blocking(running.stderr.fileno(), True)
    result = finish(running)
    result.out = first + result.out
    report = Trace(result)
    assert report.summary["end"] == "silent", report.result


def test_interrupt_while_all_is_silent(routed):
    before = time.monotonic()
    running = start_trace(routed.host, "-n", "-w", "30", SILENT[4])
    assert running.stdout.readline().startswith("traceroute to ")
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    result = finish(running)
    assert time.monotonic() - before < 10
    assert result.code == 1 and RoutedLab.ROUTER[4] in result.out, result


def test_closed_pipe_ends_it_quietly(routed):
    command = f"{lab.sonde_binary()} trace -n -c 0 --interval 0.02 --json {RoutedLab.FAR[4]}"
    before = time.monotonic()
    result = routed.host.run("bash", "-c", f"{command} | head -n 1; echo status ${{PIPESTATUS[0]}}", timeout=30)
    assert time.monotonic() - before < 15 and result.stderr == "", result
    first, status = result.stdout.splitlines()
    assert first.startswith('{"schema":1') and status in ("status 0", "status 1")


def test_full_disk_is_an_operation_that_failed(routed):
    with open("/dev/full", "w") as full:
        result = trace(routed.host, "-n", RoutedLab.FAR[4], stdout=full, stderr=subprocess.PIPE)
    assert result.code == 2 and result.err == "sonde: cannot write to stdout: No space left on device\n", result


def test_interface_that_goes_down_on_the_way(routed):
    running = start_trace(routed.host, "--json", "-n", "-c", "8", "-q", "1", "--interval", "0.2", "-w", "1",
                          RoutedLab.FAR[4])
    first = running.stdout.readline()
    routed.host.sh("ip link set near down")
    result = finish(running)
    result.out = first + result.out
    report = Trace(result)
    assert result.code in (0, 2) and report.summary["accounting"]["send_failed"] > 0, result
    assert "could not be sent: Network is " in result.err, result


def test_reads_targets_from_standard_input(shared):
    result = trace(shared, "-n", "--targets", "-", input="127.0.0.1 # here\n::1\n")
    assert result.code == 0 and result.out.count("traceroute to ") == 2, result
    assert f"{NOTE}2 of 2 targets reached" in result.out


def test_help_names_every_letter(shared):
    text = Result(shared.run(lab.sonde_binary(), "trace", "--help")).out
    for letter in "nqmfwzpITUsite46FcA":
        assert re.search(rf"^  -{letter}\b", text, re.M), letter
    assert trace_json(shared, "127.0.0.1").summary["reached"]
