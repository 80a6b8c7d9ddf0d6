"""The supervisor's process, as its stack starts and ends it, and what it leaves after a crash."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from lab.stack.processes import (
    MARK,
    Identity,
    build_python_environment,
    end_processes,
    find_marked,
)
from lab.stack.record import OVERRIDES, RECORD, StackRecord

DOWN_WITHIN = 60.0


def spawn_supervisor(state: Path) -> None:
    """Start the supervisor of a state directory; it outlives this process."""
    with (state / "logs" / "supervisor.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - this package's own module
            [sys.executable, "-m", "lab.stack.supervisor", "--state", str(state)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **build_python_environment(), MARK: str(state)},
        )
    # It usually outlives the caller. When it ends first, it must not remain a zombie.
    threading.Thread(target=child.wait, daemon=True).start()


def end_supervisor(identity: Identity) -> None:
    """Ask the supervisor to stop its parts and itself; kill it when that takes too long."""
    identity.send_signal(signal.SIGTERM)
    identity.send_signal(signal.SIGCONT)
    until = time.monotonic() + DOWN_WITHIN
    while identity.find_process() is not None and time.monotonic() < until:
        time.sleep(0.05)  # only own children can be waited for
    identity.send_signal(signal.SIGKILL)


def end_remains(state: Path) -> None:
    """End the processes that a crash left: the recorded ones, and all with the stack's mark."""
    record = StackRecord.load(state / RECORD)
    recorded = [part for part in (record.parts if record else ()) if part.identity]
    for part in reversed(recorded):
        if part.identity:
            end_processes([part.identity], first=part.stop_signal, within=20.0)
    end_processes(find_marked(state))
    (state / RECORD).unlink(missing_ok=True)
    (state / OVERRIDES).unlink(missing_ok=True)
