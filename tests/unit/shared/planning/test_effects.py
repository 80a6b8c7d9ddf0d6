"""Whether a unit hears something else under another book: one difference a case."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.effects import BookComparison
from shared.planning.forecasting import ForecastObligation, forecast
from shared.planning.keeping import PublishedBook
from shared.planning.reminding import ReminderMeasure
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits
from shared.schemas.identity import derive_id
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
BOOK = make_default_rule_book().model_dump(mode="json")


ACCEPTED = Traits(status=ObligationStatus.ACCEPTED, unit="县财政局")


def owe(due_on: date, *, lead: bool = False) -> ForecastObligation:
    return ForecastObligation(
        derive_id("office"),
        derive_id("unit"),
        derive_id("obligation", due_on, lead),
        Dates(ObligationKind.DEADLINE, due_on, date(2023, 5, 8)),
        lead,
        ReminderMeasure("1.1", "任务", "内容", "要点"),
        told_traits=ACCEPTED,
        owed_since=datetime(2023, 5, 8, 1, tzinfo=UTC),
    )


SUPPORTING = owe(date(2023, 7, 14))


def is_other(*owed: ForecastObligation, near: int = 15, **fields: Any) -> bool:
    rules = [BOOK["rules"][0] | fields, BOOK["rules"][1]]
    other = RuleBook.model_validate(BOOK | {"rules": rules, "near_working_days": near})
    return compare(make_default_rule_book(), other, *owed)


def compare(live: RuleBook, other: RuleBook, *owed: ForecastObligation) -> bool:
    calendar = WorkingCalendar()
    books = [PublishedBook(NOW - timedelta(days=60), live), PublishedBook(NOW, other)]
    comparison = BookComparison(
        Timetable(live, calendar, published=books[:1]),
        Timetable(other, calendar, published=books),
        NOW,
        NOW + timedelta(days=90),
    )
    return comparison.has_other_reminders(owed)


@pytest.mark.parametrize(
    "fields",
    [
        {"when": [{"type": "before-due", "working_days": [7]}]},
        {"at": "10:00"},
        {"who": [{"audience": "deputy"}]},
        {"channels": ["email"]},
        {"how": {"urgency": "urgent"}},
        {"how": {"daily_limit": 3}},
        {"how": {"order": "in-order"}},
        {"select": {"lead": True}},
        {"select": {"group": "重点单位"}},
        {"select": {"status": "assigned"}},
        {"who": [{"audience": "liaison", "ends_with": "accepted"}]},
        {"who": [{"audience": "liaison", "of": "lead-unit"}]},
        {"who": [*BOOK["rules"][0]["who"], {"audience": "head", "inhibits": ["liaison"]}]},
    ],
    ids=str,
)
def test_slot_audience_channels_and_conditions_are_heard(fields: dict[str, Any]) -> None:
    assert is_other(SUPPORTING, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"catch_up": "skip"},
        {"how": {"urgency": "digest", "order": "together"}},
        {"near": 3},
        {"select": {"not": {"task": "9"}}},
        {"select": {"unit": "县财政局", "status": "accepted"}},
    ],
    ids=str,
)
def test_what_no_message_says_is_not_heard(fields: dict[str, Any]) -> None:
    assert not is_other(SUPPORTING, **fields)


def test_another_order_of_channels_is_heard_where_they_have_one() -> None:
    how = {"order": "in-order"}
    assert not is_other(SUPPORTING, channels=["sms", "email"])
    books = [
        RuleBook.model_validate(
            BOOK | {"rules": [BOOK["rules"][0] | {"how": how, "channels": channels}]}
        )
        for channels in (["sms", "email"], ["email", "sms"])
    ]
    before, after = (Timetable(book, WorkingCalendar()) for book in books)
    comparison = BookComparison(before, after, NOW, NOW + timedelta(days=90))
    assert comparison.has_other_reminders([SUPPORTING])


def test_a_rule_of_both_books_that_asks_for_the_light_is_heard_otherwise_by_other_days() -> None:
    rules = [BOOK["rules"][0] | {"select": {"light": "yellow"}}]
    books = [
        RuleBook.model_validate(BOOK | {"rules": rules, "near_working_days": near})
        for near in (15, 3)
    ]
    assert compare(*books, SUPPORTING)


def test_what_is_overdue_keeps_its_steps_and_hears_nothing_else() -> None:
    heads = [{"audience": "head", "from_overdue": 1}]
    assert not is_other(owe(date(2023, 5, 30)), who=heads)
    assert is_other(owe(date(2023, 6, 1)), who=heads)


def test_only_what_comes_within_the_time_counts() -> None:
    late = owe(date(2023, 12, 29))
    assert not is_other(late, channels=["email"])
    assert is_other(late, SUPPORTING, channels=["email"])


def test_another_obligation_at_the_same_slot_is_something_else() -> None:
    leading = owe(date(2023, 7, 14), lead=True)
    assert not is_other(leading, select={"lead": True})
    assert is_other(leading, SUPPORTING, select={"lead": True})


def test_a_unit_that_owes_nothing_hears_nothing_else() -> None:
    assert not is_other(channels=["email"])


@settings(max_examples=60)
@given(
    dates=st.lists(st.dates(date(2023, 4, 3), date(2023, 10, 31)), min_size=1, max_size=4),
    leads=st.booleans(),
    fields=st.fixed_dictionaries(
        {
            "when": st.sampled_from(
                [
                    BOOK["rules"][0]["when"],
                    [{"type": "before-due", "working_days": [7, 3]}],
                    [{"type": "while-overdue", "every_working_days": 5}],
                ]
            ),
            "select": st.sampled_from([None, {"lead": True}, {"light": "red"}, {"unit": "a"}]),
            "who": st.sampled_from(
                [
                    BOOK["rules"][0]["who"],
                    [{"audience": "deputy", "ends_with": "submitted"}],
                    [{"audience": "liaison"}, {"audience": "head", "inhibits": ["liaison"]}],
                ]
            ),
            "channels": st.sampled_from([["email", "sms"], ["email"]]),
        }
    ),
)
def test_the_short_way_says_what_whole_forecasts_say(
    dates: list[date], leads: bool, fields: dict[str, Any]
) -> None:
    owed = [owe(day, lead=leads) for day in dict.fromkeys(dates)]
    rules = [BOOK["rules"][0] | fields, BOOK["rules"][1]]
    other = RuleBook.model_validate(BOOK | {"rules": rules})
    live, since = make_default_rule_book(), NOW - timedelta(days=60)
    published = [PublishedBook(since, live), PublishedBook(NOW, other)]
    whole = [list_heard(owed, published[:1]), list_heard(owed, published)]
    assert is_other(*owed, **fields) == (whole[0] != whole[1])


def list_heard(
    owed: list[ForecastObligation], published: list[PublishedBook]
) -> list[tuple[Any, ...]]:
    """The reminders of the last of some books."""
    return [
        (each.slot, each.audience, each.channels, {(i.obligation_id, i.kind) for i in each.items})
        for each in forecast(
            published[-1].book,
            WorkingCalendar(),
            owed,
            planned_at=NOW,
            until=NOW + timedelta(days=90),
            published=published,
        )
    ]
