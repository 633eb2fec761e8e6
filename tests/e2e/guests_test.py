"""The witness in real guests, without Reviver: that the ring survives what happens to guests, and
that a checker which is given disks of different moments finds it out."""

import os
import pathlib
import shutil
import unittest

from e2e.pair import Pair
from e2e.reviver_site import wait_for
from guest import embed, group

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()


class GuestsTest(unittest.TestCase):
    """Three guests at one site, driven by virsh."""

    def setUp(self):
        directory = BUILD / "e2e" / self._testMethodName
        shutil.rmtree(directory, ignore_errors=True)
        shape = group.Shape(name=f"ring{os.getpid()}", guests=3, rate=60, load=20, disk_mib=32)
        self.pair = Pair(directory, BUILD, shape)
        self.addCleanup(self.pair.home.pull_the_plug)
        self.pair.prepare_libvirt(self.pair.home)
        self.pair.make_guests()
        self.virsh("start", *self.pair.guests)
        self.pair.wait_for_records(100)

    def virsh(self, command, *guests):
        commands = (f"{command} {guest.name}" for guest in guests)
        return embed.virsh(self.pair.home.libvirt, *commands)

    def wait_until_off(self, *guests):
        def off():
            try:
                return self.virsh("domstate", *guests).count("shut off") == len(guests)
            except RuntimeError:
                return False  # a QEMU that is just ending cannot be asked

        wait_for("the guests to be off", off)

    def copies(self):
        """Copies of the disks, one after the other."""
        disks = self.pair.guest_disks(self.pair.home)
        for number, disk in enumerate(disks):
            copy = self.pair.directory / f"copy{number}"
            shutil.copyfile(disk.path, copy)
            yield disk.__class__(disk.target, copy, disk.format)

    def test_the_ring_goes_on_after_a_reboot_and_after_a_kill(self):
        self.virsh("reset", self.pair.guests[0])
        self.pair.wait_for_records(self.pair.last_record() + 60)
        self.pair.home.kill_guest(self.pair.guests[1].name)
        self.wait_until_off(self.pair.guests[1])
        self.virsh("start", self.pair.guests[1])
        last = self.pair.wait_for_records(self.pair.last_record() + 60)
        self.virsh("shutdown", *self.pair.guests)
        self.wait_until_off(*self.pair.guests)
        disks = self.pair.guest_disks(self.pair.home)
        self.assertGreaterEqual(self.pair.prove_order(disks, "the disks"), last)

    def test_a_group_that_is_held_is_consistent_and_one_that_is_not_is_torn(self):
        torn = self.pair.judge(self.spread_copies())
        self.assertFalse(torn.holds)
        self.virsh("suspend", *self.pair.guests)
        held = self.pair.judge(list(self.copies()))
        self.assertTrue(held.holds, held.faults)
        self.assertGreater(held.last_record, 100)

    def spread_copies(self):
        """Copies with at least a round of the ring between one and the next."""
        copied = []
        for copy in self.copies():
            copied.append(copy)
            self.pair.wait_for_records(self.pair.last_record())
        return copied


if __name__ == "__main__":
    unittest.main()
