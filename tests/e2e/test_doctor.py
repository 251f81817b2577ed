"""`sonde doctor` in the four situations a process can be in, and that what it says comes true."""

import pytest

import lab
from command import ONLY_NET_RAW, UNPRIVILEGED, parse_lines, ping, sonde, validate
from conftest import made

ALL = {"icmp-datagram-v4", "icmp-datagram-v6", "icmp-raw-v4", "icmp-raw-v6", "udp-errors-v4", "udp-errors-v6", "tcp-raw",
       "packet", "tun-tap", "timestamps", "receive-buffer", "ping-group-range", "process-capabilities",
       "file-capabilities", "user-namespace"}
# May anybody open datagram sockets, has the process CAP_NET_RAW: what pings go through.
SITUATIONS = {
    (True, True): "icmp-datagram", (True, False): "icmp-datagram", (False, True): "icmp-raw", (False, False): None,
}


@pytest.fixture(params=SITUATIONS, ids=lambda s: f"datagram_{s[0]}-raw_{s[1]}")
def situation(request):
    """A namespace, how to run a command in it, and through what it can ping."""
    datagrams, raw = request.param
    namespace = made(lambda: lab.Namespace.fresh(datagrams))
    yield namespace, (ONLY_NET_RAW if raw else UNPRIVILEGED), SITUATIONS[request.param]
    namespace.close()


def examine(namespace, wrap):
    result = sonde(namespace, "doctor", "--json", wrap=wrap)
    assert result.err == ""
    lines = parse_lines(result.out)
    validate(lines)
    assert lines[-1]["event"] == "total" and {line["event"] for line in lines[:-1]} == {"mechanism"}
    return result.code, {line["name"]: line for line in lines[:-1]}, lines[-1]


def test_verdict_is_what_ping_then_finds(situation):
    namespace, wrap, path = situation
    code, mechanisms, total = examine(namespace, wrap)
    assert set(mechanisms) == ALL
    assert code == (0 if path else 1)
    assert total["ping"] is bool(path)
    assert total["ping_v4"] == (path and path + "-v4") and total["ping_v6"] == (path and path + "-v6")
    for kind in ("icmp-datagram", "icmp-raw"):
        assert mechanisms[kind + "-v4"]["works"] == mechanisms[kind + "-v6"]["works"]
    for address in ("127.0.0.1", "::1"):
        assert ping(namespace, "-c", "1", address, wrap=wrap).code == (0 if path else 2)


def test_what_does_not_work_says_why_and_what_grants_it(situation):
    namespace, wrap, _ = situation
    _, mechanisms, _ = examine(namespace, wrap)
    for name, m in mechanisms.items():
        assert "\n" not in m["why"]
        if name.startswith("icmp-") and not m["works"]:
            assert m["grant"], m
        if m["verdict"] == "works":
            assert not m["grant"], m


def test_table_has_the_same_verdicts(situation):
    namespace, wrap, path = situation
    result = sonde(namespace, "doctor", wrap=wrap)
    assert result.code == (0 if path else 1) and result.err == ""
    assert "\x1b" not in result.out, "escape codes, and this is no terminal"
    last = result.lines[-1]
    assert last.startswith("sonde ping can work here: IPv4 and IPv6 through" if path else "sonde ping cannot work here")
    if path:
        assert ("ICMP datagram sockets" if path == "icmp-datagram" else "raw sockets") in last
    else:
        assert "net.ipv4.ping_group_range=" in result.out and "setcap cap_net_raw+ep" in result.out


def test_the_granting_command_grants(situation):
    """Where datagram sockets are forbidden, the command that it prints is carried out, and it works."""
    namespace, wrap, path = situation
    _, mechanisms, _ = examine(namespace, wrap)
    commands = mechanisms["icmp-datagram-v4"]["grant"]
    if mechanisms["icmp-datagram-v4"]["works"]:
        assert path == "icmp-datagram" and commands == []
        return
    sysctl = [c for c in commands if "sysctl -w net.ipv4.ping_group_range=" in c]
    assert len(sysctl) == 1, commands
    namespace.sysctl("net/ipv4/ping_group_range", sysctl[0].split('"')[1])
    assert examine(namespace, UNPRIVILEGED)[2]["ping_v4"] == "icmp-datagram-v4"
    assert ping(namespace, "-c", "1", "127.0.0.1", wrap=UNPRIVILEGED).code == 0


def test_loopback_that_is_down_is_not_called_working():
    namespace = made(lab.Namespace.fresh)
    namespace.sh("ip link set lo down")
    _, mechanisms, _ = examine(namespace, ())
    namespace.close()
    # The sockets open; that an echo comes back could not be proved.
    assert mechanisms["icmp-datagram-v4"]["verdict"] != "works"


def test_nothing_stays_behind(host):
    before = host.sh("ip -o link show; ip addr")
    examine(host, ())
    assert host.sh("ip -o link show; ip addr") == before


def test_bad_arguments(host):
    for arguments in (["--jsn"], ["extra"], ["-x"]):
        result = sonde(host, "doctor", *arguments)
        assert result.code == 2 and result.out == ""
        assert result.err.count("\n") == 1 and result.err.startswith("sonde doctor: ")
    assert sonde(host, "doctor", "--help").code == 0
