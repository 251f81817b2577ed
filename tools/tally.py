#!/usr/bin/env python3
"""Adds up what ctest ran: `tally.py FILE.xml...` reads ctest's JUnit files and prints `PASSED FAILED SKIPPED`.

ctest counts programs. What a GoogleTest or pytest program says of its own cases is in its output: they are counted one
by one, and a case that was skipped inside a program that passed is seen. Names what failed or was skipped on stderr.
"""

import re
import sys
import xml.etree.ElementTree

GTEST = {
    "passed": r"^\[  PASSED  \] (\d+) tests?\.",
    "failed": r"^\[  FAILED  \] (\d+) tests?, listed below",
    "skipped": r"^\[  SKIPPED \] (\d+) tests?, listed below",
}
PYTEST_LINE = r"^(?=.* in [0-9.]+s\b).*\b\d+ (?:passed|failed|skipped|errors?|xfailed|xpassed)\b.*$"
PYTEST = {
    "passed": r"(\d+) (?:passed|xfailed)\b",
    "failed": r"(\d+) (?:failed|errors?|xpassed)\b",
    "skipped": r"(\d+) skipped\b",
}


def cases_in(output):
    """{"passed": n, ...} from a test program's own summary, or None if it gives none."""
    if re.search(GTEST["passed"], output, re.M):
        return {kind: sum(map(int, re.findall(pattern, output, re.M))) for kind, pattern in GTEST.items()}
    summaries = re.findall(PYTEST_LINE, output, re.M)
    if summaries:
        return {kind: sum(map(int, re.findall(pattern, summaries[-1]))) for kind, pattern in PYTEST.items()}
    return None


def cases_of(test):
    status, skipped = test.get("status"), test.find("skipped")
    # What ctest could not start has a <skipped> element too: only its own reasons for a skip begin so.
    if status == "disabled" or (status == "notrun" and skipped is not None and skipped.get("message", "").startswith("SKIP_")):
        return {"passed": 0, "failed": 0, "skipped": 1}
    cases = cases_in(test.findtext("system-out") or "")
    if status == "run":
        return cases or {"passed": 1, "failed": 0, "skipped": 0}
    # A crash leaves no summary, or one from before it: a program that failed has failed at least once.
    cases = cases or {"passed": 0, "failed": 0, "skipped": 0}
    return cases | {"failed": max(cases["failed"], 1)}


def main(paths):
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        for test in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            cases = cases_of(test)
            for kind, count in cases.items():
                total[kind] += count
                if kind != "passed" and count:
                    print(f"{kind}: {count} in {test.get('name')} ({path})", file=sys.stderr)
    print(total["passed"], total["failed"], total["skipped"])


if __name__ == "__main__":
    main(sys.argv[1:])
