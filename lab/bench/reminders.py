"""Reminders: how fast the notifier turns them into notification rows."""

from collections.abc import Iterator
from datetime import date, datetime

from lab.bench.bare import kafka, postgres
from lab.bench.figures import Figure, Goal
from lab.bench.ground import ITEMS, Ground, Run
from lab.bench.processes import Effort, engine_processes, service
from lab.bench.seeding import (
    DAY,
    EVE,
    OFFICE,
    SLOT,
    TASK,
    TEXT,
    TITLE,
    ZONE,
    directory,
    obligation,
    unit,
)
from lab.bench.watching import Curve, climb
from shared.broker.codec import EncodedRecord, encode
from shared.schemas import identity
from shared.schemas.events import Envelope, ReminderDue
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, Channel, ReminderKind
from shared.schemas.topics import DELIVERIES

_ROWS = (("notifier.reminders", 1), ("notifier.notifications", 2))


async def fanning_out(run: Run) -> list[Figure]:
    """ReminderDue, two channels each, to committed notification rows: one notifier process."""
    found = []
    with run.ground() as ground:
        for units in run.units:
            run.say(f"fanning out {units:,} reminders")
            curve, ceiling, cpu = await _fanned_out(ground, units)
            found.append(
                Figure(
                    "ReminderDue to notification rows",
                    curve.rate_once_begun,
                    "digests/s",
                    ceiling,
                    Goal("≥", 1500) if units == run.units[-1] else None,
                    units,
                    f"{ITEMS} items each, two notifications each; the ceiling is COPY of the same "
                    f"rows into tables with the same indexes, one transaction. {cpu}",
                )
            )
    return found


async def _fanned_out(ground: Ground, units: int) -> tuple[Curve, float, str]:
    """How the rows came, what COPY does a second, and the CPU time for each."""
    async with ground.world("notifier") as world:
        await directory(world, 1, units)
        await world.execute("VACUUM ANALYZE")
        await kafka.filling(world, due(units, (Channel.EMAIL, Channel.SMS), ITEMS))
        world.clock.set(EVE)
        async with service(world, "notifier") as notifier:
            effort = Effort([notifier, *engine_processes(world)])
            effort.begin()
            curve = await climb(world.applied_by("notifier-reminders"), units)
            await climb(world.told_of(DELIVERIES), units)
            cpu = effort.for_one(units)
        return curve, await postgres.copying(world, _ROWS), cpu


def items(number: int, count: int, day: date = DAY) -> tuple[ReminderItem, ...]:
    """What a unit's digest holds."""
    return tuple(
        ReminderItem(
            obligation_id=obligation(number, n),
            ref=f"{n // 4 + 1}.{n % 4 + 1}",
            task_name=TASK,
            text=TEXT,
            kind=ReminderKind.DEADLINE,
            due_on=day,
        )
        for n in range(count)
    )


def due(
    units: int, channels: tuple[Channel, ...], count: int, slot: datetime = SLOT
) -> Iterator[EncodedRecord]:
    """Reminders of the units from number 1 on, as the scheduler tells of them."""
    shared = items(0, count, slot.astimezone(ZONE).date())
    for number in range(1, units + 1):
        unit_id = unit(number)
        reminder_id = identity.derive_reminder_id(unit_id, Audience.LIAISON, slot)
        event = ReminderDue(
            office_id=OFFICE,
            unit_id=unit_id,
            reminder_id=reminder_id,
            audience=Audience.LIAISON,
            slot=slot,
            timezone="Asia/Shanghai",
            channels=channels,
            rule_version=1,
            plan_title=TITLE,
            items=shared,
        )
        yield encode(Envelope(reminder_id, "/bench", slot, reminder_id, event))
