"""`sonde echo` that answers wrong on purpose, beside a kernel that answers too, and with --only."""

import os
import pty
import re
import signal

import pytest

import lab
from conftest import made
from echo_lab import FAR, NEAR, EchoLab, Report, clean, has_sysctl, net, shared
from lab import wait_until

IGNORE = {4: "net/ipv4/icmp_echo_ignore_all", 6: "net/ipv6/icmp/echo_ignore_all"}


@pytest.fixture
def open_net():
    """The kernel answers."""
    lab_ = made(lambda: EchoLab(drop=False))
    yield lab_
    lab_.close()


def faulty(net, *arguments):
    return net.start("--json", *arguments)


def test_the_articles_truncated(net):
    responder = faulty(net, "--truncate", "0")
    result = net.ping(FAR[4], count=2)
    assert f"8 bytes from {FAR[4]}: icmp_seq=1 ttl=64 (truncated)" in result.lines, result
    assert f"8 bytes from {FAR[4]}: icmp_seq=2 ttl=64 (truncated)" in result.lines, result
    assert Report(responder.stop()).by["answered"] == 2


def test_the_articles_wrong_data_byte(net):
    responder = faulty(net, "--zero-payload")
    result = net.ping(FAR[4], count=1)
    assert "wrong data byte #16 should be 0x10 but was 0x0" in result.lines, result
    assert "#16\t0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 " in result.lines, result
    result = net.ping(FAR[6], count=1)
    assert "wrong data byte #16 should be 0x10 but was 0x0" in result.lines, result
    Report(responder.stop())


def test_corrupt_under_a_right_checksum(net):
    responder = faulty(net, "--corrupt", "100%")
    out = net.scapy(f"""
for n in range(20):
    a = Ether(ask(eth/IP(src={NEAR[4]!r}, dst={FAR[4]!r})/ICMP(id=1, seq=n)/bytes(100))[0])
    b = a.copy(); del b[ICMP].chksum
    print(sum(byte != 0 for byte in bytes(a[ICMP].payload)), bytes(a) == bytes(b))
""")
    assert out.splitlines() == ["1 True"] * 20
    report = Report(responder.stop())
    assert report.total["corrupted"] == 20


def test_drop_and_duplicate_as_often_as_told(net):
    counts = []
    for _ in range(2):
        responder = faulty(net, "--drop", "0.3", "--duplicate", "0.5", "--seed", "7")
        result = net.ping(FAR[4], "-i", "0.002", count=200)
        report = Report(responder.stop())
        dropped, doubled = report.by["fault_dropped"], report.total["duplicated"]
        assert dropped + report.by["answered"] == 200
        assert f", {200 - dropped} received, +{doubled} duplicates" in result.out, result
        counts.append((dropped, doubled))
    assert counts[0] == counts[1], "the seed decides"
    assert 30 <= counts[0][0] <= 90 and 40 <= counts[0][1] <= 100


@pytest.mark.parametrize("delay", ["60ms±20ms", "60+-20"])
def test_delay(net, delay):
    responder = faulty(net, "--delay", delay)
    result = clean(net.ping(FAR[4], count=10), 10)
    times = [float(t) for t in re.findall(r"time=([\d.]+) ms", result.out)]
    assert min(times) >= 40 and max(times) - min(times) > 0.5, times
    assert sorted(times)[5] < 150, "late by far more than told"
    assert Report(responder.stop()).total["delayed"] == 0


def test_what_still_waits_at_the_end_is_told(net):
    responder = faulty(net, "--delay", "1h")
    net.ping(FAR[4], count=2)
    assert Report(responder.stop()).total["delayed"] == 2


def test_wrong_source(net):
    responder = faulty(net, "--wrong-source", "192.0.2.99")
    out = net.scapy(f"""
watch = AsyncSniffer(iface="na", count=1, timeout=10, lfilter=lambda p: ICMP in p and p[ICMP].type == 0,
                     started_callback=lambda: say(eth/IP(src={NEAR[4]!r}, dst={FAR[4]!r})/ICMP(id=1)))
watch.start(); watch.join()
a = watch.results[0]; b = a.copy(); del b[IP].chksum
print(a[IP].src, bytes(a) == bytes(b))
""")
    assert out.split() == ["192.0.2.99", "True"]
    Report(responder.stop())


# The kernel's own answers.

def ignored(net, family):
    return int(net.far.sh(f"cat /proc/sys/{IGNORE[family]}"))


def test_the_kernel_answers_too_and_it_is_said(open_net):
    responder = open_net.start()
    first = responder.process.stderr.readline()
    assert first.startswith("sonde echo: the kernel may answer too") and "--only" in first
    remedy = [responder.process.stderr.readline() for _ in range(3)]
    assert remedy[0] == "To silence it for good:\n" and all("sysctl -w net.ipv" in line for line in remedy[1:])
    result = open_net.ping(FAR[4], count=2)
    assert "(DUP!)" in result.out, result
    result = responder.stop()
    assert re.search(r"the kernel answers too: askers see duplicates; --only", result.err), result
    assert re.search(r"\b\d+ answered by the kernel", result.out), result


def test_json_tells_of_the_kernel(open_net):
    responder = faulty(open_net)
    open_net.ping(FAR[6], count=2)
    report = Report(responder.stop())
    assert report.codes() == ["kernel_may_answer", "kernel_answers"] and report.by["kernel_reply"] == 2
    assert report.result.err == ""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_only_silences_the_kernel_and_restores_it(open_net, how):
    open_net.far.sysctl(IGNORE[6], "0")
    responder = open_net.start("--only", "--json")
    assert ignored(open_net, 4) == 1 and ignored(open_net, 6) == 1
    clean(open_net.ping(FAR[4]))
    clean(open_net.ping(FAR[6]))
    responder.process.send_signal(how)
    if how == signal.SIGKILL:
        responder.process.wait(20)
        wait_until(lambda: ignored(open_net, 4) == 0 and ignored(open_net, 6) == 0, "the former state")
    else:
        report = Report(responder.result())
        assert ignored(open_net, 4) == 0 and ignored(open_net, 6) == 0, "restored before it ends"
        assert report.by["kernel_reply"] == 0 and report.codes() == []
    clean(open_net.ping(FAR[4]))


def test_only_leaves_what_was_silent_already(open_net):
    open_net.far.sysctl(IGNORE[4], "1")
    responder = open_net.start("--only")
    responder.stop(code=1)
    assert ignored(open_net, 4) == 1 and ignored(open_net, 6) == 0


def test_what_restores_the_kernel_outlives_the_terminals_signals(open_net):
    """Ctrl-C and SIGTERM to everybody in the group, the keeper too."""
    responder = open_net.start("--only", start_new_session=True)
    children = open_net.far.sh(f"cat /proc/{responder.process.pid}/task/*/children").split()
    assert len(children) == 1
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        open_net.far.sh(f"kill -{int(one)} {children[0]}")
    assert ignored(open_net, 4) == 1
    status = open_net.far.sh(f"cat /proc/{children[0]}/status")
    assert re.search(r"^CapEff:\s+0*1000$", status, re.M), "CAP_NET_ADMIN and nothing else"
    responder.stop(code=1)
    assert ignored(open_net, 4) == 0 and ignored(open_net, 6) == 0


def test_only_where_settings_cannot_be_written(open_net):
    script = f"mount -o remount,bind,ro /proc/sys 2>/dev/null || mount --bind -o ro /proc/sys /proc/sys && " \
             f"mount -o remount,bind,ro /proc/sys; exec {lab.sonde_binary()} echo -i vb --only"
    result = open_net.far.run("unshare", "-m", "sh", "-c", script, check=False)
    assert result.returncode == 2, result
    assert "--only: cannot set net.ipv4.icmp_echo_ignore_all" in result.stderr and "read-only" in result.stderr
    assert "sysctl -w" in result.stderr
    assert ignored(open_net, 4) == 0


def test_a_prefix_does_not_concern_the_kernel(open_net):
    open_net.near.sh("ip route add 10.99.0.0/16 dev na")
    responder = faulty(open_net, "--address", "10.99.0.0/16")
    clean(open_net.ping("10.99.7.7"))
    report = Report(responder.stop())
    assert report.codes() == []
    assert has_sysctl(open_net.far, IGNORE[4])


def test_a_live_line_on_a_terminal(net):
    """stderr is a terminal: the line is there, and wiped away at the end; stdout is what it is without one."""
    master, slave = pty.openpty()
    responder = net.start(stderr=slave)
    os.close(slave)
    clean(net.ping(FAR[4]))
    seen = b""
    while not re.search(rb"\r\d+ requests/s, 3 answered, 0 dropped by the kernel\x1b\[K", seen):
        seen += os.read(master, 4096)
    responder.process.send_signal(signal.SIGINT)
    out = responder.process.stdout.read()
    responder.process.wait(20)
    try:
        while more := os.read(master, 4096):
            seen += more
    except OSError:  # EIO: nobody holds the other side any more
        pass
    os.close(master)
    assert seen.endswith(b"\r\x1b[K") and "requests/s" not in out and "3 answered" in out
