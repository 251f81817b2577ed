#!/usr/bin/env python3
"""The layout's own test: `tidy.py [ROOT]` checks the tree against the house rules of docs/ARCHITECTURE.md.

Prints `path:line: rule: message` for each finding, and exits with 1 if there is any. `tidy.toml` beside this file lists
what is let pass, with reasons. A link graph does not stop a header from leaking into a room that must not know it;
this does. It reads text, not C++: a heuristic that is wrong once a year beats a compiler plugin nobody maintains.
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70

# Which rooms a room may include besides itself. Siblings of one rank never include each other.
ROOMS = {
    "base": set(),
    "wire": {"base"},
    "stats": {"base"},
    "socket": {"base"},
    "probe": {"base", "wire", "stats"},
    "respond": {"base", "wire", "stats"},
    "craft": {"base", "wire"},
    "sim": {"base", "wire", "stats"},
    "async": {"base", "wire", "stats", "socket", "probe", "respond", "sim"},
    "report": {"base", "wire", "stats", "probe", "respond", "craft", "sim"},
}
ROOMS["cli"] = set(ROOMS)
PURE_ROOMS = {"wire", "stats", "probe", "respond", "craft", "sim", "report"}

# Headers of others: pattern, the rooms that may include it, further files that may.
FOREIGN = [
    (r"boost/(asio|beast)\b", {"async", "cli"}, set()),
    (r"nlohmann/", {"report", "cli"}, set()),
    (r"CLI/", {"cli"}, set()),
    (r"toml\+\+/", {"sim"}, set()),
    (r"sys/capability\.h|linux/capability\.h|libcap", {"socket"}, set()),
    (r"(arpa/inet|net/if)\.h", {"socket"}, {"sonde/base/ip_address.cpp"}),
    (r"pcap\b", {"socket"}, set()),
    (r"libmnl/", {"socket"}, set()),
    (r"nftables/", {"cli"}, set()),
    (r"maxminddb", {"cli"}, set()),
    (r"netdb\.h", {"socket", "async", "cli"}, set()),
    (r"sys/socket\.h|sys/un\.h|(netinet|netinet6|netpacket|net|arpa|linux)/", {"socket"}, set()),
]
BASE_BOOST = r"boost/(system|assert|throw_exception|config)\b"

CLOCK = r"\b\w*clock\w*\s*::\s*now\s*\(|\bclock_gettime\s*\("
# Rule, pattern, what to do instead; the scope is decided in `banned_scope`.
BANNED = [
    ("banned-call", r"\bgettimeofday\s*\(", "time is an argument"),
    ("banned-call", r"(?<!\w)v?sprintf\s*\(", "use fmt"),
    ("banned-call", r"\bstr(cpy|cat)\s*\(", "use std::string or std::copy"),
    ("banned-call", r"(?<!\w)(?<!\.)(?<!->)system\s*\(", "never shell out"),
    ("banned-call", r"\bstd\s*::\s*rand\b|(?<![\w:.>])s?rand\s*\(", "use <random> with a seed that is shown"),
    ("sleep", r"\b(u|nano)?sleep\s*\(|\bsleep_(for|until)\s*\(", "a library never sleeps: time is an argument"),
    ("clock", CLOCK, "time is an argument; clocks are read in async, cli and socket/mechanism only"),
    ("cast", r"\breinterpret_cast\b", "bytes, never casts: sonde/base/bytes.hpp"),
]

CODE = {".hpp", ".cpp", ".h", ".py", ".sh", ".cmake"}
TEXT = CODE | {".md", ".txt", ".json", ".toml", ".in", ".yml", ".yaml"}
SCRIPTS = {"dev", ".ci/run"}
SKIPPED_FOLDERS = {"build", "__pycache__", "corpus"}
# Put together here, or this file would find itself.
MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.~$}/-])/(" + "|".join(["wo" + "rk", "ho" + "me", "ro" + "ot"]) + r")/")

RULES = {
    "include-room", "include-foreign", "include-form", "include-missing", "file-length", "function-length",
    "banned-call", "sleep", "clock", "cast", "using-namespace", "pragma-once", "utils", "manager", "twins", "untested",
    "mark", "machine-path", "stale-exemption",
}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def strip_code(text):
    """C++ without comments, literals' contents and preprocessor lines, line for line. `#include` lines are gone too."""
    token = re.compile(
        r"""(?P<line>//(?:\\\n|[^\n])*)|(?P<block>/\*.*?\*/)"""
        r"""|(?P<raw>(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")"""
        r"""|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')""",
        re.S)

    def blank(match):
        newlines = "\n" * match.group().count("\n")
        return newlines if match.lastgroup in ("line", "block") else '""' + newlines

    text = token.sub(blank, text)
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: "\n" * m.group().count("\n"), text, flags=re.M)


# What stands before a `{` that opens no function.
_SCOPE = re.compile(r"^\s*(?:(?:export|inline|static|typedef|template\s*<.*>|requires\s*\(.*?\)|\[\[.*?\]\])\s*)*"
                    r"(?:namespace|class|struct|union|enum|extern)\b(?!.*\)\s*(?:const|noexcept|override|final|->|$))", re.S)
_CONTROL = re.compile(r"^\s*(?:if|for|while|switch|do|else|try|catch)\b")
_MEMBER_INIT = re.compile(r"\)\s*(?:noexcept(?:\(.*?\))?\s*)?:(?!:).*[\w>]\s*$", re.S)
_NAME = re.compile(r"([~\w:]+|operator\s*\S+?)\s*\(")


def functions(text):
    """Yields (name, first line, last line) of each function body at namespace or class scope in stripped code.

    A test's name is `TEST(Suite, Name)` without its spaces. Lambdas count as part of the function around them.
    """
    line, header, header_line = 1, "", 0
    stack = []  # one of "scope", "skip", or (name, first line)
    for char in text:
        inside = bool(stack) and stack[-1] != "scope"
        if char == "\n":
            line += 1
        if char == "{":
            if inside:
                stack.append("skip")
            elif ")" not in header or _SCOPE.match(header):
                stack.append("scope" if _SCOPE.match(header) else "skip")
            elif _MEMBER_INIT.search(header) or _CONTROL.match(header) or header.rstrip().endswith(("=", ",", "(")):
                stack.append("skip")
            else:
                stack.append((function_name(header), header_line))
            if stack[-1] == "scope":
                header = ""
        elif char == "}":
            if stack:
                closed = stack.pop()
                if isinstance(closed, tuple):
                    yield closed[0], closed[1], line
                    header = ""
                elif closed == "scope":
                    header = ""
                elif not stack or stack[-1] == "scope":
                    header += "{}"
        elif inside:
            continue
        elif char == ";":
            header = ""
        else:
            if not header.strip() and not char.isspace():
                header, header_line = "", line
            header += char


def function_name(header):
    test = re.match(r"\s*(TEST(?:_[FP])?)\s*\(\s*(\w+)\s*,\s*(\w+)", header)
    if test:
        return f"{test.group(1)}({test.group(2)},{test.group(3)})"
    found = _NAME.search(header)
    return found.group(1) if found else "?"


class Tree:
    def __init__(self, root, exemptions):
        self.root = Path(root)
        self.exemptions = exemptions
        self.used = set()
        self.findings = []
        self.files = sorted(self._walk())
        self.texts = {p: (self.root / p).read_text(encoding="utf-8", errors="replace")
                      for p in self.files if PurePosixPath(p).suffix in TEXT or p in SCRIPTS}

    def _walk(self):
        pending = [self.root]
        while pending:
            folder = pending.pop()
            if (folder / "CMakeCache.txt").exists():
                continue
            for entry in folder.iterdir():
                hidden = entry.name.startswith(".") and entry.name != ".ci"
                if entry.is_dir() and not entry.is_symlink():
                    if not hidden and entry.name not in SKIPPED_FOLDERS:
                        pending.append(entry)
                elif entry.is_file() and not hidden:
                    yield entry.relative_to(self.root).as_posix()

    def report(self, path, line, rule, message, key=None):
        """A finding, unless tidy.toml lets `key` (by default the path) pass this rule."""
        assert rule in RULES
        key = key or path
        if key in self.exemptions.get(rule, {}):
            self.used.add((rule, key))
        else:
            self.findings.append(Finding(path, line, rule, message))


def room_of(path):
    """The room of a file: `wire` for sonde/wire/..., `cli` for cli/..., None for the rest of the tree."""
    parts = PurePosixPath(path).parts
    if parts[0] == "cli":
        return "cli"
    return parts[1] if parts[0] == "sonde" and len(parts) > 2 else None


def is_test(path):
    return PurePosixPath(path).stem.endswith("_test")


def is_cpp(path):
    return PurePosixPath(path).suffix in (".hpp", ".cpp", ".h")


def check_includes(tree, path, text):
    room = room_of(path)
    if room is None:
        return
    if room not in ROOMS:
        tree.report(path, 1, "include-room", f"`{room}` is not a room of the house")
        return
    for number, content in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*(?:include|import)\s*(["<])([^">]+)[">]', content)
        if found:
            check_include(tree, path, number, room, found.group(1), found.group(2))


def check_include(tree, path, number, room, quote, name):
    own = re.match(r"(?:sonde/(\w+)|(cli))/.", name)
    if quote == '"' or (own and "../" in name):
        tree.report(path, number, "include-form", f"write <sonde/room/x.hpp> or <cli/x.hpp>, not \"{name}\"")
    elif own:
        other = own.group(1) or own.group(2)
        if other != room and other not in ROOMS[room]:
            tree.report(path, number, "include-room", f"{room} must not include {other} ({name})")
        elif not (tree.root / name).is_file():
            tree.report(path, number, "include-missing", f"{name} does not exist")
    else:
        check_foreign(tree, path, number, room, name)


def check_foreign(tree, path, number, room, name):
    if room == "base" and name.startswith("boost/") and not re.match(BASE_BOOST, name):
        tree.report(path, number, "include-foreign", f"base takes only Boost.System, not {name}")
        return
    for pattern, rooms, files in FOREIGN:
        if re.match(pattern, name):
            # A test may look at the kernel's own structures; it does not leak into anything.
            by_test = is_test(path) and name.endswith(".h")
            if room not in rooms and path not in files and not by_test:
                tree.report(path, number, "include-foreign", f"{name} belongs to {', '.join(sorted(rooms))}")
            return


def banned_scope(rule, path):
    room = room_of(path)
    if rule == "banned-call":
        return True
    if rule == "sleep":
        return room is not None and room != "cli" and not is_test(path)
    if rule == "clock":
        allowed = room in (None, "async", "cli") or path.startswith("sonde/socket/mechanism")
        return not allowed and not is_test(path)
    return room in PURE_ROOMS and not is_test(path)


def check_code(tree, path, text):
    code = strip_code(text)
    for number, content in enumerate(code.splitlines(), 1):
        for rule, pattern, instead in BANNED:
            found = re.search(pattern, content)
            if found and banned_scope(rule, path):
                tree.report(path, number, rule, f"`{found.group().strip()}`: {instead}")
        if re.search(r"\b(?:class|struct)\s+(?:\[\[.*?\]\]\s*)?\w*[Mm]anager\b", content):
            tree.report(path, number, "manager", "a class called Manager: a concept has not been found yet")
        if path.endswith((".hpp", ".h")) and re.match(r"using\s+namespace\b", content):
            tree.report(path, number, "using-namespace", "in a header, it is everybody's")
    if path.endswith((".hpp", ".h")) and not re.search(r"^#pragma once$", text, re.M):
        tree.report(path, 1, "pragma-once", "missing")
    for name, first, last in functions(code):
        length = last - first + 1
        if length > MAX_FUNCTION_LINES:
            tree.report(path, first, "function-length", f"{name} has {length} lines, more than {MAX_FUNCTION_LINES}",
                        key=f"{path}:{name}")


def check_text(tree, path, text):
    lines = text.splitlines()
    if (PurePosixPath(path).suffix in CODE or path in SCRIPTS) and len(lines) > MAX_FILE_LINES:
        tree.report(path, 1, "file-length", f"{len(lines)} lines, more than {MAX_FILE_LINES}")
    for number, content in enumerate(lines, 1):
        mark = MARKS.search(content)
        if mark:
            tree.report(path, number, "mark", f"{mark.group()}: do it, or open an issue")
        place = MACHINE_PATHS.search(content)
        if place:
            tree.report(path, number, "machine-path", f"{place.group()}: a path of somebody's machine")


def check_names(tree):
    folded = {}
    for path in tree.files:
        parts = PurePosixPath(path)
        for part in [*parts.parent.parts, parts.stem]:
            if part.lower() in ("util", "utils", "utilities", "helpers", "misc"):
                tree.report(path, 1, "utils", f"`{part}` names no concept")
        if is_cpp(path):
            concept = str(parts.with_suffix("")).removesuffix("_test")
            folded.setdefault(re.sub(r"(?<![0-9])[46](?![0-9])", "N", concept), set()).add(concept)
    for twins in map(sorted, folded.values()):
        if len(twins) > 1:
            tree.report(twins[0], 1, "twins", f"and {twins[1]}: one path for v4 and v6, the family is a parameter")


def check_tested(tree):
    present = set(tree.files)
    for path in tree.files:
        if not path.startswith("sonde/") or not path.endswith(".hpp") or is_test(path):
            continue
        if path.removesuffix(".hpp") + "_test.cpp" not in present:
            tree.report(path, 1, "untested", "no test beside it, and no reason in tools/tidy.toml")


def check_exemptions(tree):
    findings = []
    for rule, entries in tree.exemptions.items():
        for key, reason in entries.items():
            if (rule, key) not in tree.used:
                findings.append(f"[{rule}] {key} is not needed")
            elif not str(reason).strip():
                findings.append(f"[{rule}] {key} gives no reason")
    for message in findings:
        tree.report("tools/tidy.toml", 1, "stale-exemption", message)


def check(root, exemptions):
    """All findings in the tree, in order of path and line."""
    tree = Tree(root, exemptions)
    for path, text in tree.texts.items():
        check_text(tree, path, text)
        if is_cpp(path):
            check_includes(tree, path, text)
            check_code(tree, path, text)
    check_names(tree)
    check_tested(tree)
    check_exemptions(tree)
    return len(tree.texts), sorted(tree.findings, key=lambda f: (f.path, f.line, f.rule))


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent)
    exemptions = tomllib.loads((root / "tools/tidy.toml").read_text(encoding="utf-8"))
    files, findings = check(root, exemptions)
    for finding in findings:
        print(finding)
    print(f"tidy: {files} files, {len(findings)} findings")
    return 1 if findings or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
