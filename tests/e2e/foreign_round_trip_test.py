"""A collection goes to the other site and comes home, driven by a client that is not ours; and what
the replication service of the sites lets in. `reviver` only makes the two sites and pairs them."""

import os
import pathlib
import shutil
import unittest

from e2e.foreign import SINGLE, Client, Path, embedded
from e2e.pair import FAILOVER_INITIATED, RECOVERED, REPLICATING, Pair
from e2e.reviver_site import wait_for
from guest import group

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
READY, COMMITTED, CRITICAL = 1, 6, 8
PLANNED_OF_COLLECTION, PLANNED_OF_VM = "2", "3"
START, RUNNING = 2, "2"
SERVICE = "Msvm_CollectionReplicationService"
COLLECTION = "Msvm_VirtualSystemCollection"


class ForeignTest(unittest.TestCase):
    def setUp(self):
        directory = BUILD / "e2e" / self._testMethodName
        shutil.rmtree(directory, ignore_errors=True)
        shape = group.Shape(name="shop", guests=2, rate=40, disk_mib=32, filled_mib=4)
        self.pair = Pair(directory, BUILD, shape)
        self.addCleanup(self.pair.end)
        self.pair.make_sites()
        self.pair.make_guests()
        self.pair.start_sites()
        self.pair.introduce()
        self.home, self.away = self.client(self.pair.home), self.client(self.pair.away)

    def client(self, site) -> Client:
        client = Client(site)
        self.addCleanup(client.close)
        return client

    # --- steps, each by the client of a site

    def machines(self, client) -> list:
        return [
            Path("Msvm_ComputerSystem", {key: each[key] for key in ("CreationClassName", "Name")})
            for each in client.instances("Msvm_ComputerSystem")
        ]

    def start_guests(self, client):
        for machine in self.machines(client):
            client.done(machine, "RequestStateChange", RequestedState=START)

    def define_collection(self):
        manager = self.home.service("Msvm_CollectionManagementService")
        made = self.home.done(manager, "DefineCollection", Name="shop", Type=0)
        self.collection = made["DefinedCollection"]
        self.pair.collection_id = self.collection.keys["CollectionID"]
        for machine in self.machines(self.home):
            self.home.done(manager, "AddMember", Member=machine, Collection=self.collection)

    def settings(self, to: str) -> str:
        return embedded(
            "Msvm_CollectionReplicationSettingData",
            RecoveryConnectionPoint=to,
            AuthenticationType=2,
            ReplicationInterval=1,
            RecoveryHistory=4,
        )

    def do(self, client, method, **arguments) -> dict:
        return client.done(
            client.service(SERVICE), method, Collection=self.collection, **arguments
        )

    def replicate(self):
        self.start_guests(self.home)
        self.define_collection()
        self.do(
            self.home,
            "CreateReplicationRelationship",
            CollectionReplicationSettingData=self.settings("away"),
        )
        self.assertEqual(self.state(self.home), READY)
        self.do(self.home, "StartReplication", InitialReplicationType=1)
        self.wait_for_state(self.home, REPLICATING)
        self.wait_for_state(self.away, REPLICATING)
        self.wait_for_points(self.away, 2)

    def state(self, client) -> int:
        return int(client.get(self.collection)["ReplicationState"])

    def wait_for_state(self, client, state):
        wait_for(
            f"state {state} at {client.site.name}", lambda: self.state(client) == state, 60
        )

    def points(self, client) -> list:
        """Of the collection, by the association; oldest first."""
        found = client.associated(
            self.collection,
            "Msvm_RecoveryPointOfVirtualSystemCollection",
            "Msvm_CollectionRecoveryPoint",
        )
        paths = [
            Path(
                "Msvm_CollectionRecoveryPoint",
                {key: each[key] for key in ("CollectionID", "InstanceID")},
            )
            for each in found
        ]
        return sorted(paths, key=lambda path: int(path.keys["InstanceID"].rsplit("\\", 1)[1]))

    def wait_for_points(self, client, count):
        wait_for(
            f"{count} points at {client.site.name}",
            lambda: len(self.points(client)) >= count,
            60,
        )

    # --- the round trip

    def test_round_trip(self):
        self.replicate()
        self.change_settings()
        self.fail_over_and_reverse()
        self.go_home()

    def change_settings(self):
        self.change(ReplicationInterval=900)
        self.change(ReplicationInterval=2, RecoveryHistory=3, CompressionEnabled=False)
        found = self.away.associated(
            self.collection, "Msvm_ElementSettingData", "Msvm_CollectionReplicationSettingData"
        )[0]
        self.assertEqual(found["RecoveryHistory"], "3")
        self.assertEqual(found["CompressionEnabled"].lower(), "false")
        self.pair.wait_for_new_points(self.pair.away, 2, 30)
        for client, settings, code in (
            (self.home, {"RecoveryConnectionPoint": "elsewhere"}, 32773),
            (self.home, {"ReplicationInterval": 0}, 32773),
            (self.away, {"ReplicationInterval": 5}, 32775),
        ):
            asked = embedded("Msvm_CollectionReplicationSettingData", **settings)
            answer = client.refusal(
                client.service(SERVICE),
                "ModifyReplicationSettings",
                Collection=self.collection,
                CollectionReplicationSettingData=asked,
            )
            self.assertEqual(answer[0], code, answer)

    def change(self, **settings):
        self.do(
            self.home,
            "ModifyReplicationSettings",
            CollectionReplicationSettingData=embedded(
                "Msvm_CollectionReplicationSettingData", **settings
            ),
        )

    def fail_over_and_reverse(self):
        point = self.points(self.away)[0]
        self.do(self.away, "InitiateFailover", CollectionRecoveryPoint=point)
        self.assertEqual(self.state(self.away), RECOVERED)
        self.do(self.away, "RevertFailover")
        self.assertEqual(self.state(self.away), REPLICATING)
        self.do(self.away, "InitiateFailover")
        self.do(self.away, "CommitFailover")
        self.assertEqual(self.state(self.away), COMMITTED)
        self.do(self.home, "PrepareForReverseReplication")
        self.do(
            self.away,
            "ReverseReplicationRelationship",
            CollectionReplicationSettingData=self.settings("home"),
        )
        self.wait_for_state(self.away, REPLICATING)
        self.wait_for_state(self.home, REPLICATING)
        self.pair.forget_consoles()
        self.start_guests(self.away)
        self.pair.wait_for_records(0)
        self.pair.wait_for_new_points(self.pair.home, 2)
        self.pair.prove_points(self.pair.home)

    def go_home(self):
        self.do(self.away, "InitiatePlannedFailover")
        self.assertEqual(self.state(self.away), FAILOVER_INITIATED)
        last = self.pair.prove_order(self.pair.guest_disks(self.pair.away), "the disks at away")
        self.do(self.home, "InitiateFailover")
        found = self.home.get(self.collection)
        self.assertEqual(found["FailedOverReplicationType"], PLANNED_OF_COLLECTION)
        for each in self.home.instances("Msvm_ReplicationRelationship", SINGLE):
            self.assertEqual(each["FailedOverReplicationType"], PLANNED_OF_VM)
        self.pair.prove_equal(
            self.pair.guest_disks(self.pair.away), self.pair.guest_disks(self.pair.home)
        )
        self.do(
            self.home,
            "ReverseReplicationRelationship",
            CollectionReplicationSettingData=self.settings("away"),
        )
        self.start_guests(self.home)
        self.pair.wait_for_records(last)
        self.wait_for_state(self.home, REPLICATING)
        self.wait_for_state(self.away, REPLICATING)

    # --- the replication service

    def test_only_who_may_replicates(self):
        self.replicate()
        self.look_at_single_machines()
        self.check_connections()
        self.take_the_authorization_away()
        self.close_the_recovery_server()
        self.set_network_adapters()

    def single(self, client) -> Path:
        return client.service("Msvm_ReplicationService", SINGLE)

    def look_at_single_machines(self):
        for client in (self.home, self.away):
            for each in client.instances("Msvm_ReplicationRelationship", SINGLE):
                self.assertEqual(int(each["ReplicationState"]), REPLICATING)
            found = client.instances("Msvm_ReplicationSettingData", SINGLE)
            self.assertEqual(len(found), 2)
            for each in found:
                self.assertEqual(each["PrimaryHostSystem"], "home")
                self.assertEqual(each["RecoveryHostSystem"], "away")
                self.assertEqual(each["ReplicationInterval"], "1")
        for machine in self.machines(self.home):
            there = Path(machine.class_name, machine.keys, SINGLE)
            (settings,) = self.home.associated(
                there, "Msvm_ElementSettingData", "Msvm_ReplicationSettingData"
            )
            self.assertEqual(settings["RecoveryConnectionPoint"], "away")
            statistics = self.home.done(
                self.single(self.home), "GetReplicationStatistics", ComputerSystem=there
            )
            self.assertIn("ReplicationSuccessCount", statistics["ReplicationStatistics"])
            code, why = self.home.refusal(
                self.single(self.home), "InitiateFailover", ComputerSystem=there
            )
            self.assertEqual(code, 32770)
            self.assertIn("Msvm_CollectionReplicationService", why)

    def check_connections(self):
        service = self.single(self.home)
        ask = ("TestReplicationConnection",)
        self.home.done(service, *ask, RecoveryConnectionPoint="away", AuthenticationType=2)
        self.assertEqual(
            self.home.refusal(service, *ask, RecoveryConnectionPoint="nowhere")[0], 32773
        )
        code, why = self.home.refusal(
            service, *ask, RecoveryConnectionPoint="away", RecoveryServerPortNumber=1
        )
        self.assertEqual(code, 32777)
        self.assertIn("does reviverd run there", why)
        code, why = self.home.refusal(
            service, *ask, RecoveryConnectionPoint="away", AuthenticationType=1
        )
        self.assertEqual(code, 32770)
        certificates = self.home.invoke(service, "GetSystemCertificates")["EncodedCertificates"]
        self.assertTrue(certificates.startswith("MII"), certificates)

    def entry(self, **properties) -> str:
        return embedded("Msvm_ReplicationAuthorizationSettingData", **properties)

    def entries(self) -> list:
        return self.away.associated(
            self.single(self.away),
            "Msvm_ElementSettingData",
            "Msvm_ReplicationAuthorizationSettingData",
        )

    def health(self, client) -> str:
        found = client.invoke(
            client.service(SERVICE), "GetReplicationStatistics", Collection=self.collection
        )
        return str(found["ReplicationHealthIssues"])

    def take_the_authorization_away(self):
        service = self.single(self.away)
        (entry,) = self.entries()
        self.assertEqual(entry["AllowedPrimaryHostSystem"], "home")
        store = str(self.pair.away.directory / "data/store")
        self.assertEqual(entry["ReplicaStorageLocation"], store)
        self.away.done(service, "RemoveAuthorizationEntry", AllowedPrimaryHostSystem="home")
        self.assertEqual(self.entries(), [])
        self.wait_for_state(self.home, CRITICAL)
        self.assertIn("the authorization entry was removed", self.health(self.home))
        before = self.points(self.away)
        self.assertEqual(
            self.home.refusal(
                self.single(self.home), "TestReplicationConnection", RecoveryConnectionPoint="away"
            )[0],
            32769,
        )
        code, why = self.away.refusal(
            service,
            "AddAuthorizationEntry",
            AuthorizationEntry=self.entry(
                AllowedPrimaryHostSystem="home", ReplicaStorageLocation="/elsewhere"
            ),
        )
        self.assertEqual(code, 32770)
        self.assertIn(store, why)
        self.assertEqual(self.points(self.away), before)
        self.away.done(
            service,
            "AddAuthorizationEntry",
            AuthorizationEntry=self.entry(AllowedPrimaryHostSystem="home", TrustGroup="shops"),
        )
        self.assertEqual(self.entries()[0]["TrustGroup"], "shops")
        self.wait_for_state(self.home, REPLICATING)
        self.pair.wait_for_new_points(self.pair.away, 1)

    def close_the_recovery_server(self):
        service = self.single(self.away)

        def change(**properties):
            return embedded("Msvm_ReplicationServiceSettingData", **properties)

        code, why = self.away.refusal(
            service, "ModifyServiceSettings", SettingData=change(HttpsPort=443)
        )
        self.assertEqual(code, 32770)
        self.assertIn("peer.listen", why)
        settings = change(RecoveryServerEnabled=False)
        self.away.done(service, "ModifyServiceSettings", SettingData=settings)
        self.wait_for_state(self.home, CRITICAL)
        self.assertIn("not enabled as a recovery server", self.health(self.home))
        self.pair.away.stop()
        self.pair.away.start()
        self.away = self.client(self.pair.away)
        (found,) = self.away.instances("Msvm_ReplicationServiceSettingData", SINGLE)
        self.assertEqual(found["RecoveryServerEnabled"].lower(), "false")
        settings = change(RecoveryServerEnabled=True)
        self.away.done(service, "ModifyServiceSettings", SettingData=settings)
        self.wait_for_state(self.home, REPLICATING)

    def set_network_adapters(self):
        """Of a machine whose adapters are shown as they are; one of them gets a fixed address."""
        shown = self.away.instances("Msvm_FailoverNetworkAdapterSettingData", SINGLE)[0]
        name = shown["InstanceID"]
        self.assertEqual(shown["DHCPEnabled"].lower(), "true")
        (machine,) = (
            Path(each.class_name, each.keys, SINGLE)
            for each in self.machines(self.away)
            if each.keys["Name"] in name
        )
        service, method = self.single(self.away), "SetFailoverNetworkAdapterSettings"

        def settings(**properties):
            fixed = embedded(
                "Msvm_FailoverNetworkAdapterSettingData",
                ProtocolIFType=4096,
                DHCPEnabled=False,
                **properties,
            )
            return {"ComputerSystem": machine, "NetworkSettings": [fixed]}

        address = {"IPAddresses": ["192.0.2.7"], "Subnets": ["255.255.255.0"]}
        code, why = self.away.refusal(service, method, **settings(InstanceID="other", **address))
        self.assertEqual(code, 32773)
        self.assertIn("names no network adapter", why)
        self.away.done(service, method, **settings(InstanceID=name, **address))
        kept = self.away.get(
            Path("Msvm_FailoverNetworkAdapterSettingData", {"InstanceID": name}, SINGLE)
        )
        self.assertEqual(kept["IPAddresses"], "192.0.2.7")
        self.assertEqual(kept["DHCPEnabled"].lower(), "false")


if __name__ == "__main__":
    unittest.main()
