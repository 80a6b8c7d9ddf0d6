"""The status of a stack on this machine: a row for each part, and the addresses."""

from pathlib import Path
from typing import NamedTuple

from lab.stack.record import StackRecord


class StatusRow(NamedTuple):
    """One row of the status."""

    name: str
    state: str
    pid: int | None
    restarts: int
    address: str
    log: Path


def list_status_rows(record: StackRecord | None, log: Path) -> list[StatusRow]:
    """The rows of a record, the supervisor first; `log` is the supervisor's log."""
    if record is None:
        return []
    alive = record.supervisor.find_process() is not None
    pid = record.supervisor_pid if alive else None
    rows = [StatusRow("supervisor", record.state if alive else "gone", pid, 0, "", log)]
    for part in record.parts:
        runs = part.identity is not None and part.identity.find_process() is not None
        remains = "left over" if runs else "gone"
        state = part.state if alive and (runs or part.pid is None) else remains
        pid = part.pid if runs else None
        rows.append(StatusRow(part.name, state, pid, part.restarts, part.address, part.log))
    return rows


_NAMES = {
    "kafka": "CUIBAN_KAFKA",
    "database": "CUIBAN_DATABASE_URL",
    "smtp": "CUIBAN_SMTP_URL",
    "sms": "CUIBAN_SMS_URL",
}


def list_addresses(record: StackRecord | None) -> dict[str, str]:
    """The addresses of a stack, by purpose; empty when none runs."""
    if record is None:
        return {}
    pages = {"api": record.api, "inbox": record.inbox}
    others = {name: record.environment.get(setting, "") for name, setting in _NAMES.items()}
    return {name: address for name, address in (pages | others).items() if address}
