"""Many targets in one run: where they come from, one socket for all, the table, and that nothing is lost."""

import os
import re
import signal
import sys
import time

import pytest

import lab
from command import Report, finish, ping, ping_json, start_ping
from lab import wait_until


def table_rows(text):
    """The final table, as lists of cells; without its header."""
    lines = text.splitlines()
    header = next(i for i, line in enumerate(lines) if line.startswith("target "))
    rows = []
    for line in lines[header + 1:]:
        if not line:
            break
        rows.append(re.split(r"  +", line))
    return rows


def icmp_sockets(pid):
    """Inodes of the process's ICMP sockets (datagram and raw) by protocol file."""
    mine = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            link = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue
        if link.startswith("socket:["):
            mine.add(link[8:-1])
    found = []
    for name in ("icmp", "icmp6", "raw", "raw6", "udp", "udp6"):
        with open(f"/proc/{pid}/net/{name}") as file:
            found += [(name, line.split()[9]) for line in file.readlines()[1:] if line.split()[9] in mine]
    return sorted(name for name, _ in found)


def test_arguments_of_both_families(host):
    report = ping_json(host, "-c", "2", "-i", "0.1", "127.0.0.1", "::1", "127.0.0.2")
    assert [s["target"] for s in report.summaries] == ["127.0.0.1", "::1", "127.0.0.2"]
    assert all(s["received"] == 2 for s in report.summaries)


def test_lines_carry_the_target(host):
    result = ping(host, "-c", "1", "127.0.0.1", "127.0.0.22")
    assert result.lines[0] == "PING 2 targets, 56 data bytes each"
    assert re.fullmatch(r"127\.0\.0\.1  : 64 bytes from 127\.0\.0\.1: icmp_seq=1 ttl=64 time=\S+ ms", result.lines[1])
    assert result.lines[2].startswith("127.0.0.22 : 64 bytes from 127.0.0.22: icmp_seq=1 ")
    assert re.fullmatch(r"2 of 2 targets answered; 2 packets transmitted, 2 received, 0% packet loss, time \d+ms",
                        result.lines[-1])


def test_prefix(host):
    result = ping(host, "-c", "1", "-q", "127.0.0.0/28")
    rows = table_rows(result.out)
    assert [row[0] for row in rows] == [f"127.0.0.{n}" for n in range(1, 15)]
    assert result.code == 0
    assert [s["target"] for s in ping_json(host, "-c", "1", "127.0.0.4/31").summaries] == ["127.0.0.4", "127.0.0.5"]
    assert [s["target"] for s in ping_json(host, "-c", "1", "127.0.0.9/32").summaries] == ["127.0.0.9"]
    assert [s["target"] for s in ping_json(host, "-c", "1", "::1/128").summaries] == ["::1"]


def test_whole_class_c(host):
    """The issue's own example."""
    result = ping(host, "-c", "1", "-W", "1", "127.0.0.0/24")
    assert result.code == 0
    assert "254 of 254 targets answered; 254 packets transmitted, 254 received, 0% packet loss" in result.lines[-1]


def test_table_has_the_numbers_of_the_run(routed):
    far, silent = routed.FAR[4], routed.BLACKHOLE[4]
    result = ping(routed.host, "-c", "3", "-i", "0.1", "-W", "0.3", far, silent)
    header = next(line for line in result.lines if line.startswith("target"))
    assert header.split() == "target sent received loss min p50 p95 p99 max jitter ms".split()
    rows = table_rows(result.out)
    assert rows[0][:4] == [far, "3", "3", "0%"]
    assert rows[1] == [silent, "3", "0", "100%", "-", "-", "-", "-", "-", "-"]
    minimum, p50, _, _, maximum = map(float, rows[0][4:9])
    assert 0 < minimum <= p50 <= maximum
    assert result.lines[-1].startswith("1 of 2 targets answered; 6 packets transmitted, 3 received, 50% packet loss")
    assert result.code == 1


def test_file_of_targets(host, tmp_path):
    listed = tmp_path / "targets"
    listed.write_text("# a comment\n\n127.0.0.1 127.0.0.2 # another\n\t127.0.0.8/30\r\n::1\n127.0.0.3")
    report = ping_json(host, "-c", "1", "127.0.0.77", "--targets", str(listed))
    assert [s["target"] for s in report.summaries] == [
        "127.0.0.77", "127.0.0.1", "127.0.0.2", "127.0.0.9", "127.0.0.10", "::1", "127.0.0.3"]


def test_standard_input(host):
    report = ping_json(host, "-c", "1", "--targets", "-", input="127.0.0.5\n127.0.0.6\n")
    assert [s["target"] for s in report.summaries] == ["127.0.0.5", "127.0.0.6"]


def test_several_files(host, tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(f"127.0.0.{ord(name)}\n")
    report = ping_json(host, "-c", "1", "--targets", str(tmp_path / "a"), "--targets", str(tmp_path / "b"))
    assert [s["target"] for s in report.summaries] == ["127.0.0.97", "127.0.0.98"]


@pytest.mark.parametrize("rubbish", ["300.1.2.3", "10.0.0.0/33", "a b;c", "<script>", "1.2.3.4/", "\x1b[31mred", "-c",
                                     "::1::2", "fe80::1%", "x" * 300, "\x00"])
def test_rubbish_on_line_seven(host, tmp_path, rubbish):
    listed = tmp_path / "targets"
    listed.write_text("127.0.0.1\n" * 6 + rubbish + "\n127.0.0.2\n")
    result = ping(host, "-c", "1", "--targets", str(listed))
    assert result.code == 2 and result.out == ""
    assert result.err.count("\n") == 1, result
    assert result.err.startswith("sonde ping: ") and f"{listed}:7: " in result.err
    assert "\x1b" not in result.err and "\x00" not in result.err


def test_file_that_cannot_be_read(host, tmp_path):
    for path, why in ((tmp_path / "missing", "No such file or directory"), (tmp_path, "Is a directory")):
        result = ping(host, "-c", "1", "--targets", str(path))
        assert result.code == 2 and result.out == "" and result.err.count("\n") == 1, result
        assert result.err.startswith("sonde ping: cannot read the targets in ") and why in result.err


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_no_targets_in_the_list(host, text):
    result = ping(host, "-c", "1", "--targets", "-", input=text)
    assert (result.code, result.out, result.err) == (2, "", "sonde ping: the target list is empty\n")


def test_name_that_does_not_resolve_is_told_and_the_others_go_on(host):
    result = ping(host, "-c", "2", "-i", "0.1", "127.0.0.1", "nowhere.invalid", "localhost")
    assert result.code == 2
    assert result.err == "sonde ping: nowhere.invalid: Name or service not known\n"
    rows = {row[0]: row for row in table_rows(result.out)}
    assert "0%" in rows["127.0.0.1"] and "0%" in rows["localhost"] and "0%" not in rows["nowhere.invalid"]
    report = ping_json(host, "-c", "2", "-i", "0.1", "127.0.0.1", "nowhere.invalid", "localhost", code=2, silent=False)
    assert report.summary("nowhere.invalid")["address"] is None, report.result
    assert report.summary("127.0.0.1")["received"] == 2 and report.summary("localhost")["received"] == 2, report.result


def test_names_are_of_the_wanted_family(host):
    assert ping_json(host, "-4", "-c", "1", "localhost").summaries[0]["address"] == "127.0.0.1"
    assert ping_json(host, "-6", "-c", "1", "localhost").summaries[0]["address"] == "::1"


def test_slow_names_do_not_hold_up_probes(host):
    """A name server that never answers: the other target's pings are over long before the name is given up."""
    host.use_names(nsswitch="hosts: files dns\n",
                   resolv="nameserver 127.0.0.9\noptions timeout:2 attempts:1\n")
    silent = host.start(sys.executable, "-c", "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); "
                        "s.bind(('127.0.0.9', 53)); print('ready', flush=True); time.sleep(600)")
    assert silent.stdout.readline() == "ready\n"
    running = start_ping(host, "--json", "-c", "5", "-i", "0.1", "127.0.0.1", "slow.example.test")
    first = [running.stdout.readline() for _ in range(5)]
    assert all('"event":"reply"' in line for line in first)
    assert running.poll() is None, "it did not wait for the name"
    result = finish(running)
    assert result.code == 2 and "slow.example.test" in result.err
    result.out = "".join(first) + result.out
    assert Report(result).summary("127.0.0.1")["received"] == 5


def test_one_target_listed_twice_is_pinged_twice(host):
    report = ping_json(host, "-c", "2", "-i", "0.1", "127.0.0.1", "127.0.0.1")
    assert [s["received"] for s in report.summaries] == [2, 2]


def test_a_thousand_targets_share_one_socket(host):
    targets = [f"127.0.{n // 250}.{n % 250 + 1}" for n in range(1000)]
    running = start_ping(host, "-q", "-i", "0.3", *targets)
    wait_until(lambda: icmp_sockets(running.pid), "a socket")
    first = running.stdout.readline()
    time.sleep(0.5)  # all have been sent to by then, and some twice
    assert icmp_sockets(running.pid) == ["icmp"]
    running.send_signal(signal.SIGINT)
    result = finish(running)
    assert first == "PING 1000 targets, 56 data bytes each\n"
    assert [row[0] for row in table_rows(result.out)] == targets, "not in input order"


def test_one_socket_per_family(host):
    running = start_ping(host, "-q", "-i", "0.1", "127.0.0.1", "::1", "127.0.0.2", "localhost")
    wait_until(lambda: len(icmp_sockets(running.pid)) >= 2, "both sockets")
    assert icmp_sockets(running.pid) == ["icmp", "icmp6"]
    running.send_signal(signal.SIGINT)
    finish(running)


def test_a_thousand_targets_are_all_answered(host):
    report = ping_json(host, "-c", "3", "-i", "0.3", "127.0.0.0/22")
    assert report.total["targets"] == 1022 and report.total["received"] == 3 * 1022, report.result
    assert all(s["received"] == 3 for s in report.summaries)
    assert report.accounting["kernel_drops"] == 0, report.result


def test_a_hundred_thousand_targets(host):
    """-q: the sums of 131,070 summaries are added up."""
    prefix, count = ("127.0.0.0/18", 16382) if lab.sanitized() else ("127.0.0.0/15", 131070)
    report = ping_json(host, "-q", "-c", "1", "-W", "20", prefix, timeout=120)
    assert report.total["targets"] == count, report.result
    assert report.total["received"] == count and report.total["lost"] == 0 and report.total["pending"] == 0
    assert report.summaries[0]["target"] == "127.0.0.1"


def test_silent_hosts_do_not_slow_the_others_down(routed):
    """More silence than sequence numbers need: all targets get their turn, and the good one misses none."""
    routed.router.sh("ip route add blackhole 203.0.113.0/24")
    report = ping_json(routed.host, "-c", "4", "-i", "0.25", "-W", "0.5", routed.FAR[4], "203.0.113.128/25", code=1)
    assert report.summary(routed.FAR[4])["received"] == 4, report.result
    assert report.total["lost"] == 4 * 126 and report.accounting["timed_out"] == 4 * 126, report.result


def test_rate_bounds_all_targets_together(host):
    before = time.monotonic()
    report = ping_json(host, "-c", "1", "--rate", "100", "127.0.0.0/25")
    assert time.monotonic() - before > 1.0  # 126 pings at 100 a second
    assert report.total["received"] == 126, report.result


def test_too_many_targets_are_refused_at_once(host):
    result = ping(host, "-c", "1", "10.0.0.0/4")
    assert result.code == 2 and result.out == "" and "too many" in result.err
    assert ping(host, "-c", "1", "2001:db8::/32").code == 2
