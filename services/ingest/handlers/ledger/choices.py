"""What the filters of the ledger may name, so that a reader can choose from it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act
from services.ingest.store import choices as store
from services.ingest.store.reading_rows import PlanLabel, UnitLabel


@dataclass(frozen=True, slots=True)
class LedgerChoices:
    """Units, their kinds and groups; published plans with their categories and tasks."""

    units: list[UnitLabel]
    unit_kinds: list[str]
    groups: list[str]
    plans: list[PlanLabel]
    categories: list[str]
    tasks: list[str]


async def list_choices(
    db: AsyncConnection, act: Act, most_units: int | None = None
) -> LedgerChoices:
    """What there is to choose from; for an actor of a unit what concerns that unit.

    Of the units the first `most_units` by name; kinds and groups are those of all units.
    """
    units = await store.list_units(db, act.office_id, act.unit_id, most_units)
    plans = await store.list_plans(db, act.office_id, act.unit_id)
    tasks = await store.list_tasks(db, [plan.plan_id for plan in plans], act.unit_id)
    return LedgerChoices(
        units,
        sorted(await store.list_kinds(db, act.office_id, act.unit_id)),
        sorted(await store.list_groups(db, act.office_id, act.unit_id)),
        plans,
        list(dict.fromkeys(task.category for task in tasks if task.category)),
        list(dict.fromkeys(task.task_name for task in tasks)),
    )
