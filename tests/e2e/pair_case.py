"""A test that has two sites and guests of its own, in a directory that bears its name and stays
behind when it fails."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from e2e.json_test import SPACE, curl
from e2e.pair import REPLICATING, Pair
from e2e.reviver_site import Failed
from guest import group

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()


class PairCase(unittest.TestCase):
    def make_pair(self, kind: type = Pair, **shape):
        """Two sites that do not run yet, and guests at home; `shape` as group.Shape wants it."""
        directory = BUILD / "e2e" / self._testMethodName
        shutil.rmtree(directory, ignore_errors=True)
        self.pair = kind(directory, BUILD, group.Shape(**shape))
        self.home, self.away = self.pair.home, self.pair.away
        self.addCleanup(self.pair.end)
        self.pair.make_sites()
        self.pair.make_guests()
        self.guest = self.pair.guests[0]

    def begin(self):
        """The sites run and know each other; the guests run at home, in a collection."""
        self.pair.start_sites()
        self.pair.introduce()
        self.pair.start_guests(self.home)
        self.pair.make_collection()

    def replicate(self, *options: str, history: int = 4):
        """From nothing to both sides replicating."""
        self.begin()
        self.pair.enable(1, history, *options)
        self.home.reviver("start", self.pair.collection)
        self.pair.wait_for_state(self.home, REPLICATING)
        self.pair.wait_for_state(self.away, REPLICATING)

    def instances(self, site, class_name: str) -> list:
        """All of a class, as the JSON door shows them."""
        command = curl(site, f"{SPACE}/instances/{class_name}")
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["instances"]

    def issues(self, site) -> str:
        return "\n".join(self.pair.status(site)["HealthIssues"])

    def refusal(self, site, *arguments: str, **more) -> str:
        """What the command says when it fails."""
        with self.assertRaises(Failed) as caught:
            site.reviver(*arguments, **more)
        return str(caught.exception)

    def took_step(self, site, step: str) -> bool:
        """Whether a site's log tells that the collection took a step of its states."""
        return f"({step})" in site.log.read_text()

    def received_bytes(self) -> int:
        """What the store of away takes on its disk."""
        files = (self.away.directory / "data/store").rglob("*")
        return sum(file.stat().st_blocks * 512 for file in files if file.is_file())
