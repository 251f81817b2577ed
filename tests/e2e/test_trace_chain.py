"""`sonde trace` over eight real kernel routers: root and ordinary users see the path that is there, by every method."""

import re

import pytest

import lab
from chain_lab import ChainLab
from command import UNPRIVILEGED, parse_lines, sonde, validate
from conftest import made

HOPS = 8
METHODS = {"udp": (), "icmp": ("-I",), "tcp": ("-T",)}
PRIVILEGES = {"root": (), "ordinary": UNPRIVILEGED}
# How the probes leave: with and without CAP_NET_RAW.
MECHANISMS = {
    ("udp", "root"): "udp", ("udp", "ordinary"): "udp",
    ("icmp", "root"): "icmp-datagram", ("icmp", "ordinary"): "icmp-datagram",
    ("tcp", "root"): "tcp-raw", ("tcp", "ordinary"): "tcp-connect",
}
# A machine that is busy with other tests answers late: what is there is waited for, and nothing here is silent for
# good unless it says so.
PATIENT = ("-w", "20")


@pytest.fixture(scope="module")
def chain():
    net = made(lambda: ChainLab(HOPS))
    net.host.use_names()
    yield net
    net.close()


def traced(namespace, *arguments, wrap=(), code=0):
    """The JSON events, as the schema has them: hops by TTL, and the summary."""
    result = sonde(namespace, "trace", "--json", "-n", *arguments, wrap=wrap)
    assert result.code == code, result
    lines = parse_lines(result.out)
    validate(lines)
    hops = {}
    for line in lines:
        if line["event"] == "hop":
            hops.setdefault(line["round"], {})[line["ttl"]] = line["replies"]
    summary = next(line for line in lines if line["event"] == "summary")
    return hops, summary


def addresses(hops):
    """Who answered at each hop, from the first on."""
    assert sorted(hops) == list(range(1, len(hops) + 1))
    return [{reply.get("address") for reply in hops[ttl]} for ttl in sorted(hops)]


def second_opinion(namespace, target, flags):
    """The path as Debian's traceroute has it."""
    out = namespace.run("traceroute", "-n", "-q", "1", "-w", "20", *flags, target).stdout
    return re.findall(r"^ *\d+  (\S+)", out, re.MULTILINE)


@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("privilege", PRIVILEGES)
@pytest.mark.parametrize("method", METHODS)
def test_the_path_is_the_one_that_is_there(chain, method, privilege, version):
    truth = chain.path[version]
    hops, summary = traced(chain.host, *METHODS[method], *PATIENT, truth[-1], wrap=PRIVILEGES[privilege])
    assert addresses(hops[0]) == [{address} for address in truth]
    assert summary["reached"] is True and summary["hops"] == HOPS
    assert summary["mechanism"] == MECHANISMS[method, privilege]
    for ttl, replies in hops[0].items():
        assert len(replies) == 3
        for reply in replies:
            assert 0 < reply["rtt_ms"] < 20000
            assert reply["kind"] == ("destination" if ttl == HOPS else "hop")
            # Each router on the way back takes one off: 64 at first, or 255 where a TCP stack of this kind answers.
            if "reply_ttl" in reply:
                assert reply["reply_ttl"] in (65 - ttl, 256 - ttl)
            assert "nat" not in reply


@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("flags", METHODS.values(), ids=METHODS)
def test_traceroute_says_the_same(chain, flags, version):
    target = chain.path[version][-1]
    hops, _ = traced(chain.host, *flags, *PATIENT, target)
    assert [next(iter(who)) for who in addresses(hops[0])] == second_opinion(chain.host, target, flags)


def test_the_classic_text_has_a_line_for_each_hop(chain):
    result = sonde(chain.host, "trace", "-n", *PATIENT, chain.path[4][-1])
    assert result.code == 0
    found = re.findall(r"^ *(\d+)  (\S+)  [\d.]+ ms  [\d.]+ ms  [\d.]+ ms$", result.out, re.MULTILINE)
    assert found == [(str(ttl), address) for ttl, address in enumerate(chain.path[4], 1)]


@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_an_open_port_and_a_closed_one(chain, privilege):
    target = chain.path[4][-1]
    server = chain.target.start("python3", "-c", "import socket\ns = socket.create_server(('', 8080), backlog=64)\n"
                                "print('ready', flush=True)\nwhile True: s.accept()[0].close()")
    assert server.stdout.readline() == "ready\n"
    for port, is_open in (("8080", True), ("8081", False)):
        hops, _ = traced(chain.host, "-T", "-p", port, *PATIENT, target, wrap=PRIVILEGES[privilege])
        assert [reply.get("tcp_open", False) for reply in hops[0][HOPS]] == [is_open] * 3
    server.kill()


@pytest.mark.parametrize("privilege", PRIVILEGES)
@pytest.mark.parametrize("method", METHODS)
def test_a_router_that_says_nothing_is_a_gap_and_no_end(chain, method, privilege):
    silent = chain.routers[3]
    silent.sysctl("net/ipv4/icmp_ratemask", str(1 << 11))
    silent.sysctl("net/ipv4/icmp_ratelimit", "2147483647")
    silent.sh("ip rule add ipproto icmp iif lo blackhole")
    try:
        truth = [{address} for address in chain.path[4]]
        truth[3] = {None}
        hops, summary = traced(chain.host, *METHODS[method], "-w", "2", chain.path[4][-1],
                               wrap=PRIVILEGES[privilege])
        assert addresses(hops[0]) == truth
        assert summary["reached"] is True
    finally:
        silent.sh("ip rule del ipproto icmp iif lo blackhole")
        silent.sysctl("net/ipv4/icmp_ratelimit", lab.TEST_SYSCTLS["net/ipv4/icmp_ratelimit"])


@pytest.mark.parametrize("version", (4, 6))
def test_a_route_that_is_prohibited_says_so(chain, version):
    prohibited = "10.0.99.1" if version == 4 else "2001:db8:99::1"
    chain.routers[4].sh(f"ip -{version} route add prohibit {prohibited}")
    for number in range(4):
        via = chain.path[version][number + 1]
        chain.routers[number].sh(f"ip -{version} route add {prohibited} via {via}")
    # These errors the kernel limits by itself (route.error_burst): five at once, and no sysctl of a namespace changes it.
    hops, summary = traced(chain.host, "-q", "1", "-w", "2", prohibited, code=1, wrap=UNPRIVILEGED)
    assert summary["end"] == "unreachable"
    last = [reply for reply in hops[0][max(hops[0])] if reply["address"]]
    assert {reply["address"] for reply in last} == {chain.path[version][4]}
    assert {(r["from_icmp"]["type"], r["from_icmp"]["code"]) for r in last} == {(3, 13) if version == 4 else (1, 1)}


def test_a_small_link_on_the_way_is_found(chain):
    narrow = chain.routers[4]
    narrow.sh("ip link set to6 mtu 1400")
    chain.routers[5].sh("ip link set from6 mtu 1400")
    try:
        result = sonde(chain.host, "trace", "--json", "-n", "--mtu", *PATIENT, chain.path[4][-1], wrap=UNPRIVILEGED)
        lines = parse_lines(result.out)
        validate(lines)
        steps = [(line["ttl"], line["from"], line["mtu"]) for line in lines if line["event"] == "mtu"]
        assert steps == [(0, None, 1500), (5, chain.path[4][4], 1400)], result
        assert next(line for line in lines if line["event"] == "summary")["mtu"] == 1400
    finally:
        chain.routers[5].sh("ip link set from6 mtu 1500")
        narrow.sh("ip link set to6 mtu 1500")


@pytest.mark.parametrize("version", (4, 6))
def test_where_datagram_sockets_are_forbidden_icmp_goes_raw_or_says_what_grants_it(version):
    namespace = made(lambda: lab.Namespace.fresh(datagrams=False))
    target = "127.0.0.1" if version == 4 else "::1"
    try:
        hops, summary = traced(namespace, "-I", *PATIENT, target)
        assert addresses(hops[0]) == [{target}]
        assert summary["mechanism"] == "icmp-raw"
        refused = sonde(namespace, "trace", "-I", target, wrap=UNPRIVILEGED)
        assert refused.code == 2, refused
        assert "ping_group_range" in refused.err
        hops, summary = traced(namespace, *PATIENT, target, wrap=UNPRIVILEGED)
        assert addresses(hops[0]) == [{target}] and summary["mechanism"] == "udp"
    finally:
        namespace.close()


def test_many_targets_at_once(chain):
    """Each router is a target, in both families, and each path ends where it should."""
    targets = chain.path[4] + chain.path[6]
    result = sonde(chain.host, "trace", "--json", "-n", *PATIENT, *targets, wrap=UNPRIVILEGED)
    assert result.code == 0, result
    lines = parse_lines(result.out)
    validate(lines)
    lengths = {line["target"]: line["hops"] for line in lines if line["event"] == "summary"}
    assert lengths == {address: ttl for path in chain.path.values() for ttl, address in enumerate(path, 1)}
