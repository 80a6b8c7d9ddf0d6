"""The supervisor's process, as its stack starts and ends it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from lab.stack.processes import MARK, Identity, build_python_environment

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
        time.sleep(0.05)  # no child of this process; a zombie counts as ended
    identity.send_signal(signal.SIGKILL)
