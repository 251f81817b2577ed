"""The simulator before other judges: traceroute, mtr and tracepath must find behind `sonde lab` what each scenario says that a
trace of it finds. Scenarios that change over time are left to virtual time: the machine's own
clock is not the scenario's."""

import ipaddress
import re
import tomllib

import pytest

import lab
from command import next_line
from conftest import made

SCENARIOS = {path.stem: path for folder in ("tests/scenarios", "examples/labs")
             for path in sorted((lab.ROOT / folder).glob("*.toml"))}
# traceroute sends everything at once, and a narrow link drops most of that.
UNFIT = {"bandwidth"}


def read(name):
    return tomllib.loads(SCENARIOS[name].read_text())


def steady():
    """Those in which a trace finds the same whenever it asks."""
    for name in SCENARIOS:
        scenario = read(name)
        lossy = any("lossy" in expected for expected in scenario["expected"])
        if not lossy and "change" not in scenario and name not in UNFIT:
            yield name


class Lab:
    """A machine with `sonde lab` and nothing else."""

    def __init__(self, name):
        self.name = name
        self.expected = read(name)["expected"]
        self.host = made(lab.Namespace.fresh)
        if self.host.run("sh", "-c", "exec 3<>/dev/net/tun", check=False).returncode != 0:
            self.host.close()
            pytest.skip("SKIP /dev/net/tun cannot be opened here")
        self.process = self.host.start(lab.sonde_binary(), "lab", "-q", str(SCENARIOS[name]))
        line = next_line(self.process)
        assert line.startswith("lab: "), (line, self.process.poll() is not None and self.process.stderr.read())
        device = re.search(r"behind (\S+):", line).group(1)
        # Also where the scenario has nothing, and not before the kernel takes what comes back.
        for expected in self.expected:
            target = expected["target"]
            self.host.run("ip", "-6" if ":" in target else "-4", "route", "replace", target, "dev", device)
        lab.wait_until(lambda: not self.run("ip", "-6", "addr", "show", "tentative"), "an IPv6 address that is usable")

    def run(self, *argv):
        return self.host.run(*argv, check=False, timeout=60).stdout

    def close(self):
        self.host.close()


@pytest.fixture
def behind(request):
    there = Lab(request.param)
    yield there
    there.close()


def is_address(word):
    try:
        ipaddress.ip_address(word)
        return True
    except ValueError:
        return False


def agree(hops, expected, output):
    """`hops`: a set of addresses each. Whoever answers is one whom the scenario names there, and somebody does where
    nobody of them is silent. Equal ways may differ in length. A wrong checksum, and an error that quotes what nobody here
    has sent, never get past the kernel."""
    wanted = expected["hops"]
    unheard = expected.get("bad_checksum", []) + expected.get("nat", [])
    assert len(hops) == len(wanted) or hops[-1] == {expected["target"]}, output
    for number, (found, names) in enumerate(zip(hops, wanted), 1):
        if number in unheard:
            assert not found, f"hop {number}\n{output}"
            continue
        assert found <= set(names) - {"*"}, f"hop {number}\n{output}"
        # The trace before this one may have had what a router allows.
        limited = f"rate_limited {number}" in expected.get("verdicts", [])
        assert found or limited or "*" in names, f"hop {number}\n{output}"


def traceroute(there, expected, *options):
    target = expected["target"]
    silent = expected.get("silent_to", [])
    by_echo = "dropped" in expected or ("udp" in silent and "icmp" not in silent)
    hops = len(expected["hops"])
    options = [*options, "-I"] if by_echo else list(options)
    # Of a silent hop no more than ten times the next one's time is waited for; a slow one takes its own.
    wait = "3" if "slow" in expected else "2,10,10"
    output = there.run("traceroute", "-n", "-q", "1", "-w", wait, "-m", str(hops), *options, target)
    found, marks = [], {}
    for line in output.splitlines():
        words = line.split()
        if words and words[0].isdigit():
            found.append({word for word in words[1:] if is_address(word)})
            marks.update({words[0]: word for word in words if word.startswith("!")})
    return found, marks, output


@pytest.mark.parametrize("behind", list(steady()), indirect=True)
def test_traceroute(behind):
    for expected in behind.expected:
        found, marks, output = traceroute(behind, expected)
        agree(found, expected, output)
        # Flow after flow: the ports differ from probe to probe.
        assert marks == expected.get("marks", {}), output
        if expected["reached"] and "nat" not in expected:
            assert found[-1] == {expected["target"]}, output


@pytest.mark.parametrize("behind", ["diamond_flow", "silent", "isp"], indirect=True)
def test_mtr(behind):
    for expected in behind.expected[:2]:
        output = behind.run("mtr", "-n", "-r", "-c", "1", "-G", "1", expected["target"])
        found = []
        for line in output.splitlines():
            if re.match(r"\s*\d+\.\|--", line):
                found.append(set())
            if found:
                found[-1] |= {word for word in line.replace("|--", " ").split() if is_address(word)}
        agree(found, expected, output)
        assert found[-1] == {expected["target"]}, output


def test_traceroute_sees_the_labels_and_the_interface():
    for name, wanted in (("mpls", "MPLS:L=24001"), ("legacy_extension", "MPLS:L=24001"),
                         ("interface_information", "<2/15:")):
        there = Lab(name)
        try:
            output = there.run("traceroute", "-n", "-e", "-q", "1", "203.0.113.80")
            assert wanted in output, output
        finally:
            there.close()


def test_traceroute_by_tcp():
    there = Lab("tcp_ports")
    try:
        expected = there.expected[0]
        for port, state in expected["tcp"].items():
            output = there.run("traceroute", "-n", "-T", "-O", "info", "-p", port, "-q", "1", "-m", "4", "-w", "1",
                               expected["target"])
            last = output.splitlines()[-1]
            answer = {"open": "<syn,ack>", "closed": "<rst,ack>", "filtered": "*"}[state]
            assert answer in last, output
    finally:
        there.close()


@pytest.mark.parametrize("behind", ["chain", "mtu", "nat"], indirect=True)
def test_tracepath(behind):
    for expected in behind.expected:
        output = behind.run("tracepath", "-n", expected["target"])
        found = {}
        for line in output.splitlines():
            match = re.match(r"\s*(\d+)\??:\s+(\S+)", line)
            # Who tells that the path narrows is one hop before those that the probe was for.
            if match and is_address(match.group(2)) and "pmtu" not in line:
                found.setdefault(int(match.group(1)), set()).add(match.group(2))
        agree([found.get(number, set()) for number in range(1, len(expected["hops"]) + 1)], expected, output)
        resume = re.search(r"Resume: pmtu (\d+) hops (\d+)", output)
        assert resume, output
        assert int(resume.group(1)) == expected.get("mtu", 1500), output
        assert int(resume.group(2)) == len(expected["hops"]), output


def test_ping_gets_the_same_answers():
    """iputils' own eyes: duplicates, TTLs, and who answers a broadcast."""
    there = Lab("duplicates")
    try:
        output = there.run("ping", "-n", "-c", "20", "-i", "0.02", "203.0.113.80")
        assert "DUP!" in output and " 0% packet loss" in output, output
    finally:
        there.close()
    there = Lab("broadcast")
    try:
        output = there.run("ping", "-n", "-b", "-c", "1", "-w", "2", "203.0.113.255")
        answered = set(re.findall(r"bytes from ([0-9.]+):", output))
        assert answered, output
        assert answered <= {"203.0.113.81", "203.0.113.82", "203.0.113.1"}, output
    finally:
        there.close()
