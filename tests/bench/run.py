"""Runs the benchmarks, writes BUILD/bench.json, and shows tables.

    python3 -m bench.run --build DIR [--only disk|groups|many|programs]

A part that fails is told, and does not keep the others from running; then this ends with 1.
"""

import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys

from bench import disk, figures, groups, many
from e2e import report

PROGRAM_TIMEOUT_S = 600
PARTS = {"disk": disk.measure, "groups": groups.measure, "many": many.measure}


def run(program: pathlib.Path) -> list:
    """The benchmarks of one folder, as Google Benchmark tells them."""
    out = program.with_suffix(".json")
    command = [
        str(program),
        f"--benchmark_out={out}",
        "--benchmark_out_format=json",
        "--benchmark_min_time=0.1",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PROGRAM_TIMEOUT_S)
    folder = program.name.removesuffix("_bench")
    return [{"folder": folder, **each} for each in json.loads(out.read_text())["benchmarks"]]


def row(benchmark: dict) -> tuple:
    rate = benchmark.get("bytes_per_second")
    time = f"{benchmark['real_time']:.1f} {benchmark['time_unit']}"
    speed = f"{report.size(rate)}/s" if rate else ""
    return f"{benchmark['folder']}: {benchmark['name']}", time, speed


class Run:
    def __init__(self, build: pathlib.Path):
        self.build = build
        self.directory = build / "bench"
        self.results = {"figures": [], "benchmarks": [], "failed": {}}

    def part(self, name: str) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        measured = []
        try:
            for figure in PARTS[name](self.directory, self.build):
                measured.append(figure)
        except Exception as error:
            self.fail(name, error)
        print(figures.table(measured), end="\n\n", flush=True)
        self.results["figures"] += [each.as_json() for each in measured]

    def programs(self) -> None:
        for program in sorted(self.build.glob("src/*/*_bench")):
            try:
                self.results["benchmarks"] += run(program)
            except (OSError, subprocess.SubprocessError) as error:
                self.fail(program.name, error)
        rows = [row(each) for each in self.results["benchmarks"]]
        print(report.table(("benchmark", "time", "speed"), rows), flush=True)

    def fail(self, name: str, error: Exception) -> None:
        print(f"bench: {name} FAILED: {error}", file=sys.stderr, flush=True)
        self.results["failed"][name] = str(error)

    def end(self) -> int:
        (self.build / "bench.json").write_text(json.dumps(self.results, indent=2) + "\n")
        return 1 if self.results["failed"] else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=[*PARTS, "programs"])
    arguments = parser.parse_args()
    # An end from outside is one like Ctrl-C: what runs is taken down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    benches = Run(arguments.build.resolve())
    for name in PARTS:
        if arguments.only in (None, name):
            benches.part(name)
    if arguments.only in (None, "programs"):
        benches.programs()
    return benches.end()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
