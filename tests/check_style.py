#!/usr/bin/python3
"""Checks what a compiler and a formatter do not: line length, leftovers, file size, and that
headers say what they are.

    check_style.py [REPOSITORY]

A complaint ends with 1; a long file is only a notice.
"""

import pathlib
import re
import sys

COLUMNS_MAX = 100
LINES_NOTICE = 450
LINES_MAX = 800
FOLDERS = ("src", "tests", "cmake")
CODE = {".h", ".cc", ".py", ".proto"}
# Put together from halves, so that this file passes its own check.
LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
SKIPPED_TEST = re.compile(r"\b(DIS" r"ABLED_|GTEST_" r"SKIP)")
SWALLOWED = re.compile(r"catch\s*\(\.\.\.\)")
# These run under the simulator too, which ends a site by throwing through them.
SIMULATED = ("src/wire/", "src/store/", "src/state/", "src/replication/")
OPERATING_SYSTEM = re.compile(
    r"std::this_thread|std::thread\b|std::condition_variable|(system|steady)_clock::now|std::rand\b"
)


def files(repository: pathlib.Path) -> list:
    found = [path for folder in FOLDERS for path in (repository / folder).rglob("*")]
    return sorted(path.relative_to(repository) for path in found if path.suffix in CODE)


# Tests, and headers that only tests include.
OF_TESTS = re.compile(r"(_test\.cc|_test_support\.h|/test_[a-z_]+\.h|/memory_network\.h)$")


def complaints_of_line(name: str, line: str) -> list:
    complaints = []
    if len(line) > COLUMNS_MAX:
        complaints.append(f"{len(line)} columns, at most {COLUMNS_MAX}")
    if LEFTOVERS.search(line):
        complaints.append("a leftover: do it, or write it where work is planned")
    if SKIPPED_TEST.search(line):
        complaints.append("a test that does not run tests nothing")
    if line != line.rstrip():
        complaints.append("white space at the end")
    if name.startswith(SIMULATED) and not OF_TESTS.search(name):
        if SWALLOWED.search(line):
            complaints.append("would swallow the simulator's kill: catch const Error&")
        if OPERATING_SYSTEM.search(line):
            complaints.append("time, threads and randomness come from sys:: here")
    return complaints


def check_file(repository: pathlib.Path, path: pathlib.Path) -> tuple:
    name = str(path)
    lines = (repository / path).read_text().splitlines()
    complaints = [
        f"{name}:{number}: {text}"
        for number, line in enumerate(lines, 1)
        for text in complaints_of_line(name, line)
    ]
    if path.suffix == ".h":
        if not lines or not lines[0].startswith("//"):
            complaints.append(f"{name}:1: a header begins with what it is for")
        if "#pragma once" not in lines:
            complaints.append(f"{name}:1: no #pragma once")
    if len(lines) > LINES_MAX:
        complaints.append(
            f"{name}: {len(lines)} lines, at most {LINES_MAX}: it is more than one thing"
        )
    notices = [f"{name}: {len(lines)} lines"] if LINES_NOTICE < len(lines) <= LINES_MAX else []
    return complaints, notices


def main(repository: pathlib.Path) -> int:
    complaints, notices = [], []
    for path in files(repository):
        wrong, noticed = check_file(repository, path)
        complaints += wrong
        notices += noticed
    for notice in notices:
        print(f"notice: {notice}")
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
