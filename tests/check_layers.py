#!/usr/bin/python3
"""Checks every include line of src/ against cmake/layers.txt, which says what folder may include
what.

    check_layers.py [REPOSITORY]

Also: the folders have no cycle, each folder of src/ is named there, and none is called common,
utils or helpers.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/[^"]+"')
NAMES_THAT_SAY_NOTHING = {"common", "utils", "util", "helpers", "helper", "misc"}


def read_layers(path: pathlib.Path) -> dict:
    layers = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            folder, _, granted = line.partition(":")
            layers[folder.strip()] = set(granted.split())
    return layers


def find_cycle(layers: dict) -> list:
    """One cycle of folders, or an empty list."""
    done, path = set(), []

    def visit(folder: str) -> list:
        if folder in path:
            return path[path.index(folder) :] + [folder]
        if folder in done:
            return []
        path.append(folder)
        for granted in sorted(layers.get(folder, ())):
            if cycle := visit(granted):
                return cycle
        path.pop()
        done.add(folder)
        return []

    return next((cycle for folder in sorted(layers) if (cycle := visit(folder))), [])


def wrong_includes(source: pathlib.Path, layers: dict) -> list:
    complaints = []
    for file in sorted(source.glob("*/**/*")):
        if file.suffix not in (".h", ".cc", ".proto"):
            continue
        folder = file.relative_to(source).parts[0]
        granted = layers.get(folder, set()) | {folder}
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found and found[1] in layers and found[1] not in granted:
                complaints.append(f"{file}:{number}: {folder} may not include {found[1]}")
    return complaints


def check(repository: pathlib.Path) -> list:
    layers = read_layers(repository / "cmake/layers.txt")
    source = repository / "src"
    folders = {folder.name for folder in source.iterdir() if folder.is_dir()}
    complaints = [
        f"src/{name}: not in cmake/layers.txt" for name in sorted(folders - layers.keys())
    ]
    complaints += [
        f"src/{name}: a folder's name says what it is for"
        for name in sorted(folders & NAMES_THAT_SAY_NOTHING)
    ]
    for folder, granted in sorted(layers.items()):
        complaints += [
            f"cmake/layers.txt: {folder} names {name}, which is no folder"
            for name in sorted(granted - layers.keys())
        ]
    if cycle := find_cycle(layers):
        complaints.append("cmake/layers.txt: a cycle: " + " -> ".join(cycle))
    return complaints + wrong_includes(source, layers)


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)
