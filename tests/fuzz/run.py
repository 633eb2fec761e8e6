"""Builds the fuzz targets with clang and runs each: its corpus once, then new inputs for a while.

    python3 tests/fuzz/run.py [--build DIRECTORY] [--seconds N] [--same] [NAME...]

Seconds for each target: --seconds, else the environment's FUZZ_SECONDS, else 60. As many targets
run at a time as there are processors. What was found lies in DIRECTORY/found; what a run learnt
stays in DIRECTORY/corpus and serves the next. With --same the inputs are the same every time, and
at most SAME_RUNS: a change is judged by what it changes, not by luck.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

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


def run(directory: pathlib.Path, name: str, seconds: int, same: bool) -> tuple:
    """The name, whether nothing was found, and what the target printed."""
    found, learnt = directory / "found" / name, directory / "corpus" / name
    if same:
        learnt = directory / "same" / name
        shutil.rmtree(learnt, ignore_errors=True)
    for one in (found, learnt):
        one.mkdir(parents=True, exist_ok=True)
    program = str(directory / "bin" / f"fuzz_{name}")
    common = (
        f"-artifact_prefix={found}/",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-timeout={ONE_INPUT_S}",
    )
    given = str(HERE / "corpus" / name)
    dictionary = f"-dict={HERE / 'words.dict'}"
    limits = (f"-max_total_time={seconds}", f"-max_len={BYTES_MAX}", "-print_final_stats=1")
    if same:
        limits = (*limits, "-seed=1", f"-runs={SAME_RUNS}")
    said = ""
    for arguments in (
        (*common, "-runs=0", given),
        (*common, dictionary, *limits, str(learnt), given),
    ):
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds + 300,
        )
        said = done.stdout
        if done.returncode != 0:
            return name, False, said
    return name, True, said


def summary(said: str) -> str:
    figures = dict(
        line.removeprefix("stat::").split(": ")
        for line in said.splitlines()
        if line.startswith("stat::")
    )
    runs = int(figures.get("number_of_executed_units", 0))
    return f"{runs} inputs, {figures.get('new_units_added', '0').strip()} of them new"


def main() -> int:
    parser = argparse.ArgumentParser(description="runs the fuzz targets")
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build/fuzz")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS", "60")))
    parser.add_argument("--same", action="store_true", help="the same inputs every time")
    parser.add_argument("names", nargs="*", default=names())
    arguments = parser.parse_args()
    directory = arguments.build.resolve()
    if not build(directory):
        return 1
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [
            pool.submit(run, directory, name, arguments.seconds, arguments.same)
            for name in arguments.names
        ]
        for one in concurrent.futures.as_completed(runs):
            name, good, said = one.result()
            print(f"{name}: {summary(said) if good else 'FOUND SOMETHING'}", flush=True)
            if not good:
                wrong.append(name)
                print("\n".join(said.splitlines()[-60:]))
    if wrong:
        print(f"found something: {' '.join(wrong)}; the inputs are in {directory / 'found'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
