"""Hosts that answer badly: what is said of each answer, and that no answer changes what became of another ping."""

import re
import signal
import time

import pytest

import responder
from command import ONLY_NET_RAW, Report, finish, iputils, ping, ping_json, start_ping
from lab import wait_until
from responder import ERRORS, LATE_BY, REPORTER, address, error_address

BOTH = pytest.mark.parametrize("family", [4, 6])
QUICK = ("-i", "0.1", "-W", "2")
# An answer without the token is believed when no other came before the time was over.
UNPROVEN = ("-i", "0.1", "-W", "0.4")


def text_lines(fake, mode, family, *arguments, **options):
    """The reply lines of two pings, without their times."""
    result = ping(fake.host, "-c", "2", *QUICK, *arguments, address(mode, family), **options)
    assert result.err == ""
    lines = result.lines[1:result.lines.index("")]
    return [re.sub(r"time=[\d.]+ ms", "time=T ms", line) for line in lines], result


@BOTH
def test_truncated_reply_is_said_to_be_truncated(fake, family):
    host = address("truncate", family)
    lines, result = text_lines(fake, "truncate", family)
    assert lines == [f"36 bytes from {host}: icmp_seq={n} ttl=64 time=T ms (truncated)" for n in (1, 2)]
    assert result.code == 0
    report = ping_json(fake.host, "-c", "2", *QUICK, host)
    assert [(e["seq"], e["bytes"], e["truncated"]) for e in report.of("reply")] == [(1, 36, True), (2, 36, True)]
    assert report.accounting["truncated"] == 2 and report.accounting["corrupt"] == 0, report.result
    assert all("unverified" not in e for e in report.of("reply"))  # the token came back


@BOTH
@pytest.mark.parametrize("mode,size", [("truncate_to_pattern", 24), ("empty", 8)])
def test_reply_without_the_pattern_is_truncated_too(fake, family, mode, size):
    report = ping_json(fake.host, "-c", "2", *UNPROVEN, address(mode, family))
    assert [(e["bytes"], e["truncated"]) for e in report.of("reply")] == [(size, True)] * 2
    assert not report.of("corrupt")
    # Without the token the reply is taken on trust, and that is said.
    assert [e.get("unverified", False) for e in report.of("reply")] == [mode == "empty"] * 2


@BOTH
def test_zeroed_payload_gives_the_lines_of_ping(fake, family):
    host = address("zero", family)
    lines, result = text_lines(fake, "zero", family, *UNPROVEN)
    each = [
        "wrong data byte #16 should be 0x10 but was 0x0",
        "#16\t" + "0 " * 32,
        "#48\t" + "0 " * 8,
    ]
    assert lines == [f"64 bytes from {host}: icmp_seq=1 ttl=64 time=T ms", *each,
                     f"64 bytes from {host}: icmp_seq=2 ttl=64 time=T ms", *each]
    assert "2 packets transmitted, 2 received, +2 corrupted, 0% packet loss" in result.out
    report = ping_json(fake.host, "-c", "2", *UNPROVEN, host)
    assert [(e["seq"], e["offset"], e["expected"], e["actual"], e["from"]) for e in report.of("corrupt")] == [
        (1, 16, 16, 0, host), (2, 16, 16, 0, host)]
    assert report.summary(host)["corrupt"] == 2 and report.summary(host)["received"] == 2, report.result
    assert all(e["unverified"] for e in report.of("reply"))


@BOTH
def test_one_changed_byte_is_found_and_dumped(fake, family):
    lines, _ = text_lines(fake, "flip_pattern", family)
    rest = " ".join(f"{byte:x}" for byte in range(0x15, 0x30))
    assert lines[1:4] == [
        "wrong data byte #20 should be 0x14 but was 0xeb",
        f"#16\t10 11 12 13 eb {rest} ",
        "#48\t30 31 32 33 34 35 36 37 ",
    ]
    report = ping_json(fake.host, "-c", "1", address("flip_pattern", family))
    corrupt = report.one("corrupt")
    assert (corrupt["offset"], corrupt["expected"], corrupt["actual"]) == (20, 0x14, 0xEB)
    assert "unverified" not in report.one("reply")  # the token is whole


@BOTH
def test_changed_token_is_a_corrupt_reply_that_nothing_vouches_for(fake, family):
    report = ping_json(fake.host, "-c", "1", *UNPROVEN, address("flip_token", family))
    corrupt = report.one("corrupt")
    assert corrupt["offset"] == 9 and corrupt["expected"] ^ corrupt["actual"] == 0xFF
    assert report.one("reply")["unverified"] is True


def test_pattern_of_the_user_is_what_a_changed_byte_is_compared_with(fake):
    lines, result = text_lines(fake, "flip_pattern", 4, "-p", "c0ffee")
    assert result.lines[0] == "PATTERN: 0xc0ffee"
    # Byte 20 of the payload is byte 2 of the pattern.
    assert "wrong data byte #20 should be 0xee but was 0x11" in lines


@BOTH
def test_duplicates_are_marked_and_counted_once_each(fake, family):
    host = address("duplicate", family)
    lines, result = text_lines(fake, "duplicate", family, "-i", "0.3")
    assert lines[:3] == [
        f"64 bytes from {host}: icmp_seq=1 ttl=64 time=T ms",
        f"64 bytes from {host}: icmp_seq=1 ttl=64 time=T ms (DUP!)",
        f"64 bytes from {host}: icmp_seq=2 ttl=64 time=T ms",
    ]
    assert "2 packets transmitted, 2 received, +1 duplicates, 0% packet loss" in result.out
    report = ping_json(fake.host, "-c", "2", "-i", "0.3", host)
    assert report.one("duplicate")["seq"] == 1
    assert report.summary(host)["received"] == 2 and report.summary(host)["loss_percent"] == 0, report.result


@BOTH
def test_more_duplicates_than_pings_are_not_more_than_all_replies(fake, family):
    host = address("duplicate_many", family)
    for _ in range(5):  # the last ping's duplicates may or may not come before the end: the sums hold either way
        report = ping_json(fake.host, "-c", "4", "-i", "0.02", host)
        assert report.total["received"] == 4 and report.total["loss_percent"] == 0
        assert 3 * 19 <= report.total["duplicates"] <= 4 * 19


@BOTH
def test_late_reply_is_late_and_the_ping_stays_lost(fake, family):
    host = address("late", family)
    lines, result = text_lines(fake, "late", family, "-i", str(2 * LATE_BY), "-W", str(LATE_BY / 2))
    assert lines[0] == f"64 bytes from {host}: icmp_seq=1 ttl=64 time=T ms (late)"
    assert result.code == 1
    assert "2 packets transmitted, 0 received, 100% packet loss" in result.out
    assert result.lines[-1] == "1 packets late"
    report = ping_json(fake.host, "-c", "2", "-i", str(2 * LATE_BY), "-W", str(LATE_BY / 2), host, code=1)
    late = report.one("late")
    assert late["seq"] == 1 and late["rtt_ms"] >= 1000 * LATE_BY
    assert [e["seq"] for e in report.of("timeout")] == [1, 2] and report.total["rtt_ms"] is None


@BOTH
def test_late_replies_are_never_credited_to_newer_pings(fake, family):
    """Each answer comes when several newer pings are in flight."""
    host = address("late", family)
    report = ping_json(fake.host, "-c", "12", "-i", "0.1", "-W", "0.35", host, code=1)
    assert report.total["received"] == 0 and report.total["lost"] == 12, report.result
    assert report.of("late") and all(e["rtt_ms"] >= 1000 * LATE_BY for e in report.of("late"))


def test_answer_from_another_host_is_shown_and_not_credited(fake):
    host, other = address("wrong_source", 4), address("wrong_source", 4, offset=100)
    lines, result = text_lines(fake, "wrong_source", 4, "-W", "0.5")
    assert lines == [f"64 bytes from {other}: icmp_seq={n} ttl=64 (DIFFERENT ADDRESS!)" for n in (1, 2)]
    assert result.code == 1
    report = ping_json(fake.host, "-c", "2", "-i", "0.1", "-W", "0.5", host, code=1)
    assert [(e["from"], e["address"]) for e in report.of("wrong_source")] == [(other, host)] * 2
    assert report.total["lost"] == 2 and report.accounting["rejected_source"] == 2, report.result


def test_anycast_answer_is_a_reply_that_says_so(fake):
    """RFC 4443 section 4.2: the answer to an anycast address comes from a unicast one."""
    host, other = address("wrong_source", 6), address("wrong_source", 6, offset=100)
    report = ping_json(fake.host, "-c", "1", host)
    assert (report.one("reply")["from"], report.one("reply")["answer"]) == (other, "anycast")


@BOTH
@pytest.mark.parametrize("mode", ["impostor", "older_token"])
def test_true_reply_wins_over_one_that_came_before_it(fake, family, mode):
    """Address and sequence number are right, the payload is another's: the true answer follows 30 ms later."""
    report = ping_json(fake.host, "-c", "5", *QUICK, address(mode, family))
    assert [e["seq"] for e in report.of("reply")] == [1, 2, 3, 4, 5]
    waited = report.of("reply")[1:]  # the first ping has no older token
    assert all(e["rtt_ms"] >= 30 and "unverified" not in e for e in waited)
    assert not report.of("corrupt", "duplicate", "late")
    rejected = report.accounting["rejected_token"] if mode == "impostor" else report.accounting["late"]
    assert rejected >= 4


@BOTH
def test_token_of_an_older_ping_is_never_a_reply(fake, family):
    report = ping_json(fake.host, "-c", "5", "-i", "0.1", "-W", "0.5", address("older_token_only", family), code=1)
    assert report.total["received"] == 0 and report.accounting["late"] == 4, report.result


@BOTH
def test_impostor_after_the_reply_is_nothing(fake, family):
    report = ping_json(fake.host, "-c", "3", *QUICK, address("impostor_late", family))
    assert report.kinds == {"reply"} and report.total["received"] == 3, report.result
    assert report.accounting["rejected_token"] >= 2, report.result


@BOTH
@pytest.mark.parametrize("net", ["fake", "raw_fake"])
def test_hostile_datagrams_change_nothing(request, family, net):
    host = request.getfixturevalue(net).host
    report = ping_json(host, "-c", "5", *QUICK, address("hostile", family))
    # What came back from a host that was not asked is told, and changes nothing either.
    assert report.kinds == ({"reply", "wrong_source"} if family == 4 else {"reply"}), report.result
    assert [e["seq"] for e in report.of("reply")] == [1, 2, 3, 4, 5]
    assert all("unverified" not in e and e["bytes"] == 64 for e in report.of("reply"))
    assert report.accounting["frames"] > 10, "the hostile datagrams never came"


@BOTH
def test_hostile_host_does_not_disturb_a_good_one(fake, family):
    good, bad = address("plain", family), address("hostile", family)
    report = ping_json(fake.host, "-c", "10", "-i", "0.05", "-W", "2", good, bad)
    assert report.summary(good)["received"] == 10 and report.summary(bad)["received"] == 10, report.result
    assert {e["event"] for e in report.events if e["target"] == good} == {"reply"}


def test_reply_with_ip_options_is_a_reply(fake):
    report = ping_json(fake.host, "-c", "2", *QUICK, address("options", 4))
    assert [e["bytes"] for e in report.of("reply")] == [64, 64]
    assert report.kinds == {"reply"}, report.result


@BOTH
def test_reply_that_is_too_long_is_a_reply(fake, family):
    report = ping_json(fake.host, "-c", "2", *QUICK, address("longer", family))
    assert [e["bytes"] for e in report.of("reply")] == [164, 164]
    assert not report.of("corrupt")


@BOTH
def test_hop_limit_is_that_of_the_reply(fake, family):
    assert ping_json(fake.host, "-c", "1", address("ttl_one", family)).one("reply")["ttl"] == 1


@BOTH
def test_replies_in_the_wrong_order_go_to_their_pings(fake, family):
    report = ping_json(fake.host, "-c", "4", "-i", "0.3", "-W", "2", address("swap", family))
    assert [e["seq"] for e in report.of("reply")] == [2, 1, 4, 3]
    assert all(e["rtt_ms"] >= 250 for e in report.of("reply") if e["seq"] % 2), report.result


def test_bad_checksum_is_seen_on_a_raw_socket(raw_fake):
    host = address("bad_checksum", 4)
    lines, result = text_lines(raw_fake, "bad_checksum", 4, "-W", "0.5")
    assert lines == [f"64 bytes from {host}: icmp_seq={n} ttl=64 (BAD CHECKSUM!)" for n in (1, 2)]
    assert result.code == 1
    report = ping_json(raw_fake.host, "-c", "2", "-i", "0.1", "-W", "0.5", host, code=1)
    assert [e["bad_checksum"] for e in report.of("corrupt")] == [True, True]
    assert report.total["lost"] == 2 and report.total["corrupt"] == 2, report.result
    assert report.accounting["rejected_checksum"] == 2, report.result


@BOTH
def test_bad_checksum_is_dropped_by_the_kernel_on_a_datagram_socket(fake, family):
    report = ping_json(fake.host, "-c", "2", "-i", "0.1", "-W", "0.5", address("bad_checksum", family), code=1)
    assert report.kinds == {"timeout"}, report.result


@pytest.mark.parametrize("mode,expected", [
    ("truncate", {"reply"}), ("zero", {"reply", "corrupt"}), ("impostor", {"reply"}), ("options", {"reply"}),
    ("quote_eight", {"icmp_error"}), ("older_token_only", {"timeout"}), ("wrong_source", {"wrong_source", "timeout"}),
])
@BOTH
def test_raw_socket_sees_the_same(raw_fake, mode, expected, family):
    if (mode, family) == ("wrong_source", 6):
        expected = {"reply"}
    code = 0 if "reply" in expected else 1
    report = ping_json(raw_fake.host, "-c", "3", "-i", "0.1", "-W", "0.7", address(mode, family), code=code,
                       wrap=ONLY_NET_RAW)
    assert report.kinds == expected, report.result


@BOTH
def test_error_that_quotes_eight_bytes_is_credited(fake, family):
    """RFC 792 promises no more: neither payload nor token."""
    report = ping_json(fake.host, "-c", "3", *QUICK, address("quote_eight", family), code=1)
    assert [(e["seq"], e["from"]) for e in report.of("icmp_error")] == [(n, REPORTER[family]) for n in (1, 2, 3)]
    assert report.kinds == {"icmp_error"}, report.result


@pytest.mark.parametrize("mode,family", [
    ("quote_other_token", 4), ("quote_other_token", 6), ("quote_nothing", 4), ("quote_nothing", 6),
    ("quote_bad_ihl", 4), ("quote_other_process", 4), ("quote_other_process", 6),
    ("error_after_reply", 4), ("error_after_reply", 6)])
def test_error_that_is_not_about_our_ping_changes_nothing(fake, mode, family):
    report = ping_json(fake.host, "-c", "4", *QUICK, address(mode, family))
    assert report.kinds == {"reply"}, report.result
    assert report.total["received"] == 4 and report.total["errors"] == 0, report.result


@BOTH
def test_reply_wins_over_an_error_that_is_read_with_it(fake, family):
    """The process sleeps while both come, first the reply. The error is well-formed, and changes nothing."""
    host = address("error_with_reply", family)
    running = start_ping(fake.host, "--json", "-c", "1", "-W", "20", host)
    wait_until(lambda: any(r["dst"] == host for r in fake.seen()), "the request")
    running.send_signal(signal.SIGSTOP)
    time.sleep(2 * LATE_BY)
    running.send_signal(signal.SIGCONT)
    report = report_of(finish(running))
    assert report.kinds == {"reply"} and report.one("reply")["rtt_ms"] < 1000 * LATE_BY, report.result
    assert report.accounting["late"] == 1, "the error never came"


def error_cases():
    return [(family, index) for family in (4, 6) for index in range(len(ERRORS[family]))]


@pytest.mark.parametrize("family,index", error_cases(),
                         ids=lambda value: str(value))
def test_every_icmp_error_is_named_as_ping_names_it(fake, family, index):
    kind, code, _ = ERRORS[family][index]
    advice = family == 4 and kind in (4, 5)
    host = error_address(family, index)
    report = ping_json(fake.host, "-c", "1", "-W", "0.5", host, code=0 if advice else 1)
    if (family, kind, code) in KEPT_BY_THE_KERNEL:
        assert report.kinds == {"timeout"}
        return
    error = report.one("advice" if advice else "icmp_error")
    assert (error["icmp_type"], error["icmp_code"], error["from"]) == (kind, code, REPORTER[family])
    assert error["error"] == NAMES[family].get((kind, code), f"type_{kind}_code_{code}")
    result = ping(fake.host, "-c", "1", "-W", "1", host)
    assert result.lines[1].startswith(f"From {REPORTER[family]} icmp_seq=1 ")
    assert result.lines[1] == iputils(fake.host, "-c", "1", "-W", "1", host).lines[1]


# By RFC 792, 1122, 1812, 4443, 6550, 8883 and the IANA registry.
NAMES = {
    4: {(3, code): name for code, name in enumerate(
        """network_unreachable host_unreachable protocol_unreachable port_unreachable fragmentation_needed
        source_route_failed destination_network_unknown destination_host_unknown source_host_isolated
        network_administratively_prohibited host_administratively_prohibited
        network_unreachable_for_type_of_service host_unreachable_for_type_of_service
        communication_administratively_prohibited host_precedence_violation precedence_cutoff_in_effect""".split())}
    | {(11, 0): "time_exceeded_in_transit", (11, 1): "fragment_reassembly_time_exceeded",
       (12, 0): "parameter_problem", (4, 0): "source_quench", (5, 1): "redirect_for_host"},
    6: {(1, code): name for code, name in enumerate(
        """no_route_to_destination communication_administratively_prohibited beyond_scope_of_source_address
        address_unreachable port_unreachable source_address_failed_policy reject_route_to_destination
        error_in_source_routing_header headers_too_long""".split())}
    | {(2, 0): "packet_too_big", (3, 0): "hop_limit_exceeded_in_transit",
       (3, 1): "fragment_reassembly_time_exceeded", (4, 0): "erroneous_header_field",
       (4, 1): "unrecognized_next_header", (4, 2): "unrecognized_option"},
}
# It tells no socket of these: an unknown code, and its own business.
KEPT_BY_THE_KERNEL = {(4, 3, 200), (4, 11, 1)}


@BOTH
def test_two_processes_that_ping_one_host_do_not_see_each_other(fake, family):
    """Also where every answer comes with duplicates, so that strays abound."""
    for mode in ("plain", "duplicate"):
        host = address(mode, family)
        running = [start_ping(fake.host, "--json", "-c", "20", "-i", "0.03", "-W", "3", host) for _ in range(3)]
        reports = [report_of(finish(process)) for process in running]
        for report in reports:
            assert report.total["received"] == 20, report.result
            assert report.kinds <= {"reply", "duplicate"}


def report_of(result):
    assert result.err == "", result
    return Report(result)


def test_two_raw_sockets_that_ping_one_host_do_not_see_each_other(raw_fake):
    host = address("plain", 4)
    running = [start_ping(raw_fake.host, "--json", "-c", "20", "-i", "0.03", "-W", "3", host, wrap=ONLY_NET_RAW)
               for _ in range(2)]
    for report in [report_of(finish(process)) for process in running]:
        assert report.total["received"] == 20 and report.kinds == {"reply"}, report.result
        assert report.accounting["not_ours"] >= 1, "the other's replies never came: the test proves nothing"


def test_requests_are_well_formed(fake):
    """scapy's opinion of what sonde sends."""
    for family in (4, 6):
        ping(fake.host, "-c", "2", "-i", "0.1", address("plain", family))
    requests = [r for r in fake.seen() if r["dst"] in (address("plain", 4), address("plain", 6))]
    assert len(requests) >= 4 and all(r["checksums_ok"] for r in requests)
    assert responder.PATTERN == 16
