"""What two sites survive, with real guests: kill -9 of either daemon at the moments that matter,
and of a guest.

Each test ends with the same proof: every recovery point shows the group at one moment, and after a
planned failover the newest one equals the disks of the guests, byte by byte."""

import unittest

from e2e.pair import FAILOVER_INITIATED, REPLICATING
from e2e.pair_case import PairCase
from e2e.reviver_site import wait_for

SLOW_KIB_PER_S = 4096  # so that an initial copy takes long enough to be interrupted
KILLS = 3


class FaultsTest(PairCase):
    def setUp(self):
        self.make_pair(name="faults", rate=40, disk_mib=32, filled_mib=12)

    def replicate(self):
        super().replicate()
        # Upkeep of a replica that had no point yet was once an error, and stood still for a minute.
        self.assertNotIn(" error ", self.away.log.read_text())

    def wait_for_step(self, site, step):
        wait_for(f"'{step}' at {site.name}", lambda: self.took_step(site, step), poll_s=0.005)

    def restart_before(self, site, teller, step):
        """A kill of one site which the teller's log shows to have come before a step."""
        site.kill()
        self.assertFalse(self.took_step(teller, step), f"the kill came after '{step}'")
        site.start()

    def a_point_is_arriving(self):
        return any((self.away.directory / "data/store").rglob("incoming-*"))

    def prove(self):
        self.pair.wait_for_new_points(self.away, 2)
        self.pair.prove_points(self.away)
        self.home.reviver("planned-failover", self.pair.collection, "--wait")
        self.prove_newest()

    def prove_newest(self):
        newest = self.pair.points(self.away)[-1]
        at_away = self.pair.point_disks(self.away, newest)
        self.pair.prove_order(at_away, f"point {newest}")
        self.pair.prove_equal(self.pair.guest_disks(self.home), at_away)

    def kill_during_initial_copy(self, site):
        self.home.configure("bandwidth_kib_per_s_max", str(SLOW_KIB_PER_S))
        self.begin()
        self.pair.enable(interval_s=1, history=4)
        self.home.reviver("start", self.pair.collection)
        wait_for("a part of the initial copy", lambda: self.received_bytes() > 8 << 20)
        self.restart_before(site, self.home, "initial replication completed")
        self.pair.wait_for_state(self.home, REPLICATING)
        self.prove()

    def test_daemon_killed_at_the_primary_during_the_initial_copy(self):
        self.kill_during_initial_copy(self.home)

    def test_daemon_killed_at_the_recovery_side_during_the_initial_copy(self):
        self.kill_during_initial_copy(self.away)

    def kill_during_cycles(self, site):
        self.replicate()
        interrupted = 0
        for _ in range(KILLS):
            wait_for("a point that is arriving", self.a_point_is_arriving, poll_s=0.005)
            site.kill()
            interrupted += self.a_point_is_arriving()
            site.start()
            self.pair.wait_for_new_points(self.away, 1)
        self.assertGreater(interrupted, 0, "no kill came while a point was arriving")
        self.prove()

    def test_daemon_killed_at_the_primary_during_a_cycle(self):
        self.kill_during_cycles(self.home)

    def test_daemon_killed_at_the_recovery_side_during_a_cycle(self):
        self.kill_during_cycles(self.away)

    def test_daemon_killed_during_a_failover(self):
        self.replicate()
        self.pair.wait_for_new_points(self.away, 2)
        self.home.pull_the_plug()
        self.pair.forget_consoles()
        newest = self.pair.points(self.away)[-1]
        expected = self.pair.prove_order(self.pair.point_disks(self.away, newest), "the point")
        self.away.reviver("failover", self.pair.collection)
        self.wait_for_step(self.away, "failover started")
        self.restart_before(self.away, self.away, "failover completed")
        self.pair.finish_failover(self.away)
        disks = self.pair.guest_disks(self.away)
        self.assertEqual(self.pair.prove_order(disks, "the disks"), expected)
        self.pair.start_guests(self.away)
        self.pair.wait_for_records(expected + 20)

    def test_daemon_killed_during_a_planned_failover(self):
        self.replicate()
        self.home.reviver("planned-failover", self.pair.collection)
        self.wait_for_step(self.home, "planned failover started")
        self.restart_before(self.home, self.home, "planned failover synced")
        self.pair.wait_for_state(self.home, FAILOVER_INITIATED)
        self.prove_newest()

    def test_guests_killed_while_a_commit_is_merged_and_right_after_it(self):
        self.replicate()
        self.pair.wait_for_new_points(self.away, 3)
        self.home.pull_the_plug()
        self.pair.forget_consoles()
        self.away.reviver("failover", self.pair.collection, "--wait")
        self.pair.start_guests(self.away)
        self.pair.wait_for_records(self.pair.last_record() + 20)
        self.away.reviver("commit", self.pair.collection, "--wait")
        self.kill_guests_at_away()
        merged = lambda: self.pair.details(self.away)["Merged"]
        self.assertFalse(merged(), "the guests were killed after the merge")
        self.pair.start_guests(self.away)
        wait_for("the merge", merged, poll_s=0.01)
        self.kill_guests_at_away()
        known = self.pair.last_record()
        disks = self.pair.guest_disks(self.away)
        self.assertGreaterEqual(self.pair.prove_order(disks, "the disks"), known)
        self.pair.start_guests(self.away)
        self.pair.wait_for_records(known + 20)

    def kill_guests_at_away(self):
        for guest in self.pair.guests:
            self.away.kill_guest(guest.name)
        for guest in self.pair.guests:
            wait_for(
                f"away to see that {guest.name} is off",
                lambda name=guest.name: self.pair.is_off(self.away, name),
            )

    def test_guest_killed(self):
        self.replicate()
        self.home.kill_guest(self.pair.guests[0].name)
        guest = self.pair.guests[0].name
        wait_for("home to see that the guest is off", lambda: self.pair.is_off(self.home, guest))
        self.home.reviver("vm", "start", guest)
        self.pair.wait_for_records(self.pair.last_record() + 40)
        self.pair.wait_for_state(self.home, REPLICATING)
        self.prove()


if __name__ == "__main__":
    unittest.main()
