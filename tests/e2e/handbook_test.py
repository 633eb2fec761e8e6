"""The handbook from its first command to its last, on two sites with real guests: each command as
it is written, at the site that its section names, in the order of the page. Between them happens
what the text tells of: a site is lost and comes back, a medium is carried, a definition is edited.
"""

import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import unittest
import xml.etree.ElementTree as xml

import pages
from e2e.pair import FAILOVER_INITIATED, READY, RECOVERED, REPLICATING, WAITING_FOR_RESYNC, Pair
from e2e.reviver_site import Failed, Site, short_path, wait_for
from guest import embed, group

BUILD = pathlib.Path(os.environ["REVIVER_BUILD"]).resolve()
PAGE = "docs/handbook.md"
NOT_REPLICATED, COMMITTED, SUSPENDED = 0, 6, 7  # ReplicationState
RUNNING = 2  # EnabledState
APPLICATION = 1  # ConsistencyLevel
DIRECTORY_CHARS_MAX = 25  # far below it are the sockets of the agents of "web - Test"
FILES = "vdc"  # the disk that the witness does not know
# What the text names, without being a command that could be run.
MENTIONED = {
    "reviver",
    "reviver enable ... --disks db/vda db/vdb",
    "reviver job cancel",
    "reviver job show",
    "reviver pair",
    "reviver user",
}


@dataclasses.dataclass(frozen=True)
class Step:
    """A command of the page, or all of a block that has none."""

    heading: str
    language: str
    text: str


def steps() -> list:
    found = []
    for block in pages.blocks(PAGE):
        texts = pages.commands(block) if block.language == "sh" else [block.text]
        if block.tried:
            found += [Step(block.heading, block.language, text) for text in texts]
    return found


class WestAndEast(Pair):
    """`home` is west, `away` is east; the guests of `shop` are db and web."""

    def __init__(self, directory: pathlib.Path, build: pathlib.Path):
        shape = group.Shape(name="shop", rate=40, disk_mib=32, filled_mib=4, agent=1)
        super().__init__(directory, build, shape)
        self.directory = short_path(directory, DIRECTORY_CHARS_MAX)
        self.home = Site("west", self.directory / "west", build)
        self.away = Site("east", self.directory / "east", build)

    def make_guests(self) -> None:
        made = group.make(self.directory / "guests", self.machine(), self.shape)
        self.guests = [
            dataclasses.replace(guest, name=name) for guest, name in zip(made, ("db", "web"))
        ]
        for old, new in zip(made, self.guests):
            text = old.xml.read_text().replace(f"<name>{old.name}<", f"<name>{new.name}<")
            new.xml.write_text(text)
        embed.virsh(self.home.libvirt, *(f"define {guest.xml}" for guest in self.guests))

    def runs(self, site: Site) -> bool:
        """Whether all of the guests do."""
        machines = {each["ElementName"]: each["EnabledState"] for each in site.ask("vm", "list")}
        return all(machines[guest.name] == RUNNING for guest in self.guests)


class HandbookTest(unittest.TestCase):
    def setUp(self):
        directory = BUILD / "e2e" / "handbook"
        shutil.rmtree(directory, ignore_errors=True)
        self.pair = WestAndEast(directory, BUILD)
        self.west, self.east = self.pair.home, self.pair.away
        self.addCleanup(self.pair.end)
        self.pair.make_sites()
        self.pair.make_guests()
        self.pair.start_sites()
        self.pair.introduce()
        self.pair.start_guests(self.west)
        self.files = self.pair.directory
        self.steps = steps()
        self.spans = pages.in_passing(PAGE, "reviver")
        self.tried = set()
        self.heading = ""

    def test_the_commands_work_in_the_order_of_the_page(self):
        for self.heading, section in SECTIONS:
            section(self)
        self.assertEqual([step.text for step in self.steps], [], "no section tries this")
        self.assertEqual(set(self.spans) - self.tried, MENTIONED, "no section tries this")

    # --- the page ---

    def next_step(self, language: str) -> str:
        self.assertTrue(self.steps, f"nothing more on the page under '{self.heading}'")
        step = self.steps.pop(0)
        self.assertEqual((step.heading, step.language), (self.heading, language), step.text)
        return step.text

    def carry_out(self, site, *expected, words=None, directory=None) -> list:
        """The next commands of the page, one for each that is expected: (a part of it, a part of
        what it says)."""
        todo = [self.next_step("sh") for _ in expected]
        self.tried.update(todo)
        runs = self.run_at(site, todo, words, directory)
        pages.judge(self, runs, expected)
        return runs

    def in_passing(self, site, command, said, words=None) -> str:
        """A command that stands in the text; what it says."""
        self.assertIn(command, self.spans)
        self.tried.add(command)
        runs = self.run_at(site, [command], words)
        pages.judge(self, runs, [("reviver", said)])
        return runs[0].output.strip()

    def run_at(self, site, todo, words, directory=None) -> list:
        environment = {
            **os.environ,
            "PATH": f"{BUILD}/bin:{os.environ['PATH']}",
            "REVIVER_SITE": str(site.directory),
        }
        return pages.run_shell(todo, words or {}, directory or self.files, environment)

    # --- what is seen ---

    def wait_for_replication(self, new_points: int = 1) -> None:
        """From west to east."""
        for site in (self.west, self.east):
            self.pair.wait_for_state(site, REPLICATING)
        self.pair.wait_for_new_points(self.east, new_points)

    def newest_targets(self) -> set:
        """The disks of db on the newest point at east. Numbers begin anew in each life of the
        collection."""
        sequence = self.pair.points(self.east)[-1]
        lives = (self.east.directory / "data/store").glob(f"{self.pair.collection_id}*")
        latest = max(lives, key=lambda life: (len(life.name), life.name))
        found = latest.glob(f"{self.db.id}/*/p{sequence}.qcow2")
        return {file.parent.name.split(".")[0] for file in found}

    @property
    def db(self):
        return self.pair.guests[0]

    # --- the sections ---

    def protect(self):
        self.carry_out(
            self.west,
            ("collection create", ""),
            ("collection add", ""),
            ("enable", ""),
            ("start", "initial replication is complete"),
            ("status", "to east"),
            words={"30": "1"},
        )
        self.pair.collection_id = self.pair.status(self.west)["CollectionID"]
        self.wait_for_replication(2)
        self.in_passing(self.east, "reviver points shop", "recent")
        self.in_passing(self.west, "reviver status shop", "replicating")

    def put_in_order(self):
        self.pair.wait_for_records(10)  # with a guest's agent runs its witness
        self.carry_out(self.west, ("modify", "both sites have the new settings"))
        self.assertIn(self.next_step("xml").strip(), self.db.xml.read_text())
        quiesced = wait_for("an application-consistent point", self.application_point)
        self.assertTrue(self.pair.judge(self.pair.point_disks(self.east, quiesced)).quiesced)
        self.in_passing(self.east, "reviver points shop", "application")

    def application_point(self) -> int:
        for point in self.east.ask("points", "shop"):
            if point["ConsistencyLevel"] == APPLICATION:
                return int(point["InstanceID"].rsplit("\\", 1)[1])
        return 0

    def lose_west(self):
        self.pair.wait_for_records(self.pair.last_record() + 20)
        self.pair.wait_for_new_points(self.east, 1)
        self.west.pull_the_plug()
        older, newest = self.pair.points(self.east)[-2:]
        self.carry_out(
            self.east, ("points", "newest"), ("failover", "its virtual machines are started")
        )
        self.pair.wait_for_state(self.east, RECOVERED)
        self.assertEqual(self.pair.details(self.east)["FailoverPoint"], newest)
        self.assertTrue(self.pair.runs(self.east))
        record = self.pair.prove_order(self.pair.point_disks(self.east, older), f"point {older}")
        self.pair.forget_consoles()
        self.carry_out(
            self.east,
            ("revert", "undone"),
            ("failover", "its virtual machines are started"),
            words={"117": str(older)},
        )
        self.assertEqual(self.pair.details(self.east)["FailoverPoint"], older)
        self.pair.wait_for_records(record + 20)
        self.carry_out(self.east, ("commit", "final"))
        self.assertEqual(self.pair.state(self.east), COMMITTED)

    def bring_west_back(self):
        with concurrent.futures.ThreadPoolExecutor() as beside:
            reverse = beside.submit(
                self.carry_out, self.east, ("reverse", "replicates in the other direction")
            )
            wait_for(
                "the reverse to wait", lambda: self.pair.state(self.east) == WAITING_FOR_RESYNC
            )
            self.west.start()
            reverse.result()
        for site in (self.east, self.west):
            self.pair.wait_for_state(site, REPLICATING)
        with self.assertRaisesRegex(Failed, "was taken over by site east"):
            self.west.reviver("vm", "start", "db")
        self.pair.wait_for_new_points(self.west, 1)
        self.pair.prove_points(self.west)
        self.in_passing(self.east, "reviver status shop", "Last reverse")
        tail = self.west.ask("points", "shop")[0]
        self.assertIn("tail", str(tail["KeptAs"]))
        number = tail["InstanceID"].rsplit("\\", 1)[1]
        command = "reviver remove-point shop 118"
        self.in_passing(self.west, command, "is removed", {"118": number})

    def move(self):
        self.carry_out(self.east, ("planned-failover", "the last changes are across"))
        self.assertEqual(self.pair.state(self.east), FAILOVER_INITIATED)
        newest = self.pair.points(self.west)[-1]
        at_east = [disk for disk in self.pair.guest_disks(self.east) if disk.target != FILES]
        at_west = self.pair.point_disks(self.west, newest)
        self.pair.prove_equal(at_east, at_west)
        record = self.pair.prove_order(at_west, "the last point of the move")
        self.pair.forget_consoles()
        self.carry_out(
            self.west,
            ("failover", "its virtual machines are started"),
            ("reverse", "replicates in the other direction"),
        )
        self.pair.wait_for_records(record + 20)
        self.wait_for_replication()

    def try_it(self):
        _, shown, _ = self.carry_out(
            self.east,
            ("test", "shop - Test: its virtual machines are started"),
            ("status", "web - Test (running)"),
            ("test", "the test is gone"),
        )
        self.assertIn("db - Test (running)", shown.output)
        self.assertEqual(list((self.east.libvirt / "etc/qemu").glob("*Test*")), [])
        self.assertIsNone(self.pair.details(self.east)["TestPoint"])
        self.in_passing(self.east, "reviver statistics shop", "Last test")
        self.wait_for_replication()

    def remove_replication(self) -> None:
        """Before a section that begins anew."""
        for site in (self.west, self.east):
            job = self.in_passing(site, "reviver remove shop", "")
            self.in_passing(site, "reviver job wait ID", "completed", {"ID": job})
            self.assertEqual(self.pair.state(site), NOT_REPLICATED)

    def begin_with_a_copy(self):
        self.remove_replication()
        left = [disk.path for disk in self.pair.guest_disks(self.east)]
        _, started = self.carry_out(
            self.west, ("enable", "enabled to east"), ("start", "db/vda compared")
        )
        self.assertNotIn("copied", started.output)
        self.pair.wait_for_state(self.east, REPLICATING)
        self.pair.prove_points(self.east)
        self.assertTrue(all(path.exists() for path in left))

    def begin_with_a_carried_disk(self):
        self.remove_replication()
        medium = self.pair.directory / "medium"
        medium.mkdir()
        words = {"/media/usb/shop": str(medium)}
        self.carry_out(self.west, ("enable", "enabled to east"))
        self.west.reviver("start", "shop", "--at", "PT1H")
        self.in_passing(self.west, "reviver start shop --cancel", "")
        self.assertEqual(self.pair.state(self.west), READY)
        self.carry_out(self.west, ("start", "the initial copy is in"), words=words)
        self.assertEqual(self.pair.state(self.west), REPLICATING)
        self.in_passing(self.west, "reviver status", "run `reviver import`")
        self.carry_out(self.east, ("import", "imported"), words=words)
        self.pair.wait_for_state(self.east, REPLICATING)
        self.pair.prove_points(self.east)

    def change_the_settings(self):
        self.carry_out(
            self.west, ("modify", "both sites have the new settings"), words={"60": "1"}
        )
        for site in (self.west, self.east):
            self.assertIn("48 points besides", site.reviver("status", "shop"))
        self.wait_for_replication(2)
        self.pair.prove_points(self.east)

    def share_a_disk(self):
        """The guests are switched off by a planned failover that somebody thinks better of."""
        self.west.reviver("planned-failover", "shop", "--wait")
        command = "reviver planned-failover shop --cancel --wait"
        self.in_passing(self.west, command, "it replicates again")
        image = self.pair.directory / "quorum.raw"
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        _, *shown = self.carry_out(
            self.west,
            ("add quorum", "quorum is served"),
            ("--vm", "<disk "),
            ("--vm", "<disk "),
            words={"/srv/quorum.raw": str(image), "db1": "db", "db2": "web"},
        )
        self.west.stop()
        for guest, element in zip(self.pair.guests, shown):
            self.edit(guest, lambda devices: devices.append(xml.fromstring(element.output)))
        self.west.start()
        self.carry_out(self.west, ("list", "served"))
        self.pair.start_guests(self.west)
        ident = self.west.ask("shared-disk", "list")[0]["DiskId"]
        wait_for("a point with it", lambda: self.is_in_the_newest_point(ident))

    def is_in_the_newest_point(self, ident) -> bool:
        newest = self.pair.points(self.east)[-1]
        try:
            self.east.point_disk(self.pair.collection_id, ident, "quorum", newest)
            return True
        except Failed:
            return False

    def edit(self, guest, change) -> None:
        """As with `virsh edit`."""
        definition = xml.fromstring(embed.virsh(self.west.libvirt, f"dumpxml {guest.name}"))
        change(definition.find("devices"))
        guest.xml.write_text(xml.tostring(definition, encoding="unicode"))
        embed.virsh(self.west.libvirt, f"define {guest.xml}")

    def choose_disks(self):
        done = "both sites have the new settings"
        self.carry_out(self.west, ("--exclude", done))
        self.assertEqual(self.newest_targets(), {"vda"})
        self.include_and_think_better_of_it()
        self.carry_out(self.west, ("--include", done))
        self.assertEqual(self.newest_targets(), {"vda", "vdc"})
        self.carry_out(self.west, ("--all-disks", done))
        self.assertEqual(self.newest_targets(), {"vda", "vdb", "vdc"})
        self.pair.prove_order(
            self.pair.point_disks(self.east, self.pair.points(self.east)[-1]), "all disks"
        )

    def include_and_think_better_of_it(self):
        self.limit_the_link(self.west, 256)
        self.west.reviver("modify", "shop", "--include", "db/vdb", "--no-wait")
        wait_for("the copy", lambda: self.pair.details(self.west).get("ComingDisks"))
        command = "reviver modify shop --cancel-disks --wait"
        self.in_passing(self.west, command, "back to the disks of before")
        self.limit_the_link(self.west, 0)

    def limit_the_link(self, site, kib_per_s) -> None:
        site.configure("bandwidth_kib_per_s_max", str(kib_per_s))
        site.daemon.send_signal(signal.SIGHUP)
        holds = lambda: (self.pair.details(site)["SiteBandwidthLimit"] or 0) == kib_per_s << 10
        wait_for("the limit", holds)

    def pause(self):
        self.carry_out(self.west, ("suspend", ""))
        self.pair.wait_for_state(self.west, SUSPENDED)
        self.carry_out(self.west, ("resume", ""))
        self.wait_for_replication()

    def when_things_are_red(self):
        self.in_passing(self.west, "reviver job list", "Update the disk set")
        self.west.reviver("modify", "shop", "--auto-resync", "off", "--wait")
        self.west.kill_guest("db")
        wait_for("west to see it", lambda: self.pair.is_off(self.west, "db"))
        self.west.reviver("vm", "start", "db")
        self.pair.wait_for_state(self.west, WAITING_FOR_RESYNC)
        self.in_passing(self.west, "reviver resync shop", "")
        self.wait_for_replication()
        self.carry_out(self.east, ("scrub", "no damage found"))

    def who_may_come_in(self):
        certificate = ("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=ann")
        curve = ("-pkeyopt", "ec_paramgen_curve:P-256")
        files = ("-keyout", "ann.key", "-out", "ann.pem")
        subprocess.run(
            [*certificate, *curve, *files], cwd=self.files, check=True, capture_output=True
        )
        self.carry_out(
            self.east,
            ("add eve", "may come in as operator"),
            ("role eve", "comes in as operator, auditor"),
            ("passwd eve", "has a new password"),
            ("remove eve", "may not come in any more"),
            ("add ann", "may come in as operator"),
            ("certificate ann", "may come in by"),
            ("--common-name", "may come in by"),
            ("--none", "has no certificates now"),
            ("add ann@EXAMPLE.ORG", "may come in as operator"),
        )

    def who_did_what(self):
        self.carry_out(
            self.east,
            ("show", '"method":"InitiateFailover"'),
            ("verify", "none changed"),
            words={"117": "1"},
        )
        log = sorted((self.east.directory / "data/audit").iterdir())[-1]
        self.in_passing(self.east, "reviver audit verify FILE", "none changed", {"FILE": str(log)})

    def without_reviver(self):
        newest = self.pair.points(self.east)[-1]
        self.east.stop()
        layer = self.east.point_disk(self.pair.collection_id, self.db.id, "vda", newest).path
        words = {"117": str(newest), "p117": f"p{newest}"}
        images = self.pair.directory / "images"
        images.mkdir()
        for line in self.next_step("").splitlines():
            name = pages.put_in_place(line, {"p117.qcow2": layer.name}).split()[0]
            self.assertTrue((layer.parent / name).exists(), name)
        words["/var/lib/libvirt/images"] = str(images)
        self.carry_out(self.east, ("qemu-img convert", ""), words=words, directory=layer.parent)
        self.carry_out(
            self.east,
            ("sqlite3", "<name>db</name>"),
            words=words,
            directory=self.east.directory / "data/store",
        )
        self.east.start()

    def stop_using_it(self):
        command = self.next_step("sh")
        for site in (self.west, self.east):
            runs = self.run_at(site, [command], {})
            pages.judge(self, runs, [("remove", "no longer replicated here")])
            self.assertEqual(self.pair.state(site), NOT_REPLICATED)


SECTIONS = (
    ("Protect a group", HandbookTest.protect),
    ("Points that applications have put in order", HandbookTest.put_in_order),
    ("The worst day: west is gone", HandbookTest.lose_west),
    ("West comes back", HandbookTest.bring_west_back),
    ("Move as planned, without loss", HandbookTest.move),
    ("Try it, before the worst day", HandbookTest.try_it),
    ("Begin with a copy that is there already", HandbookTest.begin_with_a_copy),
    ("Begin with a disk that is carried", HandbookTest.begin_with_a_carried_disk),
    ("Change the settings", HandbookTest.change_the_settings),
    ("Disks that VMs share", HandbookTest.share_a_disk),
    ("Other disks", HandbookTest.choose_disks),
    ("Pause for maintenance", HandbookTest.pause),
    ("When things are red", HandbookTest.when_things_are_red),
    ("Who may come in", HandbookTest.who_may_come_in),
    ("Who did what", HandbookTest.who_did_what),
    ("Without Reviver", HandbookTest.without_reviver),
    ("Stop using it", HandbookTest.stop_using_it),
)

if __name__ == "__main__":
    unittest.main()
