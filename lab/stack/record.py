"""What a stack writes down in its state directory: what was asked for, and what runs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from lab.stack.processes import Identity

MARKER = ".cuiban-state"  # only a directory that holds it is ever deleted
PLAN, RECORD, WANTED, LOCK = "plan.json", "stack.json", "wanted.json", ".lock"

PartState = Literal["starting", "ready", "waiting", "stopped"]


class Saved(BaseModel):
    """A value kept in a file that only its owner can read, replaced as a whole."""

    model_config = ConfigDict(frozen=True)

    def save(self, path: Path) -> None:
        """Write the file; a reader sees the old text or the new one, nothing between."""
        fresh = path.with_name(f"{path.name}.{os.getpid()}.next")
        fresh.touch(mode=0o600)
        fresh.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """What the file holds, or None when it is not there or was cut off."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return None


class Service(BaseModel):
    """How one service is run; `ready` is a path on its metrics port that answers 200."""

    model_config = ConfigDict(frozen=True)

    name: str
    argv: tuple[str, ...]
    serves_http: bool = False
    ready: str | None = "/health/ready"


SERVICES = tuple(
    Service(
        name=name,
        argv=(sys.executable, "-m", f"services.{name}.app"),
        serves_http=name == "ingest",
    )
    for name in ("ingest", "scheduler", "notifier")
)
PREPARE = (sys.executable, "-m", "deploy.prepare")


class Plan(Saved):
    """What a supervisor is to run: (service, number of processes), and with which settings.

    `owner`, a process and when it was created, is who needs the stack: it ends with them.
    `parts` adds settings for single parts, by their names. With several `brokers` each topic has
    three replicas, and a record counts once two of them have it.
    """

    services: tuple[tuple[Service, int], ...]
    prepare: tuple[str, ...] | None = PREPARE
    environment: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    brokers: int = 1
    engines: bool = True  # False leaves Kafka, PostgreSQL and the sinks out (tests of this package)
    owner: tuple[int, float] | None = None


class Wanted(Saved):
    """The parts that someone stopped on purpose, and settings for their next start."""

    stopped: frozenset[str] = frozenset()
    environment: dict[str, dict[str, str]] = {}


class PartRecord(BaseModel):
    """One part as it stood when the record was written."""

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
        """The process, or None when there is none."""
        if self.pid is None or self.created is None:
            return None
        return Identity(self.pid, self.created)


class Record(Saved):
    """The whole stack: its supervisor, its addresses and its parts."""

    state: Literal["starting", "ready", "failed", "stopping"]
    error: str = ""
    supervisor_pid: int
    supervisor_created: float
    inbox: str = ""
    api: str = ""
    environment: dict[str, str] = {}
    parts: tuple[PartRecord, ...] = ()

    @property
    def supervisor(self) -> Identity:
        """The process that watches over the parts."""
        return Identity(self.supervisor_pid, self.supervisor_created)

    def part(self, name: str) -> PartRecord | None:
        """A part by its name; `ingest` also finds `ingest-1`."""
        named = {each.name: each for each in self.parts}
        return named.get(name) or named.get(f"{name}-1")


def external(environment: Mapping[str, str]) -> dict[str, str]:
    """The addresses that the user points at something else, so that no local part is started."""
    names = ("CUIBAN_KAFKA", "CUIBAN_DATABASE_URL", "CUIBAN_SMTP_URL", "CUIBAN_SMS_URL")
    return {name: value for name in names if (value := environment.get(name))}
