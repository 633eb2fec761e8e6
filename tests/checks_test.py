"""The checks of the source find what they are for."""

import pathlib
import tempfile
import unittest

import check_layers
import check_style


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


if __name__ == "__main__":
    unittest.main()
