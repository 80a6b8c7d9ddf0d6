"""Facts about obligations that are not known yet, kept until they are."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import WAITING_FACTS
from shared.database.engine import insert_rows
from shared.errors import PoisonError
from shared.kafka.broker.codec import decode, encode
from shared.logging import log
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsWithdrawn
from shared.schemas.topics import TASKS

_W = WAITING_FACTS.c
_BY_OBLIGATION = (
    select(_W.obligation_id, _W.value, _W.headers)
    .where(_W.obligation_id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(_W.received_at)
)


@dataclass(frozen=True, slots=True)
class WaitingFact:
    """A fact about one obligation."""

    obligation_id: UUID
    envelope: Envelope

    @property
    def number(self) -> int | None:
        """The number of the fact among those of its obligation; None when it has none."""
        number: int | None = getattr(self.envelope.event, "number", None)
        return number


def make_waiting_fact(obligation_id: UUID, envelope: Envelope) -> WaitingFact:
    """The part of an event that is about one of the obligations that it names."""
    event = envelope.event
    if isinstance(event, ObligationsWithdrawn):
        alone = event.model_copy(update={"obligation_ids": (obligation_id,)})
        return WaitingFact(obligation_id, replace(envelope, event=alone))
    return WaitingFact(obligation_id, envelope)


async def get_waiting(
    db: AsyncConnection, obligations: Collection[UUID]
) -> dict[UUID, list[WaitingFact]]:
    """The facts that wait for some obligations, by obligation.

    A fact that can't be decoded is logged and stays in the table.
    """
    if not obligations:
        return {}
    waiting: dict[UUID, list[WaitingFact]] = defaultdict(list)
    for row in await db.execute(_BY_OBLIGATION, {"ids": list(obligations)}):
        headers = [(name, word.encode()) for name, word in row.headers]
        try:
            envelope = decode(TASKS, row.value, headers)
        except PoisonError as error:
            log(__name__).error(
                "waiting_fact.unreadable",
                obligation_id=str(row.obligation_id),
                reason=error.reason,
            )
            continue
        waiting[row.obligation_id].append(WaitingFact(row.obligation_id, envelope))
    return waiting


async def put(db: AsyncConnection, facts: Iterable[WaitingFact]) -> None:
    """Store facts until their obligations are known."""
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


async def delete_ended(db: AsyncConnection, facts: Iterable[WaitingFact]) -> None:
    """Delete facts that wait no longer."""
    ended = list(facts)
    if not ended:
        return
    await db.execute(
        text(
            "DELETE FROM scheduler.waiting_facts AS w USING "
            "unnest(CAST(:ids AS uuid[]), CAST(:events AS uuid[])) AS v(id, event) "
            "WHERE w.obligation_id = v.id AND w.event_id = v.event"
        ),
        {
            "ids": [fact.obligation_id for fact in ended],
            "events": [fact.envelope.id for fact in ended],
        },
    )


async def get_oldest_age(db: AsyncConnection) -> timedelta:
    """For how long the oldest fact has waited, in real time; zero when none waits."""
    age: timedelta | None = await db.scalar(select(func.now() - func.min(_W.received_at)))
    return age or timedelta(0)


@dataclass(frozen=True, slots=True)
class ExpiredFact:
    """A fact whose obligation did not become known in time."""

    office_id: UUID
    unit_id: UUID
    obligation_id: UUID


async def delete_expired(db: AsyncConnection, after: timedelta) -> list[ExpiredFact]:
    """Delete the facts that have waited for longer than `after`, and return them."""
    rows = await db.execute(
        delete(WAITING_FACTS)
        .where(_W.received_at < func.now() - literal(after))
        .returning(_W.office_id, _W.unit_id, _W.obligation_id)
    )
    return [ExpiredFact(row.office_id, row.unit_id, row.obligation_id) for row in rows]
