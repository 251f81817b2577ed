"""tools/tidy.py finds each violation it knows in a tiny tree, and nothing in a clean one."""

import importlib.util
import sys
from pathlib import Path

import pytest

TIDY = Path(__file__).parent.parent / "tools" / "tidy.py"
spec = importlib.util.spec_from_file_location("tidy", TIDY)
tidy = importlib.util.module_from_spec(spec)
sys.modules["tidy"] = tidy  # dataclasses look their module up
spec.loader.exec_module(tidy)

CLEAN = {
    "sonde/base/bytes.hpp": "#pragma once\n#include <span>\n#include <boost/system/result.hpp>\n",
    "sonde/base/bytes_test.cpp": "#include <sonde/base/bytes.hpp>\n#include <sys/socket.h>\n",
    "sonde/base/ip_address.cpp": "#include <arpa/inet.h>\n#include <net/if.h>\n",
    "sonde/wire/icmp.hpp": "#pragma once\n#include <sonde/base/bytes.hpp>\n",
    "sonde/wire/icmp_test.cpp": "#include <sonde/wire/icmp.hpp>\n",
    "sonde/stats/rtt.cpp": "// sprintf( is only mentioned, and so is \" steady_clock::now()\nchar c = '\"'; int n = 1'000;\n",
    "sonde/socket/mechanism.cpp": "#include <sys/socket.h>\n#include <sys/capability.h>\nauto t = std::chrono::steady_clock::now();\n",
    "sonde/probe/echo_prober.cpp": "#include <sonde/stats/rtt.hpp>\nboost::system::result<int> f();\nvoid g() { operand(1); }\n",
    "sonde/stats/rtt.hpp": "#pragma once\n",
    "sonde/stats/rtt_test.cpp": "void pause() { std::this_thread::sleep_for(1s); }\n",
    "sonde/async/listener.cpp": "#include <boost/asio.hpp>\n#include <sonde/socket/mechanism.hpp>\nauto n() { return clock::now(); }\n",
    "sonde/socket/mechanism.hpp": "#pragma once\n",
    "sonde/socket/mechanism_test.cpp": "\n",
    "sonde/report/json.cpp": "#include <nlohmann/json.hpp>\n#include <sonde/probe/event.hpp>\n",
    "sonde/probe/event.hpp": "#pragma once\n",
    "sonde/probe/event_test.cpp": "\n",
    "cli/main.cpp": "#include <CLI/CLI.hpp>\n#include <cli/ping.hpp>\n#include <sonde/async/listener.hpp>\n",
    "cli/ping.hpp": "#pragma once\nnamespace sonde { using namespace std::chrono_literals; }\n",
    "sonde/async/listener.hpp": "#pragma once\n",
    "sonde/async/listener_test.cpp": "\n",
    "docs/HACKING.md": "See /usr/share/doc and ~/wor" "k/x and ${HOME}/home/y.\n",
    "build/rubbish.cpp": "int x = sprintf(y);\n",
    "out/CMakeCache.txt": "\n",
    "out/rubbish.cpp": "int x = sprintf(y);\n",
}


def lines(count, line="    f();"):
    return "\n".join([line] * count)


# rule -> [(file, its text)]: each must give a finding of that rule in that file.
VIOLATIONS = {
    "include-room": [
        ("sonde/wire/x.cpp", "#include <sonde/stats/rtt.hpp>\n"),  # a sibling
        ("sonde/base/x.cpp", "#include <sonde/wire/icmp.hpp>\n"),  # upwards
        ("sonde/socket/x.cpp", "#  include <sonde/wire/icmp.hpp>\n"),
        ("sonde/probe/x.cpp", "#include <sonde/socket/mechanism.hpp>\n"),
        ("sonde/async/x.cpp", "#include <sonde/report/json.hpp>\n"),
        ("sonde/report/x.cpp", "#include <sonde/async/listener.hpp>\n"),
        ("sonde/report/x.cpp", "#include <sonde/socket/mechanism.hpp>\n"),
        ("sonde/async/x.cpp", "#include <cli/ping.hpp>\n"),
        ("sonde/probe/x_test.cpp", "#include <sonde/socket/mechanism.hpp>\n"),
        ("sonde/attic/x.cpp", "int x;\n"),  # no such room
    ],
    "include-foreign": [
        ("sonde/probe/x.cpp", "#include <boost/asio/io_context.hpp>\n"),
        ("sonde/report/x.cpp", "#include <boost/asio.hpp>\n"),
        ("sonde/base/x.cpp", "#include <boost/container/static_vector.hpp>\n"),
        ("sonde/async/x.cpp", "#include <nlohmann/json.hpp>\n"),
        ("sonde/async/x.cpp", "#include <CLI/CLI.hpp>\n"),
        ("sonde/async/x.cpp", "#include <sys/capability.h>\n"),
        ("sonde/wire/x.cpp", "#include <netinet/ip_icmp.h>\n"),
        ("sonde/probe/x.cpp", "#include <netdb.h>\n"),
        ("cli/x.cpp", "#include <sys/socket.h>\n"),
        ("cli/x.cpp", "#include <linux/errqueue.h>\n"),
        ("sonde/base/prefix.cpp", "#include <arpa/inet.h>\n"),
    ],
    "include-form": [
        ("sonde/wire/x.cpp", '#include "icmp.hpp"\n'),
        ("cli/x.cpp", '#include "cli/ping.hpp"\n'),
        ("sonde/wire/x.cpp", "#include <sonde/wire/../stats/rtt.hpp>\n"),
    ],
    "include-missing": [("sonde/wire/x.cpp", "#include <sonde/wire/nowhere.hpp>\n")],
    "file-length": [("sonde/wire/x.cpp", lines(601, "int x;")), ("dev", lines(601, ":"))],
    "function-length": [
        ("sonde/wire/x.cpp", "namespace {\nvoid long_one(int a) noexcept {\n" + lines(69) + "\n}\n}\n"),
        ("sonde/wire/x.cpp", "struct s {\n    s() : a{1}, b(2) {\n" + lines(69) + "\n    }\n};\n"),
        ("sonde/wire/x.cpp", "template <class T>\n    requires(sizeof(T) > 1)\nstruct s {\nint x = 3;\nauto f() const -> int {\n" + lines(69) + "\n}\n};\n"),
        ("sonde/wire/x_test.cpp", "TEST(Suite, Name) {\n    if (x) {\n" + lines(69) + "\n    }\n}\n"),
        ("sonde/wire/x.cpp", "auto f = [](int a) {\n" + lines(69) + "\n};\n"),
    ],
    "banned-call": [
        ("sonde/wire/x.cpp", "void f() { gettimeofday(&t, nullptr); }\n"),
        ("sonde/wire/x.cpp", "void f() { std::sprintf(a, b); }\n"),
        ("cli/x.cpp", "void f() { strcpy(a, b); }\n"),
        ("cli/x.cpp", "int f() { return std::system(\"ls\"); }\n"),
        ("bench/x.cpp", "int f() { return system(\"ls\"); }\n"),
        ("sonde/wire/x_test.cpp", "int f() { return std::rand(); }\n"),
    ],
    "sleep": [
        ("sonde/async/x.cpp", "void f() { std::this_thread::sleep_for(1s); }\n"),
        ("sonde/socket/x.cpp", "void f() { usleep(1); }\n"),
    ],
    "clock": [
        ("sonde/probe/x.cpp", "auto t = std::chrono::steady_clock::now();\n"),
        ("sonde/report/x.cpp", "auto t = system_clock::now();\n"),
        ("sonde/socket/x.cpp", "void f() { clock_gettime(CLOCK_MONOTONIC, &t); }\n"),
    ],
    "cast": [
        (f"sonde/{room}/x.cpp", "auto p = reinterpret_cast<const iphdr*>(data);\n") for room in sorted(tidy.PURE_ROOMS)
    ],
    "using-namespace": [("sonde/wire/x.hpp", "#pragma once\nusing namespace std;\n")],
    "pragma-once": [("cli/x.hpp", "int x;\n"), ("sonde/wire/x.hpp", "// #pragma once\n")],
    "utils": [("sonde/wire/utils/x.cpp", "\n"), ("cli/utils.cpp", "\n")],
    "manager": [("cli/x.cpp", "class SocketManager {};\n"), ("cli/x.cpp", "struct socket_manager {};\n")],
    "untested": [("sonde/wire/x.hpp", "#pragma once\n")],
    "mark": [("docs/x.md", "TO" + "DO: write\n"), ("sonde/wire/x.cpp", "// FIX" + "ME\n")],
    "machine-path": [("tests/x.sh", "cd /wo" + "rk/main\n"), ("docs/x.md", "in `/ro" + "ot/x`\n"), ("dev", "/ho" + "me/me/x\n")],
}


def build(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def found(root, exemptions=None):
    return {(f.path, f.rule) for f in tidy.check(root, exemptions or {})[1]}


def test_a_clean_tree_has_no_findings(tmp_path):
    files, findings = tidy.check(build(tmp_path, CLEAN), {})
    assert findings == []
    assert files == len(CLEAN) - 3


@pytest.mark.parametrize("rule, path, text", [(rule, *case) for rule, cases in VIOLATIONS.items() for case in cases])
def test_each_violation_is_found_and_nothing_else(tmp_path, rule, path, text):
    tree = build(tmp_path, CLEAN)
    reported = found(build(tree, {path: text}))
    assert (path, rule) in reported
    assert {r for p, r in reported} - {rule} <= {"untested"}


def test_twins_are_found(tmp_path):
    build(tmp_path, CLEAN | {"cli/ping_v4.cpp": "\n", "cli/ping_v6.cpp": "\n"})
    assert found(tmp_path) == {("cli/ping_v4", "twins")}
    assert found(tmp_path, {"twins": {"cli/ping_v4": "a reason"}}) == set()


def test_numbers_that_are_no_family_are_not_twins(tmp_path):
    build(tmp_path, CLEAN | {"cli/base64.cpp": "\n", "cli/base66.cpp": "\n"})
    assert found(tmp_path) == set()


def test_an_exemption_silences_its_finding_only(tmp_path):
    build(tmp_path, CLEAN | {"sonde/wire/x.hpp": "#pragma once\n", "sonde/wire/y.hpp": "#pragma once\n"})
    assert found(tmp_path, {"untested": {"sonde/wire/x.hpp": "names only"}}) == {("sonde/wire/y.hpp", "untested")}


@pytest.mark.parametrize("name", ["long_one", "TEST(Suite,Name)"])
def test_a_long_function_may_be_let_pass_by_name(tmp_path, name):
    header = name.replace(",", ", ") if name.startswith("TEST") else f"void {name}()"
    build(tmp_path, CLEAN | {"sonde/wire/x.cpp": header + " {\n" + lines(69) + "\n}\n"})
    assert found(tmp_path) == {("sonde/wire/x.cpp", "function-length")}
    assert found(tmp_path, {"function-length": {f"sonde/wire/x.cpp:{name}": "a table"}}) == set()


def test_stale_and_unexplained_exemptions_are_found(tmp_path):
    build(tmp_path, CLEAN | {"sonde/wire/x.hpp": "#pragma once\n"})
    for entries in ({"sonde/wire/x.hpp": " "}, {"sonde/wire/x.hpp": "names", "sonde/wire/gone.hpp": "gone"}):
        assert found(tmp_path, {"untested": entries}) == {("tools/tidy.toml", "stale-exemption")}


def test_seventy_lines_are_not_too_long(tmp_path):
    text = "void f() {\n" + lines(68) + "\n}\n"
    build(tmp_path, CLEAN | {"sonde/wire/x.cpp": text * 8})
    assert found(tmp_path) == set()


def test_functions_are_measured_one_by_one():
    code = tidy.strip_code(
        'namespace n {\nstruct s {\n    s() : a{1} {\n        g("}");\n    }\n    int a{2};\n    int b() { return 1; }\n};\n'
        "const int t[] = {f(1), f(2)};\nenum class e : int { x };\n#define M {\nint c(int x = f(1)) /* { */ noexcept\n{\n    if (x) { y(); }\n}\n}\n")
    assert list(tidy.functions(code)) == [("s", 3, 5), ("b", 7, 7), ("c", 12, 15)]


def test_every_rule_is_proved_here():
    assert set(VIOLATIONS) | {"twins", "stale-exemption"} == tidy.RULES


def test_the_command_says_it_and_fails(tmp_path, capsys):
    build(tmp_path, CLEAN | {"tools/tidy.toml": ""})
    assert tidy.main([str(tmp_path)]) == 0
    build(tmp_path, {"sonde/wire/x.cpp": '#include "icmp.hpp"\n'})
    assert tidy.main([str(tmp_path)]) == 1
    assert "sonde/wire/x.cpp:1: include-form: " in capsys.readouterr().out
    assert tidy.main([str(build(tmp_path / "empty", {"tools/tidy.toml": ""}))]) == 0
