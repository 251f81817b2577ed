"""Runs the command under test, and checks of every run what must hold of every run: the schema and the sums."""

import collections
import datetime
import json
import re
import signal
import subprocess
import threading
import time

import jsonschema

import lab

SCHEMA = json.loads((lab.ROOT / "docs/sonde.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
OUTCOMES = ("reply", "timeout", "icmp_error", "send_failed")
COUNTS = ("sent", "received", "lost", "pending", "send_failed", "errors", "duplicates", "late", "corrupt")
# Runs a command without any capability, as a user does to whom nobody gave one.
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs")
ONLY_NET_RAW = ("setpriv", "--bounding-set=-all,+net_raw", "--inh-caps=-all", "--ambient-caps=-all")


def clipped(text, most=12000):
    if not text or len(text) <= most:
        return text
    return f"{text[:most // 2]}\n... {len(text) - most} characters ...\n{text[-most // 2:]}"


class Result:
    def __init__(self, finished):
        self.code, self.out, self.err = finished.returncode, finished.stdout, finished.stderr

    @property
    def lines(self):
        return self.out.splitlines()

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{clipped(self.out)}\n--- stderr\n{clipped(self.err)}"


def sonde(namespace, *arguments, wrap=(), **options):
    """Any subcommand. A crash is never what a test expects."""
    result = Result(namespace.run(*wrap, lab.sonde_binary(), *arguments, check=False, **options))
    assert result.code in (0, 1, 2), result
    assert "Sanitizer" not in (result.err or ""), result
    return result


def ping(namespace, *arguments, **options):
    return sonde(namespace, "ping", *arguments, **options)


def iputils(namespace, *arguments, **options):
    return Result(namespace.run("ping", *arguments, check=False, **options))


def ping_json(namespace, *arguments, code=0, silent=True, **options):
    """A run whose output is JSON and whose sums add up. `silent`: nothing on stderr."""
    before = time.time()
    result = ping(namespace, "--json", *arguments, **options)
    assert result.code == code, result
    assert result.err == "" or not silent, result
    return Report(result, (before, time.time()), quiet="-q" in arguments)


def start_ping(namespace, *arguments, wrap=(), **options):
    return namespace.start(*wrap, lab.sonde_binary(), "ping", *arguments, **options)


def finish(process, timeout=30):
    """The result of what `start_ping` began. Its output is what nobody has read yet: `communicate` would lose what
    `readline` has buffered."""
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    out, err = (stream.read() if stream else "" for stream in (process.stdout, process.stderr))
    process.wait()
    watchdog.cancel()
    assert process.returncode != -signal.SIGKILL, f"did not end within {timeout} s\n{out}\n{err}"
    return Result(subprocess.CompletedProcess(process.args, process.returncode, out, err))


def next_line(process, stream=None, timeout=20):
    """What it says next, on stdout unless told otherwise; a process that says nothing is ended, and the test fails."""
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    line = (stream or process.stdout).readline()
    watchdog.cancel()
    assert line, f"nothing came within {timeout} s\n{process.stderr.read() if process.stderr else ''}"
    return line


def refuse_constant(word):
    raise AssertionError(f"{word} is not JSON")


def parse_lines(text):
    assert text.endswith("\n"), text[-200:]
    return [json.loads(line, parse_constant=refuse_constant) for line in text.splitlines()]


def validate(lines):
    """Each against the whole schema; of very many only some."""
    for line in lines[::max(1, len(lines) // 400)]:
        errors = list(VALIDATOR.iter_errors(line))
        assert not errors, f"{line}\n" + "\n".join(error.message for error in errors)


def seconds(text):
    whole, nanoseconds = text[:-1].split(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp() + int(nanoseconds) / 1e9


class Report:
    """What a run of `sonde ping --json` said."""

    def __init__(self, result, during=None, quiet=False):
        self.result = result
        lines = parse_lines(result.out)
        validate(lines)
        assert lines[-1]["event"] == "total", lines[-1]
        self.total = lines[-1]
        self.accounting = self.total["accounting"]
        self.summaries = [line for line in lines if line["event"] == "summary"]
        self.events = lines[:-1 - len(self.summaries)]
        assert lines[len(self.events):-1] == self.summaries, "summaries come last, before the total"
        if during:
            times = [seconds(line["time"]) for line in lines]
            assert during[0] - 0.01 <= min(times) and max(times) <= during[1] + 0.01, (during, times)
        check_sums(self, quiet)

    def of(self, *kinds, target=None):
        """The events of these kinds; of one target, if wanted."""
        return [e for e in self.events if e["event"] in kinds and target in (None, e["target"])]

    def one(self, kind, **options):
        found = self.of(kind, **options)
        assert len(found) == 1, (kind, self.result)
        return found[0]

    @property
    def kinds(self):
        return {e["event"] for e in self.events}

    def summary(self, target):
        found = [s for s in self.summaries if s["target"] == target]
        assert len(found) == 1, (target, self.result)
        return found[0]


def check_accounting(a):
    assert a["scheduled"] == a["sent"] + a["send_failed"] + a["skipped"], a
    assert a["sent"] == a["replied"] + a["icmp_error"] + a["timed_out"] + a["cancelled"] + a["pending"], a
    rejected = sum(value for name, value in a.items() if name.startswith("rejected_"))
    assert a["frames"] == a["matched"] + a["duplicate"] + a["late"] + rejected + a["not_ours"], a
    assert a["local_drop"] <= a["send_failed"] and a["uncertain"] <= a["timed_out"], a


def check_tally(t):
    assert t["sent"] == t["received"] + t["lost"] + t["pending"], t
    assert t["errors"] <= t["lost"], t
    unanswered = t["lost"] + t["send_failed"]
    settled = t["received"] + unanswered
    assert abs(t["loss_percent"] - (100 * unanswered / settled if settled else 0)) < 1e-9, t
    assert (t["rtt_ms"] is None) == (t["received"] == 0), t
    if t["rtt_ms"]:
        r = t["rtt_ms"]
        assert r["min"] <= r["p50"] <= r["p90"] <= r["p95"] <= r["p99"] <= r["max"], t
        assert r["min"] <= r["mean"] <= r["max"], t


def check_sums(report, quiet=False):
    """All that must add up, in every run: inside each line, between the lines, and with the events."""
    total, a = report.total, report.accounting
    check_accounting(a)
    for tally in [*report.summaries, total]:
        check_tally(tally)
    assert total["targets"] == len(report.summaries), report.result
    for name in COUNTS:
        assert total[name] == sum(s[name] for s in report.summaries), (name, report.result)
    assert total["sent"] == a["sent"] and total["received"] == a["replied"], report.result
    assert total["errors"] == a["icmp_error"] and total["pending"] == a["pending"], report.result
    assert total["lost"] == a["timed_out"] + a["icmp_error"], report.result
    assert total["send_failed"] == a["send_failed"] and total["duplicates"] == a["duplicate"], report.result
    # Frames of pings that are over count as late, also those that no line tells of: errors, tokens of older pings.
    assert total["late"] <= a["late"], report.result
    assert a["corrupt"] + a["rejected_checksum"] >= total["corrupt"] - total["late"], report.result
    if quiet:
        assert not report.events, report.result
    else:
        check_events(report)


def check_events(report):
    by_target = collections.defaultdict(collections.Counter)
    outcomes = collections.defaultdict(set)
    times = collections.defaultdict(list)
    told = collections.Counter(s["target"] for s in report.summaries)
    for e in report.events:
        if told[e["target"]] > 1:
            continue  # listed twice: their lines cannot be told apart
        by_target[e["target"]][e["event"]] += 1
        if e["event"] in OUTCOMES:
            assert e["seq"] not in outcomes[e["target"]], f"two outcomes of one ping: {e}\n{report.result}"
            outcomes[e["target"]].add(e["seq"])
        if e["event"] == "reply":
            times[e["target"]].append(e["rtt_ms"])
    for s in report.summaries:
        if told[s["target"]] > 1:
            continue
        n = by_target[s["target"]]
        assert n["reply"] == s["received"] and n["icmp_error"] == s["errors"], (s, report.result)
        assert n["timeout"] == s["lost"] - s["errors"] and n["send_failed"] == s["send_failed"], (s, report.result)
        assert n["duplicate"] == s["duplicates"] and n["late"] == s["late"], (s, report.result)
        assert n["corrupt"] == s["corrupt"], (s, report.result)
        if times[s["target"]]:
            assert s["rtt_ms"]["min"] == min(times[s["target"]]), (s, report.result)
            assert s["rtt_ms"]["max"] == max(times[s["target"]]), (s, report.result)


# iputils' precision: three digits below 1 ms, two below 10 ms, one below 100 ms, then none.
REPLY_TIME = r"time=(?:0\.\d{3}|[1-9]\.\d{2}|[1-9]\d\.\d|[1-9]\d{2,}) ms"


def normalised(text):
    """iputils' output without the numbers that differ from run to run; their form is part of what is kept."""
    text = re.sub(REPLY_TIME, "time=T ms", text)
    text = re.sub(r"= (?:\d+\.\d{3}/){3}\d+\.\d{3} ms", "= N.NNN/N.NNN/N.NNN/N.NNN ms", text)
    text = re.sub(r"ipg/ewma \d+\.\d{3}/\d+\.\d{3} ms", "ipg/ewma N.NNN/N.NNN ms", text)
    text = re.sub(r"loss, time \d+ms", "loss, time Tms", text)
    return re.sub(r"^\[\d{10}\.\d{6}\] ", "[STAMP] ", text, flags=re.M)


PERCENTILES = re.compile(r"^p50/p90/p95/p99/jitter = (?:\d+\.\d{3}/){4}\d+\.\d{3} ms\n", re.M)


def without_percentiles(text):
    """sonde's own line, which is there exactly when iputils' `rtt` line is, and after it."""
    assert len(PERCENTILES.findall(text)) == text.count("\nrtt min/avg/max/mdev"), text
    return PERCENTILES.sub("", text)
