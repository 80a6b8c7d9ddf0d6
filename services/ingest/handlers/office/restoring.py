"""After a restore: facts that the log holds return to the ledger, or are entered again."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.lost_facts import LostFact, collect_numbers, describe_fact
from services.ingest.handlers.acting import Act, note
from services.ingest.store import lost_facts as store
from services.ingest.store.dead_letters import list_office_ids
from shared.schemas.envelope import Envelope


def list_facts(envelopes: Sequence[Envelope]) -> list[LostFact]:
    """What the ledger lacks, in the order in which it was told."""
    return sorted(map(describe_fact, envelopes), key=lambda fact: fact.at)


async def take_back(
    db: AsyncConnection, envelopes: Sequence[Envelope], actor: str, reason: str, now: datetime
) -> list[LostFact]:
    """Enter again what events tell whole, and let later changes have higher numbers.

    Every office has it in its journal, with the numbers of the facts by kind.
    """
    facts = list_facts(envelopes)
    known = await list_office_ids(db)
    for envelope in envelopes:
        if envelope.event.office_id in known:
            await store.insert_fact(db, envelope.event, envelope.time)
    numbers = collect_numbers(envelope.event for envelope in envelopes)
    await store.raise_numbers(db, numbers.obligations, numbers.units)
    correlation_id = uuid4()
    for office_id in sorted(known):
        own = [fact for fact in facts if fact.office_id == office_id]
        after = {
            "reason": reason,
            "returned": dict(Counter(fact.kind for fact in own if fact.returns)),
            "to_enter_again": dict(Counter(fact.kind for fact in own if not fact.returns)),
        }
        act = Act(office_id, actor, now, correlation_id)
        await note(db, act, "restore.accepted", office_id, after=after)
    return facts
