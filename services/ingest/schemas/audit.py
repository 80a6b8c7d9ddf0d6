"""The journal over HTTP."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.ingest.schemas.fields import Answer


class EntryOut(Answer):
    """An entry of the journal: who changed what, when, from what to what.

    `number` is its place in the office's chain; `hash`, in hex, stands for it and for all before.
    """

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    correlation_id: UUID
    office_id: UUID
    hash: str


class BrokenOut(Answer):
    """The first place where the chain does not hold."""

    flaw: Literal["altered", "missing", "outside", "cut", "unknown-head"]
    number: int | None
    entry_id: int | None
    action: str
    subject: str


class VerifiedOut(Answer):
    """How many entries are proven, and the hash of the last of them."""

    entries: int
    head: str
    expected_at: int | None
    broken: BrokenOut | None
