"""What runs of a stack on this machine, a line for each part, and where to reach it."""

from pathlib import Path
from typing import NamedTuple

from lab.stack.record import Record


class Row(NamedTuple):
    """One line of the status."""

    name: str
    state: str
    pid: int | None
    restarts: int
    address: str
    log: Path


def rows_of(record: Record | None, log: Path) -> list[Row]:
    """The lines of a record, the supervisor first; `log` is the supervisor's."""
    if record is None:
        return []
    alive = record.supervisor.process() is not None
    pid = record.supervisor_pid if alive else None
    rows = [Row("supervisor", record.state if alive else "gone", pid, 0, "", log)]
    for part in record.parts:
        runs = part.identity is not None and part.identity.process() is not None
        left = "left over" if runs else "gone"
        state = part.state if alive and (runs or part.pid is None) else left
        pid = part.pid if runs else None
        rows.append(Row(part.name, state, pid, part.restarts, part.address, part.log))
    return rows


_NAMES = {
    "kafka": "CUIBAN_KAFKA",
    "database": "CUIBAN_DATABASE_URL",
    "smtp": "CUIBAN_SMTP_URL",
    "sms": "CUIBAN_SMS_URL",
}


def addresses_of(record: Record | None) -> dict[str, str]:
    """Where the parts of a stack are reached, by what they are for; empty when none runs."""
    if record is None:
        return {}
    pages = {"api": record.api, "inbox": record.inbox}
    others = {name: record.environment.get(setting, "") for name, setting in _NAMES.items()}
    return {name: address for name, address in (pages | others).items() if address}
