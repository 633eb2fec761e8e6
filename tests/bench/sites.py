"""Pairs of sites with the guests that the benchmarks need, and a second monitor of each guest."""

import pathlib
import uuid

from e2e.pair import Pair
from guest import embed, group, machine

NAMESPACE = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"


def monitor(directory: pathlib.Path, name: str) -> pathlib.Path:
    return directory / f"{name}.mon"


def with_monitor(xml: str, socket: pathlib.Path) -> str:
    """The definition of a domain whose QEMU listens to a second monitor."""
    option = f"unix:{socket},server=on,wait=off"
    added = (
        f"<qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='{option}'/>"
        "</qemu:commandline></domain>"
    )
    return xml.replace("<domain ", f"<domain {NAMESPACE} ", 1).replace("</domain>", added)


def memory_peak(site) -> int:
    """The most memory that the site's daemon has had resident, in bytes."""
    status = pathlib.Path(f"/proc/{site.daemon.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10


class BenchPair(Pair):
    """A pair of sites, ready to replicate its guests."""

    def begin(self) -> None:
        self.make_sites()
        self.make_guests()
        self.start_sites()
        self.introduce()
        self.make_collection()

    def monitor_of(self, guest: group.Guest) -> pathlib.Path:
        return monitor(self.directory, guest.name)

    def define(self) -> None:
        for guest in self.guests:
            guest.xml.write_text(with_monitor(guest.xml.read_text(), self.monitor_of(guest)))
        embed.virsh(self.home.libvirt, *(f"define {guest.xml}" for guest in self.guests))

    def memory_peaks(self) -> list:
        return [memory_peak(site) for site in (self.home, self.away)]


class WitnessPair(BenchPair):
    """A group of busy guests."""

    def make_guests(self) -> None:
        self.guests = group.make(self.directory / "guests", machine.find(self.build), self.shape)
        self.define()


class DiskPair(BenchPair):
    """One guest that does nothing itself, with one disk: what is written to it is known exactly."""

    def __init__(self, directory: pathlib.Path, build: pathlib.Path, disk: pathlib.Path):
        super().__init__(directory, build, group.Shape(name="disk", guests=1))
        self.disk = disk

    def make_guests(self) -> None:
        directory = self.directory / "guests"
        directory.mkdir()
        guest = group.Guest(
            *("disk-0", str(uuid.uuid4()), (self.disk,), None),
            *(directory / "disk-0.console", directory / "disk-0.xml"),
        )
        guest.xml.write_text(
            f"""<domain type='qemu'>
  <name>{guest.name}</name>
  <uuid>{guest.id}</uuid>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/>
      <source file='{self.disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""
        )
        self.guests = [guest]
        self.define()
