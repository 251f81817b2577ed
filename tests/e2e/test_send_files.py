"""`sonde send` of digits, files and captures: from where they can be read more than once, and where they cannot."""

import subprocess

import pytest
from scapy.all import ARP, ICMP, IP, Ether, raw, wrpcap

import lab
from conftest import made
from test_send import A, B, send, send_json


@pytest.fixture(scope="module")
def host():
    namespace = made(lab.Namespace.fresh)
    namespace.use_names()
    yield namespace
    namespace.close()


def test_hexadecimal_digits_and_files(host, tmp_path):
    packet = raw(IP(src="127.0.0.1", dst="127.0.0.1", id=5) / ICMP(id=6))
    events, _ = send_json(host, "--explain", "--hex", packet.hex(" ", 2))
    assert events[0]["bytes"] == packet.hex() and events[0]["left"] == packet.hex()
    path = tmp_path / "packet.bin"
    path.write_bytes(packet)
    for arguments, options in ((("--file", path), {}), (("-",), {"stdin": path.open("rb")}),
                               (("--file", "-"), {"stdin": path.open("rb")})):
        events, accounting = send_json(host, "--wait", "5s", *arguments, **options)
        assert events[0]["bytes"] == packet.hex() and accounting["answered"] == 1


def test_capture_files_in_order_by_every_way(host, tmp_path):
    packets = [IP(src="127.0.0.1", dst="127.0.0.1", id=i + 1) / ICMP(id=6, seq=i) for i in range(20)]
    path = tmp_path / "packets.pcap"
    wrpcap(str(path), [Ether(src=A, dst=B) / p for p in packets])
    piped = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
    for arguments, options in ((("--file", path), {}), (("-",), {"stdin": path.open("rb")}),
                               (("-",), {"stdin": piped.stdout})):
        events, accounting = send_json(host, "--layer", "network", "-c", "2", "--wait", "5s", *arguments, **options)
        sent = [e["bytes"] for e in events if e["event"] == "sent"]
        assert sent == [raw(p).hex() for p in packets] * 2
        assert accounting["sent"] == 40 and accounting["replies"] == 40
    piped.wait()
    events, _ = send_json(host, "--dry-run", "-i", "lo", "--file", path)
    assert [e["door"] for e in events] == ["link"] * 20


@pytest.mark.parametrize("name", ["/dev/stdin", "fifo"])
def test_files_that_can_be_read_only_once(host, tmp_path, name):
    """A capture and a packet's bytes, twice over, from what a shell makes of <(...) and from a named pipe."""
    packets = [IP(src="127.0.0.1", dst="127.0.0.1", id=i + 1) / ICMP(id=6, seq=i) / bytes(1000) for i in range(200)]
    wrpcap(str(tmp_path / "packets.pcap"), packets)
    (tmp_path / "packet.bin").write_bytes(raw(packets[0]))
    fifo = tmp_path / "fifo"
    subprocess.run(["mkfifo", fifo], check=True)
    for file, expected in (("packets.pcap", packets), ("packet.bin", packets[:1])):
        if name == "fifo":
            with open(tmp_path / file, "rb") as source:
                writer = subprocess.Popen(["sh", "-c", 'cat > "$0"', fifo], stdin=source)
            given, options = fifo, {}
        else:
            writer = subprocess.Popen(["cat", tmp_path / file], stdout=subprocess.PIPE)
            given, options = name, {"stdin": writer.stdout}
        try:
            events, _ = send_json(host, "-c", "2", "--interval", "0", "--file", given, timeout=20, **options)
        finally:
            writer.kill()
            writer.wait()
        assert [e["bytes"] for e in events] == [raw(p).hex() for p in expected] * 2, file


def test_what_is_cut_short_in_a_pipe_names_the_file(host, tmp_path):
    path = tmp_path / "packets.pcap"
    wrpcap(str(path), [IP(src="127.0.0.1", dst="127.0.0.1") / ICMP() / bytes(100)] * 3)
    piped = subprocess.Popen(["head", "-c", "-30", path], stdout=subprocess.PIPE)
    result = send(host, "--file", "/dev/stdin", stdin=piped.stdout)
    piped.wait()
    assert result.code == 2 and "2 packets sent" in result.out and "'/dev/stdin'" in result.err, result


def test_bytes_without_end_are_refused(host):
    endless = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    result = send(host, "-", stdin=endless.stdout, timeout=20)
    endless.kill()
    endless.wait()
    assert result.code == 2 and "holds more than" in result.err, result


def test_packets_without_ip_and_cut_ones_are_left_out(host, tmp_path):
    path = tmp_path / "packets.pcap"
    whole = Ether(src=A, dst=B) / IP(src="127.0.0.1", dst="127.0.0.1") / ICMP()
    cut = Ether(raw(whole / (b"x" * 40))[:60])
    cut.wirelen = 82
    wrpcap(str(path), [whole, Ether(src=A, dst=B) / ARP(), cut])
    _, accounting = send_json(host, "--layer", "network", "--file", path)
    assert (accounting["sent"], accounting["skipped"]) == (1, 2)


def test_a_capture_file_cut_in_the_middle(host, tmp_path):
    path = tmp_path / "packets.pcap"
    wrpcap(str(path), [IP(src="127.0.0.1", dst="127.0.0.1") / ICMP() / bytes(100)] * 3)
    path.write_bytes(path.read_bytes()[:-30])
    result = send(host, "--file", path)
    assert result.code == 2 and "2 packets sent" in result.out and str(path) in result.err, result
    assert len(result.err.splitlines()) == 1
