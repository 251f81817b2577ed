"""--fail-if, --until, and the exit code: 0 answered yes, 1 answered no, 2 an operation failed."""

import re
import time

import pytest

import responder
from command import finish, ping, ping_json, start_ping
from lab import RoutedLab


@pytest.mark.parametrize("condition,code", [
    ("loss>0%", 0), ("loss>=0%", 1), ("loss<1", 1), ("lost>0", 0), ("lost==0", 1), ("p95>5s", 0), ("p95<5s", 1),
    ("max>5000", 0), ("p50>0us", 1), ("jitter>10s", 0), ("mdev>10s", 0), ("avg>10s", 0), ("errors>0", 0),
    ("duplicates!=0", 0), ("corrupt>0", 0), (" loss > 50 % ", 0)])
def test_fail_if_on_loopback(host, condition, code):
    result = ping(host, "-c", "3", "-i", "0.05", "--fail-if", condition, "127.0.0.1")
    assert result.code == code, result
    assert result.err == ("" if code == 0 else
                          f"sonde ping: 127.0.0.1: failed, because {condition.strip()}\n")
    assert "3 packets transmitted, 3 received" in result.out


@pytest.mark.parametrize("condition", ["loss>50%", "loss==100", "lost>=2", "p95>1ms", "max>=1s", "min>0"])
def test_fail_if_of_a_silent_host(routed, condition):
    """A host that is dead cannot keep to a bound: unknown times meet `>`."""
    result = ping(routed.host, "-c", "2", "-i", "0.05", "-W", "0.2", "--fail-if", condition, RoutedLab.BLACKHOLE[4])
    assert result.code == 1
    assert result.err == f"sonde ping: {RoutedLab.BLACKHOLE[4]}: failed, because {condition}\n"


def test_every_condition_and_every_target_counts(routed):
    result = ping(routed.host, "-c", "2", "-i", "0.05", "-W", "0.2", "--fail-if", "loss>50%", "--fail-if", "errors>0",
                  RoutedLab.FAR[4], RoutedLab.BLACKHOLE[4], RoutedLab.PROHIBITED[4])
    assert result.code == 1
    assert result.err.splitlines() == [
        f"sonde ping: {RoutedLab.BLACKHOLE[4]}: failed, because loss>50%",
        f"sonde ping: {RoutedLab.PROHIBITED[4]}: failed, because loss>50%",
        f"sonde ping: {RoutedLab.PROHIBITED[4]}: failed, because errors>0",
    ]


@pytest.mark.parametrize("mode,condition", [("duplicate_many", "duplicates>5"), ("zero", "corrupt>0"),
                                            ("plain", "min>0"), ("longer", "p99>0.0001")])
def test_fail_if_of_what_answers_were_like(fake, mode, condition):
    for bound, code in ((condition, 1), (condition.split(">")[0] + ">1000000", 0)):
        result = ping(fake.host, "-c", "3", "-i", "0.1", "--fail-if", bound, responder.address(mode, 4))
        assert result.code == code, result


@pytest.mark.parametrize("condition", ["", "loss", "loss>", "loss>101%", "loss>-1", "los>1", "p95>", "p95>5parsecs",
                                       "p95=>5", "p42>1", "loss>1%%", "loss>nan", "errors>1.5", ">1", "\x1b[31m>1"])
def test_bad_conditions(host, condition):
    result = ping(host, "-c", "1", "--fail-if", condition, "127.0.0.1")
    assert result.code == 2 and result.out == "" and result.err.count("\n") == 1, result
    assert result.err.startswith("sonde ping: ") and "\x1b" not in result.err


def test_until_up_waits_for_a_host_that_comes_up(routed):
    routed.far.sh("ip link set far down")
    running = start_ping(routed.host, "-i", "0.1", "-W", "0.3", "--until", "up", RoutedLab.FAR[4])
    time.sleep(0.5)
    assert running.poll() is None, "it ended though nobody answered"
    routed.far.sh("ip link set far up; ip route replace default via 198.51.100.1")
    result = finish(running, timeout=20)
    assert result.code == 0 and re.search(r" [1-9]\d* received", result.out), result


def test_until_down_waits_for_a_host_that_goes_down(routed):
    running = start_ping(routed.host, "-i", "0.1", "-W", "0.3", "--until", "down", RoutedLab.FAR[4])
    for _ in range(4):
        assert running.stdout.readline()
    routed.router.sh(f"ip route add blackhole {RoutedLab.FAR[4]}/32")
    result = finish(running, timeout=20)
    assert result.code == 0 and "packet loss" in result.out


def test_until_up_of_one_that_is_up_ends_at_once(host):
    report = ping_json(host, "--until", "up", "127.0.0.1")
    assert report.total["received"] == 1, report.result


def test_until_needs_all_targets(routed):
    """One is up and one is not: neither `up` nor `down` is reached."""
    both = (RoutedLab.FAR[4], RoutedLab.BLACKHOLE[4])
    for until in ("up", "down"):
        report = ping_json(routed.host, "-c", "3", "-i", "0.1", "-W", "0.2", "--until", until, *both, code=1)
        assert report.total["sent"] == 6


def test_until_that_is_not_reached_in_time(routed):
    assert ping(routed.host, "-w", "1", "-i", "0.2", "--until", "up", RoutedLab.BLACKHOLE[4]).code == 1
    assert ping(routed.host, "-w", "1", "-i", "0.2", "--until", "down", RoutedLab.FAR[4]).code == 1


@pytest.mark.parametrize("until", ["up", "down"])
def test_until_of_many_targets_adds_up(fake, until):
    """The run ends in the middle of a batch of answers: those that came with the last are not lost."""
    code = 0 if until == "up" else 1
    crowd = [f"198.18.16.{2 * n}" for n in range(1, 41)]
    for _ in range(3):
        report = ping_json(fake.host, "-c", "5", "-i", "0.05", "-W", "2", "--until", until, *crowd, code=code)
        assert report.total["lost"] == 0


def test_exit_codes_of_plain_runs(routed):
    far, silent, prohibited = RoutedLab.FAR[4], RoutedLab.BLACKHOLE[4], RoutedLab.PROHIBITED[4]
    brief = ("-c", "1", "-W", "0.3")
    assert ping(routed.host, *brief, far).code == 0
    assert ping(routed.host, *brief, silent).code == 1
    assert ping(routed.host, *brief, prohibited).code == 1
    assert ping(routed.host, *brief, far, silent).code == 1
    assert ping(routed.host, *brief, far, RoutedLab.FAR[6]).code == 0
    assert ping(routed.host, *brief, "nowhere.invalid").code == 2
    assert ping(routed.host, *brief, far, "nowhere.invalid").code == 2


def test_one_answer_of_many_is_an_answer(fake):
    assert ping(fake.host, "-c", "3", "-i", "0.1", "-W", "0.2", responder.address("first_silent", 4)).code == 0


def test_with_a_deadline_all_answers_are_wanted(fake):
    """iputils' rule."""
    assert ping(fake.host, "-c", "9", "-w", "1", "-i", "0.1", responder.address("stop_after_two", 6)).code == 1
