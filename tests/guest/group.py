"""A group of small guests that run the witness: disk images and libvirt domain definitions.

    python3 -m guest.group --build DIR --directory DIR [--name NAME] [--guests N] [--disk-mib N]
    [--rate N] [--load N]

(with tests/ on the PYTHONPATH) writes the images and NAME-0.xml .. into the directory and prints
the names of the XML files. The guests are joined in a ring of UDP sockets on the loopback
interface: what guest i sends arrives at guest i+1.
"""

import argparse
import dataclasses
import os
import pathlib
import socket
import subprocess
import uuid
from xml.sax.saxutils import escape

DISK_FORMATS = ("qcow2", "raw")  # of vda, vdb
MEMORY_MIB = 96
FILES_MIB = 16


@dataclasses.dataclass(frozen=True)
class Guest:
    name: str
    id: str
    disks: tuple  # of paths, in the order vda, vdb; what the witness has
    files: pathlib.Path | None  # the disk with a file system, vdc
    console: pathlib.Path
    xml: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Shape:
    """What can be chosen about a group."""

    name: str = "group"
    guests: int = 2
    disk_mib: int = 64
    rate: int = 30  # records a second, of the whole group
    load: int = 0  # further 4 KiB writes a second, of each guest
    slots: int = 512
    filled_mib: int = 0  # of random data on each disk, where the witness keeps nothing
    shared: int = 0  # 1: the guests have one more disk, which is the same one for all
    agent: int = 0  # 1: with a guest agent, and a third disk with a file system
    hanging: int = -1  # the guest whose agent's hook hangs before a freeze
    hang_s: int = 0
    deaf: int = -1  # the guest that does not shut down, whoever asks


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a guest is booted with."""

    kernel: pathlib.Path
    initramfs: pathlib.Path
    domain_type: str  # "kvm" or "qemu"


def free_udp_ports(count: int) -> list:
    """Ports that were free a moment ago; held open together, so that they differ."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def make_disk(path: pathlib.Path, image_format: str, shape: Shape) -> None:
    raw = path.with_suffix(".new")
    with open(raw, "wb") as file:
        file.truncate(shape.disk_mib << 20)
        file.seek(shape.disk_mib << 19)
        for _ in range(shape.filled_mib):
            file.write(os.urandom(1 << 20))
    if image_format == "raw":
        raw.rename(path)
        return
    command = ["qemu-img", "convert", "-f", "raw", "-O", image_format, str(raw), str(path)]
    subprocess.run(command, check=True)
    raw.unlink()


def make_file_system(path: pathlib.Path) -> None:
    with open(path, "wb") as file:
        file.truncate(FILES_MIB << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", str(path)], check=True)


def disk_xml(path: pathlib.Path, index: int) -> str:
    image_format = (*DISK_FORMATS, "raw")[index]
    return (
        f"<disk type='file' device='disk'><driver name='qemu' type='{image_format}'/>"
        f"<source file='{escape(str(path))}'/><target dev='vd{'abc'[index]}' bus='virtio'/></disk>"
    )


AGENT_CHANNEL = (
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
)


def interface_xml(index: int, ports: list) -> str:
    following = ports[(index + 1) % len(ports)]
    return (
        f"<interface type='udp'><mac address='52:54:00:77:00:{index:02x}'/>"
        f"<source address='127.0.0.1' port='{following}'>"
        f"<local address='127.0.0.1' port='{ports[index]}'/></source>"
        f"<model type='virtio'/><rom enabled='no'/></interface>"
    )


def command_line(shape: Shape, index: int) -> str:
    settings = {
        "group": shape.name,
        "guests": shape.guests,
        "vm": index,
        "disks": len(DISK_FORMATS) + shape.shared,
        "shared": shape.shared,
        "slots": shape.slots,
        "rate": shape.rate,
        "load": shape.load,
        "agent": shape.agent,
        "hang": shape.hang_s if index == shape.hanging else 0,
        "deaf": 1 if index == shape.deaf else 0,
    }
    words = " ".join(f"witness.{name}={value}" for name, value in settings.items())
    return f"console=ttyS0 quiet panic=-1 ipv6.disable=1 {words}"


def domain_xml(guest: Guest, machine: Machine, shape: Shape, index: int, ports: list) -> str:
    paths = [*guest.disks, *([guest.files] if guest.files else [])]
    disks = "\n    ".join(disk_xml(path, number) for number, path in enumerate(paths))
    return f"""<domain type='{machine.domain_type}'>
  <name>{escape(guest.name)}</name>
  <uuid>{guest.id}</uuid>
  <memory unit='MiB'>{MEMORY_MIB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{escape(str(machine.kernel))}</kernel>
    <initrd>{escape(str(machine.initramfs))}</initrd>
    <cmdline>{escape(command_line(shape, index))}</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    {disks}
    <controller type='usb' model='none'/>
    {interface_xml(index, ports)}
    <serial type='file'><source path='{escape(str(guest.console))}' append='on'/></serial>
    {AGENT_CHANNEL if shape.agent else ""}
    <memballoon model='none'/>
  </devices>
</domain>
"""


def make(directory: pathlib.Path, machine: Machine, shape: Shape) -> list:
    """Makes images and definitions in the directory; the guests, not yet defined anywhere."""
    directory.mkdir(parents=True, exist_ok=True)
    ports = free_udp_ports(shape.guests)
    guests = []
    for index in range(shape.guests):
        name = f"{shape.name}-{index}"
        disks = tuple(
            directory / f"{name}-vd{letter}.{image_format}"
            for letter, image_format in zip("ab", DISK_FORMATS)
        )
        files = directory / f"{name}-vdc.raw" if shape.agent else None
        if files:
            make_file_system(files)
        console, definition = directory / f"{name}.console", directory / f"{name}.xml"
        guest = Guest(name, str(uuid.uuid4()), disks, files, console, definition)
        for path, image_format in zip(disks, DISK_FORMATS):
            make_disk(path, image_format, shape)
        guest.xml.write_text(domain_xml(guest, machine, shape, index, ports))
        guests.append(guest)
    return guests


def last_record(guest: Guest) -> int:
    """The last record that the guest's console speaks of; 0 before the first."""
    try:
        lines = guest.console.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return 0
    numbers = [
        line.split()[2]
        for line in lines
        if line.startswith("witness: record ") and len(line.split()) == 3
    ]
    return int(numbers[-1]) if numbers else 0


def main() -> None:
    from guest import machine

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    for field in dataclasses.fields(Shape):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", type=field.type, default=field.default
        )
    arguments = parser.parse_args()
    shape = Shape(
        **{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Shape)}
    )
    booted = machine.find(arguments.build.resolve(), bool(shape.agent))
    for guest in make(arguments.directory.resolve(), booted, shape):
        print(guest.xml)


if __name__ == "__main__":
    main()
