"""Python alone: the memory after the imports of a service."""

import subprocess
import sys

_PRINT_MEMORY = (
    "import psutil, services.{name}.app; print(psutil.Process().memory_info().rss / 1e6)"
)


def measure_import_memory(service: str) -> float:
    """Megabytes that Python uses after it has imported a service."""
    command = [sys.executable, "-c", _PRINT_MEMORY.format(name=service)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return float(done.stdout)
