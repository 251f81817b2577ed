"""tools/tally.py counts what ctest, GoogleTest and pytest say, and never loses a failure."""

import subprocess
import sys
from pathlib import Path

import pytest

TALLY = Path(__file__).parent.parent / "tools" / "tally.py"


def tally(tmp_path, *cases):
    path = tmp_path / "ctest.xml"
    path.write_text("<testsuite>" + "".join(cases) + "</testsuite>", encoding="utf-8")
    ran = subprocess.run([sys.executable, "-B", TALLY, path], capture_output=True, text=True, check=True)
    return tuple(map(int, ran.stdout.split()))


def case(status, output="", inner=""):
    return f'<testcase name="x" status="{status}">{inner}<system-out>{output}</system-out></testcase>'


SKIPPED = '<skipped message="SKIP_RETURN_CODE=77"/>'
NOT_FOUND = '<skipped message="Unable to find executable"/>'
GTEST = "[==========] 4 tests ran.\n[  PASSED  ] 2 tests.\n"
GTEST_SKIP = GTEST + "[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] A.b\n"
GTEST_FAIL = GTEST_SKIP + "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A.c\n"


@pytest.mark.parametrize("xml, expected", [
    (case("run"), (1, 0, 0)),
    (case("fail"), (0, 1, 0)),
    (case("notrun", "SKIP", SKIPPED), (0, 0, 1)),
    (case("notrun", "", NOT_FOUND), (0, 1, 0)),
    (case("disabled"), (0, 0, 1)),
    (case("run", GTEST), (2, 0, 0)),
    (case("run", GTEST_SKIP), (2, 0, 1)),
    (case("fail", GTEST_FAIL), (2, 1, 1)),
    (case("fail", GTEST), (2, 1, 0)),  # crashed in its exit
    (case("run", ".... [100%]\n4 passed in 75.10s (0:01:15)\n"), (4, 0, 0)),
    (case("fail", "F.s\n1 failed, 2 passed, 1 skipped, 3 errors in 0.30s\n"), (2, 4, 1)),
    (case("run", "we passed 3 passed things\n"), (1, 0, 0)),
])
def test_one_program(tmp_path, xml, expected):
    assert tally(tmp_path, xml) == expected


def test_programs_add_up(tmp_path):
    assert tally(tmp_path, case("run", GTEST), case("run"), case("fail")) == (3, 1, 0)
