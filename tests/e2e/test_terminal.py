"""On a real terminal: the live table, the final table, and that nothing hostile reaches either."""

import re
import shlex
import subprocess

import pytest

import lab
from command import ping, ping_json
from lab import wait_until

ESCAPE = re.compile(r"\x1b")


class Terminal:
    """tmux, with a server of its own."""

    def __init__(self, folder, columns=100, lines=24):
        self.socket = str(folder / "tmux")
        self.folder = folder
        self.size = (str(columns), str(lines))

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-f", "/dev/null", "-S", self.socket, *arguments], text=True, timeout=20,
                              capture_output=True, check=True,
                              env=lab.clean_environment(TERM="xterm-256color", SHELL="/bin/sh")).stdout

    def run(self, namespace, *arguments, subcommand="ping"):
        command = shlex.join([*namespace.enter, lab.sonde_binary(), subcommand, *arguments])
        self.ended = self.folder / "status"
        ended = shlex.quote(str(self.ended))
        # The shell outlives ^C, and the file is there only when it is whole.
        self.tmux("new-session", "-d", "-x", self.size[0], "-y", self.size[1],
                  f"trap : INT QUIT; {command}; echo $? >{ended}.part; mv {ended}.part {ended}; exec sleep 600")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def history(self):
        return self.tmux("capture-pane", "-p", "-S", "-")

    def wait_for(self, pattern):
        return wait_until(lambda: re.search(pattern, self.screen()) and self.screen(), pattern)

    def code(self):
        wait_until(self.ended.exists, "the end of the run", 30)
        return int(self.ended.read_text())

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, timeout=20, check=False)


@pytest.fixture
def terminal(tmp_path):
    window = Terminal(tmp_path)
    yield window
    window.close()


def test_live_table_is_drawn_over_itself_and_ends_as_the_final_table(host, terminal):
    terminal.run(host, "-i", "0.1", "127.0.0.1", "::1", "127.0.0.3")
    screen = terminal.wait_for(r"3 of 3 targets answered, \d+ sent")
    first = int(re.search(r"(\d+) sent", screen)[1])
    later = wait_until(lambda: (m := re.search(r"(\d+) sent", terminal.screen())) and int(m[1]) > first + 6 and
                       terminal.screen(), "a later table")
    # One table on the screen, however often it was drawn.
    assert len(re.findall(r"^target ", later, re.M)) == 1 and len(re.findall(r"^127\.0\.0\.3 ", later, re.M)) == 1
    terminal.tmux("send-keys", "C-c")
    assert terminal.code() == 0
    final = terminal.history()
    assert len(re.findall(r"^target ", final, re.M)) == 1
    assert "3 of 3 targets answered; " in final and " sent," not in final
    assert "icmp_seq" not in final


def test_more_targets_than_lines(host, terminal):
    terminal.run(host, "-i", "0.2", "127.0.0.0/26")
    screen = terminal.wait_for(r"62 of 62 targets answered")
    assert re.search(r"\.\.\. and \d+ more", screen)
    assert len(screen.rstrip("\n").splitlines()) <= 24
    terminal.tmux("send-keys", "C-c")
    assert terminal.code() == 0
    assert len(re.findall(r"^127\.0\.0\.\d+ ", terminal.history(), re.M)) == 62


def test_narrow_terminal_does_not_wrap(host, tmp_path):
    window = Terminal(tmp_path, columns=40, lines=12)
    try:
        window.run(host, "-i", "0.1", "127.0.0.1", "127.0.0.111", "localhost")
        screen = window.wait_for(r"\n3 of 3 targets answered, [1-9]\d+ sent")
        assert [line.split()[0] for line in screen.splitlines()[:6]][1::4] == ["target", "3"], screen
        window.tmux("send-keys", "C-c")
        assert window.code() == 0
        # The echoed ^C must not have moved the place where drawing began.
        assert len(re.findall(r"^target ", window.history(), re.M)) == 1, window.history()
    finally:
        window.close()


def test_terminal_that_shrinks_in_mid_run(host, terminal):
    terminal.run(host, "-i", "0.1", "127.0.0.0/27")
    terminal.wait_for(r"30 of 30 targets answered")
    terminal.tmux("resize-window", "-x", "60", "-y", "10")
    terminal.wait_for(r"\.\.\. and 2\d more")
    terminal.tmux("send-keys", "C-c")
    assert terminal.code() == 0


def test_keyboard_quit_prints_the_state_and_goes_on(host, terminal):
    terminal.run(host, "-i", "0.1", "127.0.0.1")
    terminal.wait_for("icmp_seq=3 ")
    terminal.tmux("send-keys", "C-\\")
    terminal.wait_for(r"\d+/\d+ packets, 0% loss, min/avg/ewma/max = ")
    terminal.tmux("send-keys", "C-c")
    assert terminal.code() == 0
    assert "ping statistics" in terminal.history()


def test_one_target_has_lines_on_a_terminal_too(host, terminal):
    terminal.run(host, "-c", "3", "-i", "0.1", "127.0.0.1")
    assert terminal.code() == 0
    assert len(re.findall("64 bytes from 127.0.0.1: icmp_seq=", terminal.history())) == 3


def test_flood_leaves_no_dots_behind(host, terminal):
    terminal.run(host, "-f", "-c", "300", "127.0.0.1")
    assert terminal.code() == 0
    lines = terminal.history().splitlines()
    assert lines[0].startswith("PING 127.0.0.1") and not any("." * 3 in line for line in lines)


def test_plot_fits_the_terminal(host, tmp_path):
    window = Terminal(tmp_path, columns=50, lines=30)
    try:
        window.run(host, "--plot", "-c", "5", "-i", "0.1", "127.0.0.1")
        assert window.code() == 0
        screen = window.screen()
        assert re.search(r"ms .* [1-5]$", screen, re.M), screen
    finally:
        window.close()


@pytest.mark.parametrize("arguments", [(), ("--json",), ("-f",), ("-q",), ("--plot",)], ids=str)
@pytest.mark.parametrize("targets", [("127.0.0.1",), ("127.0.0.1", "::1")], ids=["one", "two"])
def test_no_escape_codes_where_there_is_no_terminal(host, arguments, targets):
    result = ping(host, "-c", "3", "-i", "0.1", *arguments, *targets,
                  env=lab.clean_environment(TERM="xterm-256color"))
    assert not ESCAPE.search(result.out + result.err)


def test_dumb_terminal_gets_no_escape_codes(host, terminal):
    command = ["env", "TERM=dumb", lab.sonde_binary()]
    terminal.tmux("new-session", "-d", "-x", "100", "-y", "24",
                  shlex.join([*host.enter, *command, "ping", "-c", "2", "-i", "0.1", "127.0.0.1", "::1"]) +
                  "; exec sleep 600")
    screen = terminal.wait_for("2 of 2 targets answered; ")
    assert "icmp_seq=2" in screen and "^[" not in screen


HOSTILE = {  # names, and how they are shown
    "\x1b[31mred": "\\x1b[31mred", "a\"b": "a\"b", "<script>": "<script>", "quote'": "quote'", "bell\x07": "bell\\x07",
    "\u202etxt.exe": "\\u{202e}txt.exe", "back\\slash": "back\\", "\x7f": "\\x7f", "\udcff\udcfe": "\\xff\\xfe",
}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_name_of_an_address_is_escaped(host, name):
    """What the resolver says of the offender's or the target's address goes through the same hands."""
    hosts = lab.HOSTS + f"127.0.0.66 {name} good.test\n"
    host.use_names(hosts)
    result = ping(host, "-c", "3", "-i", "0.1", "good.test")
    assert result.code == 0
    # The address's own name is shown from when it was looked up.
    assert f"64 bytes from {HOSTILE[name]}" in result.lines[3], result
    assert not [c for c in result.out.replace("\n", "") if not c.isprintable()], result
    report = ping_json(host, "-c", "2", "-i", "0.1", "good.test")
    assert report.total["received"] == 2 and "\x1b" not in report.result.out and "\u202e" not in report.result.out


def test_reverse_name_is_shown_from_when_it_is_there(host):
    host.use_names(lab.HOSTS + "127.0.0.66 official.test good.test\n")
    result = ping(host, "-c", "3", "-i", "0.2", "good.test")
    assert "64 bytes from official.test (127.0.0.66): icmp_seq=3 " in result.out
