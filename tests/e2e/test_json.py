"""--json: one real line of every kind of event against the published schema, and that the schema has teeth."""

import json

import pytest

from command import OUTCOMES, SCHEMA, VALIDATOR, parse_lines, ping, ping_json, sonde
from responder import ERRORS, address, error_address


def kinds_of_the_schema():
    """Those of ping and doctor; the other subcommands' tests look at theirs."""
    names = [choice["$ref"].rsplit("/", 1)[1] for choice in SCHEMA["oneOf"]]
    definitions = [SCHEMA["$defs"][name] for name in names if name.startswith(("ping_", "doctor_"))]
    return {(d["properties"]["event"]["const"], "accounting" in d["properties"]) for d in definitions}


@pytest.fixture(scope="module")
def everything(fake):
    """A run in which all that can happen to a ping happens, beside pings to which nothing happens."""
    fake.host.sh("ip route add unreachable 198.18.99.0/24")
    quench = error_address(4, ERRORS[4].index((4, 0, 0)))
    targets = {
        "reply": address("plain", 4), "timeout": address("silent", 4), "icmp_error": address("quote_eight", 4),
        "send_failed": "198.18.99.1", "duplicate": address("duplicate", 4), "late": address("late", 4),
        "corrupt": address("zero", 4), "wrong_source": address("wrong_source", 4), "advice": quench,
        "ipv6": address("plain", 6), "ipv6 corrupt": address("flip_pattern", 6),
        "ipv6 icmp_error": error_address(6, 3),
    }
    report = ping_json(fake.host, "-c", "4", "-i", "0.3", "-W", "0.45", *targets.values(), code=1)
    fake.host.sh("ip route del unreachable 198.18.99.0/24")
    return targets, report


def test_every_event_of_the_schema_is_seen_and_valid(everything, host):
    _, report = everything
    doctor = parse_lines(sonde(host, "doctor", "--json").out)
    lines = parse_lines(report.result.out) + doctor
    seen = {(line["event"], "accounting" in line) for line in lines}
    assert seen == kinds_of_the_schema()
    for line in lines:
        VALIDATOR.validate(line)


def test_each_happens_to_the_target_that_it_should_happen_to(everything):
    targets, report = everything
    for kind, target in targets.items():
        wanted = kind.split()[-1] if kind != "ipv6" else "reply"
        told = {e["event"] for e in report.events if e["target"] == target}
        assert wanted in told, (kind, told)
    undisturbed = report.summary(targets["reply"])
    assert undisturbed["received"] == 4
    assert {e["event"] for e in report.events if e["target"] == targets["reply"]} == {"reply"}


def test_fields_of_the_issue(everything):
    _, report = everything
    for e in report.events:
        assert {"schema", "event", "time", "target", "address", "seq"} <= e.keys() and e["schema"] == 1
        if e["event"] in ("reply", "duplicate", "late"):
            assert isinstance(e["rtt_ms"], float) and isinstance(e["ttl"], int) and isinstance(e["bytes"], int)
            assert e["clock"] in ("kernel", "kernel-rx", "user")
        if e["event"] == "timeout":
            assert e["rtt_ms"] is None
        if e["event"] == "icmp_error":
            assert {"from", "icmp_type", "icmp_code", "error"} <= e.keys()
    summary_fields = "sent received lost pending errors duplicates late corrupt loss_percent rtt_ms".split()
    for line in [*report.summaries, report.total]:
        assert set(summary_fields) <= line.keys()
    for line in report.summaries:
        if line["rtt_ms"]:
            assert list(line["rtt_ms"]) == "min mean p50 p90 p95 p99 max stddev jitter".split()


def test_every_ping_has_one_outcome(everything):
    targets, report = everything
    for target in targets.values():
        assert sorted(e["seq"] for e in report.of(*OUTCOMES, target=target)) == [1, 2, 3, 4], target


# Fields that may be absent, and values that a field may have although others may not.
OPTIONAL = {"answer", "info", "from_name", "truncated", "bad_checksum", "unverified", "uncertain", "local_drop"}
HARMLESS = [("target", ""), ("errno", -1), ("grant", []), ("needed_by", []), ("needed_later_by", [])]


def mutations(line):
    """Lines that are wrong in one place."""
    for field in line:
        if field not in OPTIONAL:
            yield {name: value for name, value in line.items() if name != field}
        for wrong in ([], "", -1, {"a": 1}):
            if (field, wrong) not in HARMLESS and (line["event"], field, wrong) != ("send_failed", "error", ""):
                yield {**line, field: wrong}
    yield {**line, "surprise": 1}
    yield {**line, "schema": 2}
    yield {**line, "event": "surprise"}
    yield {**line, "time": line["time"].replace("Z", "+00:00")}
    if isinstance(line.get("rtt_ms"), float):
        yield {**line, "rtt_ms": str(line["rtt_ms"])}
    if line["event"] in ("summary", "total") and "sent" in line:
        yield {**line, "sent": str(line["sent"])}
        yield {**line, "loss_percent": 105}


def test_schema_refuses_what_is_wrong_in_one_place(everything, host):
    _, report = everything
    lines = parse_lines(report.result.out) + parse_lines(sonde(host, "doctor", "--json").out)
    samples = {(line["event"], "accounting" in line): line for line in lines}
    for sample in samples.values():
        for wrong in mutations(sample):
            assert not VALIDATOR.is_valid(wrong), wrong


def test_quiet_has_summaries_and_total_only(host):
    report = ping_json(host, "-q", "-c", "2", "-i", "0.1", "127.0.0.1", "::1")
    assert [json.loads(line)["event"] for line in report.result.lines] == ["summary", "summary", "total"]


@pytest.mark.parametrize("arguments", [("-D",), ("-O",), ("-a",), ("-f",), ("-A",), ("-n",), ("--plot",),
                                       ("-p", "ff")], ids=" ".join)
def test_options_of_the_text_leave_json_alone(host, arguments):
    report = ping_json(host, "-c", "2", "-i", "0.1", *arguments, "127.0.0.1")
    assert report.kinds == {"reply"} and report.total["received"] == 2, report.result


def test_verbose_speaks_on_stderr(host):
    report = ping_json(host, "-v", "-c", "1", "127.0.0.1", silent=False)
    assert report.result.err == "sonde ping: IPv4 goes through an ICMP datagram socket\n"


def test_numbers_have_nanosecond_digits(host):
    times = [e["rtt_ms"] for e in ping_json(host, "-c", "20", "-i", "0.01", "127.0.0.1").of("reply")]
    assert all(abs(t * 1e6 - round(t * 1e6)) < 1e-6 for t in times)
    assert len({round(t * 1e6) % 1000 for t in times}) > 3, "rounded to microseconds"


def test_resolved_name_and_address_are_separate(host):
    report = ping_json(host, "-4", "-c", "1", "localhost")
    assert (report.one("reply")["target"], report.one("reply")["address"]) == ("localhost", "127.0.0.1")


def test_broadcast_answers_are_reported_as_what_they_are(routed):
    for namespace in (routed.router, routed.host):
        namespace.sysctl("net/ipv4/icmp_echo_ignore_broadcasts", "0")
    report = ping_json(routed.host, "-b", "-c", "1", "192.0.2.255")
    assert report.one("reply")["answer"] == "broadcast" and report.one("reply")["from"] in ("192.0.2.2", "192.0.2.1")


def test_multicast_answers_are_reported_as_what_they_are(routed):
    report = ping_json(routed.host, "-c", "1", "-w", "2", "ff02::1%near")
    assert report.one("reply")["answer"] == "multicast"


def test_real_output_passes_jq_too(host):
    out = ping(host, "--json", "-c", "1", "127.0.0.1", "::1").out
    done = host.run("jq", "-e", "-c", ".rtt_ms | type", input=out)
    assert done.stdout.splitlines() == ['"number"', '"number"', '"object"', '"object"', '"object"']
