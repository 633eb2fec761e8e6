"""libvirt's embedded QEMU driver, as a test or the demo uses it: a root directory is a host of its
own.

Only one process at a time may have a root open, so `virsh` here and a daemon on the same root
exclude each other. Domains outlive whoever started them, and are found again when the root is
opened the next time.
"""

import os
import pathlib
import subprocess

# The embedded driver of a privileged process would otherwise want another user for QEMU, cgroups,
# mount namespaces and a
# log daemon, none of which a site inside a directory has.
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""


def uri(root: pathlib.Path) -> str:
    return f"qemu:///embed?root={root}"


def prepare(root: pathlib.Path, cache: pathlib.Path) -> None:
    """Makes a root, ready for a driver run by root or by anybody else.

    Roots share the cache: what the driver finds out about QEMU takes it seconds, and is the same.
    """
    (root / "etc").mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    if not (root / "cache").exists():
        (root / "cache").symlink_to(cache)
    if os.geteuid() == 0:
        (root / "etc/qemu.conf").write_text(QEMU_CONF)


def virsh(root: pathlib.Path, *commands: str, timeout_s: int = 60) -> str:
    """Runs virsh commands, in turn; their output. Nobody else may have the root open."""
    done = subprocess.run(
        ["virsh", "-q", "-c", uri(root), "; ".join(commands)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    if done.returncode != 0:
        raise RuntimeError(f"virsh {'; '.join(commands)}: {done.stderr.strip()}")
    return done.stdout.strip()
