"""The disks of a group change while it is replicated, with real guests and two real sites:
attached, detached, grown, included and excluded, and an update is cancelled.

What a user does to a guest at the hypervisor is done with virsh while the daemon is down for a
moment: the embedded driver can be open in one process only. The guest runs on.
"""

import os
import pathlib
import subprocess
import unittest

from e2e.pair import REPLICATING
from e2e.pair_case import PairCase
from e2e.reviver_site import Disk, wait_for
from guest import embed

MIB = 1 << 20
UPDATE_DISK_SET = 125  # JobType


class DiskSetTest(PairCase):
    def setUp(self):
        self.make_pair(name="shop", guests=1, rate=40, disk_mib=32, filled_mib=2)

    # --- what somebody does to the guest

    def at_the_hypervisor(self, *commands: str):
        self.home.stop()
        embed.virsh(self.home.libvirt, *commands)
        self.home.start()

    def new_disk(self, target: str, mib: int) -> pathlib.Path:
        raw = self.pair.directory / f"{target}.random"
        with open(raw, "wb") as file:
            for _ in range(mib):
                file.write(os.urandom(MIB))
        path = self.pair.directory / "guests" / f"shop-0-{target}.qcow2"
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(path)], check=True)
        raw.unlink()
        return path

    def attach(self, path: pathlib.Path, target: str) -> str:
        return (
            f"attach-disk {self.guest.name} {path} {target} --driver qemu --subdriver qcow2"
            f" --targetbus virtio --live --persistent"
        )

    def guest_writes(self, disk: int, offset: int) -> str:
        """As if the guest did: through its device, so that bitmaps see it."""
        device = f"/machine/peripheral/virtio-disk{disk}/virtio-backend"
        write = f"qemu-io -d {device} \\\"write -P 7 {offset} 65536\\\""
        return f'qemu-monitor-command {self.guest.name} --hmp "{write}"'

    # --- what is seen

    def targets_of_points(self) -> dict:
        """Sequence number -> the disks that the point has. Points go on being made: those that were
        listed before the files are looked at have all of theirs."""
        points = self.pair.points(self.away)
        found = {}
        for file in (self.away.directory / "data/store").glob(
            f"{self.pair.collection_id}*/{self.guest.id}/*/p*.qcow2"
        ):
            found.setdefault(int(file.stem[1:]), set()).add(file.parent.name.split(".")[0])
        return {number: found[number] for number in points if number in found}

    def wait_for_disks(self, *targets: str) -> int:
        """Waits until the newest point has just these disks; its number."""

        def newest():
            points = self.targets_of_points()
            return max(points) if points[max(points)] == set(targets) else 0

        return wait_for(f"a point with {' '.join(targets)}", newest, 90)

    def update_jobs(self) -> list:
        return [job for job in self.home.ask("job", "list") if job["JobType"] == UPDATE_DISK_SET]

    def prove_disk(self, target: str, path: pathlib.Path, sequence: int):
        found = self.away.point_disk(self.pair.collection_id, self.guest.id, target, sequence)
        self.pair.prove_equal([Disk(target, path, "qcow2")], [found])

    # --- the tests

    def test_disks_come_grow_and_go_while_the_guest_runs(self):
        self.home.configure("bandwidth_kib_per_s_max", "6144")
        self.replicate(history=50)
        self.pair.wait_for_new_points(self.away, 2)
        vdc = self.new_disk("vdc", 36)
        self.at_the_hypervisor(self.attach(vdc, "vdc"))
        details = wait_for(
            "the update to begin",
            lambda: self.pair.details(self.home)["DiskUpdate"] and self.pair.details(self.home),
        )
        self.assertEqual(details["ComingDisks"], [f"{self.guest.id}/vdc"])
        self.assertIn("Disk update", self.home.reviver("status", "shop"))
        self.assertEqual(self.pair.state(self.home), REPLICATING)
        before = self.pair.points(self.away)[-1]
        with_disk = self.wait_for_disks("vda", "vdb", "vdc")
        # Points went on while it was copied.
        self.assertGreater(with_disk - before, 2)
        self.prove_disk("vdc", vdc, with_disk)
        self.assertEqual(self.targets_of_points()[with_disk - 1], {"vda", "vdb"})
        wait_for("the job's end", lambda: [job["JobState"] for job in self.update_jobs()] == [7])

        self.at_the_hypervisor(
            f"blockresize {self.guest.name} vdc 48M",
            f"blockresize {self.guest.name} vdb 40M",
            self.guest_writes(2, 5 * MIB),
            self.guest_writes(2, 36 * MIB - 4096),
            self.guest_writes(2, 47 * MIB),
        )
        newest = self.pair.wait_for_new_points(self.away, 2)[-1]
        self.prove_disk("vdc", vdc, newest)
        self.assertEqual(self.pair.details(self.home)["DiskUpdate"], False)
        self.assertEqual(self.pair.status(self.home)["ReplicationState"], REPLICATING)

        self.at_the_hypervisor(f"detach-disk {self.guest.name} vdc --live --persistent")
        without = self.wait_for_disks("vda", "vdb")
        self.assertEqual(self.targets_of_points()[newest], {"vda", "vdb", "vdc"})
        self.assertGreater(without, newest)
        self.pair.prove_points(self.away)

    def test_disks_are_chosen_and_a_choice_is_cancelled(self):
        self.home.configure("bandwidth_kib_per_s_max", "4096")
        self.replicate(history=50)
        self.pair.wait_for_new_points(self.away, 2)
        both = self.pair.points(self.away)[-1]
        self.home.reviver("modify", "shop", "--exclude", "shop-0/vdb", "--wait")
        self.wait_for_disks("vda")
        self.assertEqual(self.targets_of_points()[both], {"vda", "vdb"})

        self.home.reviver("modify", "shop", "--include", "shop-0/vdb")
        wait_for("a copy", lambda: self.pair.details(self.home).get("ComingDisks"))
        self.home.kill()
        self.home.start()
        self.home.reviver("modify", "shop", "--cancel-disks", "--wait")
        self.assertEqual(self.pair.details(self.home)["DiskUpdate"], False)
        self.pair.wait_for_new_points(self.away, 2)
        self.wait_for_disks("vda")
        wait_for(
            "what was copied to be dropped",
            lambda: not list((self.away.directory / "data/store").glob("*/*/vdb.*/base.raw")),
        )

        self.home.reviver("modify", "shop", "--all-disks", "--wait")
        self.wait_for_disks("vda", "vdb")
        self.home.reviver("vm", "stop", "shop-0")
        wait_for("the guest to be off", lambda: self.pair.is_off(self.home, "shop-0"), 60)
        vdc = self.new_disk("vdc", 2)
        self.at_the_hypervisor(self.attach(vdc, "vdc").replace("--live", "--config"))
        newest = self.wait_for_disks("vda", "vdb", "vdc")
        self.prove_disk("vdc", vdc, newest)
        self.pair.prove_equal(
            self.pair.guest_disks(self.home)[:2], self.pair.point_disks(self.away, newest)
        )
        # The witness writes to both disks, so its order is on points that have both.
        self.pair.prove_order(self.pair.point_disks(self.away, newest), f"point {newest}")


if __name__ == "__main__":
    unittest.main()
