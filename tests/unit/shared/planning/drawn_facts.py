"""Facts, rules and mutes drawn at random, and a run that tells them in order."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.rules.book import Rule, RuleBook, Step, StepEnd
from shared.rules.moments import BeforeDue, WhenTold, WhileOverdue
from shared.rules.selecting import Traits
from shared.schemas import identity
from shared.schemas.mutes import Mute
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind, Post
from tests.unit.shared.planning.driving import (
    DAYS,
    END,
    MEASURE,
    PLAN,
    START,
    UNIT,
    WIRE,
    Driver,
    Office,
    event,
)

CONDITIONS: tuple[dict[str, Any], ...] = (
    {"lead": True},
    {"not": {"lead": True}},
    {"any": [{"task": "1"}, {"light": "red"}]},
    {"task": "2"},
    {"group": "重点单位"},
    {"unit": "甲局", "not": {"group": "重点单位"}},
    {
        "category": "决策公开",
        "unit_kind": ["部门", "乡镇"],
        "any": [{"unit": "乙局"}, {"lead": True}],
    },
    {"category": "财政"},
    {"status": ["accepted", "in-progress"]},
    {"not": {"status": "assigned"}, "any": [{"quantity": {"below": 50}}, {"light": "red"}]},
    {"quantity": {"at_least": 20}},
    {"light": ["yellow", "red"], "not": {"all": [{"lead": False}, {"light": "red"}]}},
)


ENDS = (None, StepEnd.ACCEPTED, StepEnd.SUBMITTED, StepEnd.PROGRESS, StepEnd.DONE)


def book(days: tuple[int, ...], every: int, hour: int, version: int) -> RuleBook:
    recent = {"ends_with": StepEnd.PROGRESS, "within_days": every * 2}
    head = {"audience": Audience.HEAD, "from_overdue": 1 + version % 3} | recent
    head |= {"inhibits": (Audience.LIAISON,)} if version % 2 else {}
    who = (
        Step(audience=Audience.LIAISON),
        Step(audience=Audience.DEPUTY, ends_with=ENDS[version % len(ENDS)]),
        Step(audience=Audience.DEPUTY, of=Post.LEAD_UNIT, from_overdue=version % 2),
        Step(audience=Audience.LIAISON, of=Post.OFFICE),
        Step.model_validate(head),
    )
    about: dict[str, Any] = {"kinds": tuple(ObligationKind), "who": who, "channels": tuple(Channel)}
    at = time(hour)
    before = Rule(
        rule_id="before",
        when=(
            BeforeDue(working_days=days),
            WhenTold(),
            WhileOverdue(every_working_days=max(1, every - 1)),
        ),
        at=at,
        **about,
    )
    after = Rule(
        rule_id="after",
        when=(WhileOverdue(every_working_days=every), BeforeDue(working_days=days[:1])),
        at=at,
        catch_up=CatchUp.ALL,
        **about,
    )
    minute = 30 if version % 3 else 0
    cron = f"{minute} {hour} 15,30 * *"
    chosen = Rule.model_validate(
        {
            "rule_id": "chosen",
            "select": CONDITIONS[version % len(CONDITIONS)],
            "when": [
                {"type": "weekly", "weekdays": ["monday", "thursday"], "span": "until-done"},
                {"type": "after-due", "every_days": every, "factor": 2, "limit": 4},
                {"type": "days-before", "days": [every, 0], "convention": "next"},
                {"type": "cron", "expression": cron, "span": "until-done"},
            ],
            "at": time(hour, minute),
            "how": {"daily_limit": 1} if version % 2 else None,
        }
        | about
    )
    plain = (before, after) if every > 1 else (after,)
    return RuleBook(version=version, rules=(*plain, chosen), near_working_days=5)


MINUTES = st.integers(1, DAYS * 24 * 12 - 1).map(
    lambda five: timedelta(minutes=five * 5, seconds=7)
)


TASKS = st.tuples(
    st.sampled_from(
        ["assign", "assign", "amend", "withdraw", "extend", *(status.value for status in WIRE)]
    ),
    st.sampled_from("abc"),
    st.integers(-5, 30),
)


BOOKS = st.tuples(
    st.just("book"),
    st.sets(st.integers(0, 12), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(0, 23),
)


CALENDARS = st.tuples(
    st.just("calendar"), st.dictionaries(st.integers(0, DAYS + 30), st.booleans(), max_size=12)
)


MUTES = st.tuples(
    st.just("mute"),
    st.sampled_from(["unit", "other-unit", "task", "other-task", "before", "after"]),
    st.integers(-2, 5),
    st.integers(1, 15),
    st.integers(1, 20),
)


UNITS = st.tuples(
    st.just("unit"),
    st.sampled_from(["甲局", "乙局"]),
    st.sets(st.sampled_from(["重点单位", "乡镇"])),
)


OTHERS = st.tuples(
    st.just("others"),
    st.sets(st.sampled_from(["丙局", "丁局"])),
    st.sampled_from([None, "unit", "丁局"]),
)


FACTS = st.lists(
    st.tuples(MINUTES, TASKS | TASKS | BOOKS | CALENDARS | MUTES | UNITS | OTHERS), max_size=25
)


def mute(what: str, number: int, at: datetime, span: tuple[int, int]) -> Mute:
    first, days = span
    since = at + timedelta(days=first)
    return Mute(
        mute_id=identity.derive_id("mute", number),
        unit_id={"unit": UNIT, "other-unit": PLAN}.get(what),
        measure_ids={"task": (MEASURE.measure_id,), "other-task": (PLAN,)}.get(what),
        rule_id=what if what in {"before", "after"} else None,
        since=since,
        until=since + timedelta(days=days),
        reason="交接",
        muted_at=at,
        muted_by="王敏",
    )


def set_unit(driver: Driver, office: Office, traits: Traits, at: datetime) -> None:
    """Tell what rules ask of the unit, which all of its obligations then have."""
    driver.unit = traits
    for one in driver.known.values():
        office.stands(one, traits, at)


def run(facts: list[Any], driver: Driver, office: Office) -> None:
    """Let an office live through some facts, and fire to the end."""
    number = 0
    for after, what in sorted([_FIRST, *facts], key=lambda fact: fact[0]):
        at, number = START + after, number + 1
        driver.fire(at)
        match what:
            case ("book", days, every, hour):
                fresh = book(tuple(sorted(days)), every, hour, number)
                driver.change(fresh, at)
                office.books = driver.books
            case ("calendar", days):
                own = {(START + timedelta(days=day)).date(): works for day, works in days.items()}
                calendar = WorkingCalendar(number, own)
                driver.change(calendar, at)
                office.calendars.append((at, calendar))
            case ("mute", kind, first, days, lasting):
                recorded = mute(kind, number, at, (first, days))
                if lasting < days:
                    ended = at + timedelta(days=lasting, minutes=1)
                    recorded = recorded.model_copy(update={"ended_at": ended})
                driver.mutes.append(recorded)
                office.mutes.append(recorded)
            case ("unit", name, groups):
                traits = replace(driver.unit, unit=name, groups=frozenset(groups))
                set_unit(driver, office, traits, at)
            case ("others", names, own):
                leading = tuple(map(identity.derive_id, sorted(names)))
                named = () if own is None else (identity.derive_id(own),)
                traits = replace(driver.unit, lead_units=leading, office_units=named)
                set_unit(driver, office, traits, at)
            case (kind, name, days):
                driver.hear(event(kind, name, number, days, at), at)
                if (one := driver.known.get(identity.derive_id(name))) is not None:
                    office.stands(one, driver.unit, at)
    driver.fire(END)


_FIRST = (timedelta(seconds=1), ("book", {0, 1, 3}, 3, 9))
