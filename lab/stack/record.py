"""The files in a stack's state directory: what was requested, what runs, and its status."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from lab.stack.processes import Identity

MARKER = ".cuiban-state"  # only a directory with this file is ever deleted
PLAN, RECORD, OVERRIDES, LOCK = "plan.json", "stack.json", "wanted.json", ".lock"

_ADDRESS_SETTINGS = {
    "kafka": "CUIBAN_KAFKA",
    "database": "CUIBAN_DATABASE_URL",
    "smtp": "CUIBAN_SMTP_URL",
    "sms": "CUIBAN_SMS_URL",
}
PartState = Literal["starting", "ready", "waiting", "stopped"]


class StateFile(BaseModel):
    """A value kept in a JSON file that only its owner can read, replaced atomically."""

    model_config = ConfigDict(frozen=True)

    def save(self, path: Path) -> None:
        """Write the file atomically: a reader sees the old text or the new one."""
        fresh = path.with_name(f"{path.name}.{os.getpid()}.next")
        fresh.touch(mode=0o600)
        fresh.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The value in the file; None when the file is missing or incomplete."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return None


class ServiceCommand(BaseModel):
    """How a service is run.

    `port` is the setting that names the port of its HTTP server, for a service that has one.
    `ready` is a path on its metrics port that answers 200 when ready.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    argv: tuple[str, ...]
    port: str = ""
    ready: str | None = "/health/ready"


SERVICES = tuple(
    ServiceCommand(
        name=name,
        argv=(sys.executable, "-m", f"services.{name}.app"),
        port=port,
    )
    for name, port in (
        ("ingest", "CUIBAN_HTTP_PORT"),
        ("scheduler", ""),
        ("notifier", ""),
        ("console", "CUIBAN_CONSOLE_PORT"),
    )
)
PREPARE = (sys.executable, "-m", "deploy.prepare")


class StackPlan(StateFile):
    """What a supervisor runs: (service, number of processes), and with which settings.

    `owner` is a process (id, creation time); the stack stops when it ends. `parts` adds settings
    for single parts, by part name. With several `brokers` each topic has three replicas, and a
    record is committed once two of them have it. A database that is not `durable` runs without
    fsync: it survives being killed, but not a crash of the machine.
    """

    services: tuple[tuple[ServiceCommand, int], ...]
    prepare: tuple[str, ...] | None = PREPARE
    environment: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    brokers: int = 1
    durable: bool = True
    engines: bool = True  # False: without Kafka, PostgreSQL and the sinks (tests of this package)
    owner: tuple[int, float] | None = None


class PartOverrides(StateFile):
    """Parts that were stopped on purpose, and settings for the next start of parts, by name."""

    stopped: frozenset[str] = frozenset()
    environment: dict[str, dict[str, str]] = {}


class PartRecord(BaseModel):
    """A part at the time when the record was written."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: PartState
    pid: int | None
    created: float | None
    restarts: int
    stop_signal: int
    address: str
    log: Path

    @property
    def identity(self) -> Identity | None:
        """Its process, or None when there is none."""
        if self.pid is None or self.created is None:
            return None
        return Identity(self.pid, self.created)


class StackRecord(StateFile):
    """The whole stack: its supervisor, its addresses and its parts."""

    state: Literal["starting", "ready", "failed", "stopping"]
    error: str = ""
    supervisor_pid: int
    supervisor_created: float
    inbox: str = ""
    api: str = ""
    console: str = ""
    environment: dict[str, str] = {}
    parts: tuple[PartRecord, ...] = ()

    @property
    def supervisor(self) -> Identity:
        """The process that supervises the parts."""
        return Identity(self.supervisor_pid, self.supervisor_created)

    def find_part(self, name: str) -> PartRecord | None:
        """Find a part by its name; `ingest` also finds `ingest-1`."""
        named = {each.name: each for each in self.parts}
        return named.get(name) or named.get(f"{name}-1")


def select_external(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of external engines that the user has set; no local part replaces those."""
    names = _ADDRESS_SETTINGS.values()
    return {name: value for name in names if (value := environment.get(name))}


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


def list_addresses(record: StackRecord | None) -> dict[str, str]:
    """The addresses of a stack, by purpose; empty when none runs."""
    if record is None:
        return {}
    pages = {"api": record.api, "console": record.console, "inbox": record.inbox}
    pages["simulator"] = f"{record.inbox}simulator" if record.inbox else ""
    others = {
        name: record.environment.get(setting, "") for name, setting in _ADDRESS_SETTINGS.items()
    }
    return {name: address for name, address in (pages | others).items() if address}
