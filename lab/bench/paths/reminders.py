"""Reminders: how fast the notifier turns them into notification rows."""

from collections.abc import Iterator
from datetime import date, datetime

from lab.bench.bare import kafka, postgres
from lab.bench.figures import Figure, Goal
from lab.bench.world.engines import ITEMS, BenchEngines, BenchRun
from lab.bench.world.processes import CpuUse, find_engine_processes, run_service
from lab.bench.world.seeding import (
    DAY,
    EVE,
    OFFICE,
    SLOT,
    TASK,
    TEXT,
    TITLE,
    ZONE,
    derive_obligation_id,
    derive_unit_id,
    seed_directory,
)
from lab.bench.world.watching import Curve, watch_count
from shared.kafka.broker.codec import EncodedRecord, encode
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, Channel, ReminderKind
from shared.schemas.topics import DELIVERIES

_ROWS = (("notifier.reminders", 1), ("notifier.notifications", 2))


async def measure_fan_out(run: BenchRun) -> list[Figure]:
    """From ReminderDue with two channels to committed notification rows: one notifier process."""
    figures = []
    with run.start_engines() as bench:
        for units in run.units:
            run.say(f"fanning out {units:,} reminders")
            curve, ceiling, cpu = await _fan_out(bench, units)
            figures.append(
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
    return figures


async def _fan_out(bench: BenchEngines, units: int) -> tuple[Curve, float, str]:
    """The curve of the rows, the rows per second by COPY, and the CPU time per row."""
    async with bench.create_world("notifier") as world:
        await seed_directory(world, 1, units)
        await world.execute("VACUUM ANALYZE")
        await kafka.send_records(world, make_reminders(units, (Channel.EMAIL, Channel.SMS), ITEMS))
        world.clock.set(EVE)
        async with run_service(world, "notifier") as notifier:
            cpu_use = CpuUse([notifier, *find_engine_processes(world)])
            cpu_use.begin()
            curve = await watch_count(world.make_applied_counter("notifier-reminders"), units)
            await watch_count(world.make_record_counter(DELIVERIES), units)
            cpu = cpu_use.describe_per_item(units)
        return curve, await postgres.measure_copying(world, _ROWS), cpu


def make_items(number: int, count: int, day: date = DAY) -> tuple[ReminderItem, ...]:
    """The items of a unit's digest."""
    return tuple(
        ReminderItem(
            obligation_id=derive_obligation_id(number, n),
            ref=f"{n // 4 + 1}.{n % 4 + 1}",
            task_name=TASK,
            text=TEXT,
            kind=ReminderKind.DEADLINE,
            due_on=day,
        )
        for n in range(count)
    )


def make_reminders(
    units: int, channels: tuple[Channel, ...], count: int, slot: datetime = SLOT
) -> Iterator[EncodedRecord]:
    """The reminders of the units from number 1 on, as the scheduler writes them."""
    shared = make_items(0, count, slot.astimezone(ZONE).date())
    for number in range(1, units + 1):
        unit_id = derive_unit_id(number)
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
