"""The initial copy of a disk, and cycles that carry known writes."""

import os
import pathlib
import random
import time

from bench import peers
from bench.figures import Figure
from bench.qmp import Qmp
from bench.sites import DiskPair
from e2e.pair import REPLICATING
from e2e.reviver_site import Failed, wait_for

THIRD_MIB = 128  # of the disk: random, compressible, empty
MIB = 1 << 20
INTERVAL_S = 1
WRITES = {4096: 2048, 65536: 512}  # size of a write -> how many
ATTEMPTS = 5
SEED = 2


def make_image(path: pathlib.Path) -> None:
    chosen = random.Random(SEED)
    with open(path, "wb") as file:
        file.truncate(3 * THIRD_MIB * MIB)
        for _ in range(THIRD_MIB):
            file.write(chosen.randbytes(MIB))
        for number in range(THIRD_MIB):
            chance = chosen.randbytes(8).hex().encode()
            line = b"%08d %s the same words in every line\n" % (number, chance)
            file.write((line * (MIB // len(line) + 1))[:MIB])
    peers.run("sync", path)


def scattered(length: int) -> list:
    """Writes (offset, length) that do not meet, over the whole disk."""
    places = random.Random(SEED + length).sample(
        range(3 * THIRD_MIB * MIB // 65536), WRITES[length]
    )
    return [(place * 65536, length) for place in places]


def state_within(pair: DiskPair, timeout_s: float) -> None:
    for site in (pair.home, pair.away):
        wait_for("state 3", lambda: pair.state(site) == REPLICATING, timeout_s, 0.02)


def initial_copy(pair: DiskPair, directory: pathlib.Path) -> Figure:
    times = peers.copy_times(pair.disk, directory)
    pair.home.reviver(
        *("enable", pair.collection, "--to", "away", "--wait", "--no-compression"),
        *("--interval", str(INTERVAL_S), "--history", "4"),
    )

    def copy() -> None:
        pair.home.reviver("start", pair.collection, "--wait")
        state_within(pair, 120)

    seconds = peers.seconds_of(copy)
    size = f"{3 * THIRD_MIB} MiB, thirds random, compressible, empty; not compressed"
    return Figure("initial copy", seconds, "s", "faster than all", size, times)


def write_into_guest(pair: DiskPair, writes: list, data: pathlib.Path) -> None:
    with Qmp(pair.monitor_of(pair.guests[0])) as qmp:
        device = next(each["qdev"] for each in qmp.call("query-block") if each.get("qdev"))
        qmp.write(f"-d {device}", writes, data, pair.disk)


def one_cycle(pair: DiskPair, writes: list, data: pathlib.Path) -> tuple:
    """Writes while replication is suspended, until they are across after it is resumed; (seconds,
    bytes sent, cycles). A cut that the suspension interrupted is finished first, without them."""
    changed = sum(length for _, length in writes)
    pair.wait_for_new_points(pair.away, 1)
    pair.home.reviver("suspend", pair.collection, "--wait")
    newest = pair.points(pair.away)[-1]
    pair.home.reviver("statistics", pair.collection, "--reset")
    data.write_bytes(os.urandom(writes[0][1]))
    write_into_guest(pair, writes, data)
    began = time.monotonic()
    pair.home.reviver("resume", pair.collection, "--wait")
    wait_for("the writes to be sent", lambda: pair.bytes_sent(pair.home) >= changed, 60, 0.02)
    seconds = time.monotonic() - began
    return seconds, pair.bytes_sent(pair.home), pair.points(pair.away)[-1] - newest


def cycle_of_writes(pair: DiskPair, writes: list, data: pathlib.Path) -> tuple:
    """(seconds, bytes) of one cycle that carried exactly the writes."""
    for _ in range(ATTEMPTS):
        seconds, sent, cycles = one_cycle(pair, writes, data)
        if cycles == 1:
            return seconds, sent
    raise Failed(f"no single cycle carried the writes in {ATTEMPTS} attempts")


def cycle(pair: DiskPair, directory: pathlib.Path, length: int) -> list:
    writes = scattered(length)
    changed = length * len(writes)
    data = directory / "written"
    seconds, sent = cycle_of_writes(pair, writes, data)

    source = peers.copy_of(pair.disk, directory / "source.raw")
    copy = peers.copy_of(source, directory / "copy.raw")
    data.write_bytes(os.urandom(length))
    backup_s, backup_bytes = peers.incremental_backup(source, copy, writes, data)
    data.write_bytes(os.urandom(length))
    with open(source, "r+b") as file:
        for offset, _ in writes:
            file.seek(offset)
            file.write(data.read_bytes())
    rsync_s, rsync_bytes = peers.rsync_inplace(source, copy)
    peers.remove(source, copy, data)

    what = f"cycle of {len(writes)} writes of {length // 1024} KiB"
    names = ("incremental blockdev-backup", "rsync --inplace")
    times = dict(zip(names, (backup_s, rsync_s)))
    per_byte = dict(zip(names, (backup_bytes / changed, rsync_bytes / changed)))
    aim = "at most 1.1" if length == 4096 else ""
    return [
        Figure(f"{what}: time", seconds, "s", "faster than all", "", times),
        Figure(f"{what}: sent per byte", sent / changed, "", aim, "not compressed", per_byte),
    ]


def measure(directory: pathlib.Path, build: pathlib.Path):
    disk = directory / "disk.raw"
    make_image(disk)
    pair = DiskPair(directory / "d", build, disk)
    try:
        pair.begin()
        yield initial_copy(pair, directory)
        pair.home.reviver("vm", "start", pair.guests[0].name)
        pair.wait_for_new_points(pair.away, 2)
        for length in WRITES:
            yield from cycle(pair, directory, length)
        peak = max(pair.memory_peaks())
        yield Figure("memory of a daemon at its peak, one disk", peak, "bytes", "256 MiB")
    finally:
        pair.end()
