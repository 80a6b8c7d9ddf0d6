"""A small disk for the database, and filling it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DISK_SIZE = "2g"


@contextmanager
def mount_small_disk(directory: Path) -> Iterator[Path | None]:
    """A disk of 2 GB mounted on a directory during the block; None where mounting is impossible."""
    directory.mkdir(parents=True, exist_ok=True)
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None or os.geteuid() != 0:
        yield None
        return
    command = [mount, "-t", "tmpfs", "-o", f"size={_DISK_SIZE}", "tmpfs", str(directory)]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - a system tool
    try:
        yield directory if mounted else None
    finally:
        if mounted:
            subprocess.run([unmount, str(directory)], check=False, capture_output=True)  # noqa: S603 - a system tool


def fill_disk(ballast: Path) -> None:
    """Write into a file until the disk is full."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(2**20))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return
