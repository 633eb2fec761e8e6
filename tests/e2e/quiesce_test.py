"""Points for which the guests' file systems are frozen, and guests that are shut down from inside,
with a real guest agent in each guest.

What a freeze did is seen on the disks of the point by three who know nothing of each other: the
agent's hook had the witness write a mark and nothing after it, the file system is one that needs no
recovery, and the point says its level.
"""

import pathlib
import struct
import subprocess
import unittest

from e2e.pair import FAILOVER_INITIATED, REPLICATING
from e2e.pair_case import PairCase
from e2e.reviver_site import wait_for

APPLICATION, GROUP_CRASH = 1, 3  # ConsistencyLevel
HANG_S = 28  # longer than a freeze is waited for
EXCEPTION = 10  # JobState


def needs_recovery(image: pathlib.Path, directory: pathlib.Path) -> bool:
    """Whether the journal of an ext4 file system has to be replayed: so it is while the file
    system is mounted, but for a frozen one.
    """
    copy = directory / "files.raw"
    command = ["qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", str(image), str(copy)]
    subprocess.run(command, check=True, timeout=60)
    superblock = copy.read_bytes()[1024:2048]
    assert struct.unpack_from("<H", superblock, 0x38)[0] == 0xEF53
    return bool(struct.unpack_from("<I", superblock, 0x60)[0] & 0x4)


class QuiesceTest(PairCase):
    def replicate(self, *options, **shape):
        # A short name: the agent's channel is a socket far down in the site's directory.
        self.make_pair(name="q", rate=40, disk_mib=32, **shape)
        self.begin()
        self.pair.wait_for_records(10)
        self.pair.enable(1, 8, *options)
        self.home.reviver("start", self.pair.collection, "--wait")

    def said(self, index, text):
        return text in self.pair.guests[index].console.read_text(errors="replace")

    def wait_until_said(self, index, text, timeout_s=60):
        what = f"'{text}' on the console of {self.pair.guests[index].name}"
        wait_for(what, lambda: self.said(index, text), timeout_s, 0.05)

    def levels(self):
        """Sequence number -> level, of the points at away."""
        points = self.away.ask("points", self.pair.collection)
        return {
            int(point["InstanceID"].rsplit("\\", 1)[1]): point["ConsistencyLevel"]
            for point in points
        }

    def figures(self):
        return self.home.ask("statistics", self.pair.collection)

    def job(self, name):
        jobs = [job for job in self.home.ask("job", "list") if job["Name"].startswith(name)]
        return jobs[-1]

    # --- points

    def test_a_point_is_as_its_guests_left_it(self):
        self.replicate("--application-interval", "1", agent=1)
        quiesced = wait_for(
            "an application-consistent point",
            lambda: [at for at, level in self.levels().items() if level == APPLICATION],
        )[0]
        self.pair.wait_for_new_points(self.away, 3)
        levels = self.levels()
        self.assertEqual(list(levels.values()).count(APPLICATION), 1, "once an hour")
        self.prove_point(quiesced, True)
        self.prove_point(max(levels), False)
        self.assertEqual(self.figures()["ApplicationConsistentSnapshotFailureCount"], 0)
        self.assertEqual(self.pair.status(self.away)["LastApplyConsistencyLevel"], GROUP_CRASH)
        self.assertFalse(any((self.home.directory / "data/capture").rglob("frozen.json")))
        self.leave_through_the_agent()

    def prove_point(self, sequence, frozen):
        verdict = self.pair.judge(self.pair.point_disks(self.away, sequence))
        self.assertTrue(verdict.holds, verdict.faults)
        self.assertEqual(verdict.quiesced, frozen)
        for guest in self.pair.guests:
            disk = self.away.point_disk(self.pair.collection_id, guest.id, "vdc", sequence)
            self.assertEqual(needs_recovery(disk.path, self.pair.directory), not frozen)

    def leave_through_the_agent(self):
        self.home.reviver("planned-failover", self.pair.collection, "--wait")
        for index in range(len(self.pair.guests)):
            self.assertTrue(self.said(index, "asked to shut down by the guest agent"))
            self.assertFalse(self.said(index, "by the power button"))
        newest = self.pair.points(self.away)[-1]
        at_away = self.pair.point_disks(self.away, newest)
        self.pair.prove_order(at_away, f"point {newest}")
        at_home = [
            disk for disk in self.pair.guest_disks(self.home) if not disk.target.endswith("c")
        ]
        self.pair.prove_equal(at_home, at_away)

    def test_a_freeze_that_hangs_is_given_up_and_thawed(self):
        self.replicate("--application-interval", "1", agent=1, hanging=1, hang_s=HANG_S)
        self.wait_until_said(0, "quiesced at record")
        wait_for(
            "the failure to be counted",
            lambda: self.figures()["ApplicationConsistentSnapshotFailureCount"] == 1,
        )
        self.wait_until_said(0, "goes on", 5)
        # The hook still hangs, and the group works and is replicated.
        self.pair.wait_for_records(self.pair.last_record() + 40)
        self.pair.wait_for_new_points(self.away, 2)
        self.assertFalse(self.said(1, "quiesced at record"))
        self.assertEqual(set(self.levels().values()), {GROUP_CRASH})
        issues = " ".join(self.pair.status(self.home)["HealthIssues"])
        self.assertIn("'q-1' did not freeze", issues)
        # At its end the guest freezes after all: nobody waits for that any more.
        self.wait_until_said(1, "quiesced at record")
        self.wait_until_said(1, "goes on", 10)
        self.pair.wait_for_records(self.pair.last_record() + 40)
        self.pair.prove_points(self.away)

    def test_a_daemon_that_starts_thaws_whom_the_last_one_left_frozen(self):
        self.replicate("--application-interval", "1", agent=1, hanging=1, hang_s=HANG_S)
        self.wait_until_said(0, "quiesced at record")
        self.home.kill()
        self.assertFalse(self.said(0, "goes on"), "the kill came after the thaw")
        frozen_at = self.pair.last_record()
        self.home.start()
        self.wait_until_said(0, "goes on", 10)
        self.pair.wait_for_records(frozen_at + 40)
        self.wait_until_said(1, "goes on")
        self.pair.wait_for_new_points(self.away, 2)
        self.pair.wait_for_records(self.pair.last_record() + 40)
        self.pair.prove_points(self.away)

    # --- planned failovers

    def test_guests_without_an_agent_are_shut_down_by_acpi(self):
        self.replicate()
        self.home.reviver("planned-failover", self.pair.collection, "--wait")
        for index in range(len(self.pair.guests)):
            self.assertTrue(self.said(index, "asked to shut down by the power button"))
        self.assertEqual(self.pair.state(self.home), FAILOVER_INITIATED)

    def test_a_guest_that_does_not_shut_down_has_the_others_started_again(self):
        self.replicate(agent=1, deaf=1)
        self.home.reviver("planned-failover", self.pair.collection)
        # The agent first; ACPI as well when that did not help.
        self.wait_until_said(1, "asked to shut down by the guest agent")
        wait_for("q-0 to be off", lambda: self.pair.is_off(self.home, "q-0"))
        self.wait_until_said(1, "asked to shut down by the power button")
        job = self.job("Planned failover")
        self.assertIn("waiting for 'q-1' (guest agent, ACPI)", str(job))
        self.home.reviver("job", "cancel", job["InstanceID"])
        job = wait_for(
            "the end of the job",
            lambda: (job := self.job("Planned failover"))["JobState"] == EXCEPTION and job,
        )
        self.assertIn("the VMs that ran before it run again", job["ErrorDescription"])
        # Raw disks have lost their bitmaps with the QEMU that ended: they are compared.
        self.pair.wait_for_state(self.home, REPLICATING)
        self.pair.wait_for_records(self.pair.last_record() + 40)
        self.pair.wait_for_new_points(self.away, 2)
        self.pair.prove_points(self.away)


if __name__ == "__main__":
    unittest.main()
