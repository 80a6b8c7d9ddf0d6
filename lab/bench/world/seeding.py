"""Fills the services' tables, so that a bench starts with the state of months of work.

PostgreSQL generates the rows. Ids are MD5 hashes of names, so that a unit has the same id in the
tables of every service.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.bench.world.engines import ITEMS, World
from services.scheduler.store.tables import RULES_CONSUMER, TASKS_CONSUMER
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import BeforeDue, WhileOverdue
from shared.schemas import identity
from shared.schemas.rules import Audience, Channel, ObligationKind
from shared.schemas.topics import RULES, TASKS, apply_prefix

OFFICE = identity.derive_office_id("bench")
TITLE = "2023年政务公开重点任务分解表"
TASK = "优化信息公开专栏"
TEXT = (
    "推进减负稳岗扩就业，支持高校毕业生、农民工、退役军人、就业困难人员等群体就业等方面的政策公开。"
)
ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2023, 8, 31)
EVE = datetime(2023, 8, 29, 1, tzinfo=UTC)
"""Before any slot."""
WARM_SLOT, SLOT = (datetime(2023, 8, day, 1, tzinfo=UTC) for day in (30, 31))
"""09:00 in the office's zone, on the days on which the obligations are due."""
WARM_UNITS = 100


def make_rule_book(*channels: Channel) -> RuleBook:
    """A rule book with one rule: at 09:00 on the due day, then every three working days."""
    return RuleBook(version=1, rules=(make_daily_rule("deadline", channels, time(9, 0)),))


def make_daily_rule(rule_id: str, channels: tuple[Channel, ...], at: time) -> Rule:
    """A rule that fires on the due day of an obligation, then every three working days."""
    return Rule(
        rule_id=rule_id,
        kinds=(ObligationKind.DEADLINE,),
        when=(BeforeDue(working_days=(0,)), WhileOverdue(every_working_days=3)),
        at=at,
        who=(Step(audience=Audience.LIAISON),),
        channels=channels,
    )


async def seed_rules(
    world: World, rules: RuleBook, days: dict[date, bool] | None = None, office: UUID = OFFICE
) -> None:
    """Store an office's rules in the scheduler, and its calendar if given.

    All facts are marked as read, since no ingest runs.
    """
    names = [apply_prefix(topic.name, world.settings.topic_prefix) for topic in (TASKS, RULES)]
    await world.execute(
        "INSERT INTO scheduler.positions (consumer, topic, partition, next_offset, complete_until) "
        "SELECT c, t, 0, 0, CAST('2100-01-01' AS timestamptz) "
        "FROM unnest(CAST(:consumers AS text[]), CAST(:topics AS text[])) AS v(c, t) "
        "ON CONFLICT DO NOTHING",
        consumers=[TASKS_CONSUMER, RULES_CONSUMER],
        topics=names,
    )
    await world.execute(
        "INSERT INTO scheduler.offices (office_id, rule_book, rule_version, calendar, "
        "calendar_number, changed_at) VALUES (:office, CAST(:book AS jsonb), 1, "
        "CAST(:days AS jsonb), :number, :at)",
        office=office,
        book=rules.model_dump_json(),
        days=json.dumps({day.isoformat(): works for day, works in (days or {}).items()}),
        number=int(bool(days)),
        at=EVE,
    )
    await world.execute(
        "INSERT INTO scheduler.rule_books (office_id, version, book, told_at) "
        "VALUES (:office, 1, CAST(:book AS jsonb), :at)",
        office=office,
        book=rules.model_dump_json(),
        at=EVE,
    )


async def seed_measures(world: World) -> None:
    """Store the measures that all units owe."""
    await world.execute(
        "INSERT INTO scheduler.measures (measure_id, office_id, ref, task_name, text, plan_title, "
        "told_at) SELECT CAST(md5('m' || i) AS uuid), :office, (i / 4 + 1) || '.' || (i % 4 + 1), "
        ":task, :text, :title, :at FROM generate_series(0, :items - 1) AS i",
        office=OFFICE,
        task=TASK,
        text=TEXT,
        title=TITLE,
        at=EVE,
        items=ITEMS,
    )


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """When the timers of units fire: `units` of them at the first slot, as many at each next one.

    With `numbered`, each slot has its own rule: `deadline-0`, `deadline-1` and so on.
    `office`: whose units they are.
    """

    first: datetime
    units: int
    apart: timedelta = timedelta(0)
    numbered: bool = False
    zone: ZoneInfo = ZONE
    office: UUID = OFFICE


async def seed_timers(
    world: World, first: int, units: int, slots: SlotPlan, items: int = ITEMS
) -> None:
    """Store units from number `first` on, each with `items` obligations and their timers."""
    every = "generate_series(CAST(:first AS int), CAST(:last AS int)) AS n"
    many = f"{every}, generate_series(0, {items - 1}) AS i"
    number = "(n - :first) / CAST(:each AS int)"
    at = f"CAST(:slot AS timestamptz) + ({number}) * CAST(:apart AS interval)"
    rule_id = f"'deadline-' || {number}" if slots.numbered else "'deadline'"
    unit_id = "CAST(md5('u' || n) AS uuid)"
    obligation_id = "CAST(md5('o' || n || '/' || i) AS uuid)"
    where: dict[str, object] = {"first": first, "last": first + units - 1}
    when = where | {"slot": slots.first, "each": slots.units, "apart": slots.apart}
    due = slots.first.astimezone(slots.zone).date()
    await world.execute(
        "INSERT INTO scheduler.agenda (unit_id, office_id, next_fire_at) "  # noqa: S608 - our own words
        f"SELECT {unit_id}, :office, {at} FROM {every}",
        office=slots.office,
        **when,
    )
    await world.execute(
        "INSERT INTO scheduler.obligations (obligation_id, office_id, unit_id, measure_id, kind, "  # noqa: S608 - our own words
        f"due_on, known_on, lead, number, standing, planned_from) SELECT {obligation_id}, :office, "
        f"{unit_id}, CAST(md5('m' || i) AS uuid), 'deadline', CAST(:due AS date), "
        f"CAST(:due AS date) - 60, false, 1, 'open', CAST(:due AS date) - 60 FROM {many}",
        office=slots.office,
        due=due,
        **where,
    )
    await world.execute(
        "INSERT INTO scheduler.timers (obligation_id, rule_id, unit_id, next_fire_at, overdue) "  # noqa: S608 - our own words
        f"SELECT {obligation_id}, {rule_id}, {unit_id}, {at}, 0 FROM {many}",
        **when,
    )


async def seed_directory(world: World, first: int, units: int) -> None:
    """Store the same units in the notifier, each with a liaison who has both addresses."""
    where: dict[str, object] = {"first": first, "last": first + units - 1}
    series = "FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n"
    await world.execute(
        "INSERT INTO notifier.units (unit_id, office_id, number, name, office_name) "
        "SELECT CAST(md5('u' || n) AS uuid), :office, 1, '县第' || n || '局', "
        f"'县政务公开办公室' {series}",
        office=OFFICE,
        **where,
    )
    await world.execute(
        "INSERT INTO notifier.contacts (contact_id, unit_id, place, post, email, mobile) "
        "SELECT CAST(md5('c' || n) AS uuid), CAST(md5('u' || n) AS uuid), 0, 'liaison', "
        f"n || '@bench.example', '1' || (3000000000 + n) {series}",
        **where,
    )


def derive_unit_id(number: int) -> UUID:
    """The id of a unit by its number, as PostgreSQL generates it."""
    return UUID(hashlib.md5(f"u{number}".encode(), usedforsecurity=False).hexdigest())


def derive_obligation_id(number: int, item: int) -> UUID:
    """The id of an obligation by the unit's number and the item's."""
    return UUID(hashlib.md5(f"o{number}/{item}".encode(), usedforsecurity=False).hexdigest())
