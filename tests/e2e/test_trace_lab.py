"""`sonde trace --lab` over every scenario finds what the scenario says is there: hops, marks, labels, paths, verdicts."""

import time
import tomllib

import pytest

import lab
from trace_lab import NOTE, path_of, trace, trace_json

SCENARIOS = sorted((lab.ROOT / "tests/scenarios").glob("*.toml"))
EXPECTED = [pytest.param(path, e, id=f"{path.stem}-{e['target']}") for path in SCENARIOS
            for e in tomllib.loads(path.read_text()).get("expected", []) if "at" not in e]
ISP = str(lab.ROOT / "examples/labs/isp.toml")


def having(key):
    return [p for p in EXPECTED if key in p.values[1]]


@pytest.fixture(scope="module")
def host():
    """Without an address, a route or a privilege: a lab needs none."""
    from conftest import made
    namespace = made(lab.Namespace.fresh)
    yield namespace
    namespace.close()


def method_of(expected):
    """A way of asking that the target answers."""
    quiet = expected.get("silent_to", [])
    if "udp" in quiet or expected.get("dropped", {}).get("protocol") == "udp":
        return [] if "icmp" in quiet else ["-I"]
    return []


def ask(host, path, expected, *arguments):
    code = 0 if expected["reached"] else 1
    return trace_json(host, "--lab", str(path), *method_of(expected), *arguments, expected["target"], code=code,
                      silent=not expected.get("warnings"))


@pytest.mark.parametrize("path,expected", EXPECTED)
def test_hops_are_those_of_the_scenario(host, path, expected):
    loose = expected.get("lossy", False)
    # One value alone waits for hops that answer later than those behind them.
    report = ask(host, path, expected, *(("-q", "10") if loose else ()), *(("-w", "2") if "slow" in expected else ()))
    found = report.addresses()
    for ttl, (seen, truth) in enumerate(zip(found, expected["hops"]), 1):
        # What has a wrong checksum is dropped by the kernel, and in a lab by its vantage.
        known = [a for a in truth if a != "*" and ttl not in expected.get("bad_checksum", [])]
        if expected.get("balanced") or loose:
            assert set(seen) <= set(known), (ttl, report.result)
        else:
            assert seen == known, (ttl, report.result)
    assert report.summary["reached"] == expected["reached"], report.result
    if expected["reached"] and not expected.get("balanced"):
        assert report.summary["hops"] == len(expected["hops"]) == len(found), report.result


@pytest.mark.parametrize("path,expected", having("balanced"))
def test_all_equal_cost_paths_are_found(host, path, expected):
    report = ask(host, path, expected, "--paths", "--confidence", "99.9%")
    graph = next(line for line in report.lines if line["event"] == "path")
    found = [sorted(v["address"] or "*" for v in h["vertices"]) for h in graph["hops"]]
    assert found == [sorted(h) for h in expected["hops"]], report.result
    text = trace(host, "--lab", str(path), "-n", "--paths", expected["target"])
    assert text.code == 0 and "confidence" in text.out, text


@pytest.mark.parametrize("path,expected", having("marks"))
def test_marks(host, path, expected):
    result = trace(host, "--lab", str(path), "-n", expected["target"])
    for ttl, mark in expected["marks"].items():
        line = path_of(result.out)[int(ttl)]
        assert line.startswith(f"{int(ttl):2} ") and f" ms {mark}" in line, result


@pytest.mark.parametrize("path,expected", having("mpls"))
def test_labels(host, path, expected):
    report = ask(host, path, expected)
    result = trace(host, "--lab", str(path), "-n", "-e", expected["target"])
    for h in report.hops:
        labels = [entry["label"] for entry in h["replies"][0].get("mpls", [])]
        assert labels == expected["mpls"].get(str(h["ttl"]), []), report.result
        stack = "/".join(f"L={label}," for label in labels).replace(",/", ",")
        line = path_of(result.out)[h["ttl"]]
        assert ("<MPLS:" in line) == bool(labels), (stack, result)
        assert all(f"L={label},E=" in line for label in labels), result


@pytest.mark.parametrize("path,expected", having("interface_information"))
def test_interfaces(host, path, expected):
    report = ask(host, path, expected)
    told = [h["ttl"] for h in report.hops if any("interface" in e for e in h["replies"][0].get("extensions", []))]
    assert told == expected["interface_information"], report.result


@pytest.mark.parametrize("path,expected", having("mtu"))
def test_mtu(host, path, expected):
    report = ask(host, path, expected, "--mtu")
    assert report.summary["mtu"] == expected["mtu"], report.result
    steps = {line["ttl"]: line["mtu"] for line in report.lines if line["event"] == "mtu" and line["ttl"] > 0}
    assert steps == {int(ttl): mtu for ttl, mtu in expected["narrows"].items()}, report.result
    result = trace(host, "--lab", str(path), "-n", "--mtu", expected["target"])
    for ttl, mtu in expected["narrows"].items():
        assert any(line.startswith(f"{int(ttl):2} ") and line.endswith(f"  pmtu {mtu}") for line in result.lines), result


@pytest.mark.parametrize("path,expected", having("verdicts"))
def test_verdicts(host, path, expected):
    arguments = ("-c", "10")
    report = ask(host, path, expected, *arguments)
    found = {v["kind"] for v in report.summary["verdicts"]}
    assert {v.split()[0] for v in expected["verdicts"]} <= found, report.summary["verdicts"]
    result = trace(host, "--lab", str(path), "-n", *arguments, expected["target"])
    assert result.out.count(f"\n{NOTE}") >= len(expected["verdicts"]), result


@pytest.mark.parametrize("path,expected", having("nat"))
def test_translated_quotes(host, path, expected):
    report = ask(host, path, expected)
    assert [h["ttl"] for h in report.hops if h["replies"][0].get("nat")] == expected["nat"], report.result


@pytest.mark.parametrize("path,expected", having("tos"))
def test_rewritten_class(host, path, expected):
    report = ask(host, path, expected)
    for ttl, value in expected["tos"].items():
        assert report.hops[int(ttl) - 1]["replies"][0]["quoted_class"] == value, report.result
    assert "tos_rewritten" in {v["kind"] for v in report.summary["verdicts"]}, report.result


@pytest.mark.parametrize("family,target", [(4, "203.0.113.80"), (6, "2001:db8:113::80")])
def test_path_change_is_told(host, family, target):
    scenario = str(lab.ROOT / "tests/scenarios/path_change.toml")
    report = trace_json(host, "--lab", scenario, "-c", "20", target)
    assert "path_changed" in {v["kind"] for v in report.summary["verdicts"]}, report.summary


def test_the_example_internet(host):
    before = time.monotonic()
    result = trace(host, "--lab", ISP, "-e", "203.0.113.80")
    assert result.code == 0 and "MPLS:L=" in result.out and "* * *" in result.out, result
    assert time.monotonic() - before < (30 if lab.sanitized() else 3), "its time is virtual"
    again = trace(host, "--lab", ISP, "-e", "203.0.113.80")
    assert again.out == result.out, "the same seed, the same times"
    drawn = trace(host, "--lab", ISP, "--paths", "203.0.113.80")
    assert drawn.code == 0 and "2 paths" in drawn.out, drawn


@pytest.mark.parametrize("more", [(), ("-c", "5")], ids=str)
def test_stars_are_explained(host, more):
    result = trace(host, "--lab", ISP, *more, "203.0.113.80")
    notes = [line for line in result.lines if line.startswith(NOTE)]
    assert [n for n in notes if n.startswith(f"{NOTE}hop 6, dc-edge (198.18.100.2), ")], result
    assert [n for n in notes if n.startswith(f"{NOTE}hop 7 does not answer, but passes packets on")], result
    report = trace_json(host, "--lab", ISP, *more, "203.0.113.80")
    found = {v["ttl"]: v["kind"] for v in report.summary["verdicts"]}
    assert found[6] in ("few_answers", "rate_limited") and found[7] == "silent_hop", report.summary


def test_names_are_the_nodes(host):
    result = trace(host, "--lab", ISP, "web")
    assert result.code == 0 and "home (" in result.out and result.lines[0].startswith("traceroute to web ("), result
    assert "\nHOST: me " in trace(host, "--lab", ISP, "-c", "1", "web").out
    assert trace_json(host, "--lab", ISP, "web").summary["mechanism"] == "simulated"


def test_hundreds_of_targets(host):
    before = time.monotonic()
    report = trace_json(host, "--lab", ISP, "-n", "-q", "1", "--rate", "1000000", "--quiet", "198.18.16.0/23",
                        code=1, targets=510)
    assert report.total["targets"] == 510
    assert time.monotonic() - before < 60


@pytest.mark.parametrize("arguments,said", [
    (("--lab", ISP, "nobody"), "the lab has no node of that name"),
    (("--lab", ISP, "-c", "0", "203.0.113.80"), "--count: without an end"),
    (("--lab", ISP, "me"), "'me' itself asks here"), (("--lab", ISP, "-s", "192.0.2.9", "web"), "no address of 'me'"),
    (("--lab", ISP, "-i", "lo", "web"), "--interface: a lab has none"),
    (("--lab", "/nonexistent", "203.0.113.80"), "No such file or directory")], ids=ascii)
def test_bad_labs(host, arguments, said):
    result = trace(host, *arguments)
    assert result.code == 2 and result.out == "" and said in result.err and result.err.count("\n") == 1, result


def test_lab_with_an_error(host, tmp_path):
    scenario = tmp_path / "wrong.toml"
    scenario.write_text('name = "wrong"\n\n[[node]]\nnmae = "r1"\n')
    result = trace(host, "--lab", str(scenario), "203.0.113.80")
    assert result.code == 2 and result.out == "" and "wrong.toml:" in result.err, result
    assert all(line.startswith("sonde trace: ") for line in result.err.splitlines()), result
