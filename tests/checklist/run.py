"""Runs the checklist: every row of rows.md against a real site, and says which hold.

    python3 -m checklist.run [--build DIRECTORY] [--rows T01,H02]

A row is proven by the method test_ID of a module *_rows.py, or by the unit tests that its last
column names, where a real daemon cannot be brought into the state at will. It fails when a row of
priority M does not hold or has no proof, when another one does not hold and docs/limits.md does not
say so under "Checklist rows not met", and when that page names a row that holds.
"""

import argparse
import collections
import dataclasses
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

from checklist import fixture

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
UNIT_TESTS_TIMEOUT_S = 120
# These judge what all others have received.
LAST = ("C08", "V15")


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    priority: str
    unit_tests: tuple  # (program, name) pairs


def cells(line: str) -> list:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read_rows(text: str) -> list:
    rows = []
    for line in text.splitlines():
        if not re.match(r"\| [A-Z]+[0-9]+ \|", line):
            continue
        name, priority, _, _, *proof = cells(line)
        words = " ".join(proof).replace("`", "").replace(";", "").split()
        pairs = tuple((program, test) for program, test in zip(words[::2], words[1::2]))
        rows.append(Row(name, priority, pairs))
    return rows


def rows_not_met(text: str) -> set:
    """The rows that the page of limits names, in the table of that section."""
    section = re.search(r"^## Checklist rows not met$(.*?)(?=^## |\Z)", text, re.M | re.S)
    return set(re.findall(r"^\| ([A-Z]+[0-9]+) \|", section.group(1), re.M)) if section else set()


def methods() -> dict:
    """The test of each row, by its id."""
    found = {}
    for file in sorted(HERE.glob("*_rows.py")):
        module = importlib.import_module(f"checklist.{file.stem}")
        for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
            for test in suite:
                found[test.id().rsplit("test_", 1)[1]] = test
    return found


class Outcome(unittest.TestResult):
    """Of one test: why it failed, or nothing."""

    def __init__(self):
        super().__init__()
        self.why = ""

    def addFailure(self, test, err):
        self._note(err)

    def addError(self, test, err):
        self._note(err)

    def _note(self, err):
        self.why += "".join(traceback.format_exception(*err))


def run_method(test) -> str:
    outcome = Outcome()
    test(outcome)
    return outcome.why


def run_unit_tests(build: pathlib.Path, rows: list) -> dict:
    """Why each row that unit tests prove does not hold; "" for one that does."""
    by_program = collections.defaultdict(set)
    for row in rows:
        for program, test in row.unit_tests:
            by_program[program].add(test)
    passed = set()
    for program, tests in by_program.items():
        folder = program.removesuffix("_test")
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            subprocess.run(
                [
                    str(build / "src" / folder / program),
                    f"--gtest_filter={':'.join(sorted(tests))}",
                    f"--gtest_output=json:{report.name}",
                ],
                stdout=subprocess.DEVNULL,
                timeout=UNIT_TESTS_TIMEOUT_S,
            )
            for suite in json.load(report)["testsuites"]:
                passed |= {
                    (program, f"{suite['name']}.{test['name']}")
                    for test in suite["testsuite"]
                    if not test.get("failures")
                }
    return {
        row.id: "".join(f"{' '.join(one)} does not pass\n" for one in set(row.unit_tests) - passed)
        for row in rows
        if row.unit_tests
    }


def run_rows(build: pathlib.Path, rows: list) -> dict:
    tests = methods()
    unknown = set(tests) - {row.id for row in read_rows((HERE / "rows.md").read_text())}
    if unknown:
        raise SystemExit(f"rows.md has no row {', '.join(sorted(unknown))}")
    reasons = run_unit_tests(build, rows)
    chosen = [row.id for row in rows if row.id in tests]
    if not chosen:
        return reasons
    try:
        fixture.start(build)
        for name in sorted(chosen, key=lambda name: (name in LAST, chosen.index(name))):
            start = time.monotonic()
            reasons[name] = reasons.get(name, "") + run_method(tests[name])
            taken = time.monotonic() - start
            if taken > 2:
                print(f"{name} took {taken:.1f} s", flush=True)
    finally:
        if fixture.SITE:
            fixture.SITE.stop()
    return reasons


def judge(rows: list, reasons: dict, listed: set) -> list:
    """Prints the table; what makes the suite fail."""
    wrong, counts = [], collections.Counter()
    for row in rows:
        why = reasons.get(row.id, "nothing proves it\n")
        result = "fails" if why else "holds"
        if row.id in listed:
            result = "not met, as docs/limits.md says" if why else "holds, and is listed"
        proof = "unit tests" if row.unit_tests else "the site"
        print(f"{row.id:5} {row.priority} {result}{'' if why else ' by ' + proof}")
        counts[row.priority, result] += 1
        if bool(why) != (row.id in listed) or (why and row.priority == "M"):
            wrong.append(row.id)
            print(why or "docs/limits.md lists it; take it out there\n")
    for (priority, result), count in sorted(counts.items()):
        print(f"{priority}: {count} {result}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="runs the checklist of the management doors")
    parser.add_argument("--build", default=os.environ.get("REVIVER_BUILD", REPOSITORY / "build"))
    parser.add_argument("--rows", help="only these, separated by commas")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    rows = read_rows((HERE / "rows.md").read_text())
    if arguments.rows:
        wanted = arguments.rows.split(",")
        rows = [row for row in rows if row.id in wanted or row.id.rstrip("0123456789") in wanted]
    listed = rows_not_met((REPOSITORY / "docs/limits.md").read_text())
    wrong = judge(rows, run_rows(build, rows), listed & {row.id for row in rows})
    if wrong:
        print(f"not as it must be: {' '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
