"""Facts about obligations that are not known yet, kept until they are."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.tables import WAITING_FACTS
from shared.broker.codec import decode, encode
from shared.database.engine import insert_rows
from shared.errors import PoisonError
from shared.logging import log
from shared.schemas.events import Envelope, ObligationsWithdrawn
from shared.schemas.topics import TASKS


@dataclass(frozen=True, slots=True)
class WaitingFact:
    """A fact about one obligation. `number` is the fact's; None when it has none."""

    obligation_id: UUID
    envelope: Envelope

    @property
    def number(self) -> int | None:
        """Where the fact stands among those of its obligation."""
        number: int | None = getattr(self.envelope.event, "number", None)
        return number


def waiting_fact(obligation_id: UUID, envelope: Envelope) -> WaitingFact:
    """What an event says of one of the obligations that it names."""
    event = envelope.event
    if isinstance(event, ObligationsWithdrawn):
        alone = event.model_copy(update={"obligation_ids": (obligation_id,)})
        return WaitingFact(obligation_id, replace(envelope, event=alone))
    return WaitingFact(obligation_id, envelope)


async def of(db: AsyncConnection, obligations: Collection[UUID]) -> dict[UUID, list[WaitingFact]]:
    """The facts that wait for some obligations. One that can't be read is left where it is."""
    if not obligations:
        return {}
    found = await db.execute(
        text(
            "SELECT obligation_id, value, headers FROM scheduler.waiting_facts "
            "WHERE obligation_id = ANY(CAST(:ids AS uuid[])) ORDER BY received_at"
        ).columns(headers=JSONB),
        {"ids": list(obligations)},
    )
    waiting: dict[UUID, list[WaitingFact]] = defaultdict(list)
    for obligation, value, headers in found.all():
        try:
            envelope = decode(TASKS, value, [(name, word.encode()) for name, word in headers])
        except PoisonError as error:
            log(__name__).error(
                "waiting_fact.unreadable", obligation_id=str(obligation), reason=error.reason
            )
            continue
        waiting[obligation].append(WaitingFact(obligation, envelope))
    return waiting


async def put(db: AsyncConnection, facts: Iterable[WaitingFact]) -> None:
    """Keep facts until their obligations are known."""
    rows = []
    for fact in facts:
        record = encode(fact.envelope)
        headers = json.dumps([[name, word.decode()] for name, word in record.headers])
        rows.append(
            {
                "obligation_id": fact.obligation_id,
                "event_id": fact.envelope.id,
                "office_id": fact.envelope.event.office_id,
                "unit_id": UUID(fact.envelope.event.key),
                "number": fact.number,
                "value": record.value,
                "headers": headers,
                "time": fact.envelope.time,
            }
        )
    await insert_rows(db, WAITING_FACTS, rows, "(obligation_id, event_id) DO NOTHING")


async def end(db: AsyncConnection, facts: Iterable[WaitingFact]) -> None:
    """Forget facts that wait no longer."""
    gone = list(facts)
    if not gone:
        return
    await db.execute(
        text(
            "DELETE FROM scheduler.waiting_facts AS w USING "
            "unnest(CAST(:ids AS uuid[]), CAST(:events AS uuid[])) AS v(id, event) "
            "WHERE w.obligation_id = v.id AND w.event_id = v.event"
        ),
        {"ids": [f.obligation_id for f in gone], "events": [f.envelope.id for f in gone]},
    )


async def oldest(db: AsyncConnection) -> timedelta:
    """For how long the oldest fact has waited, in real time."""
    found = await db.execute(
        text(
            "SELECT coalesce(now() - min(received_at), CAST('0' AS interval)) "
            "FROM scheduler.waiting_facts"
        )
    )
    age: timedelta = found.scalar_one()
    return age


async def give_up(db: AsyncConnection, after: timedelta) -> list[tuple[UUID, UUID, UUID]]:
    """Delete facts that have waited for longer; the office, unit and obligation of each."""
    found = await db.execute(
        text(
            "DELETE FROM scheduler.waiting_facts "
            "WHERE received_at < now() - CAST(:after AS interval) "
            "RETURNING office_id, unit_id, obligation_id"
        ),
        {"after": after},
    )
    return [(office, unit, obligation) for office, unit, obligation in found.all()]
