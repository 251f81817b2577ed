"""`sonde lab`: other tools across an internet in memory, over TUN and TAP, and what is left when it ends: nothing."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

import lab
from command import UNPRIVILEGED, finish, next_line, parse_lines, sonde, validate
from lab import wait_until
from test_terminal import Terminal

SCENARIO = """
name = "of a test"
[[node]]
name = "me"
kind = "outside"
addresses = ["192.0.2.1", "2001:db8::1"]
[[node]]
name = "r1"
addresses = ["10.0.1.1", "2001:db8:1::1"]
[[node]]
name = "r2"
addresses = ["10.0.2.1", "2001:db8:2::1"]
[[node]]
name = "web"
kind = "host"
addresses = ["203.0.113.80", "2001:db8:113::80"]
[[link]]
path = ["me", "r1", "r2", "web"]
delay = "2ms"
[[population]]
name = "many"
behind = "r2"
addresses = ["198.51.100.0/24"]
"""
HOST = {4: "203.0.113.80", 6: "2001:db8:113::80"}
R2 = {4: "10.0.2.1", 6: "2001:db8:2::1"}
BOTH = pytest.mark.parametrize("family", [4, 6])
KINDS = pytest.mark.parametrize("kind", [(), ("--tap",)], ids=["tun", "tap"])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "test.toml"
    path.write_text(SCENARIO)
    return str(path)


class Lab:
    """A run that has begun."""

    def __init__(self, namespace, *arguments, wrap=(), **options):
        self.process = namespace.start(*wrap, lab.sonde_binary(), "lab", *arguments, **options)
        self.ready = next_line(self.process)

    def end(self, how=signal.SIGTERM, code=0):
        self.process.send_signal(how)
        return self.result(code)

    def result(self, code=0):
        result = finish(self.process)
        result.out = self.ready + result.out
        assert "Sanitizer" not in result.err and result.code == code, result
        return result


def sums(summary):
    """Everything adds up, in every summary."""
    s = summary
    assert s["read"] == s["injected"] + s["neighbours"] + s["ignored"], s
    assert s["delivered"] == s["written"] + s["write_failed"], s
    made = s["injected"] + s["originated"] + s["duplicated"] + s["fragmented"]
    assert made == sum(s["ended"].values()) + s["on_the_way"] + s["reassembled"], s
    assert s["ended"]["delivered"] == s["delivered"] + s["elsewhere"], s


def summary_of(result):
    lines = parse_lines(result.out)
    validate(lines)
    assert [line["event"] for line in lines] == ["lab_ready", "lab_summary"], result
    sums(lines[1])
    return lines


def everything(namespace):
    return namespace.sh("ip -o link; ip -o addr; ip route show table all; ip -6 route show table all")


def answered(namespace, address, *options, count=3):
    result = namespace.run("ping", "-n", "-c", str(count), "-i", "0.01", "-W", "5", *options, address, check=False)
    assert f"{count} received" in result.stdout, result.stdout + result.stderr
    return result.stdout


@KINDS
@BOTH
def test_ping_crosses_it(host, file, kind, family):
    before = everything(host)
    run = Lab(host, file, *kind, "--json")
    out = answered(host, HOST[family], "-s", "1000")
    assert "wrong data" not in out and "DUP" not in out and re.search(r"1008 bytes from .*ttl=253", out), out
    times = [float(t) for t in re.findall(r"time=([\d.]+) ms", out)]
    assert len(times) == 3 and min(times) >= 12, "three links of 2 ms, both ways"
    expired = host.run("ping", "-n", "-c", "1", "-t", "2", "-W", "5", HOST[family], check=False).stdout
    assert re.search(rf"From {R2[family]} .*(Time to live exceeded|Hop limit)", expired), expired
    ready, summary = summary_of(run.end())
    assert ready["kind"] == ("tap" if kind else "tun") and ready["nodes"] == 4 and ready["links"] == 3
    assert ready["addresses"] == ["192.0.2.1/32", "2001:db8::1/128"] and len(ready["routes"]) == 7
    assert summary["ended"]["answered"] == 3 and summary["ended"]["expired"] == 1 and summary["delivered"] == 4
    assert (summary["neighbours"] > 0) == bool(kind)
    assert [n["name"] for n in summary["nodes"]] == ["me", "r1", "r2", "web"]
    assert summary["links"][0]["there"]["packets"] == summary["links"][0]["back"]["carried"] == 4
    assert everything(host) == before


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_everything_is_removed_at_the_end(host, file, how):
    before = everything(host)
    run = Lab(host, file)
    assert re.fullmatch(r"lab: test\.toml behind tun0: 4 nodes, 3 links, 1 population; 192\.0\.2\.1/32 "
                        r"2001:db8::1/128; 7 routes; press \^C to end\n", run.ready), run.ready
    assert "198.51.100.0/24 dev tun0" in everything(host)
    if how == signal.SIGKILL:
        run.process.kill()
        run.process.wait()
    else:
        result = run.end(how)
        assert re.search(r"\n--- test\.toml lab statistics ---\n", result.out) and result.err == ""
    assert everything(host) == before


def test_interrupted_at_once(host, file):
    """Whenever the signal comes, nothing stays, and where it had begun there is a summary."""
    before = everything(host)
    for delay in range(0, 40, 4):
        process = host.start(lab.sonde_binary(), "lab", file)
        try:
            process.wait(delay / 1000)
        except subprocess.TimeoutExpired:
            pass
        process.send_signal(signal.SIGINT)
        result = finish(process)
        assert result.code in (0, -signal.SIGINT), result
        assert ("press ^C" in result.out) == ("lab statistics" in result.out), result
        wait_until(lambda: everything(host) == before, "nothing left", 5)


def test_a_population_answers_and_traceroute_sees_the_way(host, file):
    run = Lab(host, file, "--name", "inet")
    answered(host, "198.51.100.77")
    for family in (4, 6):
        out = host.run("traceroute", f"-{family}", "-n", "-q", "1", "-w", "5", HOST[family]).stdout
        hops = re.findall(r"^ *\d+  (\S+)", out, re.M)
        assert hops[1:] == [R2[family], HOST[family]] and len(hops) == 3, out
    run.end()


SCAPY = """
import sys
from scapy.all import ARP, ICMP, IP, TCP, UDP, Ether, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6, conf
from scapy.all import get_if_hwaddr, srp1
mac = get_if_hwaddr('tap0')
ask = lambda p: srp1(p, iface='tap0', timeout=10, verbose=0)
who = ask(Ether(src=mac, dst='ff:ff:ff:ff:ff:ff') / ARP(hwsrc=mac, psrc='192.0.2.1', pdst='203.0.113.80'))
station = who[ARP].hwsrc
solicited = ask(Ether(src=mac, dst='33:33:ff:00:00:80') / IPv6(src='2001:db8::1', dst='ff02::1:ff00:80') /
                ICMPv6ND_NS(tgt='2001:db8:113::80') / ICMPv6NDOptSrcLLAddr(lladdr=mac))
print(station, solicited[Ether].src, solicited.lastlayer().name)
to = Ether(src=mac, dst=station)
print(ask(to / IP(src='192.0.2.1', dst='203.0.113.80') / ICMP(id=5, seq=6) / b'hello')[ICMP].load)
print(ask(to / IP(src='192.0.2.1', dst='203.0.113.80') / UDP(sport=4000, dport=9))[ICMP].code)
print(ask(to / IP(src='192.0.2.1', dst='203.0.113.80') / TCP(sport=4000, dport=80))[TCP].flags)
print(ask(to / IPv6(src='2001:db8::1', dst='2001:db8:113::80') / ICMPv6EchoRequest(id=5, data=b'six'))
      .lastlayer().data)
"""


def test_scapy_on_a_tap(host, file):
    run = Lab(host, file, "--tap", "--json")
    out = host.run("/usr/bin/python3", "-B", "-c", SCAPY).stdout.splitlines()
    first, second, option = out[0].split(" ", 2)
    assert first == second and first.startswith("02:") and "Neighbor" in option
    assert out[1:] == ["b'hello'", "3", "RA", "b'six'"], out
    _, summary = summary_of(run.end())
    assert summary["neighbours"] >= 2


def test_more_destinations_over_tap_than_the_kernel_keeps_neighbours(host, tmp_path):
    path = tmp_path / "large.toml"
    path.write_text(SCENARIO.replace("198.51.100.0/24", "198.18.0.0/19"))
    run = Lab(host, str(path), "--tap")
    result = sonde(host, "ping", "-c", "1", "-i", "0.001", "-q", "198.18.0.0/20")
    assert re.search(r"4094 of 4094 targets answered", result.out), result
    run.end()


def prepared_device(namespace, file, *more):
    """What --check proposes, carried out."""
    out = sonde(namespace, "lab", file, "--check", "--user", "root", *more, wrap=UNPRIVILEGED)
    assert out.code == 0 and out.err == "", out
    command = out.lines[-1].strip()
    assert command.startswith("sonde tap create lab0 --user root"), out
    namespace.sh(lab.sonde_binary() + command[len("sonde"):])
    return out


@KINDS
def test_no_privilege_on_a_device_that_is_ones_own(host, file, kind):
    prepared_device(host, file, *kind)
    # The kernel notes that nobody is attached in its own time.
    wait_until(lambda: "linkdown" in everything(host), "no carrier")
    before = everything(host)
    run = Lab(host, file, *kind, "--name", "lab0", wrap=UNPRIVILEGED)
    for family in (4, 6):
        answered(host, HOST[family])
    result = run.end()
    assert result.err == ""
    wait_until(lambda: everything(host) == before, "as before")
    assert sonde(host, "tap", "delete", "lab0").code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_an_ordinary_user_on_a_device_that_root_made_for_him():
    """/dev/net/tun is another one in a mount namespace of the test's own: the machine's may be closed to users."""
    folder = Path(tempfile.mkdtemp(prefix="sonde_e2e_"))
    folder.chmod(0o755)
    try:
        shutil.copy(lab.sonde_binary(), folder / "sonde")
        (folder / "sonde").chmod(0o755)
        (folder / "test.toml").write_text(SCENARIO)
        (folder / "test.toml").chmod(0o644)
        script = f"""
            mount -t tmpfs none /dev/net 2>/dev/null || exit 77
            mknod -m 0666 /dev/net/tun c 10 200 || exit 77
            (: </dev/net/tun) 2>/dev/null || exit 77
            cd {folder}; ip link set lo up
            eval "./$(./sonde lab test.toml --check --user nobody | tail -n 1 | sed 's/^ *//')"
            user='setpriv --reuid=nobody --regid=nogroup --clear-groups --bounding-set=-all'
            $user ./sonde lab test.toml >none.txt 2>&1 && exit 3
            grep -q 'unshare -Urn sonde lab test.toml' none.txt || exit 4
            $user ./sonde lab test.toml --name lab0 --duration 30s >{folder}/out 2>&1 &
            until grep -q 'press' out; do sleep 0.01; done
            grep Uid: /proc/$!/status | grep -q 65534 || exit 5
            ping -n -c 3 -i 0.01 -W 5 {HOST[4]}; ping -n -c 3 -i 0.01 -W 5 {HOST[6]}
            kill $!; wait $! || exit 6
            setpriv --reuid=daemon --regid=daemon --clear-groups --bounding-set=-all \
                ./sonde lab test.toml --name lab0 && exit 7
            cat out
        """
        done = subprocess.run(["unshare", "-nm", "--propagation", "private", "sh", "-euc", script], text=True,
                              capture_output=True, timeout=90, check=False, env=lab.clean_environment())
        if done.returncode == 77:
            pytest.skip("SKIP device nodes cannot be made here")
        assert done.returncode == 0, done
        assert done.stdout.count("3 received") == 2 and "behind lab0" in done.stdout, done
        assert "lab0 belongs to user nobody" in done.stderr, done
    finally:
        shutil.rmtree(folder)


def refused(host, *arguments, said, lines=None, **options):
    result = sonde(host, "lab", *arguments, **options)
    assert result.code == 2 and result.out == "" and said in result.err, result
    assert lines is None or len(result.err.splitlines()) == lines, result
    return result


def test_devices_that_cannot_be_had(host, file):
    host.sh("ip tuntap add tap7 mode tap; ip tuntap add tun7 mode tun")
    refused(host, file, "--name", "tap7", said="tap7 is a TAP device, and a TUN device is wanted")
    refused(host, file, "--tap", "--name", "tun7", said="tun7 is a TUN device, and a TAP device is wanted")
    refused(host, file, "--name", "lo", said="lo exists already, and is no TUN or TAP device")
    run = Lab(host, file, "--name", "mine")
    refused(host, file, "--name", "mine", said="mine is busy: another program is attached to it")
    refused(host, file, said="File exists")
    run.end()
    advice = refused(host, file, said="CAP_NET_ADMIN", wrap=UNPRIVILEGED)
    assert f"unshare -Urn sonde lab {file}" in advice.err and "sonde tap create lab0 --user 0 --tun" in advice.err


def test_a_device_that_lacks_something_is_told_and_taken(host, file):
    host.sh("ip tuntap add lab1 mode tun; ip link set lab1 up; ip addr add 192.0.2.1/32 dev lab1; "
            "ip route add 203.0.113.80 dev lab1")
    run = Lab(host, file, "--name", "lab1")
    answered(host, HOST[4])
    result = run.end()
    assert "lab1 was there already, and lacks some" in result.err
    commands = [line.strip() for line in result.err.splitlines() if line.startswith("    ip ")]
    assert "ip -6 addr add 2001:db8::1/128 dev lab1" in commands and not any("203.0.113.80" in c for c in commands)
    host.sh("\n".join(commands))
    run = Lab(host, file, "--name", "lab1")
    answered(host, HOST[6])
    assert run.end().err == ""


def test_a_device_that_is_deleted_ends_it(host, file):
    run = Lab(host, file)
    host.sh("ip link delete tun0")
    assert "tun0 was deleted by somebody else" in run.result(code=2).err


def test_a_device_that_is_down_is_waited_for(host, file):
    run = Lab(host, file, "--json")
    host.sh("ip link set tun0 down; ip link set tun0 up; ip route add 203.0.113.80 dev tun0")
    answered(host, HOST[4])
    summary_of(run.end())


def test_prefixes_that_are_somewhere_else_too(host, file):
    host.sh("ip link add d0 type veth peer name d1; ip link set d0 up; ip addr add 198.51.100.9/28 dev d0")
    run = Lab(host, file)
    assert "warning: 198.51.100.0/24 is also within 198.51.100.0/28 on d0" in run.end().err


@pytest.mark.parametrize("by", ["path", "name"])
def test_in_another_network_namespace(host, file, by):
    other = host.neighbour()
    path = f"/proc/{other.holder.pid}/ns/net"
    if by == "name":
        host.sh(f"mount -t tmpfs none /run; mkdir /run/netns; touch /run/netns/blue; mount --bind {path} /run/netns/blue")
    before = everything(host)
    run = Lab(host, file, "--netns", path if by == "path" else "blue")
    answered(other, HOST[4])
    assert everything(host) == before and "tun0" in everything(other)
    run.end()
    assert "tun0" not in everything(other)
    if by == "name":
        refused(host, file, "--netns", "red", said="there is no network namespace red; there are: blue")


def test_without_ipv6_the_rest_goes_on(host, file, tmp_path):
    """IPv6 is off in many containers, and where the MTU is below 1280."""
    small = tmp_path / "small.toml"
    small.write_text(SCENARIO.replace('delay = "2ms"', 'delay = "2ms"\nmtu = 1000'))
    for path, off, why in ((str(small), "0", "1280"), (file, "1", "disabled")):
        for which in ("all", "default"):
            host.sh(f"echo {off} > /proc/sys/net/ipv6/conf/{which}/disable_ipv6")
        run = Lab(host, path, "--json")
        answered(host, HOST[4])
        result = run.end()
        (warning,) = result.err.splitlines()
        assert "warning: without IPv6" in warning and why in warning, result
        ready = summary_of(result)[0]
        assert ready["addresses"] == ["192.0.2.1/32"] and not [r for r in ready["routes"] if ":" in r], ready
    six = tmp_path / "six.toml"
    six.write_text(SCENARIO.replace('"192.0.2.1", ', ""))
    refused(host, str(six), said="2001:db8::1/128")


def test_becomes_the_user_and_has_no_capability(host, file):
    run = Lab(host, file, "--user", "root")
    with open(f"/proc/{run.process.pid}/status") as status:
        sets = dict(line.split(":\t") for line in status.read().splitlines() if line.startswith("Cap"))
    assert int(sets["CapPrm"], 16) == int(sets["CapEff"], 16) == 0, sets
    answered(host, HOST[4])
    run.end()


def test_check_shows_what_is_in_it(host, file):
    result = sonde(host, "lab", file, "--check", wrap=UNPRIVILEGED)
    assert result.code == 0 and result.err == ""
    assert result.lines[0] == f"{file}: 4 nodes, 3 links, 1 population"
    assert "  r1 (router) 10.0.1.1/32 2001:db8:1::1/128" in result.lines
    assert "  r1 - r2: 2.000 ms, MTU 1500" in result.lines and "  many: 198.51.100.0/24 behind r2" in result.lines
    assert result.lines[-1].startswith("    sonde tap create lab0 --user USER --tun --address 192.0.2.1/32 ")


@pytest.mark.parametrize("text, said", [
    ("nonsense", ":1"),
    ("[[node]]\nname = 'a'\nkind = 'host'\n", "outside"),
    (SCENARIO.replace('delay = "2ms"', 'delya = "2ms"'), ":19: "),
    (SCENARIO.replace("10.0.2.1", "10.0.1.1"), "10.0.1.1"),
], ids=["syntax", "no_place", "key", "twice"])
def test_errors_of_a_scenario_are_one_line(host, tmp_path, text, said):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    for more in ((), ("--check",)):
        result = refused(host, str(path), *more, said=said, lines=1)
        assert result.err.startswith(f"sonde lab: {path}:"), result


def test_bad_input(host, file):
    refused(host, said="no scenario given", lines=1)
    refused(host, file, "--check", "--json", said="excludes", lines=1)
    refused(host, "/dev/zero", said="cannot read scenario '/dev/zero': File too large", lines=1)
    refused(host, "/no/such.toml", said="cannot read scenario '/no/such.toml'", lines=1)
    refused(host, file, "--name", "much-too-long-name", said="too long", lines=1)
    refused(host, file, "--user", "nobody-of-that-name", said="there is no user", lines=1)
    refused(host, file, "--duration", "soon", said="--duration", lines=1)
    refused(host, file, "--netns", "/dev/null", said="no network namespace")
    refused(host, file, file, said="unexpected argument", lines=1)


def test_standard_input_and_a_time_to_end(host):
    process = host.start(lab.sonde_binary(), "lab", "-", "--json", "--duration", "0.3", stdin=subprocess.PIPE)
    process.stdin.write(SCENARIO)
    process.stdin.close()
    host.processes.remove(process)  # whose stdin cannot be flushed any more
    _, summary = summary_of(finish(process))
    assert 300 <= summary["elapsed_ms"] < 3000


def test_a_closed_pipe_ends_it(host, file):
    run = Lab(host, file, "--json")
    run.process.stdout.close()
    run.process.send_signal(signal.SIGTERM)
    run.process.wait(20)
    assert run.process.returncode == 0 and run.process.stderr.read() == ""
    host.processes.remove(run.process)  # its stdout cannot be read any more
    closed = host.run("sh", "-c", f"{lab.sonde_binary()} lab {file} | true", timeout=20)
    assert closed.returncode == 0 and closed.stderr == ""


def test_a_quit_says_how_it_is_going(host, file):
    run = Lab(host, file)
    answered(host, HOST[4])
    run.process.send_signal(signal.SIGQUIT)
    line = next_line(run.process, run.process.stderr)
    assert re.search(r"behind tun0, [\d.]+ s: 3 packets in, 3 out, 12 forwarded, 0 on the way", line), line
    run.end()


@pytest.mark.parametrize("size", [(100, 30), (44, 12)], ids=["wide", "narrow"])
def test_the_page_on_a_terminal(host, file, tmp_path, size):
    window = Terminal(tmp_path, *size)
    try:
        window.run(host, file, subcommand="lab")
        window.wait_for(r"0 packets in")
        answered(host, HOST[4], count=5)
        host.run("ping", "-n", "-c", "1", "-t", "1", "-W", "5", HOST[4], check=False)
        screen = window.wait_for(r"6 packets in")
        if size[0] == 100:
            screen = window.wait_for(r"ended: 6 delivered, 5 answered, 1 expired")
            assert re.search(r"^web +5 +0 +5$", screen, re.M) and re.search(r"^r1 .* 1 expired$", screen, re.M), screen
        assert screen.count("packets in") == 1, "drawn over itself"
        window.tmux("send-keys", "C-c")
        assert window.code() == 0
        final = window.history()
        assert "lab statistics" in final and final.count("press ^C to end") == 1 and "packets in," not in final, final
    finally:
        window.close()


def test_nothing_is_drawn_where_there_is_no_terminal(host, file):
    run = Lab(host, file)
    answered(host, HOST[4])
    assert "\x1b" not in run.end().out
