"""Python alone: what a service's imports hold before it does anything."""

import subprocess
import sys

_TELL = "import psutil, services.{name}.app; print(psutil.Process().memory_info().rss / 1e6)"


def importing(service: str) -> float:
    """Megabytes that Python holds after importing what a service imports."""
    command = [sys.executable, "-c", _TELL.format(name=service)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return float(done.stdout)
