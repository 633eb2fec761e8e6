"""Test failovers with real guests: a second group beside the replica, while production replicates
on, through a failover, and through kill -9 of the daemon that makes it or takes it away."""

import unittest

from e2e.pair import RECOVERED, REPLICATING
from e2e.pair_case import PairCase
from e2e.reviver_site import wait_for

TEST_REPLICA = 3  # ReplicationMode
TEST_JOB, REVERT_JOB = 102, 103  # JobType
COMPLETED = 7  # JobState
MADE = "(test prepared or given up)"


class TestFailoverTest(PairCase):
    def setUp(self):
        self.make_pair(name="shop", rate=40, disk_mib=32, filled_mib=4)
        self.replicate()
        self.pair.wait_for_new_points(self.away, 3)

    # --- what there is of a test

    @property
    def directory(self):
        return self.away.directory / "data/tests"

    def machines(self) -> dict:
        return self.pair.machines_of_test(self.away)

    def collections(self) -> list:
        listed = self.away.ask("collection", "list")
        return [each for each in listed if each["ReplicationMode"] == TEST_REPLICA]

    def assert_nothing_left(self):
        self.assertEqual(self.machines(), {})
        self.assertEqual(self.collections(), [])
        self.assertEqual(list(self.directory.glob("*")), [])
        self.assertEqual(list((self.away.libvirt / "etc/qemu").glob("*Test*")), [])
        self.assertIsNone(self.pair.details(self.away)["TestPoint"])

    def jobs(self, kind) -> list:
        return [each for each in self.away.ask("job", "list") if each["JobType"] == kind]

    # --- the tests

    def test_a_test_runs_beside_replication_and_leaves_nothing(self):
        pair, away = self.pair, self.away
        point = pair.points(away)[-2]
        expected = pair.prove_order(pair.point_disks(away, point), f"point {point}")
        said = away.reviver("test", "shop", "--point", str(point), "--start", "--wait")
        self.assertIn("shop - Test: its virtual machines are started", said)
        (test,) = self.collections()
        self.assertEqual(test["ElementName"], "shop - Test")
        self.assertEqual(len(test["Members"]), 2)
        for machine in self.machines().values():
            self.assertEqual(machine["ReplicationMode"], TEST_REPLICA)
        self.assertEqual(pair.state(away), REPLICATING)
        self.assertEqual(pair.details(away)["TestPoint"], point)
        (link,) = self.instances(away, "Msvm_ReplicaCollectionDependency")
        self.assertIn(pair.collection_id, str(link["Antecedent"]))
        self.assertIn(test["CollectionID"], str(link["Dependent"]))
        effects = [
            each["ElementEffects"]
            for each in self.instances(away, "Msvm_AffectedJobElement")
            if test["CollectionID"] in str(each["AffectedElement"])
        ]
        self.assertEqual(effects, [[5]])
        self.assertIsNotNone(away.ask("statistics", "shop").get("LastTestFailoverTime"))
        self.assertIn(f"point {point}", away.reviver("status", "shop - Test"))

        for arguments, why in (
            (("test", "shop"), "one at a time"),
            (("remove", "shop"), "revert the test first"),
            (("remove-point", "shop", str(point)), "in use: test"),
            (("collection", "destroy", "shop - Test"), "is a test"),
            (("failover", "shop - Test"), "not possible"),
        ):
            self.assertIn(why, self.refusal(self.away, *arguments))
        away.reviver("collection", "create", "other")
        elsewhere = self.refusal(self.away, "collection", "add", "other", "shop-0 - Test")
        self.assertIn("goes with it", elsewhere)

        beyond = expected + 40
        pair.wait_for_records_of_test(away, beyond)
        pair.wait_for_new_points(away, 2)
        pair.wait_for_records(pair.last_record() + 20)  # nobody disturbs the guests at home
        pair.prove_points(away)
        away.reviver("vm", "kill", *self.machines())
        self.assertGreater(pair.prove_order(pair.disks_of_test(away), "the test's disks"), beyond)

        away.reviver("test", "shop", "--revert", "--wait")
        self.assert_nothing_left()
        self.assertIn("is not being tested", self.refusal(self.away, "test", "shop", "--revert"))
        away.reviver("remove-point", "shop", str(point))
        pair.wait_for_new_points(away, 1)
        pair.prove_points(away)

    def test_a_failover_does_not_mind_a_test(self):
        pair, away = self.pair, self.away
        away.reviver("test", "shop", "--wait")
        self.home.pull_the_plug()
        pair.forget_consoles()
        away.reviver("failover", "shop", "--wait")
        started = pair.prove_order(pair.guest_disks(away), "the disks of the failover")
        pair.start_guests(away)
        away.reviver("vm", "start", *self.machines())
        self.assertIn("revert the test first", self.refusal(self.away, "commit", "shop"))
        pair.wait_for_records_of_test(away, started + 20)
        pair.wait_for_records(started + 20)
        self.assertEqual(pair.state(away), RECOVERED)
        away.reviver("test", "shop", "--revert", "--wait")
        self.assert_nothing_left()
        pair.wait_for_records(pair.last_record() + 20)
        away.reviver("commit", "shop", "--wait")

    def test_a_daemon_killed_while_it_makes_or_reverts_a_test(self):
        pair, away = self.pair, self.away
        point = pair.points(away)[-1]
        expected = pair.prove_order(pair.point_disks(away, point), f"point {point}")
        away.reviver("test", "shop", "--point", str(point), "--no-wait")
        self.kill_between("(test started)", MADE)
        job = self.wait_for_job(TEST_JOB)
        self.assertEqual(pair.state(away), REPLICATING)
        self.assertEqual(len(self.machines()), 2)
        self.assertEqual(len(self.collections()), 1)
        self.assertEqual(pair.prove_order(pair.disks_of_test(away), "the test's disks"), expected)
        self.assertEqual(len(job), 1)

        away.reviver("vm", "start", *self.machines())
        away.reviver("test", "shop", "--revert", "--no-wait")
        self.kill_between("is taken away", "nothing is left of the test")
        self.wait_for_job(REVERT_JOB)
        self.assert_nothing_left()
        pair.wait_for_new_points(away, 1)
        pair.prove_points(away)

    def kill_between(self, begun: str, done: str):
        """Kills and starts the daemon of away between two lines of its log."""
        said = self.away.log.read_text
        wait_for(f"'{begun}'", lambda: begun in said(), poll_s=0.002)
        self.away.kill()
        self.assertNotIn(done, said(), f"the kill came after '{done}'")
        self.away.start()

    def wait_for_job(self, kind) -> list:
        done = lambda: [each for each in self.jobs(kind) if each["JobState"] == COMPLETED]
        return wait_for(f"the end of job {kind}", done, 60)


if __name__ == "__main__":
    unittest.main()
