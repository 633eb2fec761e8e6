"""The manuals say what the programs take, and nothing else: commands and options of reviver(1) and
reviverd(8) against the programs' own help, keys of reviver.toml(5) against a new configuration.
And what is installed is what the manuals describe, and runs."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from e2e.reviver_site import Site
from guest import embed

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
MANUALS = pathlib.Path(__file__).resolve().parent.parent / "man"
WAITING = {"--wait", "--no-wait"}  # told once, for all commands that start a job
EVERYWHERE = {"--help", "--version"}


def run(*command, **more) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stderr}")
    return done.stdout


def help_of(*words) -> tuple:
    """The commands and the options that a help text lists."""
    text = run(BUILD / "bin/reviver", *words, "--help")
    section, commands, options = "", set(), set()
    for line in text.splitlines():
        if re.match(r"\w+:$", line):
            section = line
        elif match := re.match(r"  (\S+)", line):
            if section == "Subcommands:":
                commands.add(match[1])
            elif section == "Options:":
                options.update(word for word in match[1].split(",") if word.startswith("--"))
    return commands, options - EVERYWHERE


def grammar() -> dict:
    """Command -> its options, as the program knows them."""
    known = {}
    for command in help_of()[0]:
        below, options = help_of(command)
        if not below:
            known[command] = options - WAITING
        for word in below:
            known[f"{command} {word}"] = help_of(command, word)[1] - WAITING
    return known


def items(manual: str) -> list:
    return re.findall(r"^\.It (.*)$", (MANUALS / manual).read_text(), re.M)


def options_in(item: str) -> set:
    return {"-" + word for word in re.findall(r"Fl (-[\w-]+)", item)}


def commands_in(item: str) -> list:
    """The commands of "Cm vm start | stop Ar vm ..."."""
    words = re.match(r"Cm (.*?)(?= Ar| Fl| Op| Oo|$)", item)[1]
    first, *others = words.split(" | ")
    before = first.rsplit(" ", 1)[0] + " " if " " in first else ""
    return [first, *(before + other for other in others)]


class ManualTest(unittest.TestCase):
    def test_every_command_with_its_options(self):
        described = {}
        for item in items("reviver.1"):
            if item.startswith("Cm "):
                for command in commands_in(item):
                    described.setdefault(command, set()).update(options_in(item))
        self.assertEqual(described, grammar())

    def test_every_option_for_all_commands(self):
        described = set()
        for item in items("reviver.1"):
            if item.startswith("Fl "):
                described |= options_in(item)
        self.assertEqual(described, help_of()[1])
        text = (MANUALS / "reviver.1").read_text()
        self.assertTrue(WAITING <= options_in(text))

    def test_every_option_of_the_daemon(self):
        usage = run(BUILD / "bin/reviverd", "--help")
        described = set().union(*(options_in(item) for item in items("reviverd.8")))
        self.assertEqual(described, set(re.findall(r"^  (--[\w-]+)", usage, re.M)))

    def test_every_key_of_the_configuration(self):
        with tempfile.TemporaryDirectory() as directory:
            site = pathlib.Path(directory) / "site"
            run(BUILD / "bin/reviver", "init", str(site), "--name", "east")
            written = self.keys(
                (site / "reviver.toml").read_text(), r"^\[(\w+)\]$|^(?:# )?(\w+) = "
            )
        manual = (MANUALS / "reviver.toml.5").read_text().split(".Sh EXAMPLES")[0]
        manual = manual.replace(".It Li certificate , key", ".It Li certificate\n.It Li key")
        self.assertEqual(self.keys(manual, r"^\.Ss \[(\w+)\]$|^\.It Li (\w+)$"), written)

    def keys(self, text: str, pattern: str) -> set:
        section, found = "", set()
        for match in re.finditer(pattern, text, re.M):
            section = match[1] or section
            if match[2]:
                found.add((section, match[2]))
        return found


class InstallTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.stage = self.directory / "stage"
        run("cmake", "--install", str(BUILD), env={**os.environ, "DESTDIR": str(self.stage)})
        self.prefix = pathlib.Path(f"{self.stage}{self.cached('CMAKE_INSTALL_PREFIX')}")

    def cached(self, name: str) -> str:
        cache = (BUILD / "CMakeCache.txt").read_text()
        return re.search(rf"^{name}:\w+=(.*)$", cache, re.M)[1]

    def test_everything_is_in_its_place(self):
        for name in (
            "share/man/man1/reviver.1",
            "share/man/man5/reviver.toml.5",
            "share/man/man8/reviverd.8",
            "share/reviver/schema/replication.mof",
            "lib/systemd/system/reviverd.service",
        ):
            self.assertTrue((self.prefix / name).exists(), name)
        unit = (self.prefix / "lib/systemd/system/reviverd.service").read_text()
        program = re.search(r"^ExecStart=(\S+)", unit, re.M)[1]
        self.assertTrue(os.access(f"{self.stage}{program}", os.X_OK), program)

    def test_a_site_runs_from_there(self):
        site = Site("east", self.directory / "east", self.prefix)
        self.addCleanup(site.pull_the_plug)
        site.create()
        embed.prepare(site.libvirt, BUILD / "guest/libvirt-cache")
        site.start()
        self.assertEqual(site.ask("vm", "list"), [])
        site.stop()


if __name__ == "__main__":
    unittest.main()
