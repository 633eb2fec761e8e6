"""The way back, with real guests: an old primary that lives, one that comes back later with its
guests started by their host, daemons killed on the way, and three reversals in a row.

Each test ends with the same proof: every recovery point shows the group at one moment, and after a
planned failover the newest one equals the disks of the guests, byte by byte."""

import unittest

from e2e.pair import RECOVERED, REPLICATING, WAITING_FOR_RESYNC
from e2e.pair_case import PairCase
from e2e.reviver_site import Failed, wait_for
from guest import embed

DISK_MIB = 32
DISKS = 4


class ReverseTest(PairCase):
    def setUp(self):
        self.make_pair(name="return", rate=40, disk_mib=DISK_MIB, filled_mib=8)
        self.replicate()
        self.pair.wait_for_new_points(self.away, 2)

    def stop_guests(self, site):
        site.reviver("vm", "kill", *(guest.name for guest in self.pair.guests))
        for guest in self.pair.guests:
            wait_for(
                f"{site.name} to see that {guest.name} is off",
                lambda name=guest.name: self.pair.is_off(site, name),
            )

    def host_starts(self, name):
        """Without any daemon. A driver that was just opened may not have seen yet that an earlier
        QEMU died."""
        try:
            embed.virsh(self.home.libvirt, f"start {name}")
        except RuntimeError as error:
            self.assertIn("already active", str(error))
            return False
        return True

    def take_over_at_away(self):
        """The guests run at away from a committed failover, and have written there."""
        self.pair.forget_consoles()
        self.away.reviver("failover", self.pair.collection, "--start", "--wait")
        self.pair.wait_for_records(self.pair.last_record() + 40)
        self.away.reviver("commit", self.pair.collection, "--wait")

    def wait_until_away_replicates(self):
        self.pair.wait_for_state(self.away, REPLICATING)
        self.pair.wait_for_state(self.home, REPLICATING)

    def prove(self, primary):
        other = self.pair.other(primary)
        self.pair.wait_for_new_points(other, 1)
        self.pair.prove_points(other)
        primary.reviver("planned-failover", self.pair.collection, "--wait")
        newest = self.pair.points(other)[-1]
        at_other = self.pair.point_disks(other, newest)
        self.pair.prove_order(at_other, f"point {newest}")
        self.pair.prove_equal(self.pair.guest_disks(primary), at_other)

    def test_an_old_primary_that_lives_is_fenced_and_brought_in(self):
        self.away.reviver("failover", self.pair.collection, "--wait")
        self.pair.wait_for_state(self.away, RECOVERED)
        written = self.pair.wait_for_records(self.pair.last_record() + 40)
        self.away.reviver("commit", self.pair.collection, "--wait")
        wait_for("home to hear of it", lambda: "taken over" in self.home.log.read_text())
        guest = self.pair.guests[0].name
        self.stop_guests(self.home)
        with self.assertRaisesRegex(Failed, "taken over"):
            self.home.reviver("vm", "start", guest)
        before = self.pair.points(self.away)
        self.away.reviver("reverse", self.pair.collection, "--wait")
        self.wait_until_away_replicates()
        # What home had written and not sent is a point of its own, until a person removes it.
        tail = self.pair.points(self.home)[0]
        self.assertGreater(tail, before[-1] - 1)
        self.assertGreaterEqual(
            self.pair.prove_order(self.pair.point_disks(self.home, tail), "the tail"), written
        )
        self.pair.start_guests(self.away)
        self.prove(self.away)

    def test_an_old_primary_whose_guests_its_host_started_writes_nothing_that_counts(self):
        self.home.pull_the_plug()
        self.take_over_at_away()
        self.away.reviver("reverse", self.pair.collection)
        self.pair.wait_for_records(self.pair.last_record() + 20)
        known = self.pair.last_record()
        self.stop_guests(self.away)
        # The host comes back, and starts its guests before anybody could tell it not to.
        self.pair.forget_consoles()
        for guest in self.pair.guests:
            wait_for(
                f"the host to start {guest.name}",
                lambda name=guest.name: self.host_starts(name),
            )
        stale = self.pair.wait_for_records(60)
        self.home.start()
        self.wait_until_away_replicates()
        for guest in self.pair.guests:
            self.assertTrue(self.pair.is_off(self.home, guest.name))
        tail = self.pair.points(self.home)[0]
        self.assertGreaterEqual(
            self.pair.prove_order(self.pair.point_disks(self.home, tail), "the tail"), stale
        )
        newest = self.pair.wait_for_new_points(self.home, 1)[-1]
        at_home = self.pair.point_disks(self.home, newest)
        self.assertGreaterEqual(self.pair.prove_order(at_home, "home's newest point"), known)
        self.pair.forget_consoles()
        self.pair.start_guests(self.away)
        self.pair.wait_for_records(known)
        self.prove(self.away)

    def test_daemons_killed_during_a_reverse(self):
        self.home.pull_the_plug()
        self.take_over_at_away()
        self.away.reviver("reverse", self.pair.collection)
        wait_for("the role", lambda: self.took_step(self.away, "became primary"), poll_s=0.005)
        self.away.kill()
        self.away.start()
        self.assertIn(
            self.pair.state(self.away), (WAITING_FOR_RESYNC, WAITING_FOR_RESYNC + 1, REPLICATING)
        )
        self.home.start()
        wait_for("the role", lambda: self.took_step(self.home, "became replica"), poll_s=0.005)
        self.home.kill()
        self.home.start()
        self.wait_until_away_replicates()
        self.prove(self.away)

    def test_three_reversals_in_a_row_send_only_differences(self):
        here, there = self.home, self.away
        for _ in range(3):
            self.prove(here)
            there.reviver("failover", self.pair.collection, "--wait")
            self.pair.forget_consoles()
            self.pair.start_guests(there)
            self.pair.wait_for_records(self.pair.last_record() + 20)
            there.reviver("reverse", self.pair.collection, "--wait")
            self.pair.wait_for_state(there, REPLICATING)
            details = self.pair.details(there)
            self.assertEqual(details["ReverseComparedDisks"], 0)
            self.assertEqual(details["ReverseBitmapDisks"], DISKS)
            self.assertLess(int(details["ReverseSentBytes"]), DISKS * DISK_MIB << 20 >> 3)
            here, there = there, here
        self.prove(here)


if __name__ == "__main__":
    unittest.main()
