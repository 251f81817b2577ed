"""Names and origins of hops: from the resolver without waiting for it, and from MaxMind databases."""

import random
import time

import pytest

import lab
import mmdb
from conftest import made
from trace_lab import Chain, mmdblookup, path_of, trace, trace_json

ASN = mmdb.database("GeoLite2-ASN", {
    "10.0.1.0/24": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example \x1b[1mOne"},
    "10.0.2.0/24": {"autonomous_system_number": 4200000000, "autonomous_system_organization": "Example Two"},
    "2001:db8:1::/48": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example \x1b[1mOne"}})
COUNTRY = mmdb.database("GeoLite2-Country", {
    "10.0.1.0/24": {"country": {"iso_code": "DE"}}, "10.0.2.2/32": {"registered_country": {"iso_code": "PE"}},
    "2001:db8:1::/48": {"country": {"iso_code": "DE"}}})


@pytest.fixture(scope="module")
def chain():
    net = made(lambda: Chain(3))
    yield net
    net.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mmdb")
    (folder / "asn.mmdb").write_bytes(ASN)
    (folder / "country.mmdb").write_bytes(COUNTRY)
    return folder


def test_the_databases_are_what_debian_reads(books):
    number = mmdblookup(books / "asn.mmdb", "10.0.2.2", "autonomous_system_number")
    assert number.startswith("4200000000 <uint32>"), number
    assert '"DE"' in mmdblookup(books / "country.mmdb", "2001:db8:1::2", "country", "iso_code")


def test_autonomous_systems(chain, books):
    result = trace(chain.host, "-n", "-q", "1", "--mmdb", str(books / "asn.mmdb"), chain.far[4])
    assert result.code == 0 and path_of(result.out)[1:] == [
        " 1  10.0.1.2 [AS64500]  T ms", " 2  10.0.2.2 [AS4200000000]  T ms", " 3  10.0.3.2 [*]  T ms"], result


def test_autonomous_systems_and_countries(chain, books):
    both = ("--mmdb", str(books / "asn.mmdb"), "--mmdb", str(books / "country.mmdb"))
    result = trace(chain.host, "-A", "-q", "1", *both, chain.far[4])
    assert path_of(result.out)[1:] == [
        " 1  r1.test (10.0.1.2) [AS64500] [DE]  T ms", " 2  r2.test (10.0.2.2) [AS4200000000] [PE]  T ms",
        " 3  far.test (10.0.3.2) [*] [*]  T ms"], result
    first, second, third = (h["replies"][0] for h in trace_json(chain.host, "-q", "1", *both, chain.far[4]).hops)
    assert (first["as"], first["organization"], first["country"]) == (64500, "Example \\x1b[1mOne", "DE")
    assert (second["as"], second["country"]) == (4200000000, "PE")
    assert "as" not in third and "country" not in third
    v6 = trace_json(chain.host, "-q", "1", *both, chain.far[6]).hops[0]["replies"][0]
    assert (v6["as"], v6["country"]) == (64500, "DE")


def test_country_alone(chain, books):
    result = trace(chain.host, "-n", "-q", "1", "--mmdb", str(books / "country.mmdb"), "10.0.1.2")
    assert path_of(result.out)[1:] == [" 1  10.0.1.2 [DE]  T ms"], result


def test_database_of_ipv4_alone(chain, tmp_path):
    book = tmp_path / "v4.mmdb"
    book.write_bytes(mmdb.database("GeoLite2-ASN", {"10.0.0.0/8": {"autonomous_system_number": 7}}, ip_version=4))
    assert " [AS7] " in trace(chain.host, "-n", "--mmdb", str(book), chain.far[4]).out
    assert " [*] " in trace(chain.host, "-n", "--mmdb", str(book), chain.far[6]).out


@pytest.mark.parametrize("content,said", [
    (b"", "it is empty"), (b"hello\n" * 100, "it is no MaxMind database"),
    (mmdb.database("DBIP-Weather", {"10.0.0.0/8": {"x": 1}}), "is of the type 'DBIP-Weather': wanted is"),
    (mmdb.database("Evil\x1b]0;", {"10.0.0.0/8": {"x": 1}}), "is of the type 'Evil\\x1b]0;'")], ids=["empty", "text", "other", "escape"])
def test_files_that_are_no_such_database(host, tmp_path, content, said):
    book = tmp_path / "book.mmdb"
    book.write_bytes(content)
    result = trace(host, "--mmdb", str(book), "127.0.0.1")
    assert result.code == 2 and result.out == "" and said in result.err and result.err.count("\n") == 1, result


def test_databases_that_cannot_be_read(host, tmp_path):
    result = trace(host, "--mmdb", str(tmp_path), "127.0.0.1")
    assert result.code == 2 and "it is no regular file" in result.err, result
    result = trace(host, "--mmdb", "/nonexistent", "127.0.0.1")
    assert result.code == 2 and "No such file or directory" in result.err, result


def test_damaged_databases_do_no_harm(host, tmp_path):
    """Cut, or with bytes changed: refused, or without an answer, and never a crash. SONDE_SEED as shown repeats it."""
    seed = 20260131
    print("seed", seed)
    dice = random.Random(seed)
    whole = mmdb.database("GeoLite2-ASN", {"127.0.0.0/8": {"autonomous_system_number": 7,
                                                          "autonomous_system_organization": "x" * 40}})
    for n in range(40):
        damaged = bytearray(whole[:dice.randrange(len(whole))] if n % 2 else whole)
        for _ in range(0 if n % 2 else 4):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        (tmp_path / "bad.mmdb").write_bytes(bytes(damaged))
        assert trace(host, "-n", "-q", "1", "--mmdb", str(tmp_path / "bad.mmdb"), "127.0.0.1").code in (0, 2)


def test_resolver_that_never_answers_holds_up_nothing_but_its_lines(chain):
    """A name server that swallows every question: the lines come without names, after a bounded time."""
    host = chain.host
    # Blackholed on the way: a question neither fails at once nor is answered.
    host.use_names("127.0.0.1 localhost\n", "hosts: dns\n", "nameserver 10.0.3.99\noptions timeout:30 attempts:1\n")
    chain.target.sh("ip addr add 10.0.3.99/24 dev from3")
    swallow = chain.target.start("python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
                                    "s.bind(('10.0.3.99', 53)); print('ready', flush=True); s.recv(1); import time; time.sleep(60)")
    assert swallow.stdout.readline() == "ready\n"
    try:
        before = time.monotonic()
        result = trace(host, chain.far[4])
        took = time.monotonic() - before
        assert result.code == 0 and 1 < took < (12 if lab.sanitized() else 5), (took, result)
        assert path_of(result.out)[1] == f" 1  {chain.path[4][0]} ({chain.path[4][0]})  T ms  T ms  T ms", result
        before = time.monotonic()
        assert trace(host, "-n", chain.far[4]).code == 0
        assert time.monotonic() - before < (6 if lab.sanitized() else 1.2), "-n asks nobody"
    finally:
        host.use_names()
