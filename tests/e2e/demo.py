"""The round trip, as ./demo shows it: a group of running VMs goes to the other site and comes back.

    python3 -m e2e.demo --build DIR [--directory DIR] [--keep | --stop]

Ends with 0 only if every step and every proof succeeded.
"""

import argparse
import json
import pathlib
import shutil
import signal
import sys

from e2e import report
from e2e.pair import REPLICATING, Pair
from e2e.reviver_site import Site, short_path
from guest.group import Shape

SHAPE = Shape(name="demo", guests=2, disk_mib=64, rate=40, filled_mib=16)
INTERVAL_S = 5
HISTORY = 8
FIRST_RECORDS = 100  # before replication begins
CYCLES = 3
STEPS = 14
LOST_RECORDS = 60  # written and not replicated when the first site dies


class Demo:
    def __init__(self, pair: Pair, shown: report.Report):
        self.pair = pair
        self.report = shown
        self.proofs = []  # (what, figure)
        self.moved = []  # (what, bytes sent, remark)

    def prove(self, what: str, figure: str) -> None:
        self.proofs.append((what, figure))

    def prove_points(self, site: Site, what: str) -> None:
        proved = self.pair.prove_points(site)
        self.report.result("last records " + ", ".join(map(str, proved.values())))
        self.prove(f"group order on {what}", f"{len(proved)} of {len(proved)} points")

    def note_moved(self, what: str, count: int, remark: str) -> None:
        self.moved.append((what, report.size(count), remark))

    def run(self) -> None:
        self.prepare()
        self.replicate()
        self.lose_home()
        self.fail_over()
        self.come_back()
        self.go_home()

    def prepare(self) -> None:
        pair = self.pair
        with self.report.step("two sites, home and away; two guests at home"):
            pair.make_sites()
            pair.make_guests()
            pair.start_sites()
            pair.introduce()
        with self.report.step("guests boot and write records"):
            pair.start_guests(pair.home)
            self.report.result(f"record {pair.wait_for_records(FIRST_RECORDS)}")

    def replicate(self) -> None:
        pair = self.pair
        with self.report.step("initial replication to away"):
            pair.make_collection()
            pair.enable(INTERVAL_S, HISTORY)
            pair.home.reviver("start", pair.collection, "--wait")
            pair.wait_for_state(pair.home, REPLICATING)
            pair.wait_for_state(pair.away, REPLICATING)
            disks = len(pair.guest_disks(pair.home))
            sent = pair.bytes_sent(pair.home)
            self.note_moved("initial copy", sent, f"{disks} disks of {SHAPE.disk_mib} MiB")
            self.report.result(report.size(sent))
        with self.report.step("cycles: recovery points while the guests write"):
            pair.home.reviver("statistics", pair.collection, "--reset")
            points = pair.wait_for_new_points(pair.away, CYCLES)
            self.report.result(f"{len(points)} points")
            hold = pair.details(pair.home)["HoldMedian"] / 1000
            remark = f"the group held {hold:.1f} ms a cycle (median)"
            self.note_moved(f"{CYCLES} cycles", pair.bytes_sent(pair.home), remark)
        with self.report.step("the order of the group on every recovery point"):
            self.prove_points(pair.away, "away's recovery points")

    def lose_home(self) -> None:
        pair = self.pair
        with self.report.step("home loses its power, with records not yet replicated"):
            newest = pair.points(pair.away)[-1]
            replicated = pair.prove_order(pair.point_disks(pair.away, newest), f"point {newest}")
            pair.wait_for_records(replicated + LOST_RECORDS)
            pair.home.pull_the_plug()
            self.report.result(f"at record {pair.last_record()}")
            pair.forget_consoles()

    def fail_over(self) -> None:
        pair = self.pair
        with self.report.step("failover to a recovery point, guests start at away"):
            point = pair.points(pair.away)[-2]
            expected = pair.prove_order(pair.point_disks(pair.away, point), f"point {point}")
            pair.away.reviver(
                "failover", pair.collection, "--point", str(point), "--start", "--wait"
            )
            self.report.result(f"point {point}, record {expected}")
        with self.report.step("the group goes on where the point left it"):
            record = pair.wait_for_records(expected + FIRST_RECORDS)
            self.report.result(f"record {record}")
        with self.report.step("commit"):
            pair.away.reviver("commit", pair.collection, "--wait")

    def come_back(self) -> None:
        pair = self.pair
        with self.report.step("home returns; reverse: only what differs goes back"):
            pair.home.start()
            pair.away.reviver("reverse", pair.collection, "--wait")
            pair.wait_for_state(pair.away, REPLICATING)
            pair.wait_for_state(pair.home, REPLICATING)
            self.note_reverse("reverse", pair.away)
        with self.report.step("away replicates to home; the order on every point there"):
            pair.wait_for_new_points(pair.home, 2)
            self.prove_points(pair.home, "home's points, its own lost tail among them")

    def go_home(self) -> None:
        pair = self.pair
        with self.report.step("planned failover home: guests shut down, last delta sent"):
            pair.away.reviver("planned-failover", pair.collection, "--wait")
            last = pair.prove_order(pair.guest_disks(pair.away), "the disks at away")
            self.report.result(f"record {last}")
        with self.report.step("failover at home, and the proof that nothing was lost"):
            pair.home.reviver("failover", pair.collection, "--wait")
            pair.prove_equal(pair.guest_disks(pair.away), pair.guest_disks(pair.home))
            equal = len(pair.guest_disks(pair.home))
            self.prove("home's disks equal away's (qemu-img compare)", f"{equal} of {equal} disks")
            pair.start_guests(pair.home)
            self.report.result(f"record {pair.wait_for_records(last)} at home")
        with self.report.step("reverse again: home replicates to away as at first"):
            pair.home.reviver("reverse", pair.collection, "--wait")
            pair.wait_for_state(pair.home, REPLICATING)
            self.note_reverse("reverse again", pair.home)
            pair.wait_for_new_points(pair.away, 1)
            self.prove_points(pair.away, "away's points after the round trip")

    def note_reverse(self, what: str, site: Site) -> None:
        details = self.pair.details(site)
        sent = details["ReverseSentBytes"]
        found = (
            f"{report.size(details['ReverseDifferingBytes'])} differed; "
            f"{details['ReverseBitmapDisks']} disks by bitmap, "
            f"{details['ReverseComparedDisks']} compared"
        )
        self.note_moved(what, sent, found)
        self.report.result(report.size(sent))


def stop_remains(directory: pathlib.Path, build: pathlib.Path) -> None:
    """Ends the sites of an earlier run that were kept."""
    for name in ("home", "away"):
        Site(name, short_path(directory) / name, build).pull_the_plug()


def write_endpoints(pair: Pair) -> pathlib.Path:
    path = pair.directory / "endpoints.json"
    path.write_text(
        json.dumps(
            {
                "sites": [pair.home.endpoint(), pair.away.endpoint()],
                "collection_id": pair.collection_id,
            },
            indent=2,
        )
        + "\n"
    )
    return path


def show_tables(demo: Demo) -> None:
    print()
    print(
        report.table(
            ("step", "time", "result"),
            [(title, f"{seconds:.1f} s", result) for title, seconds, result in demo.report.rows],
        )
    )
    print()
    print(report.table(("moved", "sent", "remark"), demo.moved))
    print()
    print(report.table(("proved", "figure"), demo.proofs))


def show_failure(pair: Pair, error: Exception) -> None:
    print(f"\ndemo: FAILED: {error}", file=sys.stderr)
    for site in (pair.home, pair.away):
        if site.log.exists():
            print(f"\nthe last lines of {site.log}:", file=sys.stderr)
            print(
                *site.log.read_text(errors="replace").splitlines()[-15:], sep="\n", file=sys.stderr
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--directory", type=pathlib.Path, help="default: BUILD/demo")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--keep", action="store_true", help="leave both sites running")
    what.add_argument("--stop", action="store_true", help="end the sites that --keep left")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    directory = (arguments.directory or build / "demo").resolve()
    directory.mkdir(parents=True, exist_ok=True)

    stop_remains(directory, build)
    if arguments.stop:
        return 0
    shutil.rmtree(directory)
    # An end from outside is one like Ctrl-C: what runs is taken down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pair = Pair(directory, build, SHAPE)
    demo = Demo(pair, report.Report(STEPS))
    try:
        demo.run()
    except Exception as error:
        show_failure(pair, error)
        pair.end()
        return 1
    except KeyboardInterrupt:
        pair.end()
        return 130
    show_tables(demo)
    if arguments.keep:
        print(f"\nBoth sites run on: see {write_endpoints(pair)}; './demo --stop' ends them.")
    else:
        pair.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
