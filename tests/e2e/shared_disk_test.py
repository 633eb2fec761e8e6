"""A disk that two guests share: served by one storage daemon, replicated once for the group, and in
the order of the group on every point, with the guests' own disks."""

import os
import pathlib
import unittest

from e2e.pair import RECOVERED, REPLICATING, Pair
from e2e.pair_case import PairCase
from e2e.reviver_site import Failed, wait_for
from guest import embed

NAME = "quorum"
SIZE_MIB = 32
SHARED = "vdc"  # as the guests see it


def with_disk(definition: str, element: str) -> str:
    return definition.replace("<controller type='usb'", element + "\n    <controller type='usb'", 1)


class SharedDiskPair(Pair):
    """Two sites, and guests which share a disk at home."""

    def __init__(self, directory, build, shape):
        super().__init__(directory, build, shape)
        self.shared_id = ""
        self.without_it = set()  # points that do not have the disk

    def points(self, site):
        return [each for each in super().points(site) if each not in self.without_it]

    def define(self, element_for) -> None:
        """Defines the guests anew, each with one more disk; nobody may have the root open."""
        for guest in self.guests:
            guest.xml.write_text(with_disk(guest.xml.read_text(), element_for(guest)))
        embed.virsh(self.home.libvirt, *(f"define {guest.xml}" for guest in self.guests))

    def share(self, image: pathlib.Path, *more: str) -> None:
        """As a person does it, who then edits the definitions."""
        self.home.reviver("shared-disk", "add", NAME, "--file", str(image), *more)
        elements = {
            guest: self.home.reviver("shared-disk", "show", NAME, "--vm", guest.name)
            for guest in self.guests
        }
        self.home.stop()
        self.define(elements.get)
        self.home.start()
        self.shared_id = self.home.ask("shared-disk", "list")[0]["DiskId"]

    def point_disks(self, site, sequence):
        shared = site.point_disk(self.collection_id, self.shared_id, NAME, sequence)
        return [*super().point_disks(site, sequence), shared]


class SharedDiskTest(PairCase):
    def setUp(self):
        self.make_pair(
            SharedDiskPair,
            name=f"shared{os.getpid()}",
            guests=2,
            rate=60,
            load=40,
            disk_mib=16,
            shared=1,
        )

    def image(self, suffix: str) -> pathlib.Path:
        return self.pair.directory / f"guests/{NAME}.{suffix}"

    def test_a_disk_that_qemu_alone_shares_is_refused_and_the_text_says_the_way_out(self):
        image = self.image("raw")
        with open(image, "wb") as file:
            file.truncate(SIZE_MIB << 20)
        self.pair.define(
            lambda guest: f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
            f"<source file='{image}'/><target dev='vdc' bus='virtio'/><shareable/></disk>"
        )
        self.pair.start_sites()
        self.pair.introduce()
        self.pair.make_collection()
        text = self.refusal(self.home, "enable", self.pair.collection, "--to", "away", "--wait")
        self.assertIn("disk vdc of VM", text)
        for guest in self.pair.guests:
            self.assertIn(guest.name, text)
        self.assertIn(f"reviver shared-disk add NAME --file {image}", text)

    def test_the_order_holds_over_shared_and_own_disks_there_and_back(self):
        pair = self.pair
        pair.start_sites()
        # Raw at home, so that the daemon's death takes its bitmaps along; qcow2 at away, where it
        # builds on the replica.
        pair.share(self.image("raw"), "--create", f"{SIZE_MIB}M")
        pair.introduce()
        pair.make_collection()
        pair.start_guests(pair.home)
        pair.wait_for_records(60)
        pair.enable(interval_s=2, history=20)
        self.carry_the_initial_copy()
        pair.wait_for_new_points(pair.away, 3)
        proved = pair.prove_points(pair.away)
        self.assertGreaterEqual(len(proved), 3)
        self.assertGreater(max(proved.values()), min(proved.values()))
        self.look_at_the_relationship()
        self.try_a_point(max(proved, key=proved.get), max(proved.values()))
        self.leave_it_out_for_a_while()
        self.kill_the_storage_daemon()
        self.fail_over_and_reverse()
        self.move_home_as_planned()

    def carry_the_initial_copy(self):
        medium = self.pair.directory / "medium"
        medium.mkdir()
        self.home.reviver("start", self.pair.collection, "--export", str(medium), "--wait")
        self.assertTrue((medium / f"{NAME}_{self.pair.shared_id}/{NAME}.raw").exists())
        self.away.reviver("import", str(medium), "--wait")

    def look_at_the_relationship(self):
        """One for the group's shared disks, at both sites, tied to the collection."""
        for site in (self.home, self.away):
            (relationship,) = self.instances(site, "Msvm_SharedDiskSetReplicationRelationship")
            self.assertEqual(relationship["CollectionID"], self.pair.collection_id)
            self.assertEqual(relationship["ReplicationState"], REPLICATING)
            of_collection = "Msvm_SharedDiskSetReplicationRelationshipOfVirtualSystemCollection"
            (link,) = self.instances(site, of_collection)
            for end in ("Antecedent", "Dependent"):
                self.assertIn(self.pair.collection_id, str(link[end]))

    def try_a_point(self, point, record):
        """The test has the shared disk to itself, and the group replicates on."""
        pair, away = self.pair, self.pair.away
        away.reviver("test", pair.collection, "--point", str(point), "--start", "--wait")
        pair.wait_for_records_of_test(away, record + 40)
        pair.wait_for_new_points(away, 1)
        away.reviver("vm", "kill", *pair.machines_of_test(away))
        last = pair.prove_order(pair.disks_of_test(away), "the test's disks")
        self.assertGreater(last, record + 40)
        away.reviver("test", pair.collection, "--revert", "--wait")
        self.assertEqual(pair.machines_of_test(away), {})
        self.assertEqual(away.ask("shared-disk", "list"), [])

    def leave_it_out_for_a_while(self):
        """By its name. What is written to it meanwhile comes with the rest of it."""
        pair = self.pair
        pair.home.reviver("modify", pair.collection, "--exclude", NAME, "--wait")
        out = pair.wait_for_new_points(pair.away, 1)[-1]
        pair.home.reviver("modify", pair.collection, "--include", NAME, "--wait")
        back = pair.points(pair.away)[-1]
        with_it = {each for each in pair.points(pair.away) if self.has_the_disk(each)}
        self.assertIn(back, with_it)
        self.assertNotIn(out, with_it)
        pair.without_it = set(range(min(with_it), back)) - with_it

    def has_the_disk(self, sequence) -> bool:
        try:
            self.pair.point_disks(self.away, sequence)
        except Failed:
            return False
        return True

    def kill_the_storage_daemon(self):
        """The guests stand still until it runs again, and then go on; what it had not saved is
        found by comparing.
        """
        pair = self.pair
        pair.home.kill_storage_daemons()
        pair.wait_for_records(pair.last_record() + 60)
        pair.wait_for_new_points(pair.away, 2)
        pair.prove_points(pair.away)

    def fail_over_and_reverse(self):
        pair = self.pair
        pair.home.pull_the_plug()
        pair.away.reviver("failover", pair.collection, "--wait")
        pair.wait_for_state(pair.away, RECOVERED)
        before = pair.prove_order(pair.guest_disks(pair.away), "the disks at away")
        pair.forget_consoles()
        pair.start_guests(pair.away)
        pair.wait_for_records(before + 60)
        pair.away.reviver("commit", pair.collection, "--wait")
        wait_for("the merge of all disks", lambda: pair.details(pair.away)["Merged"])
        pair.wait_for_records(pair.last_record() + 20)
        pair.home.start()
        pair.away.reviver("reverse", pair.collection, "--wait")
        pair.wait_for_state(pair.away, REPLICATING)
        pair.wait_for_new_points(pair.home, 2)
        pair.prove_points(pair.home)

    def move_home_as_planned(self):
        pair = self.pair
        pair.away.reviver("planned-failover", pair.collection, "--wait")
        written = pair.last_record()
        newest = pair.points(pair.home)[-1]
        # In the order of point_disks(): the shared disk comes last.
        disks = sorted(pair.guest_disks(pair.away), key=lambda disk: disk.target == SHARED)
        pair.prove_equal(disks, pair.point_disks(pair.home, newest))
        pair.home.reviver("failover", pair.collection, "--wait")
        pair.wait_for_state(pair.home, RECOVERED)
        at_home = pair.prove_order(pair.guest_disks(pair.home), "the disks at home")
        self.assertGreaterEqual(at_home, written)


if __name__ == "__main__":
    unittest.main()
