"""The initial copy without the network: the other site has an older copy of the disks, and only
what differs travels."""

import pathlib
import shutil
import unittest
import xml.etree.ElementTree as xml

from e2e.pair import READY, REPLICATING
from e2e.pair_case import PairCase
from e2e.reviver_site import wait_for
from guest import embed

FILLED_MIB = 8  # of each of the two disks


class SeedTest(PairCase):
    def setUp(self):
        self.make_pair(
            name="shop", guests=1, rate=40, disk_mib=32, filled_mib=FILLED_MIB, slots=128
        )

    def test_what_a_removed_replication_left_is_the_seed_of_the_next(self):
        pair = self.pair
        self.begin()
        pair.enable(interval_s=1, history=4)
        no_seed = self.refusal(self.home, "start", "shop", "--seeded", "--wait")
        self.assertIn("no disk to seed", no_seed)
        self.assertEqual(pair.state(self.home), READY)
        self.home.reviver("start", "shop", "--wait")
        pair.wait_for_new_points(self.away, 1)
        pair.wait_for_records(40)
        for site in (self.home, self.away):
            site.reviver("remove", "shop", "--wait")
        left = self.away.domain_disks(self.guest.name)
        pair.wait_for_records(pair.last_record() + 40)

        pair.enable(interval_s=1, history=4)
        before = pair.bytes_sent(self.home)
        report = self.home.reviver("start", "shop", "--seeded", "--wait")
        for target in ("vda", "vdb"):
            self.assertRegex(report, rf"{self.guest.name}/{target} compared, \d+ bytes differed")
        self.assertLess(pair.bytes_sent(self.home) - before, (FILLED_MIB << 20) // 2)
        pair.wait_for_state(self.away, REPLICATING)
        pair.wait_for_new_points(self.away, 2)
        pair.prove_points(self.away)

        self.home.reviver("planned-failover", "shop", "--wait")
        newest = pair.point_disks(self.away, pair.points(self.away)[-1])
        pair.prove_equal(self.home.domain_disks(self.guest.name), newest)
        record = pair.last_record()
        pair.forget_consoles()
        self.away.reviver("failover", "shop", "--start", "--wait")
        pair.wait_for_records(record + 20)
        now = self.away.domain_disks(self.guest.name)
        self.assertTrue(set(now).isdisjoint(left))
        for disk in left:
            self.assertTrue(disk.path.exists(), disk.path)

    def test_a_restored_backup_is_a_seed_and_what_it_lacks_is_copied(self):
        backup = self.restore_backup()
        self.home.configure("bandwidth_kib_per_s_max", "1024")
        pair = self.pair
        self.begin()
        pair.enable(interval_s=1, history=4)
        self.home.reviver("start", "shop", "--seeded")
        copied = 2 << 20
        wait_for("a part of vdb", lambda: self.received_bytes() > copied, poll_s=0.05)
        self.assertEqual(pair.points(self.away), [])
        self.assertIn("not possible", self.refusal(self.away, "failover", "shop"))
        self.home.reviver("start", "shop", "--cancel")
        self.home.configure("bandwidth_kib_per_s_max", "0")
        self.home.stop()
        self.home.start()
        report = self.home.reviver("start", "shop", "--wait")
        self.assertRegex(report, rf"{self.guest.name}/vda compared, \d+ bytes differed")
        self.assertRegex(report, rf"{self.guest.name}/vdb copied")
        self.assertLess(pair.bytes_sent(self.home), (FILLED_MIB << 20) - copied // 2)
        pair.wait_for_new_points(self.away, 2)
        pair.prove_points(self.away)
        self.assertEqual(backup.read_bytes()[:1024], self.backup_head)

    def restore_backup(self) -> pathlib.Path:
        """Defines the guest at away on a copy of its first disk; the second was not backed up."""
        backup = self.away.directory / "backup-vda.qcow2"
        shutil.copyfile(self.guest.disks[0], backup)
        self.backup_head = backup.read_bytes()[:1024]
        definition = xml.fromstring(self.guest.xml.read_text())
        devices = definition.find("devices")
        for disk in definition.findall("devices/disk"):
            if disk.find("target").get("dev") == "vda":
                disk.find("source").set("file", str(backup))
            else:
                devices.remove(disk)
        restored = self.away.directory / "restored.xml"
        restored.write_text(xml.tostring(definition, encoding="unicode"))
        embed.virsh(self.away.libvirt, f"define {restored}")
        return backup


if __name__ == "__main__":
    unittest.main()
