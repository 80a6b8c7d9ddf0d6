"""A lock between processes: released when its holder ends; its file is removed."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.terminal.language import _
from lab.stack.errors import LocalStackError


@contextmanager
def hold_lock(path: Path, *, within: float) -> Iterator[None]:
    """Hold the lock for the block and remove its file at the end. `within` is in seconds.

    Raises:
        LocalStackError: another process held the lock for the whole time.
    """
    until = time.monotonic() + within
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if _try_lock(handle, path):
            break
        os.close(handle)
        if time.monotonic() > until:
            raise LocalStackError(
                _("Another cuiban command has been using {directory} for {seconds:.0f} s.").format(
                    directory=path.parent, seconds=within
                ),
                _("Wait until it ends, or stop it, and try again."),
            )
        time.sleep(0.05)  # a blocking flock has no time limit
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while locked: a waiter notices that its file was removed
        os.close(handle)


def _try_lock(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return path.stat().st_ino == os.fstat(handle).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False
