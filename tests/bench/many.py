"""Many small collections in one pair of daemons: do cycles keep their interval, and what do the
daemons take for it?"""

import base64
import concurrent.futures
import pathlib
import re
import shutil
import ssl
import subprocess
import time
import urllib.request
import uuid

from bench.figures import Figure
from e2e.reviver_site import Site, short_path, wait_for
from guest import embed

COLLECTIONS = 64
VMS = 4  # in each
RUNNING = 2  # collections whose VMs are on: they wait for a disk to boot from, and do nothing
INTERVAL_S = 30
WATCHED_S = 150
SAMPLE_S = 5
DISK_MIB = 1
ASKING = 4  # commands at a time while collections are made
REPLICATING = "replicating"

DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
      <source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Process:
    """What a daemon takes, from /proc."""

    def __init__(self, pid: int):
        self.directory = pathlib.Path(f"/proc/{pid}")
        self.samples = []  # (bytes resident, threads, descriptors)

    def sample(self) -> None:
        status = (self.directory / "status").read_text()
        number = lambda name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1])
        descriptors = len(list((self.directory / "fd").iterdir()))
        self.samples.append((number("VmRSS") << 10, number("Threads"), descriptors))

    def cpu_s(self) -> float:
        """Of the daemon and of the helpers that it has waited for."""
        fields = (self.directory / "stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(ticks) for ticks in fields[11:15]) / 100

    def most(self, index: int) -> int:
        return max(sample[index] for sample in self.samples)

    def grown(self) -> int:
        """Bytes resident at the end, above the middle of the time."""
        return self.samples[-1][0] - self.samples[len(self.samples) // 2][0]


class Many:
    def __init__(self, directory: pathlib.Path, build: pathlib.Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = short_path(directory)
        self.build = build
        self.home = Site("home", self.directory / "home", build)
        self.away = Site("away", self.directory / "away", build)

    def begin(self) -> None:
        for site in (self.home, self.away):
            site.create()
            embed.prepare(site.libvirt, self.build / "guest/libvirt-cache")
        self.define()
        for site in (self.home, self.away):
            site.start()
        self.home.reviver("pair", "--with", str(self.away.directory), "--yes")

    def vms(self, collection: int) -> list:
        return [f"vm-{collection}-{number}" for number in range(VMS)]

    def define(self) -> None:
        disks = self.directory / "disks"
        disks.mkdir()
        first = disks / "first.qcow2"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", first, f"{DISK_MIB}M"], check=True
        )
        commands = []
        for collection in range(COLLECTIONS):
            for name in self.vms(collection):
                disk, xml = disks / f"{name}.qcow2", disks / f"{name}.xml"
                shutil.copyfile(first, disk)
                xml.write_text(DOMAIN.format(name=name, uuid=uuid.uuid4(), disk=disk))
                commands.append(f"define {xml}")
        embed.virsh(self.home.libvirt, *commands, timeout_s=120)

    def protect(self, collection: int) -> None:
        name = f"group-{collection}"
        self.home.reviver("collection", "create", name)
        self.home.reviver("collection", "add", name, *self.vms(collection))
        if collection < RUNNING:
            for vm in self.vms(collection):
                self.home.reviver("vm", "start", vm)
        self.home.reviver("enable", name, "--to", "away", "--interval", str(INTERVAL_S), "--wait")
        self.home.reviver("start", name)

    def protect_all(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(ASKING) as pool:
            for done in [pool.submit(self.protect, each) for each in range(COLLECTIONS)]:
                done.result()

    def metrics(self, site: Site) -> str:
        password = (site.directory / "admin.password").read_text().strip()
        login = base64.b64encode(f"admin:{password}".encode()).decode()
        request = urllib.request.Request(
            f"https://127.0.0.1:{site.wsman_port}/metrics",
            headers={"Authorization": f"Basic {login}"},
        )
        trusted = ssl.create_default_context(cafile=str(site.directory / "keys/management.crt"))
        with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:
            return answer.read().decode()

    def count(self, text: str, name: str, label: str) -> float:
        lines = re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.M)
        return sum(float(value) for labels, value in lines if label in labels)

    def replicating(self) -> bool:
        text = self.metrics(self.home)
        label = f'role="primary",state="{REPLICATING}"'
        return len(re.findall(rf"^reviver_collection_state{{.*{label}}}", text, re.M)) == (
            COLLECTIONS
        )

    def end(self) -> None:
        for site in (self.home, self.away):
            site.pull_the_plug()


def watch(many: Many) -> dict:
    """Watches for a while; cycles that were kept and missed, and the CPU of each daemon."""
    daemons = {site.name: Process(site.daemon.pid) for site in (many.home, many.away)}
    before = many.metrics(many.home)
    cpu = {name: each.cpu_s() for name, each in daemons.items()}
    began = time.monotonic()
    while time.monotonic() - began < WATCHED_S:
        for each in daemons.values():
            each.sample()
        time.sleep(SAMPLE_S)
    seconds = time.monotonic() - began
    after = many.metrics(many.home)
    cycles = {
        result: many.count(after, "reviver_cycles_total", f'result="{result}"')
        - many.count(before, "reviver_cycles_total", f'result="{result}"')
        for result in ("sent", "missed")
    }
    share = {name: (each.cpu_s() - cpu[name]) / seconds for name, each in daemons.items()}
    return {"seconds": seconds, "cycles": cycles, "daemons": daemons, "cpu": share}


def measure(directory: pathlib.Path, build: pathlib.Path):
    many = Many(directory / "m", build)
    try:
        many.begin()
        began = time.monotonic()
        many.protect_all()
        wait_for("the initial copies", many.replicating, 240, 1)
        note = f"{COLLECTIONS} collections of {VMS} VMs, {RUNNING * VMS} of them on"
        yield Figure("until all replicate", time.monotonic() - began, "s", "", note)
        seen = watch(many)
        due = COLLECTIONS * seen["seconds"] / INTERVAL_S
        sent, missed = seen["cycles"]["sent"], seen["cycles"]["missed"]
        note = f"in {seen['seconds']:.0f} s: {sent:.0f} of {due:.0f} due; {missed:.0f} missed"
        yield Figure("cycles that did not keep the interval", 1 - sent / due, "", "0.05", note)
        for name, daemon in seen["daemons"].items():
            yield Figure(f"memory at {name}, most", daemon.most(0), "bytes", "512 MiB")
            yield Figure(f"memory at {name}, grown in the second half", daemon.grown(), "bytes")
            yield Figure(f"threads at {name}, most", daemon.most(1), "")
            yield Figure(f"descriptors at {name}, most", daemon.most(2), "")
            yield Figure(f"CPUs that {name} takes", seen["cpu"][name], "")
    finally:
        many.end()
