"""What the tests of `sonde echo` share: two machines joined by a veth, the far one answering only through sonde."""

import json
import re

import pytest

import lab
from command import Result, finish, iputils, parse_lines, validate
from conftest import made

NEAR = {4: "192.0.2.1", 6: "2001:db8::1"}
FAR = {4: "192.0.2.2", 6: "2001:db8::2"}
ANSWERS = ("answered", "answered_arp", "answered_neighbour")


class EchoLab:
    """near -- far, `na` and `vb`. In `far` the firewall drops all that comes in, for the kernel's own stack."""

    def __init__(self, drop=True, mtu=None):
        self.running = []
        self.near = lab.Namespace.fresh()
        self.far = self.near.neighbour()
        self.near.join(self.far, ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"], ("na", "vb"))
        if mtu:
            self.near.sh(f"ip link set na mtu {mtu}")
            self.far.sh(f"ip link set vb mtu {mtu}")
        self.near.use_names()
        if drop:
            self.drop()

    def drop(self):
        self.far.sh("iptables -P INPUT DROP; ip6tables -P INPUT DROP")

    def ping(self, target, *arguments, count=3):
        """iputils' view, which is what must be clean."""
        return iputils(self.near, "-n", "-c", str(count), "-i", "0.05", "-W", "1", *arguments, target)

    def mac(self, namespace, device):
        return json.loads(namespace.sh(f"ip -j link show dev {device}"))[0]["address"]

    def start(self, *arguments, wrap=(), interface="vb", **options):
        """A responder that has said that it listens."""
        self.running.append(self.far.start(*wrap, lab.sonde_binary(), "echo", "-i", interface, *arguments, **options))
        return Responder(self.running[-1])

    def end_responders(self):
        """Those that a test that failed has left behind."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.running.clear()

    def scapy(self, script):
        """Runs a scapy script on the near side; `eth`, `near_mac` and `far_mac` are there."""
        head = f"""
import logging; logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *
near_mac, far_mac = {self.mac(self.near, "na")!r}, {self.mac(self.far, "vb")!r}
eth = Ether(src=near_mac, dst=far_mac)
def is_answer(p):
    return p.src != near_mac and (ICMP in p and p[ICMP].type == 0 or ICMPv6EchoReply in p or ICMPv6ND_NA in p
                                  or ARP in p and p[ARP].op == 2)
def ask(*packets):
    # The frames that answer, as many as were asked.
    watch = AsyncSniffer(iface="na", count=len(packets), timeout=10, lfilter=is_answer,
                         started_callback=lambda: say(*packets))
    watch.start(); watch.join()
    assert len(watch.results) == len(packets), [watch.results, packets]
    return [bytes(p) for p in watch.results]
def say(*packets):
    sendp(list(packets), iface="na", verbose=0)
"""
        return self.near.run("/usr/bin/python3", "-B", "-c", head + script).stdout

    def close(self):
        self.near.close()


class Responder:
    """A run of `sonde echo` that has begun."""

    def __init__(self, process):
        self.process = process
        self.first = process.stdout.readline()
        assert self.first, process.stderr.read()

    def stop(self, how=2, code=0):
        """Ends it as Ctrl-C does."""
        self.process.send_signal(how)
        return self.result(code)

    def result(self, code=0):
        result = finish(self.process)
        result.out = self.first + result.out
        assert "Sanitizer" not in result.err, result
        assert result.code == code, result
        return result


class Report:
    """What a run with --json said, its sums checked."""

    def __init__(self, result):
        self.result = result
        self.lines = parse_lines(result.out)
        validate(self.lines)
        self.total = self.lines[-1]
        assert self.lines[0]["event"] == "echo_listening" and self.total["event"] == "echo_total", result
        self.by = self.total["by_outcome"]
        self.requests = [line for line in self.lines if line["event"] == "echo_request"]
        t, by = self.total, self.by
        assert t["frames"] == sum(by.values()), t
        assert t["replies_made"] == sum(by[a] for a in ANSWERS) + t["duplicated"], t
        assert t["replies_made"] == t["sent"] + t["send_failed"] + t["delayed"], t
        assert t["answered_v4"] + t["answered_v6"] == by["answered"] and t["corrupted"] <= by["answered"], t

    def codes(self):
        return [line["code"] for line in self.lines if line["event"] == "echo_notice"]


def clean(result, count=3):
    """ping's output without a word about truncated, wrong, double or lost."""
    assert result.code == 0 and result.err == "", result
    for word in ("truncated", "wrong data", "DUP!", "BAD CHECKSUM", "DIFFERENT ADDRESS", "rror"):
        assert word not in result.out, result
    assert re.search(rf"\b{count} packets transmitted, {count} received, 0% packet loss", result.out), result
    return result


def run_echo(namespace, *arguments, **options):
    """A run that ends by itself."""
    return Result(namespace.run(lab.sonde_binary(), "echo", *arguments, check=False, **options))


def has_sysctl(namespace, key):
    return namespace.run("test", "-e", f"/proc/sys/{key}", check=False).returncode == 0


__all__ = ["ANSWERS", "FAR", "NEAR", "EchoLab", "Report", "Responder", "clean", "has_sysctl", "run_echo"]


@pytest.fixture(scope="module")
def shared():
    lab_ = made(EchoLab)
    yield lab_
    lab_.close()


@pytest.fixture
def net(shared):
    """The firewall drops all. Shared by tests that change nothing in it."""
    yield shared
    shared.end_responders()
