"""Builds the fuzz targets with clang and runs each for a while: its corpus, then SAME_RUNS inputs
that are the same every time, so that a change is judged by what it changes, then new ones.

    python3 tests/fuzz/run.py [--build DIRECTORY] [--seconds N]
                              [--new none|repeatable|random] [NAME...]

Seconds for each target: --seconds, else the environment's FUZZ_SECONDS, else 60. As many targets
run at a time as there are processors. What was found lies in DIRECTORY/found; what a run learnt
stays in DIRECTORY/corpus and serves the next. Repeatable new inputs are the same as far as the
time reaches: a tree that passed does not fail by luck.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
MEMORY_MIB = 2048
ONE_INPUT_S = 10
BYTES_MAX = 16384
SAME_RUNS = 20000


def names() -> list:
    return sorted(directory.name for directory in (HERE / "corpus").iterdir())


def build(directory: pathlib.Path) -> bool:
    options = ("-DREVIVER_FUZZ=ON", "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_BUILD_TYPE=Debug")
    command = [str(REPOSITORY / "setup/build"), str(directory), *options, "--", "fuzzers"]
    return subprocess.run(command).returncode == 0


class Target:
    """One program. Each step answers whether nothing was found; what was printed is kept."""

    def __init__(self, directory: pathlib.Path, name: str):
        self.name = name
        self.program = str(directory / "bin" / f"fuzz_{name}")
        self.given = str(HERE / "corpus" / name)
        self.found = directory / "found" / name
        self.learnt = directory / "corpus" / name
        self.same = directory / "same" / name
        shutil.rmtree(self.same, ignore_errors=True)
        for one in (self.found, self.learnt, self.same):
            one.mkdir(parents=True, exist_ok=True)
        self.said = ""
        self.runs = self.new = 0

    def run(self, seconds: int, *arguments: str) -> bool:
        common = (
            f"-artifact_prefix={self.found}/",
            f"-rss_limit_mb={MEMORY_MIB}",
            f"-timeout={ONE_INPUT_S}",
            f"-dict={HERE / 'words.dict'}",
            f"-max_len={BYTES_MAX}",
            f"-max_total_time={seconds}",
            "-print_final_stats=1",
        )
        done = subprocess.run(
            [self.program, *common, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds + 300,
        )
        self.said = done.stdout
        self.count()
        return done.returncode == 0

    def count(self) -> None:
        figures = dict(
            line.removeprefix("stat::").split(": ")
            for line in self.said.splitlines()
            if line.startswith("stat::")
        )
        self.runs += int(figures.get("number_of_executed_units", 0))
        self.new += int(figures.get("new_units_added", 0))

    def known(self, seconds: int) -> bool:
        """What it begins with, and what is made of that with always the same luck."""
        same = ("-seed=1", f"-runs={SAME_RUNS}", str(self.same), self.given)
        return self.run(seconds, "-runs=0", self.given) and self.run(seconds, *same)


def run(directory: pathlib.Path, name: str, seconds: int, new: str) -> tuple:
    """The target, and whether nothing was found in it."""
    target = Target(directory, name)
    end = time.monotonic() + seconds
    good = target.known(seconds)
    rest = round(end - time.monotonic())
    if good and new == "repeatable" and rest > 0:
        good = target.run(rest, "-seed=2", str(target.same), target.given)
    if good and new == "random" and rest > 0:
        good = target.run(rest, str(target.learnt), target.given)
    return target, good


def main() -> int:
    parser = argparse.ArgumentParser(description="runs the fuzz targets")
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build/fuzz")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS", "60")))
    parser.add_argument(
        "--new",
        choices=("none", "repeatable", "random"),
        default="random",
        help="what comes behind the inputs that are the same every time",
    )
    parser.add_argument("names", nargs="*", default=names())
    arguments = parser.parse_args()
    directory = arguments.build.resolve()
    if not build(directory):
        return 1
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [
            pool.submit(run, directory, name, arguments.seconds, arguments.new)
            for name in arguments.names
        ]
        for one in concurrent.futures.as_completed(runs):
            target, good = one.result()
            figures = f"{target.runs} inputs, {target.new} of them new"
            print(f"{target.name}: {figures if good else 'FOUND SOMETHING'}", flush=True)
            if not good:
                wrong.append(target.name)
                print("\n".join(target.said.splitlines()[-60:]))
    if wrong:
        print(f"found something: {' '.join(wrong)}; the inputs are in {directory / 'found'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
