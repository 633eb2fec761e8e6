"""The checks of the source find what they are for."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_layers
import check_style
from checklist import run as checklist


class LayersTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.repository = pathlib.Path(directory.name)
        self.write("cmake/layers.txt", "low:\nhigh: low\n")
        self.write("src/low/a.h", "#pragma once\n")
        self.write("src/high/b.cc", '#include "low/a.h"\n#include "high/b.h"\n#include <vector>\n')

    def write(self, name, text):
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_what_is_granted_passes(self):
        self.assertEqual(check_layers.check(self.repository), [])

    def test_an_include_upwards(self):
        self.write("src/low/a.cc", '#include "high/b.h"\n')
        self.assertIn("low may not include high", check_layers.check(self.repository)[0])

    def test_a_cycle(self):
        self.write("cmake/layers.txt", "low: high\nhigh: low\n")
        self.assertIn("a cycle: high -> low -> high", check_layers.check(self.repository)[0])

    def test_a_folder_that_is_not_named(self):
        self.write("src/stray/a.cc", "")
        self.assertEqual(
            check_layers.check(self.repository), ["src/stray: not in cmake/layers.txt"]
        )

    def test_a_folder_whose_name_says_nothing(self):
        self.write("src/utils/a.cc", "")
        self.assertEqual(len(check_layers.check(self.repository)), 2)


class StyleTest(unittest.TestCase):
    def complaints(self, name, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return check_style.check_file(pathlib.Path(directory), pathlib.Path(name))

    def test_what_is_right_passes(self):
        self.assertEqual(self.complaints("src/a/b.h", "// What.\n#pragma once\n"), ([], []))

    def test_each_complaint(self):
        wrong = {
            "columns": "x" * 101,
            "leftover": "// TO" "DO: later",
            "tests nothing": "TEST(A, DIS" "ABLED_B)",
            "white space": "int a; ",
            "simulator's kill": "} catch (...) {",
            "come from sys::": "std::this_thread::yield();",
        }
        for complaint, line in wrong.items():
            found, _ = self.complaints("src/store/b.cc", line + "\n")
            self.assertEqual(len(found), 1, line)
            self.assertIn(complaint, found[0])

    def test_a_header_without_a_beginning(self):
        found, _ = self.complaints("src/a/b.h", "int a;\n")
        self.assertEqual(len(found), 2)

    def test_a_file_that_is_too_long(self):
        found, _ = self.complaints("src/a/b.cc", "\n" * 801)
        self.assertIn("801 lines", found[0])


class ChecklistTest(unittest.TestCase):
    rows = checklist.read_rows(
        "| id | | sent | comes | unit tests |\n|---|---|---|---|---|\n"
        "| A1 | M | a | b | |\n| A2 | S | a | b | `x_test T.One`; `x_test T.Two` |\n"
    )

    def judge(self, listed=(), **reasons):
        with contextlib.redirect_stdout(io.StringIO()):
            return checklist.judge(self.rows, {"A1": "", "A2": "", **reasons}, set(listed))

    def test_reads_rows_and_their_unit_tests(self):
        self.assertEqual([row.id for row in self.rows], ["A1", "A2"])
        self.assertEqual(self.rows[1].unit_tests, (("x_test", "T.One"), ("x_test", "T.Two")))

    def test_what_holds_passes(self):
        self.assertEqual(self.judge(), [])

    def test_what_must_hold_is_no_limit(self):
        self.assertEqual(self.judge(["A1"], A1="no"), ["A1"])

    def test_what_does_not_hold_is_a_limit_or_a_failure(self):
        self.assertEqual(self.judge(A2="no"), ["A2"])
        self.assertEqual(self.judge(["A2"], A2="no"), [])

    def test_a_limit_that_holds_is_none(self):
        self.assertEqual(self.judge(["A2"]), ["A2"])

    def test_a_row_without_proof_does_not_hold(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(checklist.judge(self.rows, {"A2": ""}, set()), ["A1"])

    def test_reads_the_page_of_limits(self):
        page = (
            "## Numbers\n| A1 | 3 |\n## Checklist rows not met\n\n| A2 | why |\n\n"
            "## Trust\n| A3 | x |\n"
        )
        self.assertEqual(checklist.rows_not_met(page), {"A2"})


if __name__ == "__main__":
    unittest.main()
