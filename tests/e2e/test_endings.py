"""How a run ends: signals, a reader that goes away, a disk that is full, the deadline. What is in flight is pending."""

import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

import lab
from command import Report, finish, next_line, ping, ping_json, start_ping
from lab import RoutedLab, wait_until

FORMS = pytest.mark.parametrize("arguments", [(), ("--json",), ("-q",)], ids=["text", "json", "quiet"])


def read_lines(process, count):
    lines = [process.stdout.readline() for _ in range(count)]
    assert all(lines), process.stderr.read()
    return "".join(lines)


def interrupted(namespace, how, *arguments, lines=1):
    """A run that is ended by a signal after so many lines of output."""
    running = start_ping(namespace, *arguments)
    first = read_lines(running, lines)
    running.send_signal(how)
    result = finish(running, timeout=10)
    result.out = first + result.out
    return result


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("family", [4, 6])
def test_summary_comes_at_the_end(host, how, family):
    target = "127.0.0.1" if family == 4 else "::1"
    result = interrupted(host, how, "-i", "0.05", target, lines=4)
    assert result.code == 0 and result.err == ""
    assert f"--- {target} ping statistics ---" in result.out and "rtt min/avg/max/mdev = " in result.out


def test_pings_in_flight_are_pending_and_not_lost(routed):
    """One answers, the other is silent; nothing has timed out when the run is interrupted."""
    far, silent = RoutedLab.FAR[4], RoutedLab.BLACKHOLE[4]
    result = interrupted(routed.host, signal.SIGINT, "--json", "-i", "0.1", "-W", "30", far, silent, lines=5)
    report = Report(result)
    assert result.code == 1 and result.err == ""
    s = report.summary(silent)
    assert s["pending"] == s["sent"] >= 4 and s["lost"] == 0 and s["loss_percent"] == 0
    assert report.summary(far)["lost"] == 0, report.result
    assert report.accounting["timed_out"] == 0 and report.accounting["pending"] == report.total["pending"]


def test_pending_is_said_in_the_text_and_is_no_loss(routed):
    running = start_ping(routed.host, "-i", "0.05", "-W", "30", RoutedLab.BLACKHOLE[4])
    first = read_lines(running, 1)
    running.send_signal(signal.SIGQUIT)  # only when some are on their way does the test go on
    wait_until(lambda: re.search(r"0/([3-9]|\d\d+) packets", status_of(running)), "three pings")
    running.send_signal(signal.SIGINT)
    result = finish(running)
    result.out = first + result.out
    sent, pending = re.search(r"(\d+) packets transmitted, 0 received, 0% packet loss", result.out)[1], \
        re.search(r"(\d+) packets pending", result.out)[1]
    assert sent == pending and result.code == 1


def status_of(process):
    """Asks for the status line and reads it."""
    process.send_signal(signal.SIGQUIT)
    return process.stderr.readline()


def test_quit_signal_prints_the_state_and_goes_on(host):
    running = start_ping(host, "-c", "8", "-i", "0.1", "127.0.0.1")
    first = read_lines(running, 4)
    running.send_signal(signal.SIGQUIT)
    result = finish(running)
    result.out = first + result.out
    assert result.code == 0
    assert "8 packets transmitted, 8 received, 0% packet loss" in result.out
    assert re.fullmatch(r"\s?\d+/\d+ packets, 0% loss, min/avg/ewma/max = (\d+\.\d{3}/){3}\d+\.\d{3} ms\n", result.err)


def test_quit_signal_leaves_json_whole(host):
    running = start_ping(host, "--json", "-c", "8", "-i", "0.1", "127.0.0.1", "::1")
    first = read_lines(running, 4)
    running.send_signal(signal.SIGQUIT)
    result = finish(running)
    result.out = first + result.out
    assert Report(result).total["received"] == 16 and " packets, 0% loss" in result.err


@FORMS
def test_interrupt_before_anything_came(routed, arguments):
    """Also then the output is whole."""
    running = start_ping(routed.host, *arguments, "-W", "30", RoutedLab.BLACKHOLE[4])
    wait_until(lambda: signal_is_caught(running.pid, signal.SIGINT), "the signal handler")
    running.send_signal(signal.SIGINT)
    result = finish(running, timeout=10)
    assert result.code == 1 and result.err == ""
    if "--json" in arguments:
        assert Report(result).total["received"] == 0
    else:
        assert "0 received" in result.out


def signal_is_caught(pid, number):
    with open(f"/proc/{pid}/status") as file:
        caught = [line.split()[1] for line in file if line.startswith("SigCgt")]
    return bool(caught) and bool(int(caught[0], 16) >> (number - 1) & 1)


@FORMS
def test_reader_that_goes_away_ends_the_run_quietly(host, arguments):
    """As `| head -1` does; without a count it would go on for ever."""
    command = " ".join([lab.sonde_binary(), "ping", "-i", "0.05", *arguments, "127.0.0.1", "127.0.0.2"])
    if "-q" in arguments:
        command += " -c 5"  # quiet runs write nothing before their end
    before = time.monotonic()
    result = host.run("bash", "-c", f"{command} | head -n 1; echo status ${{PIPESTATUS[0]}}", timeout=20)
    assert time.monotonic() - before < 10
    assert result.stderr == ""
    first, status = result.stdout.splitlines()
    assert first.startswith("{" if "--json" in arguments else "PING ")
    assert status in ("status 0", "status 1")


def test_reader_that_was_never_there(host):
    read, write = os.pipe()
    os.close(read)
    running = start_ping(host, "-i", "0.05", "127.0.0.1", stdout=write)
    os.close(write)
    running.wait(10)
    assert running.stderr.read() == "" and running.returncode in (0, 1)


@FORMS
@pytest.mark.parametrize("targets", [("127.0.0.1",), ("127.0.0.1", "127.0.0.2")], ids=["one", "two"])
def test_full_disk_is_an_operation_that_failed(host, arguments, targets):
    with open("/dev/full", "w") as full:
        result = ping(host, "-c", "3", "-i", "0.05", *arguments, *targets, stdout=full, stderr=subprocess.PIPE)
    assert result.code == 2
    assert result.err == "sonde: cannot write to stdout: No space left on device\n"


def test_full_disk_ends_an_endless_run(host):
    with open("/dev/full", "w") as full:
        running = start_ping(host, "-i", "0.05", "127.0.0.1", stdout=full)
        running.wait(10)
    assert running.returncode == 2


def test_help_on_a_full_disk(host):
    with open("/dev/full", "w") as full:
        assert ping(host, "--help", stdout=full, stderr=subprocess.PIPE).code == 2


def test_closed_standard_streams_are_not_mistaken_for_sockets(host):
    """With stdout closed, the first descriptor that is opened would be number 1."""
    result = host.run("sh", "-c", f"exec {lab.sonde_binary()} ping -c 1 127.0.0.1 >&- 2>&- <&-", check=False)
    assert result.returncode in (0, 2)


def test_deadline(routed):
    before = time.monotonic()
    report = ping_json(routed.host, "-w", "1", "-i", "0.2", "-W", "30", RoutedLab.BLACKHOLE[4], RoutedLab.FAR[4],
                       code=1)
    assert 0.9 < time.monotonic() - before < 8
    assert report.summary(RoutedLab.BLACKHOLE[4])["pending"] >= 3, report.result
    assert report.summary(RoutedLab.FAR[4])["received"] >= 3, report.result


def test_deadline_of_a_run_that_has_answers_enough(host):
    before = time.monotonic()
    report = ping_json(host, "-w", "30", "-c", "3", "-i", "0.1", "127.0.0.1", "127.0.0.2")
    assert time.monotonic() - before < 10
    assert [s["received"] for s in report.summaries] == [3, 3]


def test_last_ping_is_waited_for_and_no_longer(routed):
    before = time.monotonic()
    ping_json(routed.host, "-c", "1", "-W", "0.6", RoutedLab.BLACKHOLE[4], code=1)
    assert 0.5 < time.monotonic() - before < 5


def test_second_interrupt_does_not_garble_the_summary(host):
    running = start_ping(host, "--json", "-i", "0.05", "127.0.0.0/22")
    first = read_lines(running, 20)
    for _ in range(3):
        running.send_signal(signal.SIGINT)
    result = finish(running)
    result.out = first + result.out
    assert Report(result).total["targets"] == 1022


def test_stop_and_continue_changes_nothing(host):
    """Suspended for a second: what was due then is skipped and counted, nothing is sent in a burst, nothing is lost."""
    running = start_ping(host, "--json", "-c", "30", "-i", "0.05", "127.0.0.1")
    first = read_lines(running, 5)
    running.send_signal(signal.SIGSTOP)
    time.sleep(1)
    running.send_signal(signal.SIGCONT)
    result = finish(running)
    result.out = first + result.out
    report = Report(result)
    assert report.total["lost"] == 0 and report.total["received"] == report.total["sent"], report.result
    assert report.accounting["skipped"] >= 10, report.result


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT])
def test_signal_while_the_reader_is_slow_loses_no_line(host, how):
    """The pipe is full and the process waits in a write, which the signal interrupts."""
    running = start_ping(host, "--json", "-c", "3", "-i", "0.2", "-W", "30", "127.0.0.0/22")
    wait_until(lambda: pipe_is_full(running), "a full pipe")
    for _ in range(3):
        running.send_signal(how)
        time.sleep(0.05)
    result = finish(running)
    report = Report(result)
    assert report.total["targets"] == 1022 and "cannot write" not in result.err, result
    if how == signal.SIGQUIT:
        assert result.code == 0 and report.total["received"] == 3 * 1022, result
    else:
        assert result.code in (0, 1), result


def pipe_is_full(process):
    """Of a process that has more to say: what can be read does not grow any more."""
    def unread():
        return struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, b"\0" * 4))[0]

    before = unread()
    time.sleep(0.3)
    return before == unread() > 8192


ENDLESS = {
    "ping": ("ping", "-i", "0.02", "--json", "127.0.0.0/24"),
    "recv": ("recv", "icmp"),
    "recv --json": ("recv", "icmp", "--json"),
    "send": ("send", "-c", "0", "--rate", "2000", "--json", "ip(dst=127.0.0.1)/icmp(echo)"),
    "sniff": ("sniff", "-i", "lo", "-n", "icmp"),
}


def start_endless(namespace, command, wrap=()):
    """One that has always something to say."""
    running = namespace.start(*wrap, lab.sonde_binary(), *ENDLESS[command])
    wait_until(lambda: signal_is_caught(running.pid, signal.SIGTERM) or running.poll() is not None, "the signal handler")
    assert running.poll() is None, running.stderr.read()
    if command.startswith(("recv", "sniff")):
        namespace.start("ping", "-q", "-i", "0.002", "-s", "100", "127.0.0.1")
    return running


@pytest.mark.parametrize("command", ENDLESS)
def test_two_interrupts_end_what_nobody_reads(host, command):
    """The pipe is full and stays so: the process waits in a write that will never be done."""
    running = start_endless(host, command)
    wait_until(lambda: pipe_is_full(running), "a full pipe", seconds=60)
    running.send_signal(signal.SIGINT)
    time.sleep(0.3)  # the same signal twice at once is one
    running.send_signal(signal.SIGINT)
    try:
        running.wait(20)
    finally:
        running.kill()
    assert running.returncode in (0, 1)


@pytest.mark.parametrize("command", ["recv", "send", "sniff"])
def test_one_interrupt_lets_a_slow_reader_have_everything(host, command):
    running = start_endless(host, command)
    wait_until(lambda: pipe_is_full(running), "a full pipe", seconds=60)
    running.send_signal(signal.SIGINT)
    time.sleep(3)
    assert running.poll() is None
    result = finish(running)
    assert result.code == 0, result
    if command == "recv":
        assert "datagrams received" in result.lines[-1]
    elif command == "send":
        assert '"event":"total"' in result.lines[-1]
    else:
        assert "packets captured" in result.err


def signals_of(pid, which):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1], 16) for line in file if line.startswith(which))


@pytest.mark.parametrize("command", ["ping", "recv", "send", "sniff"])
def test_hangup_ends_a_run_as_termination_does(host, command):
    running = start_endless(host, command)
    assert signal_is_caught(running.pid, signal.SIGHUP)
    lines = [next_line(running) for _ in range(3)]
    running.send_signal(signal.SIGHUP)
    result = finish(running)
    assert result.code in (0, 1) and lines, result
    last = result.err if command == "sniff" else result.out
    assert re.search('"event":"(summary|total)"|datagrams received|packets captured', last), result


@pytest.mark.parametrize("command", ["ping", "recv", "send", "sniff"])
def test_hangup_stays_ignored_under_nohup(host, command):
    running = start_endless(host, command, wrap=("sh", "-c", "trap '' HUP; exec \"$@\"", "sh"))
    assert signals_of(running.pid, "SigIgn") & 1 << signal.SIGHUP - 1
    assert not signal_is_caught(running.pid, signal.SIGHUP)
    running.send_signal(signal.SIGHUP)
    next_line(running)
    running.send_signal(signal.SIGTERM)
    assert finish(running).code in (0, 1)
