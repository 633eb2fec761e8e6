"""Two sites on this machine, and a collection of guests that run the witness: the steps of a round
trip.

`home` is where the guests are defined, `away` the other site. Steps take the site they are done at,
so that the way back is the same code as the way there.
"""

import dataclasses
import json
import pathlib
import subprocess

from e2e.reviver_site import Failed, Site, short_path, wait_for
from guest import embed, group, machine

# Values of ReplicationState of Msvm_VirtualSystemCollection, and of EnabledState of a machine.
READY, REPLICATING, FAILOVER_INITIATED, RECOVERED, PARTIALLY_RECOVERED = 1, 3, 4, 5, 16
WAITING_FOR_RESYNC = 9
OFF = 3


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What witness-check says about one set of disks."""

    holds: bool
    last_record: int
    faults: tuple
    quiesced: bool  # every guest, as its disks say


class Pair:
    def __init__(self, directory: pathlib.Path, build: pathlib.Path, shape: group.Shape):
        directory.mkdir(parents=True, exist_ok=True)
        directory = short_path(directory)
        self.directory = directory
        self.build = build
        self.shape = shape
        self.home = Site("home", directory / "home", build)
        self.away = Site("away", directory / "away", build)
        self.guests = []
        self.collection = shape.name
        self.collection_id = ""

    def other(self, site: Site) -> Site:
        return self.away if site is self.home else self.home

    # --- making and ending ---

    def make_sites(self) -> None:
        for site in (self.home, self.away):
            site.create()
            self.prepare_libvirt(site)

    def prepare_libvirt(self, site: Site) -> None:
        embed.prepare(site.libvirt, self.build / "guest/libvirt-cache")

    def make_guests(self) -> None:
        """Defines the guests at home with virsh, as anybody's guests are; before the daemon
        opens the root.
        """
        self.guests = group.make(self.directory / "guests", self.machine(), self.shape)
        embed.virsh(self.home.libvirt, *(f"define {guest.xml}" for guest in self.guests))

    def machine(self) -> group.Machine:
        return machine.find(self.build, bool(self.shape.agent))

    def start_sites(self) -> None:
        for site in (self.home, self.away):
            site.start()

    def introduce(self) -> None:
        self.home.reviver("pair", "--with", str(self.away.directory), "--yes")

    def make_collection(self) -> None:
        self.home.reviver("collection", "create", self.collection)
        self.home.reviver(
            "collection", "add", self.collection, *(guest.name for guest in self.guests)
        )
        self.collection_id = self.status(self.home)["CollectionID"]

    def enable(self, interval_s: int, history: int, *more: str) -> None:
        self.home.reviver(
            *("enable", self.collection, "--to", self.away.name, "--wait", *more),
            *("--interval", str(interval_s), "--history", str(history)),
        )

    def end(self) -> None:
        for site in (self.home, self.away):
            site.pull_the_plug()

    # --- guests ---

    def start_guests(self, site: Site) -> None:
        for guest in self.guests:
            site.reviver("vm", "start", guest.name)

    def forget_consoles(self) -> None:
        """Before guests start on an older state: what the consoles said so far is of an
        abandoned history.
        """
        for guest in self.guests:
            guest.console.unlink(missing_ok=True)

    def last_record(self) -> int:
        return max(group.last_record(guest) for guest in self.guests)

    def wait_for_records(self, beyond: int, timeout_s: float = 120) -> int:
        """Waits until every guest has come past the record; the group works only if all of its
        guests do.
        """
        wait_for(
            f"record {beyond} of every guest",
            lambda: min(group.last_record(guest) for guest in self.guests) > beyond,
            timeout_s,
        )
        return self.last_record()

    def is_off(self, site: Site, name: str) -> bool:
        machines = {each["ElementName"]: each for each in site.ask("vm", "list")}
        return machines[name]["EnabledState"] == OFF

    def finish_failover(self, site: Site) -> None:
        """A failover that was interrupted ends by itself or is asked for again."""
        if self.state(site) in (REPLICATING, PARTIALLY_RECOVERED):
            site.reviver("failover", self.collection, "--wait")
        self.wait_for_state(site, RECOVERED)

    # --- what is seen ---

    def status(self, site: Site) -> dict:
        return site.ask("status", self.collection)

    def details(self, site: Site) -> dict:
        """Reviver_CollectionStatus of the collection."""
        return self.status(site)["Details"]

    def state(self, site: Site) -> int:
        return self.status(site)["ReplicationState"]

    def points(self, site: Site) -> list:
        """Sequence numbers of the recovery points, oldest first."""
        return sorted(
            int(point["InstanceID"].rsplit("\\", 1)[1])
            for point in site.ask("points", self.collection)
        )

    def bytes_sent(self, site: Site) -> int:
        """What the primary has sent since its statistics were reset."""
        return int(site.ask("statistics", self.collection)["ReplicationSize"])

    def wait_for_state(self, site: Site, state: int, timeout_s: float = 180) -> None:
        wait_for(
            f"state {state} of {self.collection} at {site.name}",
            lambda: self.state(site) == state,
            timeout_s,
        )

    def wait_for_new_points(self, site: Site, count: int, timeout_s: float = 180) -> list:
        """Waits for `count` points after the newest of now. The last of them was cut after this
        call began.
        """
        newest = (self.points(site) or [0])[-1]
        return wait_for(
            f"{count} new recovery points at {site.name}",
            lambda: [each for each in self.points(site) if each > newest][count - 1 :]
            and self.points(site),
            timeout_s,
            0.5,
        )

    # --- a test failover ---

    def machines_of_test(self, site: Site) -> dict:
        shown = site.ask("vm", "list")
        return {each["ElementName"]: each for each in shown if "Test" in each["ElementName"]}

    def guests_of_test(self, site: Site) -> list:
        """With the consoles that they have there."""
        shown = self.machines_of_test(site)
        found = []
        for guest in self.guests:
            ident = shown[f"{guest.name} - Test"]["Name"]
            (console,) = (site.directory / "data/tests").glob(f"*/{ident}/serial0.log")
            found.append(dataclasses.replace(guest, id=ident, console=console))
        return found

    def disks_of_test(self, site: Site) -> list:
        names = [f"{guest.name} - Test" for guest in self.guests]
        disks = [disk for name in names for disk in site.domain_disks(name)]
        return list({disk.path: disk for disk in disks}.values())

    def wait_for_records_of_test(self, site: Site, beyond: int) -> None:
        guests = self.guests_of_test(site)
        wait_for(
            f"record {beyond} of the test",
            lambda: min(group.last_record(guest) for guest in guests) > beyond,
            120,
        )

    # --- proofs ---

    def point_disks(self, site: Site, sequence: int) -> list:
        return [
            site.point_disk(self.collection_id, guest.id, f"vd{letter}", sequence)
            for guest in self.guests
            for letter in "ab"
        ]

    def guest_disks(self, site: Site) -> list:
        disks = [disk for guest in self.guests for disk in site.domain_disks(guest.name)]
        return list({disk.path: disk for disk in disks}.values())

    def judge(self, disks: list) -> Verdict:
        done = subprocess.run(
            [
                str(self.build / "bin/witness-check"),
                "--json",
                *(disk.for_tools() for disk in disks),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode not in (0, 1):
            raise Failed(done.stderr.strip())
        answer = json.loads(done.stdout)
        faults = tuple(answer["faults"])
        return Verdict(answer["holds"], answer["last_record"], faults, answer["quiesced"])

    def prove_order(self, disks: list, what: str) -> int:
        """The last record of a set of disks on which the order of the group holds; fails when it
        does not.
        """
        verdict = self.judge(disks)
        if not verdict.holds:
            raise Failed(f"the order of the group does not hold on {what}: {verdict.faults[0]}")
        return verdict.last_record

    def prove_points(self, site: Site) -> dict:
        """Every recovery point that a site holds: sequence number -> last record."""
        proved = {}
        for sequence in self.points(site):
            try:
                proved[sequence] = self.prove_order(
                    self.point_disks(site, sequence), f"point {sequence} at {site.name}"
                )
            except Failed:
                # Retention may have taken the point between the two looks.
                if sequence in self.points(site):
                    raise
        return proved

    def prove_equal(self, left: list, right: list) -> None:
        """Byte by byte the same disks, by a program that is not ours."""
        for one, two in zip(left, right, strict=True):
            done = subprocess.run(
                [
                    "qemu-img",
                    "compare",
                    "-U",
                    "-f",
                    one.format,
                    "-F",
                    two.format,
                    str(one.path),
                    str(two.path),
                ],
                capture_output=True,
                text=True,
                timeout=120,
            )
            if done.returncode != 0:
                raise Failed(
                    f"{one.path} and {two.path}: {done.stdout.strip() or done.stderr.strip()}"
                )
