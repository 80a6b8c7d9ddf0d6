"""The context of a command, and what all handlers use: write an event, note a change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.store import journal
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.schemas import identity
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope

SOURCE = "/cuiban/ingest"


@dataclass(frozen=True, slots=True)
class Act:
    """The context of a command.

    Attributes:
        office_id: the office that the command concerns.
        actor: the name of the token's holder, as the journal shows it.
        now: the office's time.
        correlation_id: shared by all events and journal entries of the command.
        unit_id: the only unit that the actor may act for; None when it may act for all.
    """

    office_id: UUID
    actor: str
    now: datetime
    correlation_id: UUID
    unit_id: UUID | None = None


async def tell(db: AsyncConnection, act: Act, event: Event, *parts: object) -> None:
    """Write an event into the outbox. Its id derives from `parts`: readers count a repeat once."""
    await publish(db, OUTBOX, [make_envelope(act, event, *parts)])


def make_envelope(act: Act, event: Event, *parts: object) -> Envelope:
    """An event of a command, with an id that derives from its type and `parts`."""
    event_id = identity.derive_event_id(type(event).__name__, *parts)
    return Envelope(event_id, SOURCE, act.now, act.correlation_id, event)


async def note(
    db: AsyncConnection,
    act: Act,
    action: str,
    subject: object,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write a change into the journal."""
    await journal.append(
        db,
        office_id=act.office_id,
        actor=act.actor,
        at=act.now,
        correlation_id=act.correlation_id,
        action=action,
        subject=subject,
        before=before,
        after=after,
    )


def require_unit(act: Act, unit_id: UUID) -> None:
    """Make sure that the actor may act for a unit.

    Raises:
        RefusedError: the token is bound to another unit; the error is that of an unknown unit.
    """
    if act.unit_id is not None and act.unit_id != unit_id:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
