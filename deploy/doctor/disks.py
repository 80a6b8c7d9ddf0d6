"""Checks of free space: on this machine, and on each of Kafka's brokers."""

import asyncio
import shutil
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.doctor.checking import CheckState, Finding, Report
from deploy.terminal.language import _
from shared.kafka.broker.cluster import list_log_folders
from shared.settings import Settings

_FEW, _TOO_FEW = 0.15, 0.05
"""Free shares of a disk."""
_ENOUGH = 100 * 2**30
"""So many free bytes are enough, whatever share of a disk they are."""


async def check_folders(folders: Mapping[str, Path]) -> Report:
    """The disks of folders of this machine."""
    return [await _measure(purpose, path) for purpose, path in folders.items()]


async def _measure(purpose: str, path: Path) -> Finding:
    about = f"{_(purpose)} ({path})"
    try:
        usage = await asyncio.to_thread(shutil.disk_usage, path)
    except OSError as error:
        saw = _("{path} can't be read: {reason}.").format(path=path, reason=error.strerror)
        return Finding("disk", about, CheckState.FAILED, saw)
    return judge_space(about, usage.total, usage.free)


async def check_database_disk(engine: AsyncEngine) -> Report:
    """The size of the database, and where its files are on this machine the free space."""
    question = text(
        "SELECT pg_database_size(current_database()), "
        "(SELECT setting FROM pg_settings WHERE name = 'data_directory')"
    )
    async with engine.connect() as db:
        size, folder = (await db.execute(question)).one()
    place = Path(folder) if folder and is_here(engine.url.host or "") else None
    if place is not None and place.is_dir():
        return [await _measure("PostgreSQL", place)]
    saw = _(
        "The database has {size}. The free space of its server can't be seen from here."
    ).format(size=format_bytes(size))
    todo = _("Watch it there: `df -h` for its data folder.")
    return [Finding("disk", "PostgreSQL", CheckState.SKIPPED, saw, todo)]


def is_here(host: str) -> bool:
    """Whether a host is this machine: a loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def check_broker_disks(settings: Settings) -> Report:
    """The disks of Kafka's brokers, as they tell them."""
    findings = []
    for folder in await list_log_folders(settings):
        about = f"Kafka {folder.broker} ({folder.path})"
        if folder.failed:
            saw = _("The broker can't use this folder.")
            todo = _("See the broker's log; mend or replace the disk.")
            findings.append(Finding("disk", about, CheckState.FAILED, saw, todo))
        elif folder.total is not None and folder.usable is not None:
            findings.append(judge_space(about, folder.total, folder.usable))
    if findings:
        return findings
    saw = _("Kafka does not tell its free space to this user.")
    return [Finding("disk", "Kafka", CheckState.SKIPPED, saw)]


def judge_space(about: str, total: int, free: int) -> Finding:
    """The finding about a disk of `total` bytes, of which `free` are free."""
    share = free / total if total else 0.0
    saw = _("{free} of {total} are free ({share:.0%}).").format(
        free=format_bytes(free), total=format_bytes(total), share=share
    )
    if share >= _FEW or free >= _ENOUGH:
        return Finding("disk", about, CheckState.OK, saw)
    state = CheckState.FAILED if share < _TOO_FEW else CheckState.WARNING
    return Finding("disk", about, state, saw, _("Free space, or give it a larger disk."))


def format_bytes(number: int) -> str:
    """A number of bytes in MB or GB."""
    gigabytes = number / 2**30
    return f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{number / 2**20:.0f} MB"
