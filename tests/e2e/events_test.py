"""What happens in a replication, as the event streams of both sites tell it."""

import os
import pathlib
import shutil
import unittest

from e2e.json_test import Events
from e2e.pair import REPLICATING, Pair
from guest import group

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
COLLECTION, JOB = "Msvm_VirtualSystemCollection", "Msvm_ConcreteJob"
POINT, RELATIONSHIP = "Msvm_CollectionRecoveryPoint", "Msvm_ReplicationRelationship"
COMPLETED = 7


class EventsTest(unittest.TestCase):
    def listen(self, site):
        events = Events(site)
        self.addCleanup(events.close)
        self.assertEqual(events.next()["event"], "ready")
        return events

    def test_a_replication_is_told_at_both_sites(self):
        directory = BUILD / "e2e" / "events"
        shutil.rmtree(directory, ignore_errors=True)
        shape = group.Shape(name="shop", guests=1, rate=40, disk_mib=16, filled_mib=4)
        pair = Pair(directory, BUILD, shape)
        self.addCleanup(pair.end)
        pair.make_sites()
        pair.make_guests()
        pair.start_sites()
        pair.introduce()
        pair.make_collection()

        at_home, at_away = self.listen(pair.home), self.listen(pair.away)
        pair.enable(interval_s=1, history=2)
        pair.home.reviver("start", pair.collection)

        def of(name, **properties):
            return lambda event: event["data"]["@class"] == name and all(
                event["data"]["instance"][each] == value for each, value in properties.items()
            )

        seen = at_home.until(of(JOB))
        self.assertEqual(seen["event"], "created")
        self.assertEqual(seen["data"]["instance"]["Owner"], "admin")
        at_home.until(of(JOB, JobState=COMPLETED))
        replicating = at_home.until(of(COLLECTION, ReplicationState=REPLICATING))
        self.assertEqual(replicating["event"], "modified")
        self.assertIn("ReplicationState", replicating["data"]["changed"])

        self.assertEqual(at_away.until(of(COLLECTION))["event"], "created")
        first = at_away.until(of(POINT))
        self.assertEqual(first["event"], "created")
        self.assertEqual(first["data"]["namespace"], "root/HyperVCluster/v2")
        second = at_away.until(of(POINT))
        self.assertNotEqual(second["data"]["@href"], first["data"]["@href"])
        applied = at_away.until(of(RELATIONSHIP))
        self.assertEqual(applied["data"]["namespace"], "root/virtualization/v2")
        self.assertIn("ReplicationHealth", applied["data"]["instance"])


if __name__ == "__main__":
    unittest.main()
