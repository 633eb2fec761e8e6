"""Runs the benchmarks, writes BUILD/bench.json, and shows a table.

    python3 -m bench.run --build DIR
"""

import argparse
import json
import pathlib
import subprocess

from e2e import report


def run(program: pathlib.Path) -> list:
    """The benchmarks of one folder, as Google Benchmark tells them."""
    out = program.with_suffix(".json")
    command = [str(program), f"--benchmark_out={out}", "--benchmark_out_format=json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    folder = program.name.removesuffix("_bench")
    return [{"folder": folder, **each} for each in json.loads(out.read_text())["benchmarks"]]


def row(benchmark: dict) -> tuple:
    rate = benchmark.get("bytes_per_second")
    time = f"{benchmark['real_time']:.1f} {benchmark['time_unit']}"
    speed = f"{report.size(rate)}/s" if rate else ""
    return f"{benchmark['folder']}: {benchmark['name']}", time, speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    results = []
    for program in sorted(build.glob("src/*/*_bench")):
        results += run(program)
    (build / "bench.json").write_text(json.dumps({"benchmarks": results}, indent=2) + "\n")
    print(report.table(("benchmark", "time", "speed"), [row(each) for each in results]))


if __name__ == "__main__":
    main()
