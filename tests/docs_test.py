"""The pages that name things of the code name what is there."""

import os
import pathlib
import re
import shlex
import subprocess
import unittest

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


class CommandsOfThePages(unittest.TestCase):
    """What the pages tell a person to type is what the command understands."""

    program = pathlib.Path(os.environ["REVIVER_BUILD"]) / "bin/reviver"
    pages = ("README.md", "docs/handbook.md", "docs/clients.md")
    needs_no_site = ("init", "pair", "--help")

    def commands(self):
        for page in self.pages:
            for block in re.findall(r"```sh\n(.*?)```", text(page), re.DOTALL):
                for line in block.splitlines():
                    words = shlex.split(line, comments=True)
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
