"""The path is the truth, and its text is traceroute's, line for line: both run in the same namespaces."""

import re
import time

import pytest

from command import UNPRIVILEGED, parse_lines
from conftest import made
from lab import RoutedLab, sanitized, wait_until
from test_terminal import Terminal
from trace_lab import NOTE, SILENT, Chain, SilentLab, path_of, trace, trace_json, traceroute

BOTH = pytest.mark.parametrize("family", [4, 6])
METHODS = pytest.mark.parametrize("method", [(), ("-I",), ("-T",)], ids=["udp", "icmp", "tcp"])
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


@pytest.fixture(scope="module")
def chain():
    net = made(lambda: Chain(9))
    yield net
    net.close()


@pytest.fixture
def net():
    """With fresh limits: of errors about routes the kernel sends no more than a few, then one a second."""
    lab = made(SilentLab)
    yield lab
    lab.close()


def same(namespace, *arguments, code=0):
    """What sonde says, after it was found to be what traceroute says."""
    ours, theirs = trace(namespace, *arguments), traceroute(namespace, *arguments)
    assert path_of(ours.out) == path_of(theirs.out), (ours, theirs)
    assert ours.code == code and ours.err == "", ours
    return ours


@BOTH
@METHODS
def test_chain_of_eight_kernel_routers(chain, family, method):
    result = same(chain.host, "-n", *method, chain.far[family])
    assert len(result.lines) == 10 and result.lines[9].startswith(f" 9  {chain.far[family]}  ")


@BOTH
def test_names(chain, family):
    result = same(chain.host, f"-{family}", "far.test")
    assert re.match(rf" 1  r1\.test \({re.escape(chain.path[family][0])}\)  \d", result.lines[1])
    report = trace_json(chain.host, chain.far[family])
    names = [h["replies"][0]["name"] for h in report.hops]
    assert names == [f"r{n}.test" for n in range(1, 9)] + ["far.test"]


@BOTH
@pytest.mark.parametrize("arguments", [
    ("-q", "1"), ("-q", "5"), ("-f", "3"), ("-f", "2", "-m", "4"), ("-t", "16"), ("-F",), ("-w", "2"), ("-w", "2,3,10"),
    ("-z", "0.01"), ("-p", "40000"), ("-i", "to1"), ("-U",), ("-I", "-q", "2"), ("-T", "-p", "8080")], ids=" ".join)
def test_letters(chain, family, arguments):
    code = 1 if "-m" in arguments else 0
    same(chain.host, "-n", *arguments, chain.far[family], code=code)


@BOTH
def test_source(chain, family):
    source = "10.0.1.1" if family == 4 else "2001:db8:1::1"
    same(chain.host, "-n", "-s", source, chain.far[family])


@BOTH
def test_size(chain, family):
    ours = trace(chain.host, "-n", "--size", "900", chain.far[family])
    assert path_of(ours.out) == path_of(traceroute(chain.host, "-n", chain.far[family], "900").out)
    assert "900 byte packets" in ours.lines[0]


@BOTH
def test_loopback_as_an_ordinary_user(host, family):
    result = trace(host, LOOPBACK[family], wrap=UNPRIVILEGED)
    assert result.code == 0 and re.fullmatch(rf" 1  localhost \({LOOPBACK[family]}\)(  \d+\.\d{{3}} ms){{3}}",
                                             result.lines[1]), result


@BOTH
@pytest.mark.parametrize("where,mark", [("UNREACHABLE", "!H"), ("PROHIBITED", "!X")])
def test_unreachable(net, family, where, mark):
    target = getattr(RoutedLab, where)[family]
    # The kernel's own limit (route.error_burst): five such errors at once, then one a second.
    time.sleep(1.2 if family == 4 else 0)
    report = trace_json(net.host, "-n", "-q", "1", "-m", "1", target, code=1)
    assert report.summary["end"] == "unreachable" and report.hops[-1]["replies"][0]["kind"] == "unreachable"
    text = trace(net.host, "-n", "-q", "1", "-m", "1", target)
    expected = "!N" if family == 6 and mark == "!H" else mark
    assert text.code == 1 and re.fullmatch(rf" 1  {RoutedLab.ROUTER[family]}  T ms {expected}", path_of(text.out)[1]), text


@BOTH
def test_silence_ends_in_one_wait_not_in_one_for_each_hop(net, family):
    before = time.monotonic()
    result = trace(net.host, "-n", "-m", "12", "-w", "1", SILENT[family])
    took = time.monotonic() - before
    assert result.code == 1 and took < (10 if sanitized() else 4), (took, result)
    assert result.lines[2:13] == [f"{n:2}  * * *" for n in range(2, 13)], result
    assert any(line.startswith(NOTE) and RoutedLab.ROUTER[family] in line for line in result.lines[13:]), result
    report = trace_json(net.host, "-n", "-m", "6", "-w", "1", SILENT[family], code=1)
    assert report.summary["end"] == "silent" and report.summary["hops"] is None
    assert "last_hop" in {v["kind"] for v in report.summary["verdicts"]}, report.result


def test_quiet_leaves_out_the_remarks(net):
    result = trace(net.host, "-n", "-m", "3", "-w", "1", "--quiet", SILENT[4])
    assert result.code == 1 and len(result.lines) == 4 and NOTE not in result.out, result
    lines = parse_lines(trace(net.host, "-n", "--quiet", "--json", RoutedLab.FAR[4]).out)
    assert [line["event"] for line in lines] == ["summary"]


@BOTH
def test_rounds_end_in_a_report(chain, family):
    result = trace(chain.host, "-n", "-c", "3", "-q", "1", "--interval", "0.1", chain.far[family])
    assert result.code == 0, result
    header, *rows = [line for line in result.lines[1:] if not line.startswith(NOTE)]
    assert header.startswith("HOST: ") and "Loss%" in header and len(rows) == 9, result
    for row, address in zip(rows, chain.path[family]):
        assert address in row and " 0.0%" in row, result
    report = trace_json(chain.host, "-n", "-c", "3", "-q", "2", "--interval", "0.1", chain.far[family])
    assert report.summary["rounds"] == 3 and {h["round"] for h in report.hops} == {0, 1, 2}
    for h in report.summary["statistics"]:
        assert h["sent"] == 6 and h["received"] == 6 and h["rtt_ms"]["min"] <= h["rtt_ms"]["p50"], h


def test_many_targets_in_blocks(chain):
    targets = [chain.far[4], chain.path[4][3], chain.far[6], "127.0.0.1"]
    result = trace(chain.host, "-n", *targets)
    assert result.code == 0 and result.err == "", result
    blocks = re.split(r"^(?=traceroute to )", result.out, flags=re.M)[1:]
    assert len(blocks) == 4
    for target in targets:
        block = next(b for b in blocks if b.startswith(f"traceroute to {target} "))
        assert path_of(block) == path_of(traceroute(chain.host, "-n", target).out)
    assert result.lines[-1] == f"{NOTE}4 of 4 targets reached"


def test_many_targets_as_json(chain):
    report = trace_json(chain.host, "-n", "10.0.9.0/30", "nowhere.invalid", code=2, targets=3, silent=False)
    assert report.result.err == "sonde trace: nowhere.invalid: Name or service not known\n"
    assert report.total["targets"] == 3 and report.total["reached"] == 2
    assert report.addresses("10.0.9.2") == [[a] for a in chain.path[4]]
    refused = next(s for s in report.summaries if s["target"] == "nowhere.invalid")
    assert refused["error"] and refused["address"] is None


@BOTH
def test_paths_of_a_chain(chain, family):
    report = trace_json(chain.host, "-n", "--paths", chain.far[family])
    path = next(line for line in report.lines if line["event"] == "path")
    assert [[v["address"] for v in h["vertices"]] for h in path["hops"]] == [[a] for a in chain.path[family]]
    assert all(h["edges"] == [[0, 0]] for h in path["hops"][1:]) and path["reached"]
    text = trace(chain.host, "-n", "--paths", chain.far[family])
    assert text.code == 0 and all(a in text.out for a in chain.path[family]) and "95 %" in text.out, text


@BOTH
def test_mtu_shrinks_on_the_way(family):
    net = made(lambda: Chain(4))
    try:
        for node, device in ((net.routers[1], "to3"), (net.routers[2], "from3")):
            node.sh(f"ip link set {device} mtu 1400")
        result = trace(net.host, "-n", "--mtu", net.far[family])
        assert result.code == 0 and result.lines[1] == " 0  [localhost]  pmtu 1500", result
        assert any(line.startswith(f" 2  {net.path[family][1]} ") and line.endswith("  pmtu 1400")
                   for line in result.lines), result
        report = trace_json(net.host, "-n", "--mtu", net.far[family])
        assert report.summary["mtu"] == 1400
        steps = [(line["ttl"], line["from"], line["mtu"]) for line in report.lines if line["event"] == "mtu"]
        assert steps[-1] == (2, net.path[family][1], 1400), steps
        tracepath = net.host.run("tracepath", "-n", f"-{family}", net.far[family]).stdout
        assert "pmtu 1400" in tracepath, tracepath
    finally:
        net.close()


@pytest.mark.parametrize("wrap", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_capabilities_are_gone_once_sockets_are_open(net, wrap):
    from command import finish
    from trace_lab import start_trace
    running = start_trace(net.host, "-n", "-T", "-c", "100", "--interval", "0.1", "--json", RoutedLab.FAR[4], wrap=wrap)
    assert running.stdout.readline()
    with open(f"/proc/{running.pid}/status") as file:
        sets = dict(line.split(":\t") for line in file.read().splitlines() if line.startswith("Cap"))
    running.terminate()
    finish(running)
    assert int(sets["CapPrm"], 16) == int(sets["CapEff"], 16) == int(sets["CapInh"], 16) == 0, sets


@BOTH
def test_icmp_without_any_permission_is_told_with_what_grants_it(family):
    import lab
    closed = made(lambda: lab.Namespace.fresh(datagrams=False))
    try:
        closed.use_names()
        result = trace(closed, "-I", LOOPBACK[family], wrap=UNPRIVILEGED)
        assert result.code == 2 and result.out == "", result
        assert "net.ipv4.ping_group_range" in result.err and "setcap cap_net_raw+ep" in result.err, result
        assert trace(closed, LOOPBACK[family], wrap=UNPRIVILEGED).code == 0, "UDP needs none"
    finally:
        closed.close()


def test_report_lives_on_a_terminal(net, tmp_path):
    window = Terminal(tmp_path)
    try:
        window.run(net.host, "-n", "-q", "1", "-c", "0", "--interval", "0.1", RoutedLab.FAR[4], subcommand="trace")
        screen = window.wait_for(r"round \d+, reached at hop 2")
        first = int(re.search(r"round (\d+)", screen)[1])
        later = wait_until(lambda: (m := re.search(r"round (\d+)", window.screen())) and int(m[1]) > first + 6 and
                           window.screen(), "a later report")
        assert len(re.findall(r"^HOST: ", later, re.M)) == 1, "drawn over itself"
        window.tmux("send-keys", "C-c")
        assert window.code() == 0
        final = window.history()
        assert len(re.findall(r"^HOST: ", final, re.M)) == 1 and not re.search(r"^round ", final, re.M), final
        assert len(re.findall(r"^  2\. 198\.51\.100\.2 ", final, re.M)) == 1, final
    finally:
        window.close()


def test_many_targets_show_how_far_they_are(net, tmp_path):
    window = Terminal(tmp_path)
    try:
        window.run(net.host, "-n", "-m", "3", "-w", "3", SILENT[4], SILENT[6], subcommand="trace")
        window.wait_for(r"0 of 2 targets done, 2 under way, \d+ probes sent")
        assert window.code() == 1
        assert "targets done" not in window.screen() and f"{NOTE}0 of 2 targets reached" in window.screen()
    finally:
        window.close()
