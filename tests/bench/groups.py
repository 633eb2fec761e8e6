"""What a group of busy guests feels, and what its failover and its way back cost."""

import pathlib
import statistics
import time

from bench import peers
from bench.figures import Figure
from bench.qmp import Qmp
from bench.sites import WitnessPair
from e2e.pair import REPLICATING
from guest.group import Shape

SHAPE = Shape(name="group", guests=4, disk_mib=64, rate=40, load=50, filled_mib=8)
INTERVAL_S = 1
HISTORY = 24
CUTS_MAX = 100
CUTS_WITHIN_S = 75
PAUSES = 50
POINTS = (24, 8, 1)
HOLD_AIM = "20 ms median"


def plain_pauses(pair: WitnessPair) -> list:
    """Milliseconds from the first `stop` to the last `cont`, one monitor after the other, with
    nothing done in between: the least that any cut of this group could hold it.
    """
    monitors = [Qmp(pair.monitor_of(guest)) for guest in pair.guests]
    held = []
    for _ in range(PAUSES):
        began = time.monotonic()
        for command in ("stop", "cont"):
            for each in monitors:
                each.call(command)
        held.append(1000 * (time.monotonic() - began))
        time.sleep(0.05)
    for each in monitors:
        each.close()
    return sorted(held)


def cut_for_a_while(pair: WitnessPair) -> int:
    """Lets replication cut; how many recovery points were made."""
    first = pair.points(pair.away)[-1]
    deadline = time.monotonic() + CUTS_WITHIN_S
    newest = first
    while newest - first < CUTS_MAX and time.monotonic() < deadline:
        time.sleep(1)
        newest = pair.points(pair.away)[-1]
    return newest - first


def holds(pair: WitnessPair) -> list:
    pauses = plain_pauses(pair)
    pair.enable(INTERVAL_S, HISTORY)
    pair.home.reviver("start", pair.collection, "--wait")
    pair.wait_for_state(pair.home, REPLICATING)
    pair.wait_for_new_points(pair.away, 1)
    cuts = cut_for_a_while(pair)
    details = pair.details(pair.home)
    note = f"4 busy guests, 2 disks each; {cuts} cuts"
    peer = "stop and cont alone"
    median, high = statistics.median(pauses), pauses[int(len(pauses) * 0.99)]
    return [
        Figure(
            *("hold, median", details["HoldMedian"] / 1000, "ms", HOLD_AIM, note),
            {peer: median},
        ),
        Figure("hold, 99th", details["HoldPercentile99"] / 1000, "ms", "", note, {peer: high}),
    ]


def failovers(pair: WitnessPair):
    """Failover at away with fewer and fewer points; the last of them stands."""
    for count in POINTS:
        for point in pair.points(pair.away)[:-count]:
            pair.away.reviver("remove-point", pair.collection, str(point))
        held = len(pair.points(pair.away))
        seconds = peers.seconds_of(lambda: pair.away.reviver("failover", pair.collection, "--wait"))
        yield Figure(f"failover with {held} points", seconds, "s", "1 s")
        if count != POINTS[-1]:
            pair.away.reviver("revert", pair.collection, "--wait")


def way_back(pair: WitnessPair) -> Figure:
    pair.forget_consoles()
    pair.start_guests(pair.away)
    pair.wait_for_records(pair.wait_for_records(0) + 100)
    pair.away.reviver("commit", pair.collection, "--wait")
    pair.home.start()
    pair.away.reviver("reverse", pair.collection, "--wait")
    pair.wait_for_state(pair.away, REPLICATING)
    details = pair.details(pair.away)
    differed = details["ReverseDifferingBytes"]
    whole = 8 * SHAPE.disk_mib << 20
    note = f"{details['ReverseBitmapDisks']} disks by bitmap, "
    note += f"{details['ReverseComparedDisks']} compared; compressed"
    ratio = details["ReverseSentBytes"] / differed
    peers_of_it = {"whole disks": whole / differed}
    return Figure("reverse: sent per byte that differs", ratio, "", "", note, peers_of_it)


def measure(directory: pathlib.Path, build: pathlib.Path):
    pair = WitnessPair(directory / "g", build, SHAPE)
    try:
        pair.begin()
        pair.start_guests(pair.home)
        pair.wait_for_records(20)
        yield from holds(pair)
        peaks = pair.memory_peaks()
        pair.home.pull_the_plug()
        yield from failovers(pair)
        yield way_back(pair)
        peak = max(peaks + pair.memory_peaks())
        yield Figure("memory of a daemon at its peak, group", peak, "bytes", "256 MiB")
    finally:
        pair.end()
