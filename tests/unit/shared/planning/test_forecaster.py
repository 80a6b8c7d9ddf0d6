"""A forecast says, reminder for reminder, what a scheduler fires step by step."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.forecaster import Forecaster, list_ids
from shared.planning.forecasting import ForecastObligation, TimedChange
from shared.planning.keeping import PublishedBook
from shared.planning.reminding import ReminderMeasure, fire_due_timers
from shared.planning.timers import Timer, plan_timers
from shared.planning.timetable import Timetable
from shared.rules.book import Rule, RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits
from shared.rules.steps import choose_lead_units, choose_office_units
from shared.schemas import identity
from shared.schemas.events import ReminderDue
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind, Post

OFFICE = identity.derive_id("office")
TABLE = json.loads(Path("tests/golden/yanting-2023.json").read_text(encoding="utf-8"))
TOLD = datetime(2023, 3, 1, 2, tzinfo=UTC)
END = TOLD + timedelta(days=365)
GRACE = timedelta(hours=1)
Said = set[tuple[Any, ...]]
Changes = Mapping[UUID, Sequence[TimedChange]]


def describe_traits(task: Any, name: str, leading: UUID) -> Traits:
    unit_id = identity.derive_id(name)
    leads = choose_lead_units(unit_id, lead=unit_id == leading, leading=[leading])
    office = choose_office_units(unit_id, identity.derive_id("县政府办"))
    category = f"{task['number'] % 3}"
    return Traits(unit=name, category=category, lead_units=leads, office_units=office)


def list_units() -> dict[str, list[ForecastObligation]]:
    """What each unit of the real table owes, by its printed name."""
    units: dict[str, list[ForecastObligation]] = {}
    for task in TABLE["tasks"]:
        leading = identity.derive_id(task["responsible"]["names"][0])
        for place, measure in enumerate(task["measures"], 1):
            kind = ObligationKind.HEARING if measure["recurrence"] else ObligationKind.DEADLINE
            for name in task["responsible"]["names"]:
                ref = f"{task['number']}.{place}"
                units.setdefault(name, []).append(
                    ForecastObligation(
                        OFFICE,
                        identity.derive_id(name),
                        identity.derive_id(f"{name}/{ref}"),
                        Dates(kind, date.fromisoformat(measure["due"][0]), date(2023, 3, 1)),
                        lead=identity.derive_id(name) == leading,
                        measure=ReminderMeasure(ref, task["name"], measure["text"], "要点"),
                        told_traits=describe_traits(task, name, leading),
                        owed_since=TOLD,
                    )
                )
    return units


UNITS = list_units()


def fire_step_by_step(
    timetable: Timetable, unit: Sequence[ForecastObligation], changes: Changes
) -> Iterator[tuple[Any, ...]]:
    """A scheduler with a virtual clock: it sleeps until a slot or a fact, and does what is due."""
    known = {each.obligation_id: each for each in unit}
    facts = sorted(((c.at, i, c) for i in known for c in changes.get(i, ())), key=lambda f: f[:2])
    timers: dict[tuple[UUID, str], Timer] = {}

    def end(obligation_id: UUID) -> None:
        for key in [key for key in timers if key[0] == obligation_id]:
            del timers[key]

    def plan(obligation: ForecastObligation, now: datetime) -> None:
        end(obligation.obligation_id)
        planned = plan_timers(timetable, obligation.obligation_id, obligation.dates, now)
        timers.update({(t.obligation_id, t.rule_id): t for t in planned})

    for obligation in unit:
        plan(obligation, TOLD)
    while True:
        slot = min((timer.next_fire_at for timer in timers.values()), default=END)
        if facts and facts[0][0] <= slot:
            now, id_, change = facts.pop(0)
            known[id_] = change.becomes or known[id_]
            plan(known[id_], now)
            if change.owed is False:
                end(id_)
            continue
        if slot >= END:
            return
        due = [timer for timer in timers.values() if timer.next_fire_at <= slot]
        rows = [known[timer.obligation_id].make_due_timer(timer) for timer in due]
        done = fire_due_timers(
            timetable, OFFICE, unit[0].unit_id, rows, now=slot, grace=GRACE, until=slot
        )
        for timer in due:
            del timers[timer.obligation_id, timer.rule_id]
        timers.update({(t.obligation_id, t.rule_id): t for t in done.moved})
        yield from map(describe, done.reminders)


def describe(reminder: ReminderDue) -> tuple[Any, ...]:
    items = frozenset(
        (i.obligation_id, i.ref, i.kind, i.due_on, i.working_days) for i in reminder.items
    )
    way = reminder.channels, reminder.rule_id, reminder.how, reminder.to_unit
    return reminder.unit_id, reminder.slot, reminder.audience, *way, items


def say(
    forecaster: Forecaster, unit: Sequence[ForecastObligation], changes: Changes
) -> Iterator[tuple[Any, ...]]:
    for reminder in forecaster.forecast(unit, changes).list_reminders():
        items = frozenset(
            (i.obligation.obligation_id, i.ref, i.kind, i.due_on, i.working_days)
            for i in reminder.list_items()
        )
        due = reminder.fired.due
        way = reminder.channels, due.rule_id, due.how, reminder.to_unit
        yield unit[0].unit_id, reminder.slot, reminder.audience, *way, items


def compare(
    book: RuleBook,
    units: Iterable[Sequence[ForecastObligation]],
    changes: Changes,
    published: Sequence[PublishedBook] = (),
) -> int:
    """How many reminders both have; they have the same."""
    timetable, count = Timetable(book, WorkingCalendar(), published=published), 0
    forecaster = Forecaster(timetable, TOLD, END - timedelta(microseconds=1))
    for unit in units:
        fired = list(fire_step_by_step(timetable, unit, changes))
        said = list(say(forecaster, unit, changes))
        assert len(said) == len(fired)
        assert set(said) == set(fired)
        count += len(said)
    return count


def test_a_year_of_the_whole_table_by_the_default_rules() -> None:
    assert compare(make_default_rule_book(), UNITS.values(), {}) > 24 * 6


MOMENTS = st.sampled_from(
    [
        {"type": "before-due", "working_days": [30, 7, 1]},
        {"type": "when-told"},
        {"type": "while-overdue", "every_working_days": 3},
        {"type": "weekly", "weekdays": ["monday", "thursday"], "span": "until-done"},
        {"type": "after-due", "every_days": 2, "factor": 2, "limit": 4},
        {"type": "days-before", "days": [14, 0], "convention": "next"},
        {"type": "nth-working-day", "numbers": [1, -1], "of": "month", "span": "until-due"},
        {"type": "on-dates", "days": ["06-30", "11-01"]},
    ]
)
SELECTS = st.sampled_from(
    [
        None,
        {"lead": True},
        {"task": "2"},
        {"light": ["yellow", "red"]},
        {"not": {"any": [{"lead": True}, {"light": "red"}]}},
        {"category": ["0", "2"]},
        {"status": ["accepted", "in-progress"]},
    ]
)
ENDS = st.sampled_from(
    [{}, {}, {"ends_with": "accepted"}, {"ends_with": "progress", "within_days": 30}]
)
IN_ORDER = {"order": "in-order", "answer_within_hours": 4}
HOWS = st.sampled_from(
    [None, {"order": "together"}, {"urgency": "urgent"}, {"daily_limit": 2}, IN_ORDER]
)
STEPS = st.lists(
    st.tuples(st.sampled_from(Audience), st.integers(0, 3), ENDS, st.sampled_from(Post)),
    min_size=1,
    max_size=4,
    unique_by=lambda step: (step[0], step[3]),
)


@st.composite
def books(draw: st.DrawFn) -> RuleBook:
    rules = []
    for place in range(draw(st.integers(1, 3))):
        moments = draw(st.lists(MOMENTS, min_size=1, max_size=3, unique_by=str))
        rules.append(
            Rule.model_validate(
                {
                    "rule_id": f"rule{place}",
                    "select": draw(SELECTS),
                    "when": moments,
                    "at": time(draw(st.sampled_from([0, 9, 9, 15, 23]))),
                    "who": [
                        {"audience": post, "from_overdue": first, "of": of} | end
                        for post, first, end, of in draw(STEPS)
                    ],
                    "channels": draw(st.sampled_from([("sms",), ("email",), ("sms", "email")])),
                    "how": draw(HOWS),
                    "catch_up": draw(st.sampled_from(CatchUp)),
                }
            )
        )
    return RuleBook(version=1, rules=tuple(rules), near_working_days=draw(st.integers(0, 20)))


FACTS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.integers(1, 364 * 24 * 60 - 1),
        st.sampled_from(["done", "open", "move", "accepted", "in-progress"]),
        st.integers(-60, 90),
    ),
    max_size=12,
)


def make_changes(unit: Sequence[ForecastObligation], facts: Any) -> dict[UUID, list[TimedChange]]:
    """What is told of some obligations, each told whole, as the ledger's history has it."""
    changes: dict[UUID, list[TimedChange]] = {}
    known, owed = list(unit), [True] * len(unit)
    for number, minutes, what, days in sorted(facts, key=lambda fact: fact[1]):
        at, place = TOLD + timedelta(minutes=minutes, seconds=1), number % len(unit)
        if what == "move":
            due_on = at.date() + timedelta(days=days)
            dates = replace(known[place].dates, due_on=due_on, known_on=at.date())
            known[place] = replace(known[place], dates=dates, owed_since=at)
        elif what in set(ObligationStatus):
            traits = replace(known[place].told_traits, status=what, progressed_at=at)
            known[place] = replace(known[place], told_traits=traits)
        if not owed[place]:
            known[place] = replace(known[place], owed_since=at)
        owed[place] = what != "done"
        change = TimedChange(at, owed=owed[place], becomes=known[place])
        changes.setdefault(unit[place].obligation_id, []).append(change)
    return changes


@settings(max_examples=25, deadline=None)
@given(books(), books(), st.sampled_from(sorted(UNITS)), FACTS)
def test_a_year_of_any_book_whatever_is_told_meanwhile(
    book: RuleBook, former: RuleBook, name: str, facts: Any
) -> None:
    """What became overdue in the first months keeps the steps of the former book."""
    unit = UNITS[name]
    published = [PublishedBook(TOLD, former), PublishedBook(TOLD + timedelta(days=120), book)]
    compare(book, [unit, unit], make_changes(unit, facts), published)


def test_units_that_are_alike_are_fired_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fired = []

    def count_firing(*arguments: Any) -> Any:
        fired.append(arguments)
        return iter(())

    monkeypatch.setattr("shared.planning.forecaster.forecast_unit", count_firing)
    forecaster = Forecaster(
        Timetable(make_default_rule_book(), WorkingCalendar()), TOLD, END - timedelta(days=300)
    )
    for name in ("各乡镇（街道）", "经开区", "县政府办"):
        forecaster.forecast(UNITS[name], {})
    assert [len(arguments[1]) for arguments in fired] == sorted(
        {len({o.dates for o in UNITS[n]}) for n in ("各乡镇（街道）", "县政府办")},
        reverse=True,
    )
    assert len(UNITS["各乡镇（街道）"]) > len(fired[0][1])


def test_a_unit_has_its_own_obligations_in_the_reminders_that_it_shares() -> None:
    book = make_default_rule_book()
    forecaster = Forecaster(Timetable(book, WorkingCalendar()), TOLD, END)
    some, other = (forecaster.forecast(UNITS[n], {}) for n in ("各乡镇（街道）", "经开区"))
    assert some.key == other.key
    assert some.fired is other.fired
    for forecast, name in ((some, "各乡镇（街道）"), (other, "经开区")):
        own = {obligation.obligation_id for obligation in UNITS[name]}
        (reminder, *_) = forecast.list_reminders()
        ids = list_ids(forecast.groups, reminder.fired.groups)
        assert set(ids) <= own
        assert ids == [item.obligation.obligation_id for item in reminder.list_items()]
        assert len(ids) > 1
        assert set(reminder.channels) == {Channel.EMAIL, Channel.SMS}
