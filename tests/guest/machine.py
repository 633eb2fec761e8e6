"""What the test guests are booted with: kernel, initramfs, and KVM where it works."""

import pathlib
import subprocess

from guest import initramfs
from guest.group import Machine

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def boots(kernel: pathlib.Path, ramdisk: pathlib.Path, accelerator: str) -> bool:
    """Whether a guest gets as far as the witness. It is given a setting that it refuses, and so
    switches itself off.
    """
    command = [
        "qemu-system-x86_64",
        "-accel",
        accelerator,
        "-m",
        "96",
        "-nodefaults",
        "-nographic",
        "-no-reboot",
        "-serial",
        "stdio",
        "-kernel",
        str(kernel),
        "-initrd",
        str(ramdisk),
        "-append",
        "console=ttyS0 quiet panic=-1 witness.guests=0",
    ]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60 if accelerator == "tcg" else 8,
        )
    except subprocess.TimeoutExpired:
        return False
    return b"witness: power off" in done.stdout


def domain_type(kernel: pathlib.Path, ramdisk: pathlib.Path, remembered: pathlib.Path) -> str:
    """A /dev/kvm that is there may still boot nothing, so it is tried once."""
    if not remembered.exists():
        works = pathlib.Path("/dev/kvm").exists() and boots(kernel, ramdisk, "kvm")
        remembered.write_text("kvm" if works else "qemu")
    return remembered.read_text()


def find(build: pathlib.Path, agent: bool = False) -> Machine:
    """Takes the kernel from BUILD/guest/kernel, and the guest agent from BUILD/guest/agent where
    there is to be one, fetching them if need be, and the witness from BUILD/guest.
    """
    directory = build / "guest"
    subprocess.run([str(REPOSITORY / "setup/guest-kernel"), str(directory / "kernel")], check=True)
    kernel = directory / "kernel/vmlinuz"
    init, modules = directory / "witness-init", directory / "kernel/modules"
    ramdisk = directory / "witness.cpio"
    initramfs.make(init, modules, ramdisk)
    accelerated = domain_type(kernel, ramdisk, directory / "domain-type")
    if agent:
        setup = [str(REPOSITORY / "setup/guest-agent"), str(directory / "agent")]
        subprocess.run(setup, check=True)
        ramdisk = directory / "witness-agent.cpio"
        initramfs.make(init, modules, ramdisk, directory / "agent/tree")
    return Machine(kernel, ramdisk, accelerated)
