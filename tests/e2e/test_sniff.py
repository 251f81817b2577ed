"""`sonde sniff`: live on interfaces of a namespace, and on capture files, beside tcpdump and scapy."""

import os
import pty
import re
import signal
import struct
import subprocess
import threading
import time

import pytest
from scapy.all import ARP, ICMP, IP, UDP, Dot1Q, Ether, raw, rdpcap

import lab
import sniff_packets
from command import ONLY_NET_RAW, UNPRIVILEGED, VALIDATOR, finish, next_line, parse_lines, sonde

COUNTS = re.compile(r"(\d+) packets? captured\n(\d+) packets? received by filter\n(\d+) packets? dropped by kernel\n")


def sniff(namespace, *arguments, **options):
    return sonde(namespace, "sniff", *arguments, **options)


def start_sniff(namespace, *arguments, wrap=(), **options):
    """Returns when it listens."""
    process = namespace.start(*wrap, lab.sonde_binary(), "sniff", *arguments, **options)
    if "--json" in arguments:  # says nothing: its socket tells, by the column `R` of one that is bound
        lab.wait_until(lambda: any(line.split()[5] == "1" for line in namespace.sh("cat /proc/net/packet").splitlines()[1:]),
                       "a packet socket that receives")
    else:
        first = next_line(process, process.stderr)
        assert "listening on" in first, first + process.stderr.read()
    return process


def end(process):
    process.send_signal(signal.SIGINT)
    return finish(process)


def counts(result):
    found = COUNTS.search(result.err)
    assert found, result
    return [int(n) for n in found.groups()]


def tcpdump(path, *options):
    """Where there is no need for a namespace, and none of its users is unknown."""
    done = subprocess.run(["tcpdump", "-n", *options, "-r", str(path)], capture_output=True, text=True, check=True,
                          env=lab.clean_environment(TZ="UTC0"))
    return done.stdout


@pytest.fixture
def capture(tmp_path):
    def write(*frames, name="frames.pcap", **options):
        path = tmp_path / name
        sniff_packets.write_capture(path, [f if isinstance(f, bytes) else raw(f) for f in frames], **options)
        return str(path)
    return write


@pytest.fixture
def pair(host):
    """host -- other, joined by veth."""
    other = host.neighbour()
    near, far = host.join(other, ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"])
    return host, other, near, far


# Files.

# Where sonde's words are others on purpose: docs/sniff.md.
OWN_WORDS = {"nothing quoted", "mpls extension", "mpls extension without length", "two extension objects",
             "mpls extension v6", "unreachable v6 code 1", "unreachable v6 code 5", "unreachable v6 code 6", "mld query",
             "mld report", "tcp data", "tcp option of length 0", "gre", "ip6 length too large", "ip6 cut short", "lldp",
             "mpls frame", "length frame", "ethernet cut short", "router advertisement v4"}


@pytest.mark.parametrize("options", [(), ("-S",), ("-tttt",), ("-ttt",), ("-x",), ("-X",), ("-XX",), ("-e",), ("-q",)],
                         ids=lambda o: " ".join(o) or "plain")
def test_the_text_is_tcpdumps_to_the_byte(host, capture, options):
    skipped = set(OWN_WORDS)
    if "-e" in options:
        skipped |= {"qinq"}
    if "-q" in options:  # tcpdump is terse in ways of its own there
        skipped |= {name for name, _ in sniff_packets.every_kind() if not name.startswith(("echo", "udp", "tcp syn", "arp"))}
    kinds = [(name, frame) for name, frame in sniff_packets.every_kind() if name not in skipped]
    assert len(kinds) > 100 or "-q" in options
    path = capture(*[frame for _, frame in kinds])
    ours = sniff(host, "-n", *options, "-r", path, env=lab.clean_environment(TZ="UTC0"))
    assert ours.code == 0 and ours.err == "", ours
    theirs = tcpdump(path, *options)
    for mine, other in zip(ours.out.splitlines(), theirs.splitlines()):
        assert mine == other
    assert ours.out == theirs


def test_local_time_is_the_users(host, capture):
    path = capture(IP(dst="10.0.0.1") / ICMP(), link=101)
    told = [sniff(host, "-r", path, env=lab.clean_environment(TZ=zone)).out.split()[0] for zone in ("UTC0", "XYZ-5:30")]
    assert told == ["22:13:20.000000", "03:43:20.000000"]


def test_filter_count_and_snap_length(host, capture):
    path = capture(Ether() / ARP(), *[Ether() / IP(dst=f"10.0.0.{n}") / UDP(dport=7) / b"hello" for n in range(1, 6)])
    out = sniff(host, "-t", "-r", path, "udp", "and", "not host", "10.0.0.2", "-c", "3")
    assert [line.split()[3] for line in out.lines] == ["10.0.0.1.7:", "10.0.0.3.7:", "10.0.0.4.7:"], out
    nothing = sniff(host, "-r", path, "port 9")
    assert (nothing.code, nothing.out, nothing.err) == (1, "", "")
    short = parse_lines(sniff(host, "--json", "-s", "20", "-c", "1", "-r", path).out)[0]
    assert (short["captured"], short["length"]) == (20, 42) and short["layers"][1]["problem"] == "truncated"


def test_file_to_file_keeps_every_byte_and_time(host, capture, tmp_path):
    frames = [frame for _, frame in sniff_packets.every_kind()]
    path, copy = capture(*frames), tmp_path / "copy.pcap"
    done = sniff(host, "-r", path, "-w", str(copy))
    assert (done.code, done.out) == (0, ""), done
    assert [bytes(p) for p in rdpcap(str(copy))] == frames
    assert [p.time for p in rdpcap(str(copy))] == [p.time for p in rdpcap(path)]
    through = host.run("sh", "-c", f"{lab.sonde_binary()} sniff -r - -w - <{path} | {lab.sonde_binary()} sniff -t -r - | wc -l")
    shown = sniff(host, "-t", "-r", path)
    assert int(through.stdout) == len(shown.lines)
    assert sniff(host, "-t", "-r", path, "-w", "/dev/null", "--print").out == shown.out


def test_json_of_every_packet_is_what_the_schema_says(host, capture):
    frames = [frame for _, frame in sniff_packets.every_kind()] + list(sniff_packets.mutated(500, 4))
    lines = parse_lines(sniff(host, "--json", "-r", capture(*frames)).out)
    for line in lines:
        VALIDATOR.validate(line)
    *packets, summary = lines
    assert len(packets) == summary["captured"] == summary["received"] == len(frames)
    assert [p["length"] for p in packets] == [len(f) for f in frames]
    assert packets[0]["time"] == "2023-11-14T22:13:20.000000789Z"
    assert not VALIDATOR.is_valid({**summary, "captured": "1"}) and not VALIDATOR.is_valid({**packets[0], "layers": {}})
    assert not VALIDATOR.is_valid({**packets[0], "surprise": 1})


def test_jq_reads_it(host, capture):
    path = capture(IP(dst="10.0.0.1") / ICMP(), link=101)
    done = host.run("sh", "-c", f"{lab.sonde_binary()} sniff -r {path} --json | jq -r '.layers[0].dst? // .event'")
    assert done.stdout.split() == ["10.0.0.1", "summary"]


def test_tree_shows_every_field(host, capture):
    packet = Ether(src=sniff_packets.NEAR, dst=sniff_packets.FAR) / IP(src="10.0.0.1", dst="10.0.0.2", ttl=7, id=9)
    out = sniff(host, "-v", "-t", "-r", capture(packet / UDP(sport=5, dport=9, chksum=0x1234) / b"hello\x1b[2J")).out
    for line in ("    Internet Protocol version 4, 20 bytes", "        Time to Live: 7", "        Identification: 9",
                 "        Destination Port: 9", "        Checksum: 0x1234 [wrong, should be 0x"):
        assert line in out, out
    assert "\x1b" not in out and "hello.[2J" in out


def test_ten_thousand_mutated_packets_in_every_form(host, capture):
    path = capture(*sniff_packets.mutated(10_000, 7))
    for options in ((), ("-v", "-XX", "-e"), ("--json", "-x"), ("-q", "-S", "-ttttt")):
        done = sniff(host, *options, "-r", path, timeout=300)
        assert done.code == 0 and done.err == "", done
        assert not re.search(r"[^\n\t -~]", done.out)


@pytest.mark.parametrize("pcapng", [False, True])
def test_file_cut_in_the_middle(host, capture, tmp_path, pcapng):
    path = capture(*[Ether() / IP(dst="10.0.0.1") / UDP(dport=n) / (b"x" * 50) for n in range(1, 11)])
    if pcapng:
        subprocess.run(["tshark", "-F", "pcapng", "-r", path, "-w", path + "ng"], check=True, capture_output=True)
        path += "ng"
    whole = open(path, "rb").read()
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(whole[:len(whole) - 130 if pcapng else len(whole) - 20])
    done = sniff(host, "-t", "-r", str(cut))
    assert done.code == 2 and len(done.lines) in (8, 9), done
    assert done.err.count("\n") == 1 and "cut" in done.err and str(cut) in done.err, done


@pytest.mark.parametrize("content, said", [(b"hello, world, this is no capture\n", "text"), (b"", "empty"),
                                           (b"\x1f\x8b\x08" + b"\0" * 40, "gzip")])
def test_not_a_capture_file(host, tmp_path, content, said):
    path = tmp_path / "file"
    path.write_bytes(content)
    done = sniff(host, "-r", str(path))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1) and said in done.err, done


def test_reading_and_writing_one_file_is_refused(host, capture, tmp_path):
    path = capture(*[Ether() / IP(dst="10.0.0.1") / UDP() for _ in range(10)])
    (tmp_path / "link").symlink_to(path)
    before = open(path, "rb").read()
    for there in (path, str(tmp_path / "link")):
        done = sniff(host, "-r", path, "-w", there)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1) and "same file" in done.err, done
    with open(path, "rb") as file:
        assert sniff(host, "-r", "-", "-w", path, stdin=file).code == 2
    assert open(path, "rb").read() == before


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_interrupted_while_it_waits_for_more_of_a_pipe(host, capture, tmp_path, options):
    """What came is in the file, and in the summary."""
    path = capture(*[Ether() / IP(dst="10.0.0.1") / UDP() for _ in range(10)])
    copy = tmp_path / "copy.pcap"
    reading, writing = os.pipe()
    process = host.start(lab.sonde_binary(), "sniff", "-r", "-", "-w", str(copy), "--print", "-l", *options, stdin=reading)
    os.close(reading)
    os.write(writing, open(path, "rb").read())
    for _ in range(10):
        assert next_line(process)
    process.send_signal(signal.SIGQUIT)
    result = end(process)
    os.close(writing)
    assert result.code == 0 and result.err.endswith("sonde sniff: interrupted: 10 packets read, 10 captured\n"), result
    assert len(rdpcap(str(copy))) == 10
    if options:
        assert parse_lines(result.out)[-1]["captured"] == 10


def test_a_pipe_is_shown_on_a_terminal_as_it_comes(host, capture):
    path = capture(*[Ether() / IP(dst="10.0.0.1") / UDP() for _ in range(3)])
    reading, writing = os.pipe()
    master, slave = pty.openpty()
    process = host.start(lab.sonde_binary(), "sniff", "-t", "-r", "-", stdin=reading, stdout=slave)
    os.close(reading)
    os.close(slave)
    os.write(writing, open(path, "rb").read())
    watchdog = threading.Timer(20, process.kill)
    watchdog.start()
    seen = b""
    try:
        while seen.count(b"\n") < 3:
            seen += os.read(master, 4096)
    except OSError:  # EIO: it was killed
        pass
    watchdog.cancel()
    os.close(writing)
    process.wait(20)
    os.close(master)
    assert seen.count(b"10.0.0.1") == 3


def test_absurd_length_in_a_file(host, tmp_path, capture):
    path = capture(Ether() / IP(dst="10.0.0.1") / UDP())
    with open(path, "ab") as file:
        file.write(struct.pack("<IIII", 1, 2, 0xffffffff, 0xffffffff) + b"x" * 100)
    done = sniff(host, "-r", path)
    assert (done.code, len(done.lines), done.err.count("\n")) == (2, 1, 1), done


# Words.

@pytest.mark.parametrize("arguments, said", [
    (("-r", "/nonexistent"), "No such file"),
    (("-r", "x", "-i", "lo"), "exclude"),
    (("--print",), "--print needs -w"),
    (("-i", "nope"), "no interface 'nope'"),
    (("-i", "\x1b[31m"), "no interface"),
    (("-c", "0"), "-c"),
    (("-s", "99999999"), "-s"),
    (("--json", "-w", "-"), "standard output"),
    (("-i", ""), "--interface: '' is no name"),
    (("-r", ""), "--read: '' is no name"),
    (("-w", "", "--deadline", "0"), "--write: '' is no name"),
    (("--frobnicate",), "unknown option '--frobnicate'"),
])
def test_bad_words_give_one_line(host, arguments, said):
    done = sniff(host, *arguments)
    assert done.code == 2 and done.out == "" and said in done.err and "\x1b" not in done.err, done
    assert done.err.count("\n") == 1 or "nope" in said


def test_filter_that_does_not_compile(host, capture):
    for arguments in (("-i", "lo"), ("-i", "any"), ("-r", capture(Ether() / ARP()))):
        done = sniff(host, *arguments, "icmp", "and", "bogus")
        assert done.code == 2 and done.out == "" and "column 10" in done.err, done
        assert done.err.endswith("    icmp and bogus\n             ^\n"), done


def test_ctrl_c_while_a_filter_compiles(host):
    """libpcap takes seconds over three hundred ports."""
    ports = " or ".join(f"port {n}" for n in range(300))
    process = host.start(lab.sonde_binary(), "sniff", "-i", "lo", ports)
    lab.wait_until(lambda: open(f"/proc/{process.pid}/comm", encoding="ascii").read() == "sonde\n", "the command")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert result.code == -signal.SIGINT and result.out == "" == result.err, result


def test_list_of_interfaces(pair):
    host, _, near, _ = pair
    out = sniff(host, "-D").out
    assert re.search(r"^\d+\.lo \[Up, Running, Loopback\]$", out, re.M) and re.search(rf"^\d+\.{near} \[Up, Running\]$", out, re.M)
    assert out.splitlines()[-1].startswith(f"{len(out.splitlines())}.any ")


# Live.

def test_any_shows_interface_and_direction(pair):
    host, _, near, _ = pair
    process = start_sniff(host, "-i", "any", "-n", "-t", "icmp", "-c", "4")
    host.run("ping", "-c", "1", "10.9.0.2")
    host.run("ping", "-c", "1", "127.0.0.1")
    result = finish(process)
    ping = r"IP {} > {}: ICMP echo {}, id \d+, seq 1, length 64"
    wanted = [f"{near:5} Out " + ping.format("10.9.0.1", "10.9.0.2", "request"),
              f"{near:5} In  " + ping.format("10.9.0.2", "10.9.0.1", "reply"),
              "lo    In  " + ping.format("127.0.0.1", "127.0.0.1", "request"),
              "lo    In  " + ping.format("127.0.0.1", "127.0.0.1", "reply")]
    assert result.code == 0 and len(result.lines) == 4, result
    for line, pattern in zip(result.lines, wanted):
        assert re.fullmatch(pattern, line), result


def test_ctrl_c_gives_the_counts_and_all_that_came(pair):
    host, _, near, _ = pair
    process = start_sniff(host, "-i", near, "-n", "icmp")
    host.run("ping", "-c", "3", "-i", "0.05", "10.9.0.2")
    result = end(process)
    assert result.code == 0 and len(result.lines) == 6, result
    assert counts(result) == [6, 6, 0], result


def test_quit_signal_prints_the_counts_and_goes_on(pair):
    host, _, near, _ = pair
    process = start_sniff(host, "-i", near, "-n", "-c", "4", "icmp")
    host.run("ping", "-c", "1", "10.9.0.2")
    assert next_line(process) and next_line(process)
    process.send_signal(signal.SIGQUIT)
    told = "".join(next_line(process, process.stderr) for _ in range(3))
    assert [int(n) for n in COUNTS.fullmatch(told).groups()] == [2, 2, 0]
    host.run("ping", "-c", "1", "10.9.0.2")
    result = finish(process)
    assert result.code == 0 and counts(result) == [4, 4, 0], result


def test_ctrl_c_loses_nothing_of_a_backlog(host):
    """Stopped, while more than a hundred thousand frames come; and then nobody reads what is shown for a second."""
    process = start_sniff(host, "-i", "lo", "--json", "-B", "131072", "icmp")
    os.kill(process.pid, signal.SIGSTOP)
    host.run("ping", "-q", "-f", "-s", "16", "-c", "40000", "127.0.0.1")
    process.send_signal(signal.SIGINT)
    os.kill(process.pid, signal.SIGCONT)
    time.sleep(1)
    result = finish(process)
    summary = parse_lines(result.out[-1000:].split("\n", 1)[1])[-1]
    assert result.code == 0 and summary["unread"] == 0 and summary["captured"] > 20_000, summary


def test_nothing_captured_is_exit_1(host):
    result = sniff(host, "-i", "lo", "--deadline", "100ms", "port 9")
    assert (result.code, result.out, counts(result)) == (1, "", [0, 0, 0])


def test_live_json_adds_up(pair):
    host, _, near, _ = pair
    process = start_sniff(host, "-i", "any", "--json", "icmp or icmp6")
    host.run("ping", "-c", "2", "-i", "0.05", "10.9.0.2")
    host.run("ping", "-c", "2", "-i", "0.05", "::1")
    result = end(process)
    assert result.code == 0 and result.err == "", result
    *packets, summary = parse_lines(result.out)
    for line in [*packets, summary]:
        VALIDATOR.validate(line)
    parts = ("dropped", "loopback_copies", "filtered", "captured", "unread")
    assert summary["received"] == sum(summary[name] for name in parts)
    assert summary["captured"] == len(packets) and summary["loopback_copies"] >= 4 and summary["unread"] == 0
    assert {(p["interface"], p["direction"]) for p in packets} >= {(near, "in"), (near, "out"), ("lo", "in")}


def send_frame(namespace, device, frame):
    script = ("import socket,sys\ns=socket.socket(socket.AF_PACKET,socket.SOCK_RAW)\ns.bind((sys.argv[1],0))\n"
              "s.send(bytes.fromhex(sys.argv[2]))")
    namespace.run("/usr/bin/python3", "-c", script, device, raw(frame).hex())


# libpcap compiles no filter for tags on `any`.
@pytest.mark.parametrize("where, words", [("interface", ()), ("interface", ("vlan 5",)), ("any", ())])
def test_vlan_tag_is_put_back(pair, tmp_path, where, words):
    host, other, near, far = pair
    path = tmp_path / "vlan.pcap"
    process = start_sniff(host, "-i", near if where == "interface" else "any", "-w", str(path), *words)
    tagged = Ether(src=sniff_packets.NEAR, dst="ff:ff:ff:ff:ff:ff") / Dot1Q(vlan=5, prio=3)
    send_frame(other, far, tagged / IP(src="10.9.0.2", dst="10.9.0.1") / UDP(sport=1, dport=9) / b"tagged")
    send_frame(other, far, Ether(src=sniff_packets.NEAR, dst="ff:ff:ff:ff:ff:ff") / ARP())
    result = end(process)
    assert result.code == 0, result
    told = parse_lines(sniff(host, "--json", "-r", str(path)).out)[:-1]
    tags = [layer for p in told for layer in p["layers"] if layer["layer"] == "vlan"]
    assert [(t["id"], t["prio"], t["type"]) for t in tags] == [(5, 3, 0x0800)], told
    udp = [p for p in told if p["layers"][-1].get("bytes") == b"tagged".hex()]
    assert len(udp) == 1 and udp[0]["captured"] == udp[0]["length"]
    assert len(told) == 1 or not words


def test_written_file_is_read_by_tcpdump_and_scapy(pair, tmp_path):
    host, _, near, _ = pair
    path = tmp_path / "live.pcap"
    process = start_sniff(host, "-i", near, "-w", str(path), "icmp")
    host.run("ping", "-c", "3", "-i", "0.05", "-s", "1000", "10.9.0.2")
    result = end(process)
    assert result.code == 0 and result.out == "" and counts(result)[0] == 6, result
    assert len(tcpdump(path).splitlines()) == 6 and len(rdpcap(str(path))) == 6
    assert all(p[IP].len == 1028 for p in rdpcap(str(path)))


def test_not_one_packet_before_the_filter(pair):
    """A stream of what the filter refuses: none of it is shown, however early."""
    host, other, near, far = pair
    flood = other.start("ping", "-f", "-q", "10.9.0.1")
    for _ in range(5):
        result = sniff(host, "-i", near, "--deadline", "150ms", "arp and host 192.0.2.1")
        assert (result.code, result.out) == (1, ""), result
    flood.kill()


def test_interface_deleted_and_made_again(pair):
    host, other, near, far = pair
    process = start_sniff(host, "-i", near, "-n", "-t", "-l", "icmp")
    host.run("ping", "-c", "1", "10.9.0.2")
    host.run("ip", "link", "del", near)
    lost = next_line(process, process.stderr)
    assert near in lost and "waiting" in lost
    host.join(other, ["10.9.0.1/24"], ["10.9.0.2/24"], (near, far))
    assert next_line(process, process.stderr) == f"sonde sniff: {near} is up again\n"
    host.run("ping", "-c", "1", "10.9.0.2")
    result = end(process)
    assert result.code == 0 and len(result.lines) == 4, result
    assert counts(result)[0] == 4


def test_interface_that_is_down(pair):
    host, _, near, _ = pair
    host.run("ip", "link", "set", near, "down")
    done = sniff(host, "-i", near)
    assert done.code == 2 and f"{near} is down" in done.err and f"ip link set {near} up" in done.err, done


def test_full_disk_and_unwritable_path(host, tmp_path):
    full = sniff(host, "-i", "lo", "-w", "/dev/full", "--deadline", "1s")
    assert full.code == 2 and "No space left" in full.err and full.err.count("\n") <= 5, full
    host.sh(f"mkdir -p {tmp_path}/small && mount -t tmpfs -o size=64k none {tmp_path}/small")
    path = f"{tmp_path}/small/file.pcap"
    process = start_sniff(host, "-i", "lo", "-w", path, "icmp")
    host.run("ping", "-c", "100", "-i", "0.002", "-s", "1000", "127.0.0.1")
    result = finish(process)
    assert result.code == 2 and "No space left" in result.err, result
    readable = host.run(lab.sonde_binary(), "sniff", "-t", "-r", path).stdout.splitlines()
    assert 20 < len(readable) < 80 and all("ICMP echo" in line for line in readable)
    unwritable = sniff(host, "-i", "lo", "-w", "/nonexistent/file", "--deadline", "1s")
    assert unwritable.code == 2 and "/nonexistent/file" in unwritable.err and unwritable.err.count("\n") == 1, unwritable


def test_full_disk_under_the_output(host, capture):
    path = capture(*[Ether() / IP(dst="10.0.0.1") / UDP() for _ in range(10)])
    done = host.run("sh", "-c", f"{lab.sonde_binary()} sniff -r {path} >/dev/full", check=False)
    assert done.returncode == 2 and "cannot write to stdout" in done.stderr


def test_closed_pipe_ends_it_quietly(host, capture):
    path = capture(*[raw(Ether() / IP(dst="10.0.0.1") / UDP())] * 20_000)
    done = host.run("bash", "-c", f"{lab.sonde_binary()} sniff -r {path} | head -1; exit ${{PIPESTATUS[0]}}", check=False)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)


def test_reader_of_written_packets_that_goes_away_ends_it_quietly(host, capture):
    path = capture(*[raw(Ether() / IP(dst="10.0.0.1") / UDP())] * 20_000)
    script = f"{lab.sonde_binary()} sniff -r {path} -w - | head -c 30 | wc -c; exit ${{PIPESTATUS[0]}}"
    done = host.run("bash", "-c", script, check=False)
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", "30")


def test_without_permission_the_capability_is_named(host):
    done = sniff(host, "-i", "lo", wrap=UNPRIVILEGED)
    assert done.code == 2 and done.out == "" and "cap_net_raw" in done.err.lower(), done


def test_capabilities_are_gone_once_it_listens(host):
    process = start_sniff(host, "-i", "lo", wrap=ONLY_NET_RAW)
    status = open(f"/proc/{process.pid}/status", encoding="ascii").read()
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert re.search(rf"^{kind}:\s+0+$", status, re.M), status
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert end(process).code == 1


def test_drops_are_told(pair, tmp_path):
    """A stopped process and a small ring: what the kernel could not keep is in the counts."""
    host, other, near, _ = pair
    process = start_sniff(host, "-i", near, "-B", "64", "-w", str(tmp_path / "drops.pcap"), "icmp")
    os.kill(process.pid, signal.SIGSTOP)
    other.run("ping", "-q", "-f", "-c", "3000", "-s", "1400", "10.9.0.1")
    os.kill(process.pid, signal.SIGCONT)
    result = end(process)
    captured, received, dropped = counts(result)
    assert dropped > 0 and received == captured + dropped, result
    assert len(tcpdump(tmp_path / "drops.pcap").splitlines()) == captured


STRANGE = """
import fcntl, os, struct, subprocess, sys
tap, no_protocol_information, infiniband = 2, 0x1000, 32
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"strange", tap | no_protocol_information))  # TUNSETIFF
fcntl.ioctl(fd, 0x400454cd, infiniband)  # TUNSETLINK
subprocess.run(["ip", "link", "set", "strange", "up"], check=True)
print("ready", flush=True)
for line in sys.stdin:
    os.write(fd, bytes.fromhex(line))
"""


@pytest.mark.parametrize("filter", ["udp port 7", "ip src host 10.0.0.2"])
def test_an_interface_of_a_kind_without_a_known_header(host, tmp_path, filter):
    """Its frames are shown and kept in the form of `any`: what their header is made of nobody can read."""
    strange = host.start("/usr/bin/python3", "-c", STRANGE, stdin=subprocess.PIPE)
    if strange.stdout.readline() != "ready\n":  # it ends where it cannot be made
        pytest.skip("SKIP no TAP device can be made here: " + strange.stderr.read().splitlines()[-1])
    path = tmp_path / "strange.pcap"
    process = start_sniff(host, "-i", "strange", "-c", "1", "--deadline", "20s", "-w", str(path), filter)
    packet = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=7, dport=7) / b"hello"
    strange.stdin.write(raw(Ether() / packet).hex() + "\n")
    strange.stdin.flush()
    result = finish(process)
    assert result.code == 0, result
    strange.kill()
    told = tcpdump(path)
    assert "10.0.0.2.7 > 10.0.0.1.7: UDP, length 5" in told, told
