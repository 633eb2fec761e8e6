"""A site as a test sees it: one directory, one reviverd, one embedded libvirt root with the guests
in it.

Everything is done through the two programs, as a user would; what is read directly are the files
that Reviver and libvirt promise: the site's layout, the domain definitions, the recovery points.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import xml.etree.ElementTree as xml

COMMAND_TIMEOUT_S = 300
DIRECTORY_CHARS_MAX = 32


class Failed(Exception):
    """Something that should work did not; the text says what, for the person who runs the test."""


@dataclasses.dataclass(frozen=True)
class Disk:
    target: str
    path: pathlib.Path
    format: str

    def for_tools(self) -> str:
        """As witness-check names an image."""
        return f"{self.format}:{self.path}"


def wait_for(what: str, fact, timeout_s: float = 60, poll_s: float = 0.2):
    """Waits until fact() is true, and answers its value. Fails, saying what was awaited, when it
    does not come true.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {timeout_s:.0f} s in vain for: {what}")
        time.sleep(poll_s)


def short_path(directory: pathlib.Path, chars_max: int = DIRECTORY_CHARS_MAX) -> pathlib.Path:
    """Another name for a directory when its own is too long for the sockets below it.

    libvirt and QEMU make theirs deep inside, and the name of a UNIX socket has at most 107 bytes.
    """
    if len(str(directory)) <= chars_max:
        return directory
    name = "reviver-" + hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    link = pathlib.Path(tempfile.gettempdir()) / name
    if not link.is_symlink():
        link.symlink_to(directory)
    if link.readlink() != directory:
        raise Failed(f"{link} is in the way: remove it")
    return link


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def process_runs(pid: int, program: str) -> bool:
    """Whether the process exists, is no zombie, and is the program: a number may have been given
    to somebody else.
    """
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state != "Z" and program in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill_process(pid: int, program: str) -> None:
    """Like pulling the plug; returns when the process is gone."""
    if process_runs(pid, program):
        os.kill(pid, signal.SIGKILL)
    wait_for(f"the end of process {pid}", lambda: not process_runs(pid, program), 20, 0.01)


class Site:
    def __init__(self, name: str, directory: pathlib.Path, build: pathlib.Path):
        self.name = name
        self.directory = directory
        self.programs = build / "bin"
        self.log = directory.parent / f"{name}.log"
        self.pid_file = directory.parent / f"{name}.pid"
        self.daemon = None
        self.wsman_port = 0

    # --- its life ---

    def create(self) -> None:
        self.wsman_port = free_tcp_port()
        self.reviver(
            "init",
            str(self.directory),
            "--name",
            self.name,
            "--peer-listen",
            f"127.0.0.1:{free_tcp_port()}",
            "--management-listen",
            f"127.0.0.1:{self.wsman_port}",
            at_site=False,
        )

    def configure(self, key: str, value: str) -> None:
        """Sets a key that a new configuration shows with its default, as a comment."""
        file = self.directory / "reviver.toml"
        text, changes = re.subn(
            rf"^(# )?{key} = .*$", f"{key} = {value}", file.read_text(), flags=re.M
        )
        if changes != 1:
            raise Failed(f"{file} has no {key}")
        file.write_text(text)

    def start(self) -> None:
        """Starts the daemon, and waits until it answers."""
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [str(self.programs / "reviverd"), "--config", str(self.directory / "reviver.toml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid_file.write_text(str(self.daemon.pid))
        wait_for(f"an answer of {self.name}'s reviverd", self._answers, 60)

    def _answers(self) -> bool:
        if self.daemon.poll() is not None:
            raise Failed(
                f"{self.name}'s reviverd ended with {self.daemon.returncode}: see {self.log}"
            )
        return self._run("identify", at_site=True).returncode == 0

    def stop(self) -> None:
        """Asks the daemon to end, as a service manager would. Guests run on."""
        self.daemon.terminate()
        if self.daemon.wait(30) != 0:
            raise Failed(
                f"{self.name}'s reviverd ended with {self.daemon.returncode}: see {self.log}"
            )

    def kill(self) -> None:
        """kill -9 of the daemon. Guests run on."""
        self.daemon.kill()
        self.daemon.wait(30)

    def pull_the_plug(self) -> None:
        """The daemon and every guest at once, as when the site loses its power."""
        if self.pid_file.exists():
            kill_process(int(self.pid_file.read_text()), "reviverd")
        for pid_file in sorted((self.libvirt / "run/qemu").glob("*.pid")):
            if pid_file.name != "driver.pid":
                kill_process(int(pid_file.read_text()), f"guest={pid_file.stem}")
        self.kill_storage_daemons()
        if self.daemon:
            self.daemon.wait(30)

    def kill_storage_daemons(self) -> None:
        for pid_file in sorted((self.directory / "data/shared").glob("*/pid")):
            kill_process(int(pid_file.read_text()), "qemu-storage-daemon")

    def kill_guest(self, name: str) -> None:
        kill_process(int((self.libvirt / f"run/qemu/{name}.pid").read_text()), f"guest={name}")

    # --- the command ---

    def _run(self, *arguments: str, at_site: bool) -> subprocess.CompletedProcess:
        where = ["--site", str(self.directory)] if at_site else []
        return subprocess.run(
            [str(self.programs / "reviver"), *where, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        )

    def reviver(self, *arguments: str, at_site: bool = True) -> str:
        done = self._run(*arguments, at_site=at_site)
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip()
            raise Failed(f"at {self.name}: reviver {' '.join(arguments)}: {said}")
        return done.stdout.strip()

    def ask(self, *arguments: str):
        return json.loads(self.reviver("--json", *arguments))

    # --- the files it promises ---

    @property
    def libvirt(self) -> pathlib.Path:
        return self.directory / "libvirt"

    def domain_disks(self, name: str) -> list:
        """The disks that a domain's definition names, in its order."""
        root = xml.parse(self.libvirt / f"etc/qemu/{name}.xml").getroot()
        disks = []
        for disk in root.iter("disk"):
            if disk.get("device", "disk") != "disk":
                continue
            if disk.get("type") == "network":
                disks.append(self.shared_disk(disk))
                continue
            path = pathlib.Path(disk.find("source").get("file"))
            if path.parent != self.directory / "data/locks":  # the lock is no disk of the guest
                target = disk.find("target").get("dev")
                disks.append(Disk(target, path, disk.find("driver").get("type")))
        return disks

    def shared_disk(self, element) -> Disk:
        """What a storage daemon serves to a domain, by the daemon's record."""
        socket_path = pathlib.Path(element.find("source/host").get("socket"))
        record = json.loads((socket_path.parent / "disk.json").read_text())
        return Disk(
            element.find("target").get("dev"), pathlib.Path(record["image"]), record["format"]
        )

    def point_disk(self, collection: str, vm: str, target: str, sequence: int) -> Disk:
        """The layer file that shows a disk at a recovery point, in the latest life of its
        collection that has one, wherever among the lives of the disk."""
        store = self.directory / "data/store"
        lives = sorted(store.glob(f"{collection}*"), key=lambda life: (len(life.name), life.name))
        for life in reversed(lives):
            found = list(life.glob(f"{vm}/{target}*/p{sequence}.qcow2"))
            if len(found) == 1:
                return Disk(target, found[0], "qcow2")
        raise Failed(f"{self.name} has no file for point {sequence} of {vm}/{target}")

    def endpoint(self) -> dict:
        return {
            "name": self.name,
            "wsman": f"https://127.0.0.1:{self.wsman_port}/wsman",
            "user": "admin",
            "password_file": str(self.directory / "admin.password"),
            "ca_file": str(self.directory / "keys/management.crt"),
            "libvirt_uri": f"qemu:///embed?root={self.libvirt}",
            "data_dir": str(self.directory / "data"),
        }
