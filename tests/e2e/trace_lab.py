"""Paths of kernel routers, what `sonde trace` says on it, and what traceroute does."""

import re
import subprocess

import lab
from chain_lab import ChainLab
from command import Result, check_accounting, parse_lines, sonde, validate
from lab import HOSTS, RoutedLab

NOTE = "note: "
# Behind `far` of a SilentLab, which drops them without a word.
SILENT = {4: "203.0.113.200", 6: "2001:db8:f::200"}


class SilentLab(RoutedLab):
    """host -- router -- a machine that forwards nothing. A blackhole route would silence the router too."""

    def __init__(self):
        super().__init__()
        self.router.sh(f"ip route add {SILENT[4]} via {self.FAR[4]}; ip -6 route add {SILENT[6]} via {self.FAR[6]}")


class Chain(ChainLab):
    """With names: r1.test, r2.test, ..., far.test."""

    def __init__(self, hops):
        super().__init__(hops)
        names = "".join(f"{path[n]} r{n + 1}.test\n" for path in self.path.values() for n in range(hops - 1))
        self.far = {family: path[-1] for family, path in self.path.items()}
        self.host.use_names(HOSTS + names + "".join(f"{a} far.test\n" for a in self.far.values()))


def trace(namespace, *arguments, **options):
    return sonde(namespace, "trace", *arguments, **options)


def start_trace(namespace, *arguments, wrap=(), **options):
    return namespace.start(*wrap, lab.sonde_binary(), "trace", *arguments, **options)


def traceroute(namespace, *arguments):
    """Without its own impatience: on a busy machine it gives an answer up that takes three times as long as another."""
    patient = () if "-w" in arguments else ("-w", "5")
    return Result(namespace.run("traceroute", *patient, *arguments, check=False))


def path_of(text):
    """traceroute's lines, without times and without what sonde says below them."""
    lines = [line for line in text.splitlines() if not line.startswith(NOTE)]
    return [re.sub(r"  \d+\.\d{3} ms", "  T ms", line) for line in lines]


class Trace:
    """What `sonde trace --json` said, checked: the schema, the sums, each line with the others."""

    def __init__(self, result, targets=1):
        self.result = result
        lines = parse_lines(result.out)
        validate(lines)
        self.lines = lines
        self.total = lines.pop() if targets > 1 else None
        self.summaries = [line for line in lines if line["event"] == "summary"]
        assert len(self.summaries) == targets, result
        self.hops = [line for line in lines if line["event"] == "hop"]
        for s in self.summaries:
            if "error" not in s:
                self.check(s)

    def check(self, s):
        check_accounting(s["accounting"])
        assert s["accounting"]["pending"] == 0, s
        assert s["reached"] == (s["hops"] is not None), s
        for h in s["statistics"]:
            assert h["sent"] == h["received"] + h["lost"] + h["pending"], h
            assert h["received"] == sum(r["received"] for r in h["responders"]), h
        told = [h for h in self.hops if h["target"] == s["target"] and h["round"] == 0]
        assert [h["ttl"] for h in told] == sorted(h["ttl"] for h in told), self.result

    @property
    def summary(self):
        assert len(self.summaries) == 1
        return self.summaries[0]

    def addresses(self, target=None):
        """By hop, who answered in the first round."""
        return [sorted({r["address"] for r in h["replies"] if r["address"]}) for h in self.hops
                if h["round"] == 0 and target in (None, h["target"])]


def trace_json(namespace, *arguments, code=0, targets=1, silent=True, **options):
    result = trace(namespace, "--json", *arguments, **options)
    assert result.code == code, result
    assert result.err == "" or not silent, result
    return Trace(result, targets)


def mmdblookup(path, address, *keys):
    """Debian's opinion on a database."""
    found = subprocess.run(["mmdblookup", "--file", str(path), "--ip", address, *keys], capture_output=True, text=True)
    return found.stdout.strip()
