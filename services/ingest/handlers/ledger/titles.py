"""Tells the scheduler the title of a published plan, so that reminders cite the one in force."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, make_envelope
from services.ingest.handlers.office.measure_facts import to_measure_facts
from services.ingest.store.obligations import OwedMeasure
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.schemas.events import ObligationsAmended
from shared.schemas.facts import MeasureFacts


async def publish_title(
    db: AsyncConnection,
    act: Act,
    plan_id: UUID,
    owed: Iterable[OwedMeasure],
    *,
    title: str,
    cause: object,
) -> None:
    """Publish measures with their plan's new title.

    The scheduler keeps the words of a measure once for all units, so one unit that owes it is
    told. The plan and these units are locked.

    Args:
        db: a connection in a transaction.
        act: the command's context.
        plan_id: whose title.
        owed: the measures, each with the unit that is told.
        title: the new one.
        cause: what tells this change of the title from every other of the plan.
    """
    by_unit: defaultdict[UUID, list[MeasureFacts]] = defaultdict(list)
    for measure in owed:
        facts = to_measure_facts(measure.measure_id, measure)
        by_unit[measure.unit_id].append(facts)
    events = [
        make_envelope(
            act,
            ObligationsAmended(
                office_id=act.office_id,
                unit_id=unit_id,
                plan_id=plan_id,
                plan_title=title,
                measures=tuple(measures),
                obligations=(),
            ),
            plan_id,
            unit_id,
            "title",
            cause,
        )
        for unit_id, measures in sorted(by_unit.items())
    ]
    await publish(db, OUTBOX, events)
