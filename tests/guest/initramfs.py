"""Makes the initramfs of the test guests: the witness as /init, and the modules that it loads.

    python3 -m guest.initramfs INIT MODULES_DIR OUT

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


def archive(init: pathlib.Path, modules: pathlib.Path) -> bytes:
    members = [
        entry("dev", stat.S_IFDIR | 0o755),
        entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        entry("init", stat.S_IFREG | 0o755, init.read_bytes()),
        entry("modules", stat.S_IFDIR | 0o755),
    ]
    for module in sorted(modules.glob("*.ko")):
        members.append(entry(f"modules/{module.name}", stat.S_IFREG | 0o644, module.read_bytes()))
    members.append(entry("TRAILER!!!", 0))
    return b"".join(members)


def make(init: pathlib.Path, modules: pathlib.Path, out: pathlib.Path) -> None:
    """Replaces `out` in one step, so that a guest that is starting never reads half of it."""
    unfinished = out.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(archive(init, modules))
    unfinished.rename(out)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    make(*map(pathlib.Path, sys.argv[1:]))
