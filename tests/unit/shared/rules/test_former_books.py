"""Every book of the first releases is a book of the language, with the same occurrences."""

import json
from datetime import date, datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.rules.book import EXTENDED, How, Rule, RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.moments import BeforeDue, OnDates, WhenTold, WhileOverdue
from shared.rules.occurrences import Dates, Occurrence, list_occurrences
from shared.rules.selecting import Select
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind
from tests.unit.shared.rules import former

DAYS = st.dates(date(2022, 1, 1), date(2027, 6, 30))
MOMENTS = st.one_of(
    st.lists(st.integers(0, 60), min_size=1, max_size=6).map(
        lambda days: BeforeDue(working_days=tuple(days))
    ),
    st.lists(st.dates(date(2024, 1, 1), date(2024, 12, 31)), min_size=1, max_size=5).map(
        lambda days: OnDates(days=tuple(day.strftime("%m-%d") for day in days))
    ),
    st.integers(1, 30).map(lambda every: WhileOverdue(every_working_days=every)),
    st.just(WhenTold()),
)
RULES = st.builds(
    Rule,
    rule_id=st.text(min_size=1, max_size=9),
    kinds=st.lists(st.sampled_from(ObligationKind), min_size=1, unique=True).map(tuple),
    when=st.lists(MOMENTS, min_size=1, max_size=4).map(tuple),
    at=st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    who=st.lists(
        st.builds(Step, audience=st.sampled_from(Audience), from_overdue=st.integers(0, 9)),
        min_size=1,
        max_size=3,
    ).map(tuple),
    channels=st.just((Channel.EMAIL,)),
    catch_up=st.sampled_from(CatchUp),
)
CALENDARS = st.dictionaries(DAYS, st.booleans(), max_size=20).map(
    lambda days: WorkingCalendar(1, days)
)
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]).map(ZoneInfo)


@given(RULES, st.sampled_from(ObligationKind), st.none() | DAYS, DAYS, CALENDARS, ZONES)
def test_a_rule_of_the_first_releases_fires_as_it_did(  # noqa: PLR0917 - as drawn
    rule: Rule,
    kind: ObligationKind,
    due: date | None,
    known: date,
    calendar: WorkingCalendar,
    zone: ZoneInfo,
) -> None:
    dates = Dates(kind, due, known)
    then = list(islice(former.list_occurrences(rule, dates, calendar, zone), 40))
    now = list(islice(list_occurrences(rule, dates, calendar, zone, 15), 40))
    assert now == then


@given(RULES)
def test_a_rule_of_the_first_releases_is_written_as_it_was(rule: Rule) -> None:
    written = json.loads(rule.model_dump_json())
    names = {"rule_id", "kinds", "when", "at", "who", "channels", "catch_up"}
    assert written.keys() == names
    assert all(step.keys() == {"audience", "from_overdue"} for step in written["who"])
    assert written["kinds"] == [*rule.kinds]
    assert Rule.model_validate(written, extra="forbid") == rule


@pytest.mark.parametrize(
    "added",
    [
        {"select": Select(lead=True)},
        {"timezone": "Asia/Urumqi"},
        {"how": How(daily_limit=3)},
        {"who": (Step(audience=Audience.HEAD, ends_with="submitted"),)},
        {"who": (Step(audience=Audience.HEAD, inhibits=(Audience.LIAISON,)),)},
    ],
)
def test_what_an_older_release_would_ignore_is_written_so_that_it_parks_the_book(added) -> None:
    """It knows no kind `extended`, so all that is wrong is a word of a closed list."""
    rule = make_default_rule_book().rules[0].model_copy(update=added)
    written = json.loads(rule.model_dump_json())
    assert written["kinds"] == ["deadline", EXTENDED]
    assert Rule.model_validate(written, extra="forbid") == rule


def test_a_book_of_the_first_release_reads() -> None:
    """As it was stored then: every field written, times with seconds."""
    stored = {
        "version": 3,
        "timezone": "Asia/Shanghai",
        "rules": [
            {
                "rule_id": "deadline",
                "kinds": ["deadline"],
                "when": [
                    {"type": "before-due", "working_days": [15, 7, 0]},
                    {"type": "while-overdue", "every_working_days": 3},
                ],
                "at": "09:00:00",
                "who": [{"audience": "liaison", "from_overdue": 0}],
                "channels": ["email", "sms"],
                "catch_up": "latest",
            }
        ],
        "near_working_days": 15,
    }
    book = RuleBook.model_validate(stored, extra="forbid")
    dates = Dates(ObligationKind.DEADLINE, date(2023, 12, 31), date(2023, 12, 1))
    zone = ZoneInfo("Asia/Shanghai")
    first = next(list_occurrences(book.rules[0], dates, WorkingCalendar(), zone, 15))
    assert first == Occurrence(datetime(2023, 12, 8, 9, tzinfo=zone), 0)
    assert book.model_dump(mode="json") == stored
