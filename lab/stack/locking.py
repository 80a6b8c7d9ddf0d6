"""A lock between processes that ends with its holder and leaves no file behind."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.stack.errors import LocalStackError


@contextmanager
def locked(path: Path, *, within: float) -> Iterator[None]:
    """Hold the lock; its file is removed at the end.

    Raises:
        LocalStackError: another process held it for the whole time.
    """
    until = time.monotonic() + within
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if _held(handle, path):
            break
        os.close(handle)
        if time.monotonic() > until:
            raise LocalStackError(
                f"Another cuiban command has been at work in {path.parent} for {within:.0f} s. "
                "Wait for it, or end it, and try again."
            )
        time.sleep(0.05)  # a blocking lock would know no time limit
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: a waiter sees that its file is gone
        os.close(handle)


def _held(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return path.stat().st_ino == os.fstat(handle).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False
