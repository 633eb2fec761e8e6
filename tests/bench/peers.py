"""The programs that Reviver is measured against. Each copies a raw image, or brings a copy up to
date, and answers the seconds it took until the copy was on the disk.
"""

import contextlib
import pathlib
import re
import subprocess
import time

from bench.qmp import Qmp
from e2e.reviver_site import wait_for

TIMEOUT_S = 120
BITMAP_GRANULARITY = 65536  # QEMU's own choice; what a backup to a raw target copies at least


def run(*command) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
    )
    return done.stdout


@contextlib.contextmanager
def started(*command):
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def nbd_server(image: pathlib.Path):
    """The name of a UNIX socket at which the image can be written."""
    socket = image.with_suffix(".nbd")
    socket.unlink(missing_ok=True)
    with started("qemu-nbd", "-f", "raw", "--persistent", "-k", socket, image):
        wait_for("the NBD server", socket.exists, 20, 0.01)
        yield socket


def seconds_of(work) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def empty_image(path: pathlib.Path, size: int) -> None:
    path.unlink(missing_ok=True)
    with open(path, "wb") as file:
        file.truncate(size)


def copy_times(disk: pathlib.Path, directory: pathlib.Path) -> dict:
    """Name of the peer -> seconds for the initial copy."""
    target = directory / "peer.raw"
    times = {}

    def by_nbd(name: str, *command: str) -> None:
        empty_image(target, disk.stat().st_size)
        with nbd_server(target) as socket:
            uri = f"nbd+unix:///?socket={socket}"
            times[name] = seconds_of(lambda: (run(*command, disk, uri), run("sync", target)))

    by_nbd("nbdcopy to qemu-nbd", "nbdcopy", "--flush")
    by_nbd("qemu-img convert to qemu-nbd", *"qemu-img convert -n -f raw -O raw".split())

    def by_copying(name: str, *command: str) -> None:
        target.unlink()
        times[name] = seconds_of(lambda: (run(*command, disk, target), run("sync", target)))

    by_copying("rsync -S", "rsync", "-S", "--whole-file")
    by_copying("cp --sparse (the limit)", "cp", "--sparse=always")
    target.unlink()
    return times


def rsync_inplace(changed: pathlib.Path, old: pathlib.Path) -> tuple:
    """Brings `old` up to date; (seconds, bytes sent)."""
    said = []
    command = ("rsync", "--inplace", "--no-whole-file", "--ignore-times", "--stats", changed, old)
    seconds = seconds_of(lambda: (said.append(run(*command)), run("sync", old)))
    return seconds, int(re.search(r"Total bytes sent: ([\d,]+)", said[0])[1].replace(",", ""))


def incremental_backup(
    disk: pathlib.Path, copy: pathlib.Path, writes: list, data: pathlib.Path
) -> tuple:
    """Writes to the disk in a QEMU that tracks it, then backs the changes up; (seconds, bytes)."""
    monitor = disk.with_suffix(".qmp")
    qemu = (
        *"qemu-system-x86_64 -machine none -nodefaults -display none -S -qmp".split(),
        f"unix:{monitor},server=on,wait=off",
        *("-blockdev", f"driver=file,filename={disk},node-name=file"),
        *("-blockdev", "driver=raw,file=file,node-name=disk"),
    )
    with nbd_server(copy) as socket, started(*qemu):
        wait_for("QEMU's monitor", monitor.exists, 20, 0.01)
        with Qmp(monitor) as qmp:
            bitmap = {"node": "disk", "name": "changes", "granularity": BITMAP_GRANULARITY}
            qmp.call("block-dirty-bitmap-add", **bitmap)
            server = {"type": "unix", "path": str(socket)}
            target = {"driver": "nbd", "node-name": "target", "server": server}
            qmp.call("blockdev-add", **target)
            qmp.write("disk", writes, data, disk)
            done = []

            def back_up() -> None:
                qmp.call(
                    "blockdev-backup",
                    **{"job-id": "backup", "device": "disk", "target": "target"},
                    **{"sync": "incremental", "bitmap": "changes"},
                )
                done.append(qmp.wait_for_event("BLOCK_JOB_COMPLETED")["data"])
                run("sync", copy)

            return seconds_of(back_up), int(done[0]["len"])


def copy_of(disk: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    run("cp", "--sparse=always", disk, path)
    return path


def remove(*paths: pathlib.Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
