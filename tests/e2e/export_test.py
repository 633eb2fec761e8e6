"""The initial copy on a medium: written at home, carried, taken in at away, and followed by what
was written meanwhile."""

import hashlib
import json
import pathlib
import shutil
import unittest

from e2e.pair import READY, REPLICATING
from e2e.pair_case import PairCase
from e2e.reviver_site import Disk, wait_for

FILLED_MIB = 8  # of each of the two disks
MANIFEST = "reviver-export.json"


class ExportTest(PairCase):
    def setUp(self):
        self.make_pair(
            name="shop", guests=1, rate=40, disk_mib=32, filled_mib=FILLED_MIB, slots=128
        )
        self.medium = self.pair.directory / "medium"
        self.medium.mkdir()
        self.begin()
        self.pair.enable(interval_s=1, history=4)
        self.pair.wait_for_records(20)

    def export(self) -> pathlib.Path:
        """Answers the directory of the VM."""
        self.home.reviver("start", "shop", "--export", str(self.medium), "--wait")
        return self.medium / f"{self.guest.name}_{self.guest.id}"

    def disks_in(self, directory) -> list:
        return [Disk(target, directory / f"{target}.raw", "raw") for target in ("vda", "vdb")]

    def prove_newest_is_home(self):
        """After the last delta of a planned failover both sides hold the same bytes."""
        self.home.reviver("planned-failover", "shop", "--wait")
        newest = self.pair.point_disks(self.away, self.pair.points(self.away)[-1])
        self.pair.prove_equal(self.home.domain_disks(self.guest.name), newest)

    def test_an_exported_copy_is_carried_and_followed_by_its_delta(self):
        pair, home, away = self.pair, self.home, self.away
        for directory, said in (
            ("media", "no absolute path"),
            (str(self.medium / "missing"), "has to be there"),
        ):
            self.assertIn(said, self.refusal(home, "start", "shop", "--export", directory))
        self.assertEqual(pair.state(home), READY)
        of_vm = self.export()
        self.assertEqual(pair.state(home), REPLICATING)
        self.assertGreater(pair.prove_order(self.disks_in(of_vm), "the medium"), 0)
        self.assertFalse((self.medium / "reviver-export.unfinished").exists())

        pair.wait_for_records(pair.last_record() + 40)
        self.assertIn(f"{self.medium}", self.issues(home))
        self.assertIn("run `reviver import`", self.issues(home))
        figures = home.ask("statistics", "shop")
        self.assertEqual(figures["NetworkFailureCount"], 0)
        self.assertEqual(figures["ReplicationWALMissCount"], 0)
        self.assertIn("not possible", self.refusal(home, "start", "shop", "--cancel"))
        self.assertIn("not imported", self.refusal(home, "planned-failover", "shop"))

        carried = self.pair.directory / "carried"
        shutil.copytree(self.medium, carried)
        self.flip_a_bit(carried / of_vm.name / "vdb.raw")
        self.assertIn("checksum", self.refusal(away, "import", str(carried), "--wait"))
        self.assertEqual(pair.points(away), [])
        self.assertIn("no absolute path", self.refusal(away, "import", "carried"))
        self.assertIn("no exported", self.refusal(away, "import", str(pair.directory)))
        self.assertIn("waits for no initial copy", self.refusal(home, "import", str(self.medium)))
        self.flip_a_bit(carried / of_vm.name / "vdb.raw")
        before = pair.bytes_sent(home)
        away.reviver("import", str(carried / of_vm.name), "--wait")
        self.assertIn(1, pair.points(away))
        pair.wait_for_state(away, REPLICATING)
        pair.wait_for_new_points(away, 2)
        self.assertLess(pair.bytes_sent(home) - before, (FILLED_MIB << 20) // 2)
        self.assertNotIn("import", self.issues(home))
        self.assertIn("recovery points already", self.refusal(away, "import", str(carried)))
        pair.prove_points(away)
        self.prove_newest_is_home()

    def flip_a_bit(self, file):
        with open(file, "r+b") as image:
            image.seek(16 << 20)
            byte = image.read(1)[0]
            image.seek(16 << 20)
            image.write(bytes([byte ^ 1]))

    def test_a_daemon_that_dies_leaves_no_lie_and_another_copy_is_compared(self):
        pair, home, away = self.pair, self.home, self.away
        home.reviver("start", "shop", "--export", str(self.medium))
        wait_for("the mark", (self.medium / "reviver-export.unfinished").exists, poll_s=0.001)
        home.kill()
        self.assertFalse((self.medium / MANIFEST).exists())
        self.assertIn("not complete", self.refusal(away, "import", str(self.medium)))
        home.start()
        pair.wait_for_state(home, REPLICATING)
        pair.prove_order(self.disks_in(self.medium / f"{self.guest.name}_{self.guest.id}"), "it")
        self.make_another_copy()
        away.reviver("import", str(self.medium), "--wait")
        pair.wait_for_new_points(away, 1)
        pair.wait_for_state(home, REPLICATING)
        pair.wait_for_new_points(away, 1)
        self.assertIn("another copy", home.log.read_text())
        self.prove_newest_is_home()

    def make_another_copy(self):
        """As if it were that of an earlier cut: other bytes, another cut, and all sums right."""
        file = self.medium / MANIFEST
        manifest = json.loads(file.read_text())
        content = manifest["content"]
        content["cut"] = "00000000-0000-4000-8000-0000000000ff"
        for disk in content["disks"]:
            image = self.medium / disk["directory"] / disk["file"]
            self.flip_a_bit(image)
            disk["sha256"] = hashlib.sha256(image.read_bytes()).hexdigest()
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        manifest["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        file.write_text(json.dumps(manifest, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    unittest.main()
