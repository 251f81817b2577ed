"""Without any capability, on the raw fallback, and with neither: what works, and what the refusal says."""

import os

import pytest

import lab
from command import ONLY_NET_RAW, UNPRIVILEGED, finish, ping, ping_json, start_ping
from conftest import made
from lab import RoutedLab

BOTH = pytest.mark.parametrize("family", [4, 6])
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


@pytest.fixture
def closed():
    """Nobody may open ICMP datagram sockets."""
    namespace = made(lambda: lab.Namespace.fresh(datagrams=False))
    yield namespace
    namespace.close()


@BOTH
def test_no_capability_at_all(host, family):
    assert ping(host, "-c", "2", "-i", "0.1", LOOPBACK[family], wrap=UNPRIVILEGED).code == 0
    report = ping_json(host, "-c", "2", "-i", "0.1", LOOPBACK[family], wrap=UNPRIVILEGED)
    assert report.total["received"] == 2, report.result
    assert {e["clock"] for e in report.of("reply")} == {"kernel"}


@BOTH
def test_icmp_errors_reach_the_unprivileged(routed, family):
    # In this order: after a time exceeded the kernel keeps quiet about routes for a second.
    error = ping_json(routed.host, "-c", "1", RoutedLab.PROHIBITED[family], code=1, wrap=UNPRIVILEGED).one("icmp_error")
    assert error["error"] == "communication_administratively_prohibited"
    error = ping_json(routed.host, "-c", "1", "-t", "1", RoutedLab.FAR[family], code=1, wrap=UNPRIVILEGED).one(
        "icmp_error")
    assert error["from"] == RoutedLab.ROUTER[family]


@BOTH
def test_interface_and_ttl_need_no_privilege(routed, family):
    report = ping_json(routed.host, "-c", "1", "-I", "near", "-t", "5", "-Q", "16", "-M", "do", RoutedLab.FAR[family],
                       wrap=UNPRIVILEGED)
    assert report.total["received"] == 1, report.result


@BOTH
def test_raw_fallback_on_loopback_does_not_match_its_own_request(closed, family):
    """A raw socket sees the request too: the reply is the reply, and no second one is seen."""
    report = ping_json(closed, "-c", "3", "-i", "0.1", LOOPBACK[family], wrap=ONLY_NET_RAW)
    assert report.kinds == {"reply"} and report.total["received"] == 3 and report.total["duplicates"] == 0
    assert {e["bytes"] for e in report.of("reply")} == {64}


@pytest.fixture
def closed_routed(monkeypatch):
    original = lab.Namespace.fresh
    monkeypatch.setattr(lab.Namespace, "fresh", lambda: original(datagrams=False))
    net = made(RoutedLab)
    yield net
    net.close()


@BOTH
def test_raw_fallback_sees_errors_and_replies(closed_routed, family):
    host = closed_routed.host
    assert ping(host, "-c", "1", RoutedLab.FAR[family], wrap=UNPRIVILEGED).code == 2, "it is not the raw socket's doing"
    assert ping_json(host, "-c", "3", "-i", "0.1", RoutedLab.FAR[family], wrap=ONLY_NET_RAW).total["received"] == 3
    both = ping_json(host, "-c", "3", "-i", "0.1", RoutedLab.FAR[family], RoutedLab.PROHIBITED[family], code=1,
                     wrap=ONLY_NET_RAW)
    assert both.summary(RoutedLab.FAR[family])["received"] == 3
    assert both.summary(RoutedLab.PROHIBITED[family])["errors"] == 3
    error = ping_json(host, "-c", "1", "-t", "1", RoutedLab.FAR[family], code=1, wrap=ONLY_NET_RAW).one("icmp_error")
    assert error["from"] == RoutedLab.ROUTER[family]


@BOTH
@pytest.mark.parametrize("name", ["host", "closed"])
def test_verbose_says_which_socket_is_used(request, family, name):
    result = ping(request.getfixturevalue(name), "-v", "-c", "1", LOOPBACK[family])
    kind = {"host": "an ICMP datagram socket", "closed": "a raw socket: ICMP datagram sockets are forbidden"}[name]
    assert result.err == f"sonde ping: IPv{family} goes through {kind}\n" and result.code == 0


@BOTH
def test_neither_is_refused_with_the_remedy(closed, family):
    result = ping(closed, "-c", "1", LOOPBACK[family], wrap=UNPRIVILEGED)
    assert result.code == 2 and result.out == ""
    first, *remedy = result.err.splitlines()
    assert first.startswith("sonde ping: ICMP datagram sockets are forbidden here: net.ipv4.ping_group_range is '")
    assert "CAP_NET_RAW" in first
    commands = [line.strip() for line in remedy if line.startswith("    ")]
    assert any(c.startswith("sysctl -w net.ipv4.ping_group_range=") for c in commands)
    assert any(c.startswith("setcap cap_net_raw+ep ") for c in commands)
    # The printed command, carried out, is all that was missing.
    granting = next(c for c in commands if c.startswith("sysctl -w net.ipv4.ping_group_range="))
    closed.sysctl("net/ipv4/ping_group_range", granting.split('"')[1])
    assert ping(closed, "-c", "1", LOOPBACK[family], wrap=UNPRIVILEGED).code == 0


def test_neither_with_json_keeps_stdout_empty(closed):
    result = ping(closed, "--json", "-c", "1", "127.0.0.1", "::1", wrap=UNPRIVILEGED)
    assert result.code == 2 and result.out == ""
    assert len([line for line in result.err.splitlines() if line.startswith("sonde ping: ")]) == 1


@pytest.mark.parametrize("datagrams", [True, False])
def test_capabilities_are_gone_for_good_once_sockets_are_open(datagrams):
    namespace = made(lambda: lab.Namespace.fresh(datagrams))
    running = start_ping(namespace, "-i", "0.1", "127.0.0.1")
    for _ in range(2):
        assert running.stdout.readline()
    with open(f"/proc/{running.pid}/status") as file:
        sets = dict(line.split(":\t") for line in file.read().splitlines() if line.startswith("Cap"))
    running.terminate()
    finish(running)
    namespace.close()
    assert int(sets["CapPrm"], 16) == int(sets["CapEff"], 16) == int(sets["CapInh"], 16) == 0, sets


def test_threads_have_no_capabilities_either(host):
    """Names are looked up in threads of their own."""
    running = start_ping(host, "-i", "0.1", "localhost")
    assert running.stdout.readline()
    for thread in os.listdir(f"/proc/{running.pid}/task"):
        with open(f"/proc/{running.pid}/task/{thread}/status") as file:
            effective = [line for line in file if line.startswith("CapEff")][0]
        assert int(effective.split()[1], 16) == 0
    running.terminate()
    finish(running)


def test_replies_to_others_that_come_before_the_first_send(closed):
    """A raw socket gets everybody's from the moment when it is opened: here they come without a pause."""
    flood = start_ping(closed, "-f", "-q", "127.0.0.1", wrap=ONLY_NET_RAW)
    assert flood.stdout.readline().startswith("PING ")
    for _ in range(20):
        report = ping_json(closed, "-c", "2", "-i", "0.01", "127.0.0.1", "127.0.0.2", wrap=ONLY_NET_RAW)
        assert report.total["received"] == 4 and report.kinds == {"reply"}, report.result
    assert report.accounting["not_ours"] > 0, "the others' replies never came"
    flood.terminate()
    assert finish(flood).code == 0
