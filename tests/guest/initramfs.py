"""Makes the initramfs of the test guests: the witness as /init, the modules that it loads, and
where there is to be one the guest agent with the libraries that it needs.

    python3 -m guest.initramfs INIT MODULES_DIR OUT [AGENT_TREE]

An initramfs is a cpio archive in the "newc" format (Linux, early-userspace/buffer-format.rst).
"""

import os
import pathlib
import stat
import sys


def entry(name: str, mode: int, content: bytes = b"", device: tuple = (0, 0)) -> bytes:
    """One archive member: a header of 13 hexadecimal numbers, the name, the content, each padded
    to four bytes.
    """
    encoded = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def agent_members(tree: pathlib.Path) -> list:
    """The agent's files, and its hooks, which are the witness under other names."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    names = [str(path.relative_to(tree)) for path in files]
    hooks = ["etc/qemu/fsfreeze-hook", "sbin/shutdown"]
    parents = {
        str(parent) for name in names + hooks for parent in pathlib.PurePath(name).parents
    } - {"."}
    return [
        *(entry(parent, stat.S_IFDIR | 0o755) for parent in sorted(parents)),
        *(
            entry(name, stat.S_IFREG | 0o755, path.read_bytes())
            for name, path in zip(names, files)
        ),
        *(entry(hook, stat.S_IFLNK | 0o777, b"/init") for hook in hooks),
    ]


def archive(init: pathlib.Path, modules: pathlib.Path, agent: pathlib.Path | None) -> bytes:
    members = [
        entry("dev", stat.S_IFDIR | 0o755),
        entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        entry("init", stat.S_IFREG | 0o755, init.read_bytes()),
        entry("modules", stat.S_IFDIR | 0o755),
    ]
    for module in sorted(modules.glob("*.ko")):
        members.append(entry(f"modules/{module.name}", stat.S_IFREG | 0o644, module.read_bytes()))
    if agent is not None:
        members += agent_members(agent)
    members.append(entry("TRAILER!!!", 0))
    return b"".join(members)


def make(
    init: pathlib.Path, modules: pathlib.Path, out: pathlib.Path, agent: pathlib.Path | None = None
) -> None:
    """Replaces `out` in one step, so that a guest that is starting never reads half of it."""
    unfinished = out.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(archive(init, modules, agent))
    unfinished.rename(out)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    make(*map(pathlib.Path, sys.argv[1:]))
