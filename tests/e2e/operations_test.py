"""What operators meet beyond the round trip, with real guests and two real sites: a replica that
somebody starts, a full disk, a damaged layer, a daemon that is stopped at work, and what the
command says when something is wrong."""

import os
import pathlib
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as xml

from e2e.pair import READY, REPLICATING, WAITING_FOR_RESYNC
from e2e.pair_case import PairCase
from e2e.reviver_site import Disk, Failed, wait_for
from guest import embed

STORE_MIB = 96
STOP_S = 10
CLUSTER = 64 << 10  # of a layer
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


class OperationsTest(PairCase):
    def setUp(self):
        self.make_pair(name="shop", guests=1, rate=40, disk_mib=32, filled_mib=8)

    def replicate(self, *options: str):
        super().replicate(*options)
        self.pair.wait_for_new_points(self.away, 2)

    # --- locks

    def test_a_locked_replica_does_not_run(self):
        self.replicate()
        said = self.refusal(self.away, "vm", "start", self.guest.name)
        self.assertIn("is a Reviver replica", said)
        self.away.stop()
        with self.assertRaisesRegex(RuntimeError, "is a Reviver replica of 'shop'"):
            embed.virsh(self.away.libvirt, f"start {self.guest.name}")

        # Somebody who helps himself to the disks that are not there, the lock's among them.
        for disk in self.all_disks(self.away):
            disk.parent.mkdir(parents=True, exist_ok=True)
            create = ["qemu-img", "create", "-q", "-f"]
            kind = "raw" if disk.parent.name == "locks" else "qcow2"
            subprocess.run([*create, kind, str(disk), "1M"], check=True)
        embed.virsh(self.away.libvirt, f"start --paused {self.guest.name}")
        self.assertFalse(self.is_off_by_file(self.away))
        self.away.start()
        self.assertTrue(self.pair.is_off(self.away, self.guest.name))
        self.assertIn("was started although it is locked", self.issues(self.away))
        self.away.reviver("vm", "start", self.guest.name)
        told = "was started although it is locked, and was powered off"
        wait_for("the second end", lambda: self.away.log.read_text().count(told) == 2, STOP_S)
        self.assertTrue(self.pair.is_off(self.away, self.guest.name))

    def all_disks(self, site) -> list:
        root = xml.parse(site.libvirt / f"etc/qemu/{self.guest.name}.xml").getroot()
        return [pathlib.Path(disk.find("source").get("file")) for disk in root.iter("disk")]

    def is_off_by_file(self, site) -> bool:
        return not (site.libvirt / f"run/qemu/{self.guest.name}.pid").exists()

    # --- how far behind, and how fast

    def test_both_sides_warn_of_the_second_missed_cycle_and_a_limit_changes_while_they_run(self):
        self.replicate()
        too_old = "the newest recovery point of 'shop' is"
        warns = lambda site: too_old in self.issues(site)
        self.assertFalse(warns(self.home) or warns(self.away))
        points = self.away.ask("points", "shop")
        self.assertIn("newest", points[-1]["KeptAs"])
        self.assertIn("recent", points[-2]["KeptAs"])

        self.away.daemon.send_signal(signal.SIGSTOP)  # a peer that hangs
        wait_for("home's warning", lambda: warns(self.home), 60)
        self.assertGreaterEqual(self.pair.status(self.home)["Statistics"]["ReplicationHealth"], 2)
        self.away.daemon.send_signal(signal.SIGCONT)
        wait_for("the warning's end", lambda: not warns(self.home), 120)
        self.pair.wait_for_new_points(self.away, 1)

        config = self.home.directory / "reviver.toml"
        limit = "[[replication.collection]]\nname = 'shop'\nbandwidth_kib_per_s_max = 256\n"
        config.write_text(config.read_text() + limit)
        self.home.daemon.send_signal(signal.SIGHUP)
        limited = lambda: self.pair.details(self.home).get("BandwidthLimit") == 256 << 10
        wait_for("the limit", limited, STOP_S)
        self.assertIn("256.0 KiB/s now", self.home.reviver("status", "shop"))
        good = config.read_text()
        config.write_text(good + "nonsense = 1\n")
        self.home.daemon.send_signal(signal.SIGHUP)
        held = "what was read before holds on"
        wait_for("the refusal", lambda: held in self.home.log.read_text(), STOP_S)
        config.write_text(good)
        self.assertTrue(limited())
        self.pair.wait_for_new_points(self.away, 1)

        self.home.kill()
        wait_for("away's warning", lambda: warns(self.away), 60)
        wait_for("a line in its log", lambda: "is too old" in self.away.log.read_text(), STOP_S)

    # --- resynchronization, scheduled and cancelled work

    def test_resynchronization_waits_for_a_person(self):
        self.replicate("--no-auto-resync")
        points = self.pair.points(self.away)
        self.home.kill_guest(self.guest.name)
        wait_for("home to see it", lambda: self.pair.is_off(self.home, self.guest.name))
        self.home.reviver("vm", "start", self.guest.name)
        self.pair.wait_for_state(self.home, WAITING_FOR_RESYNC)
        self.assertIn("resynchronize it", self.issues(self.home))
        self.pair.wait_for_records(self.pair.last_record() + 20)
        self.assertEqual(self.pair.state(self.home), WAITING_FOR_RESYNC)
        self.assertIn("resynchronized", self.home.reviver("resync", "shop", "--wait"))
        self.pair.wait_for_state(self.home, REPLICATING)
        self.assertIn(points[-1], self.pair.points(self.away))
        self.pair.wait_for_new_points(self.away, 1)
        self.pair.prove_points(self.away)

        self.home.reviver("suspend", "shop")
        self.assertIn("IncludeSuspended", self.refusal(self.home, "resync", "shop"))
        self.home.reviver("resync", "shop", "--include-suspended", "--at", "PT2H")
        self.assertEqual(self.pair.state(self.home), WAITING_FOR_RESYNC)
        self.assertIn("the resynchronization starts at", self.issues(self.home))
        self.home.reviver("resync", "shop", "--cancel")
        self.home.reviver("resync", "shop", "--wait")
        self.pair.wait_for_new_points(self.away, 1)
        self.pair.prove_points(self.away)
        self.assertIn("not possible", self.refusal(self.home, "resync", "shop", "--cancel"))

    def test_an_initial_replication_starts_at_its_time_and_goes_on_after_a_cancel(self):
        self.home.configure("bandwidth_kib_per_s_max", "512")
        pair = self.pair
        pair.start_sites()
        pair.introduce()
        pair.make_collection()
        pair.enable(interval_s=1, history=4)
        self.assertIn("seven days", self.refusal(self.home, "start", "shop", "--at", "P8D"))
        self.home.reviver("start", "shop", "--at", "PT1H")
        self.assertEqual(pair.state(self.home), READY)
        self.home.reviver("start", "shop", "--cancel")
        self.assertIn("not possible", self.refusal(self.home, "start", "shop", "--cancel"))
        self.home.reviver("start", "shop", "--at", "PT1S")
        wait_for("a part of it", lambda: self.received_bytes() > 1 << 20, poll_s=0.05)
        self.home.reviver("start", "shop", "--cancel")
        self.assertEqual(pair.state(self.home), READY)
        arrived = self.received_bytes()
        self.home.configure("bandwidth_kib_per_s_max", "0")
        self.home.stop()
        self.home.start()
        self.home.reviver("start", "shop", "--wait")
        self.assertLess(pair.bytes_sent(self.home), (pair.shape.filled_mib << 20) * 2 - arrived / 2)
        pair.wait_for_state(self.away, REPLICATING)
        pair.start_guests(self.home)
        pair.wait_for_records(20)
        pair.wait_for_new_points(self.away, 2)
        pair.prove_points(self.away)

    # --- a full disk

    def test_a_full_disk_pauses_replication(self):
        data = self.away.directory / "data"
        self.mount_small(data)
        self.replicate()
        before = self.pair.points(self.away)
        free = os.statvfs(data)
        ballast = data / "ballast"
        ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - (1 << 20)))
        for site in (self.home, self.away):
            said = f"{data}/store has"
            wait_for(f"health of {site.name}", lambda: said in self.issues(site), poll_s=0.5)
            self.assertIn("make room", self.issues(site))
        self.assertIn("nothing found", self.scrub())
        self.pair.prove_points(self.away)
        self.assertEqual(self.pair.points(self.away)[0], before[0])

        ballast.unlink()
        self.pair.wait_for_new_points(self.away, 2)
        self.pair.wait_for_state(self.home, REPLICATING)
        self.assertNotIn("has", self.issues(self.away))
        self.assertIn("nothing found", self.scrub())
        self.pair.prove_points(self.away)

    def mount_small(self, directory):
        subprocess.run(
            [*AS_ROOT, "mount", "-t", "tmpfs", "-o"]
            + [f"size={STORE_MIB}m,mode=0700,uid={os.getuid()}", "tmpfs", str(directory)],
            check=True,
        )
        self.addCleanup(subprocess.run, [*AS_ROOT, "umount", "-l", str(directory)], check=True)

    # --- scrub

    def scrub(self) -> str:
        return self.away.reviver("scrub", self.pair.collection, "--wait")

    def test_scrub_names_what_is_damaged(self):
        self.replicate()
        self.home.reviver("suspend", self.pair.collection)
        self.assertIn("nothing found", self.scrub())
        disk = self.newest_disk_with_data()
        self.flip_a_bit(disk.path)
        said = self.refusal(self.away, "scrub", self.pair.collection, "--wait")
        point = disk.path.stem.removeprefix("p")
        for part in (disk.path.name, f"{self.guest.name}/{disk.target}", f"points {point}"):
            self.assertIn(part, said)
        self.assertIn("nobody", self.refusal(self.away, "scrub", "nobody"))

    def newest_disk_with_data(self):
        for sequence in reversed(self.pair.points(self.away)):
            for disk in self.pair.point_disks(self.away, sequence):
                if disk.path.stat().st_size > 4 * CLUSTER:
                    return disk
        raise Failed("no layer holds data")

    def flip_a_bit(self, layer):
        """In the data of a qcow2 file; that begins with its header and tables."""
        with open(layer, "r+b") as file:
            file.seek(-CLUSTER, os.SEEK_END)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))

    # --- an orderly end

    def test_a_busy_daemon_stops_at_once_and_loses_nothing(self):
        self.home.configure("bandwidth_kib_per_s_max", "2048")
        self.pair.start_sites()
        self.pair.introduce()
        self.pair.start_guests(self.home)
        self.pair.make_collection()
        self.pair.enable(interval_s=1, history=4)
        self.home.reviver("start", self.pair.collection)
        for site in (self.home, self.away):
            more = self.received_bytes() + (1 << 20)
            wait_for("data under way", lambda: self.received_bytes() > more, poll_s=0.05)
            self.stop_in_time(site)
            site.start()
        self.pair.wait_for_state(self.home, REPLICATING)
        self.pair.wait_for_new_points(self.away, 1)
        for site in (self.away, self.home):
            self.stop_in_time(site)
            site.start()
        self.pair.wait_for_new_points(self.away, 2)
        self.pair.prove_points(self.away)
        self.assertIn("nothing found", self.scrub())

    def received_bytes(self) -> int:
        files = (self.away.directory / "data/store").rglob("*")
        return sum(file.stat().st_blocks * 512 for file in files if file.is_file())

    def stop_in_time(self, site):
        began = time.monotonic()
        site.daemon.send_signal(signal.SIGTERM)
        self.assertEqual(site.daemon.wait(STOP_S), 0)
        self.assertLess(time.monotonic() - began, STOP_S)

    # --- disks that are no files

    def test_block_devices_replicate(self):
        definition = xml.fromstring(self.guest.xml.read_text())
        devices = [self.to_block_device(disk) for disk in definition.iter("disk")]
        self.guest.xml.write_text(xml.tostring(definition, encoding="unicode"))
        embed.virsh(self.home.libvirt, f"define {self.guest.xml}")
        self.replicate()
        self.pair.wait_for_records(20)
        # What a raw disk's bitmap knew ends with its QEMU: found again by comparing.
        self.home.reviver("vm", "kill", self.guest.name)
        self.pair.forget_consoles()
        self.home.reviver("vm", "start", self.guest.name)
        self.pair.wait_for_records(20)
        self.pair.wait_for_new_points(self.away, 2)
        self.pair.prove_points(self.away)
        self.home.reviver("planned-failover", self.pair.collection, "--wait")
        newest = self.pair.point_disks(self.away, self.pair.points(self.away)[-1])
        self.assertGreater(self.pair.prove_order(newest, "the newest point"), 0)
        self.pair.prove_equal(devices, newest)

    def to_block_device(self, disk) -> Disk:
        """Puts a disk's content on a loop device, and the device into the definition."""
        source, driver = disk.find("source"), disk.find("driver")
        image = pathlib.Path(source.get("file"))
        raw = image.with_suffix(".device")
        convert = ["qemu-img", "convert", "-f", driver.get("type"), "-O", "raw"]
        subprocess.run([*convert, str(image), str(raw)], check=True)
        made = subprocess.run(
            [*AS_ROOT, "losetup", "--find", "--show", str(raw)],
            check=True,
            capture_output=True,
            text=True,
        )
        device = made.stdout.strip()
        self.addCleanup(subprocess.run, [*AS_ROOT, "losetup", "--detach", device], check=True)
        disk.set("type", "block")
        driver.set("type", "raw")
        source.attrib.clear()
        source.set("dev", device)
        return Disk(disk.find("target").get("dev"), pathlib.Path(device), "raw")

    # --- what the command says

    def test_what_is_wrong_is_said_with_what_to_do(self):
        home, away, shop = self.home, self.away, self.pair.collection
        for arguments, advice in (
            (("--site", "/nonexistent", "status"), "`reviver init /nonexistent` makes one"),
            (("--site", str(home.directory), "status"), "is reviverd running for"),
        ):
            self.assertIn(advice, self.refusal(home, *arguments, at_site=False))
        self.pair.start_sites()
        self.pair.make_collection()
        self.check_refusals(
            (("status", "nobody"), "`reviver collection list` shows"),
            (("vm", "start", "nobody"), "`reviver vm list` shows"),
            (("enable", shop, "--to", "away"), "run `reviver pair`"),
            (("failover", shop), "See `reviver status`"),
            (("scrub", shop), "has no recovery points"),
            (("unpair", "nobody"), "`reviver peers` shows"),
            (("pair", "--peer", "127.0.0.1:1", "--name", "x"), "does reviverd run there"),
            (("pair", "--with", str(away.directory)), "give --yes"),
        )

        self.pair.introduce()
        away.reviver("unpair", "home")
        self.check_refusals((("enable", shop, "--to", "away", "--wait"), "pair the two sites"))
        self.pair.introduce()
        away.stop()
        self.check_refusals((("enable", shop, "--to", "away", "--wait"), "does reviverd run there"))
        self.renew_key(away)
        away.start()
        self.check_refusals((("enable", shop, "--to", "away", "--wait"), "pair again"))
        self.pair.introduce()
        self.pair.enable(interval_s=300, history=4)

    def check_refusals(self, *cases):
        for arguments, advice in cases:
            self.assertIn(advice, self.refusal(self.home, *arguments))

    def renew_key(self, site):
        keys = site.directory / "keys"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-subj", "/CN=renewed", "-days", "30"]
            + ["-keyout", str(keys / "peer.key"), "-out", str(keys / "peer.crt")],
            check=True,
            capture_output=True,
        )

    def test_accounts_change_while_the_daemon_runs(self):
        home = self.home
        home.start()
        password_file = home.directory / "eve.password"

        def as_eve(*arguments):
            who = ("--user", "eve", "--password-file", str(password_file))
            door = ("--url", home.endpoint()["wsman"], "--ca", home.endpoint()["ca_file"])
            return (*door, *who, *arguments)

        made = home.reviver("user", "add", "eve", "--role", "viewer", "--generate")
        password_file.write_text(made + "\n")
        home.reviver(*as_eve("collection", "list"), at_site=False)
        said = self.refusal(home, *as_eve("collection", "create", "x"), at_site=False)
        self.assertIn("`reviver user list`", said)
        made = home.reviver("user", "passwd", "eve", "--generate")
        said = self.refusal(home, *as_eve("collection", "list"), at_site=False)
        self.assertIn("`reviver user passwd eve`", said)
        password_file.write_text(made + "\n")
        home.reviver(*as_eve("collection", "list"), at_site=False)
        home.reviver("user", "remove", "eve")
        self.refusal(home, *as_eve("collection", "list"), at_site=False)
        home.reviver("user", "passwd", "admin", "--generate")
        home.reviver("collection", "list")


if __name__ == "__main__":
    unittest.main()
