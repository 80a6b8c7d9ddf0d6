"""Tells the scheduler how far obligations are, before a rule book that asks for it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, make_envelope
from services.ingest.store import progress, units
from services.ingest.store.progress import BegunObligation
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsAmended
from shared.schemas.facts import ObligationFacts, ObligationProgress

_PER_EVENT = 200
_UNITS_AT_ONCE = 200


async def tell_progress(db: AsyncConnection, act: Act, version: int) -> None:
    """Tell the progress of all obligations of the office that have any.

    An obligation that is not named is assigned, and nothing was reported of it. Units are locked,
    so that their events stay in order. `version` is that of the rule book that asks.
    """
    unit_ids = await progress.list_begun_units(db, act.office_id)
    for start in range(0, len(unit_ids), _UNITS_AT_ONCE):
        part = unit_ids[start : start + _UNITS_AT_ONCE]
        await units.lock_units(db, part)
        begun = await progress.list_begun(db, act.office_id, part)
        await publish(db, OUTBOX, _make_events(act, begun, version))


def _make_events(act: Act, begun: Sequence[BegunObligation], version: int) -> Iterator[Envelope]:
    """One event or more for each unit and plan; `begun` is sorted by them."""
    for (unit_id, plan_id), group in groupby(begun, lambda each: (each.unit_id, each.plan_id)):
        owed = list(group)
        for start in range(0, len(owed), _PER_EVENT):
            part = owed[start : start + _PER_EVENT]
            event = ObligationsAmended(
                office_id=act.office_id,
                unit_id=unit_id,
                plan_id=plan_id,
                plan_title=part[0].plan_title,
                measures=(),
                obligations=tuple(map(_to_facts, part)),
            )
            yield make_envelope(act, event, "progress", version, part[0].obligation_id)


def _to_facts(begun: BegunObligation) -> ObligationFacts:
    return ObligationFacts(
        obligation_id=begun.obligation_id,
        measure_id=begun.measure_id,
        kind=begun.kind,
        period=begun.period,
        due_on=begun.due_on,
        known_on=begun.known_on,
        lead=begun.lead,
        number=begun.number,
        progress=ObligationProgress(
            status=begun.status, reported=begun.reported, progressed_at=begun.progressed_at
        ),
    )
