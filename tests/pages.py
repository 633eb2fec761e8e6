"""The code on a page of the documentation, taken from it as a reader takes it, and run.

A block that begins with ```sh is run by bash, one with ```python by Python; ```xml NAME is a file
that the others use. A word behind the language says which test runs the block, where it is not the
page's own: ```sh kerberos. What cannot be run has a line before it that says so and why:

    > Not tried by the tests: this needs Windows.

The words that stand for something of the reader's (PASSWORD, SITE, the address) are replaced by
what they are in the test; nothing else is changed.
"""

import dataclasses
import pathlib
import re
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
NOT_TRIED = "> Not tried by the tests: "
TIMEOUT_S = 120


@dataclasses.dataclass(frozen=True)
class Block:
    language: str  # "" for one that is indented or says none
    word: str  # behind the language
    text: str
    tried: bool  # False: the page says that it is not
    heading: str  # above it


@dataclasses.dataclass(frozen=True)
class Run:
    command: str  # as it was run
    output: str
    code: int


class Reader:
    """Goes through a page line by line."""

    def __init__(self, page: str):
        self.lines = (REPOSITORY / page).read_text().split("\n")
        self.at = 0
        self.heading = ""
        self.paragraph = ""  # the first line of the one before
        self.found = []
        self.prose = []  # the lines that are in no block

    def read(self) -> list:
        apart = True  # there is an empty line before
        while self.at < len(self.lines):
            line = self.lines[self.at]
            fence = re.fullmatch(r"```(\w*) *(\S*).*", line)
            if fence:
                self.add(fence[1], fence[2], self.inside_fence())
            elif apart and line.startswith("    "):
                self.add("", "", self.indented())
            else:
                self.read_prose(line, apart)
            apart = not line
            self.at += 1
        return self.found

    def read_prose(self, line: str, apart: bool) -> None:
        self.prose.append(line)
        if line.startswith("#"):
            self.heading = line.lstrip("# ")
        if apart and line:
            self.paragraph = line

    def add(self, language: str, word: str, lines: list) -> None:
        tried = not self.paragraph.startswith(NOT_TRIED)
        text = "\n".join(lines) + "\n"
        self.found.append(Block(language, word, text, tried, self.heading))
        self.paragraph = ""

    def inside_fence(self) -> list:
        begin = self.at + 1
        self.at = self.lines.index("```", begin)
        return self.lines[begin : self.at]

    def indented(self) -> list:
        begin = self.at
        while self.at + 1 < len(self.lines) and self.lines[self.at + 1].startswith("    "):
            self.at += 1
        return [line.removeprefix("    ") for line in self.lines[begin : self.at + 1]]


def blocks(page: str) -> list:
    """Of a page of the repository, fenced and indented ones."""
    return Reader(page).read()


def in_passing(page: str, program: str) -> list:
    """What the text of a page, outside its blocks, says of a program's commands, in code."""
    reader = Reader(page)
    reader.read()
    spans = re.findall(r"`([^`]+)`", "\n".join(reader.prose))
    return [" ".join(span.split()) for span in spans if span.split()[:1] == [program]]


def commands(block: Block) -> list:
    """Of a block for the shell: one a line, or several lines that end with a backslash."""
    whole = re.split(r"(?<!\\)\n", block.text)
    return [each for each in whole if each.strip() and not each.startswith("#")]


def put_in_place(text: str, words: dict) -> str:
    """All at once: what comes in place of one word may contain another."""
    if not words:
        return text
    each = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)
    return re.sub(each, lambda found: words[found[0]], text)


def write_files(page: str, directory: pathlib.Path) -> None:
    """The files that the page shows by name, as they are."""
    for block in blocks(page):
        if block.language == "xml" and block.word:
            (directory / block.word).write_text(block.text)


def run_shell(todo: list, words: dict, directory: pathlib.Path, environment: dict) -> list:
    """Runs commands one after the other in one shell; a Run for each that it came to."""
    todo = [put_in_place(command, words) for command in todo]
    script = "shopt -s expand_aliases\n"
    script += "".join(f"{command}\nprintf '\\0%s\\0' $?\n" for command in todo)
    done = subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=environment,
        timeout=TIMEOUT_S,
    )
    parts = done.stdout.decode(errors="replace").split("\0")
    return [Run(*each) for each in zip(todo, parts[0::2], map(int, parts[1::2]))]


def run_python(block: Block, words: dict, directory: pathlib.Path, environment: dict) -> Run:
    text = put_in_place(block.text, words)
    done = subprocess.run(
        ["/usr/bin/python3", "-c", text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=environment,
        timeout=TIMEOUT_S,
    )
    return Run(text, done.stdout.decode(errors="replace"), done.returncode)


def judge(test, runs: list, expected: list) -> None:
    """Each run ended well, and said what is expected of it: (a part of the command, a part of what
    it says), in the order of the page."""
    for run, (command, said) in zip(runs, expected):
        test.assertIn(command, run.command)
        test.assertEqual(run.code, 0, f"{run.command}\n{run.output}")
        test.assertIn(said, run.output, run.command)
    test.assertEqual(len(runs), len(expected), "each command of the page is judged")
