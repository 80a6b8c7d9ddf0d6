"""Messages, figures and comparison of a forecast."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.ingest.domain import forecast as forecasts
from services.ingest.domain.forecast import Counting, Forecast, ForecastUnit, UnitName
from services.ingest.domain.forecast_comparison import Comparer
from services.ingest.domain.forecast_messages import MessageCounter, Sending, ToldUnit
from services.notifier.domain.fanout import DueReminder, fan_out
from services.notifier.rendering.sms import render_sms
from shared.calendar import WorkingCalendar
from shared.messages.limits import Policy, QuietHours
from shared.messages.recipients import Recipient
from shared.messages.sms_parts import count_parts
from shared.messages.wording import Digest
from shared.planning.forecaster import Forecaster, ForecastReminder, UnitForecast, list_ids
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import ReminderMeasure
from shared.planning.timetable import Timetable
from shared.rules.book import How, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits
from shared.schemas.identity import derive_id
from shared.schemas.office import Hours
from shared.schemas.rules import Audience, Channel, ObligationKind, Post

ZONE = ZoneInfo("Asia/Shanghai")
OFFICE, UNIT = derive_id("office"), derive_id("unit")
SINCE = datetime(2023, 6, 1, tzinfo=UTC)
UNTIL = datetime(2023, 12, 31, tzinfo=UTC)


def owe(ref: str, due_on: date, unit: UUID = UNIT) -> ForecastObligation:
    dates = Dates(ObligationKind.DEADLINE, due_on, date(2023, 6, 1))
    measure = ReminderMeasure(ref, "任务", "内容", "要点")
    return ForecastObligation(
        OFFICE, unit, derive_id(f"{unit}{ref}"), dates, lead=False, measure=measure
    )


OWED = (owe("1.1", date(2023, 8, 31)), owe("2.1", date(2023, 8, 31)), owe("10.2", date(2023, 9, 5)))


def make_forecaster(**rule: Any) -> Forecaster:
    book = make_default_rule_book()
    rules = (book.rules[0].model_copy(update=rule), book.rules[1])
    timetable = Timetable(book.model_copy(update={"rules": rules}), WorkingCalendar())
    return Forecaster(timetable, SINCE, UNTIL)


def say(**rule: Any) -> UnitForecast:
    return make_forecaster(**rule).forecast(OWED, {})


def hold(post: Audience, email: str = "", mobile: str = "", **days: date) -> Recipient:
    dates = {"valid_from": None, "valid_to": None} | days
    return Recipient(derive_id(f"{post}{email}{mobile}"), post, email, mobile, **dates)


LIAISON = hold(Audience.LIAISON, "a@b.example", "13800000001")
DIRECTORIES: tuple[Sequence[Recipient], ...] = (
    (LIAISON,),
    (LIAISON, hold(Audience.HEAD, mobile="13800000002"), hold(Audience.LIAISON, "c@d.example")),
    (hold(Audience.LIAISON), hold(Audience.DEPUTY, "e@f.example")),
    (
        hold(Audience.LIAISON, "g@h.example", valid_to=date(2023, 8, 25)),
        hold(Audience.HEAD, "i@j.example", "13800000003", valid_from=date(2023, 10, 20)),
    ),
    (),
)


FINANCE = ToldUnit("县财政局", [LIAISON])


def make_sending(**policy: Any) -> Sending:
    return Sending(Policy(**policy), "盐亭政务公开", "", ZONE)


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_messages_are_those_that_the_notifier_fans_out(directory: Sequence[Recipient]) -> None:
    counter = MessageCounter(make_sending())
    for reminder, counts in counter.count_unit(ToldUnit("县财政局", directory), say()):
        due = DueReminder(
            reminder_id=reminder.fired.due.reminder_id,
            office_id=OFFICE,
            unit_id=UNIT,
            audience=reminder.audience,
            slot=reminder.slot,
            timezone=reminder.fired.due.timezone,
            channels=reminder.channels,
            obligation_ids=tuple(list_ids(reminder.groups, reminder.fired.groups)),
            correlation_id=OFFICE,
        )
        planned = fan_out(due, directory, reminder.slot)
        for channel in Channel:
            sent = [p for p in planned if p.suppressed is None]
            assert counts.sent[channel] == sum(p.notification.channel is channel for p in sent)
        assert sum(counts.suppressed.values()) == sum(p.suppressed is not None for p in planned)


def test_parts_are_those_of_the_text_that_the_notifier_writes() -> None:
    """Whichever unit comes first: what one of them costs does not become another's cost."""
    counter, forecaster = MessageCounter(make_sending()), make_forecaster()
    texts = set[str]()
    for unit, owed in (("县财政局", OWED), ("县审计局", OWED), (LONG, OWED), (LONG, OWED[1:])):
        told = ToldUnit(unit, [LIAISON])
        for reminder, counts in counter.count_unit(told, forecaster.forecast(owed, {})):
            if reminder.audience is Audience.LIAISON:
                text = write(unit, reminder)
                assert counts.sms_parts == count_parts(text)
                texts.add(text)
    assert {count_parts(text) for text in texts} == {1, 2}


LONG = "盐亭县" + "很长的名称" * 9


def write(unit: str, reminder: ForecastReminder, told: str = "") -> str:
    day = reminder.slot.astimezone(ZONE).date()
    items = reminder.list_items()
    digest = Digest("", unit, reminder.audience, "要点", items, day, day, told_unit=told)
    return render_sms(digest, "盐亭政务公开").text


def test_what_is_switched_off_is_never_sent_and_quiet_hours_and_limits_put_off() -> None:
    def count(**policy: Any) -> list[tuple[int, int, int]]:
        counted = MessageCounter(make_sending(**policy)).count_unit(FINANCE, say())
        return [
            (c.messages, sum(c.suppressed.values()), c.deferred)
            for reminder, c in counted
            if reminder.audience is Audience.LIAISON
        ]

    assert set(count(off=frozenset({Channel.SMS}))) == {(1, 1, 0)}
    quiet = ((Channel.SMS, QuietHours(time(8), time(10))),)
    assert set(count(quiet=quiet)) <= {(2, 0, 1), (2, 0, 0)}
    assert (2, 0, 1) in count(quiet=quiet)
    limited = count(rate_limit=1, rate_window=timedelta(days=6))
    assert (2, 0, 2) in limited
    assert limited[0] == (2, 0, 0)


def test_a_rules_own_way_puts_off_and_gives_up() -> None:
    def count(**how: Any) -> list[tuple[int, int, int]]:
        told = say(how=How(**how))
        counted = MessageCounter(make_sending(quiet=QUIET)).count_unit(FINANCE, told)
        return [
            (c.messages, sum(c.suppressed.values()), c.deferred)
            for reminder, c in counted
            if reminder.audience is Audience.LIAISON and reminder.fired.due.rule_id
        ]

    assert set(count(urgency="urgent")) == {(2, 0, 0)}
    later = Hours(begin=time(8), end=time(11))
    assert set(count(quiet_hours=later)) <= {(2, 0, 2), (2, 0, 0)}
    assert (2, 0, 2) in count(quiet_hours=later)
    assert set(count(order="in-order")) == {(1, 1, 0)}
    assert set(count(order="in-order", answer_within_hours=3)) == {(2, 0, 1)}
    assert set(count(daily_limit=1)) == set(count(daily_limit=9))


QUIET = ((Channel.SMS, QuietHours(time(8), time(10))),)


def test_a_book_is_compared_reminder_for_reminder() -> None:
    before = say()

    def compare(forecast: UnitForecast, other: UnitForecast = before) -> dict[str, int]:
        kinds = [each.kind.value for each in Comparer().compare(forecast, other)]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    some = before._replace(fired=before.fired[2:])
    assert compare(say()) == {}
    assert compare(say(at=time(10))) == {"moved": len(before.fired)}
    assert compare(some) == {"dropped": 2}
    assert compare(before, some) == {"added": 2}
    assert compare(say(channels=(Channel.SMS,))) == {"changed": len(before.fired)}
    assert compare(say(how=How(useful_days=3))) == {"changed": len(before.fired)}
    assert compare(say(how=How(useful_days=3)), say(how=How(useful_days=3))) == {}
    fewer = compare(say(who=make_default_rule_book().rules[0].who[:1]))
    assert fewer == {"dropped": sum(f.due.audience is not Audience.LIAISON for f in before.fired)}


def test_messages_to_another_unit_are_counted_by_its_contacts_and_its_text() -> None:
    """The lead unit's deputy has a mail address alone; who owes hears nothing itself."""
    lead = ToldUnit("县政府办", (hold(Audience.DEPUTY, "e@f.example"), LIAISON))
    lead_id = derive_id("lead")
    owed = [replace(each, told_traits=Traits(lead_units=(lead_id,))) for each in OWED]
    who = (Step(audience=Audience.DEPUTY, of=Post.LEAD_UNIT),)
    unit = ForecastUnit(UnitName(UNIT, "县财政局"), (LIAISON,), owed, {}, owes=True)
    known = replace(unit, others={lead_id: lead})
    for each, sent, suppressed in ((known, 1, {}), (unit, 0, {"no-contact": 2})):
        forecast = Forecast(ZONE, 1000)
        forecast.add_unit(each, Counting(make_forecaster(who=who), MessageCounter(make_sending())))
        number = forecast.totals.reminders
        assert number > 1
        assert forecast.totals.messages.messages == number * sent
        assert forecast.totals.messages.suppressed == {
            reason: number * count for reason, count in suppressed.items()
        }
        assert forecast.silent_units == ["县财政局"]
        assert {listed.reminder.to_unit for listed in forecast.reminders} == {lead_id}
    counter = MessageCounter(make_sending())
    texted = ToldUnit("县政府办", (hold(Audience.DEPUTY, mobile="13800000004"),))
    told = make_forecaster(who=who).forecast(owed, {})
    for reminder, counts in counter.count_unit(FINANCE, told, {lead_id: texted}):
        assert counts.sms_parts == count_parts(write("县财政局", reminder, told="县政府办"))


def make_unit(name: str, *recipients: Recipient) -> ForecastUnit:
    unit_id = derive_id(name)
    owed = [owe("1.1", date(2023, 8, 31), unit_id)]
    return ForecastUnit(UnitName(unit_id, name), recipients, owed, {}, owes=True)


def test_totals_stay_complete_where_lists_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "LISTED_UNITS", 2)
    monkeypatch.setattr(forecasts, "LISTED_SILENT", 1)
    monkeypatch.setattr(forecasts, "LISTED_CHANGES", 3)
    forecast, book = Forecast(ZONE, 4), make_forecaster()
    counting = Counting(book, MessageCounter(make_sending()), make_forecaster(at=time(10)))
    for number in range(6):
        forecast.add_unit(make_unit(f"单位{number}", LIAISON), counting)
    for name in ("无人甲", "无人乙"):
        forecast.add_unit(make_unit(name), replace(counting, live=None))
    one = len(book.forecast([owe("1.1", date(2023, 8, 31))], {}).fired)
    assert forecast.totals.reminders == 8 * one == sum(d.reminders for d in forecast.days.values())
    assert (len(forecast.reminders), len(forecast.list_heard())) == (4, 2)
    assert (forecast.units, forecast.silent, forecast.silent_units) == (8, 2, ["无人甲"])
    assert (forecast.changes.total(), len(forecast.listed_changes)) == (6 * one, 3)
    busiest = forecast.list_busiest()
    assert len(busiest) == forecasts.BUSIEST
    sent = [forecast.days[day].messages.messages for day in busiest]
    assert sent == sorted(sent, reverse=True)
