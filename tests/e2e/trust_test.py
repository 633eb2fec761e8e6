"""Trust groups, with three real sites: what one site has left behind at another is taken over only
by a site of its trust group."""

import os
import pathlib
import shutil
import unittest

from e2e.foreign import SINGLE, Client, embedded
from e2e.reviver_site import Failed, Site, short_path
from guest import embed, group, machine

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
READY, ACCESS_DENIED, INVALID_STATE = 1, "32769", "32775"


class TrustTest(unittest.TestCase):
    """home and branch have the same VM and a collection of the same id, as after a move; both
    replicate to away. Nothing has to run for that."""

    def setUp(self):
        directory = BUILD / "e2e" / "trust"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        directory = short_path(directory)
        self.sites = [Site(name, directory / name, BUILD) for name in ("home", "branch", "away")]
        self.home, self.branch, self.away = self.sites
        shape = group.Shape(name="shop", guests=1, disk_mib=4)
        (guest,) = group.make(directory / "guests", machine.find(BUILD), shape)
        for site in self.sites:
            self.addCleanup(site.pull_the_plug)
            site.create()
            embed.prepare(site.libvirt, BUILD / "guest/libvirt-cache")
            if site is not self.away:
                embed.virsh(site.libvirt, f"define {guest.xml}")
            site.start()
        self.clients = {}
        for site in self.sites:
            self.clients[site] = Client(site)
            self.addCleanup(self.clients[site].close)
        self.id = None
        for site in (self.home, self.branch):
            site.reviver("pair", "--with", str(self.away.directory), "--yes")
            self.define(site)
            site.reviver("collection", "add", "shop", guest.name)

    def define(self, site):
        """With the id that the first one got."""
        client = self.clients[site]
        manager = client.service("Msvm_CollectionManagementService")
        more = {"Id": self.id} if self.id else {}
        made = client.done(manager, "DefineCollection", Name="shop", Type=0, **more)
        self.id = made["DefinedCollection"].keys["CollectionID"]

    def enable(self, site):
        site.reviver("enable", "shop", "--to", "away", "--wait")
        self.assertEqual(site.ask("status", "shop")["ReplicationState"], READY)

    def refusal(self, site) -> tuple:
        """Number and text of the job that could not make the relationship."""
        with self.assertRaises(Failed):
            self.enable(site)
        self.assertEqual(site.ask("status", "shop")["ReplicationState"], 0)
        job = max(site.ask("job", "list"), key=lambda one: one["StartTime"])
        return str(job["ErrorCode"]), job["ErrorDescription"]

    def put_into_group(self, primary, name):
        client = self.clients[self.away]
        entry = embedded(
            "Msvm_ReplicationAuthorizationSettingData",
            AllowedPrimaryHostSystem=primary.name,
            TrustGroup=name,
        )
        service = client.service("Msvm_ReplicationService", SINGLE)
        client.done(service, "ModifyAuthorizationEntry", AuthorizationEntry=entry)

    def test_only_the_own_group_takes_over(self):
        self.enable(self.home)
        code, why = self.refusal(self.branch)
        self.assertEqual(code, ACCESS_DENIED)
        self.assertIn("belongs to 'home'", why)
        self.put_into_group(self.home, "shops")
        self.put_into_group(self.branch, "shops")
        code, why = self.refusal(self.branch)
        self.assertEqual(code, INVALID_STATE)
        self.assertIn("remove that relationship first", why)

        self.away.reviver("remove", "shop", "--wait")
        self.put_into_group(self.branch, "banks")
        code, why = self.refusal(self.branch)
        self.assertEqual(code, ACCESS_DENIED)
        self.assertIn("give both the same TrustGroup", why)
        self.away.stop()
        self.away.start()
        self.assertEqual(self.refusal(self.branch)[0], ACCESS_DENIED)
        self.put_into_group(self.branch, "shops")
        self.enable(self.branch)
        self.away.reviver("remove", "shop", "--wait")

        self.home.reviver("remove", "shop", "--wait")
        self.put_into_group(self.home, "")
        self.assertIn("belongs to 'branch'", self.refusal(self.home)[1])


if __name__ == "__main__":
    unittest.main()
