"""The pages that name things of the code name what is there."""

import os
import pathlib
import re
import shlex
import subprocess
import unittest

import pages

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


def text(path: str) -> str:
    return (REPOSITORY / path).read_text()


class MetricsPage(unittest.TestCase):
    published = {
        "reviver_" + name
        for name in re.findall(
            r'\b(?:gauge|counter)\(\s*"([a-z_]+)"', text("src/metrics/site_figures.cc")
        )
    }

    def test_every_metric_has_its_row_and_every_row_its_metric(self):
        self.assertGreater(len(self.published), 10)
        rows = set(re.findall(r"^\| `(reviver_[a-z_]+)` \|", text("docs/metrics.md"), re.MULTILINE))
        self.assertEqual(rows, self.published)

    def test_the_rules_use_what_is_published(self):
        used = set(re.findall(r"\breviver_[a-z_]+", text("docs/alerts.yml")))
        self.assertGreater(len(used), 3)
        self.assertLessEqual(used, self.published)


class PagesThatAreRun(unittest.TestCase):
    """What stands on them is run by tests of e2e/, or is marked as not tried."""

    tried = {
        "docs/clients.md": {("sh", ""), ("sh", "kerberos"), ("python", ""), ("wql", "")},
        "docs/handbook.md": {("sh", ""), ("", "")},
    }

    def test_every_block_is_run_or_says_that_it_is_not(self):
        for page, tried in self.tried.items():
            blocks = pages.blocks(page)
            self.assertGreater(len(blocks), 10)
            for block in blocks:
                if block.tried and block.language != "xml":
                    self.assertIn((block.language, block.word), tried, block.text)
            marks = text(page).count(f"\n{pages.NOT_TRIED}")
            self.assertEqual(marks, sum(not block.tried for block in blocks), page)

    def test_every_file_is_used(self):
        blocks = pages.blocks("docs/clients.md")
        files = [block.word for block in blocks if block.language == "xml"]
        self.assertEqual(len(files), 2)
        for name in files:
            self.assertTrue(any(name in each.text for each in blocks if each.language != "xml"))


class CommandsOfThePages(unittest.TestCase):
    """What the pages tell a person to type is what the command understands."""

    program = pathlib.Path(os.environ["REVIVER_BUILD"]) / "bin/reviver"
    pages = ("README.md", "docs/handbook.md", "docs/clients.md")
    needs_no_site = ("init", "pair", "--help")

    def commands(self):
        for page in self.pages:
            for block in pages.blocks(page):
                if block.language == "sh":
                    for command in pages.commands(block):
                        words = shlex.split(command, comments=True)
                        if words[:1] == ["reviver"]:
                            yield page, words[1:]

    def test_are_understood(self):
        seen = 0
        for page, words in self.commands():
            if words[0] in self.needs_no_site:
                continue
            seen += 1
            with self.subTest(page=page, command=shlex.join(words)):
                done = subprocess.run(
                    [self.program, "--site", "/nonexistent", *words],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=20,
                )
                self.assertIn("/nonexistent", done.stderr)
        self.assertGreater(seen, 20)


if __name__ == "__main__":
    unittest.main()
