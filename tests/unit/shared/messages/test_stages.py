"""Whether a notification goes out now."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages.limits import Policy, QuietHours, apply_settings
from shared.messages.stages import (
    Defer,
    DeferReason,
    Facts,
    Hold,
    HoldReason,
    Send,
    Suppress,
    SuppressReason,
    decide,
    find_deadline,
)
from shared.rules.book import How
from shared.schemas.facts import ReminderItem
from shared.schemas.office import Hours, OfficeSettings
from shared.schemas.rules import Channel, ReminderKind

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(time(21), time(7, 30))
POLICY = Policy(quiet=((Channel.SMS, NIGHT),))


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE).astimezone(UTC)


def item(due_on: date, overdue: int = 0) -> ReminderItem:
    return ReminderItem(
        obligation_id=UUID(int=1),
        ref="2.1",
        task_name="任务",
        text="内容",
        kind=ReminderKind.DEADLINE,
        due_on=due_on,
        overdue=overdue,
    )


def facts(
    *items: ReminderItem, channel: Channel = Channel.SMS, sent: tuple[datetime, ...] = ()
) -> Facts:
    return Facts(channel, "13800000000", local(2023, 12, 26, 9), ZONE, items, sent)


FAR = item(date(2024, 3, 1))


def test_by_day_it_goes_out() -> None:
    assert decide(facts(FAR), POLICY, local(2023, 12, 26, 9)) == Send()


def test_a_channel_without_a_gateway_holds_whatever_the_hour() -> None:
    policy = Policy(unconnected=frozenset({Channel.SMS}), quiet=((Channel.SMS, NIGHT),))
    for hour in (9, 23):
        now = local(2023, 12, 26, hour)
        assert decide(facts(FAR), policy, now) == Hold(HoldReason.NO_GATEWAY)
        assert decide(facts(FAR, channel=Channel.EMAIL), policy, now) == Send()
    assert decide(facts(), policy, now) == Suppress(SuppressReason.WITHDRAWN)


def test_only_a_channel_that_was_switched_off_gives_up() -> None:
    policy = Policy(off=frozenset({Channel.SMS}), unconnected=frozenset({Channel.SMS}))
    now = local(2023, 12, 26, 9)
    assert decide(facts(FAR), policy, now) == Suppress(SuppressReason.CHANNEL_OFF)
    assert decide(facts(FAR, channel=Channel.EMAIL), policy, now) == Send()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (local(2023, 12, 26, 21), local(2023, 12, 27, 7, 30)),
        (local(2023, 12, 26, 23, 59), local(2023, 12, 27, 7, 30)),
        (local(2023, 12, 27, 7, 29), local(2023, 12, 27, 7, 30)),
    ],
)
def test_quiet_hours_defer_to_their_end(now: datetime, until: datetime) -> None:
    assert decide(facts(FAR), POLICY, now) == Defer(until, DeferReason.QUIET_HOURS)


@pytest.mark.parametrize("now", [local(2023, 12, 26, 20, 59), local(2023, 12, 27, 7, 30)])
def test_quiet_hours_have_ends(now: datetime) -> None:
    assert decide(facts(FAR), POLICY, now) == Send()


def test_quiet_hours_within_a_day() -> None:
    noon = QuietHours(time(12), time(14))
    assert noon.find_end(local(2023, 12, 26, 13), ZONE) == local(2023, 12, 26, 14)
    assert noon.find_end(local(2023, 12, 26, 14), ZONE) is None


def test_mail_knows_no_quiet_hours_unless_told() -> None:
    assert decide(facts(FAR, channel=Channel.EMAIL), POLICY, local(2023, 12, 26, 23)) == Send()


def test_due_today_it_goes_at_night_too() -> None:
    today = item(date(2023, 12, 26))
    assert decide(facts(today, FAR), POLICY, local(2023, 12, 26, 22)) == Send()


def test_due_tomorrow_the_morning_is_early_enough() -> None:
    tomorrow = item(date(2023, 12, 27))
    assert isinstance(decide(facts(tomorrow), POLICY, local(2023, 12, 26, 22)), Defer)


def test_overdue_items_have_no_date_to_miss() -> None:
    late = item(date(2023, 12, 1), overdue=2)
    assert isinstance(decide(facts(late), POLICY, local(2023, 12, 26, 22)), Defer)


def test_nothing_left_is_withdrawn() -> None:
    assert decide(facts(), POLICY, local(2023, 12, 26, 9)) == Suppress(SuppressReason.WITHDRAWN)


@pytest.mark.parametrize(
    ("address", "reason"),
    [("", SuppressReason.NO_ADDRESS), (None, SuppressReason.NO_CONTACT)],
)
def test_without_an_address_or_anyone_it_is_suppressed(
    address: str | None, reason: SuppressReason
) -> None:
    nowhere = Facts(Channel.SMS, address, local(2023, 12, 26, 9), ZONE, (FAR,))
    assert decide(nowhere, POLICY, local(2023, 12, 26, 9)) == Suppress(reason)


def test_old_news_is_suppressed_only_when_told_and_never_when_overdue() -> None:
    now = local(2023, 12, 29, 9)
    useful = Policy(useful_for=timedelta(days=2))
    assert decide(facts(FAR), Policy(), now) == Send()
    assert decide(facts(FAR), useful, now) == Suppress(SuppressReason.PAST_USEFULNESS)
    assert decide(facts(FAR, item(date(2023, 12, 28))), useful, now) == Send()
    assert decide(facts(FAR), useful, local(2023, 12, 28, 9)) == Send()


def test_the_rate_limit_frees_when_the_oldest_leaves_the_window() -> None:
    now = local(2023, 12, 26, 12)
    limited = Policy(rate_limit=2, rate_window=timedelta(hours=6))
    sent = (now - timedelta(hours=7), now - timedelta(hours=5), now - timedelta(hours=1))
    found = decide(facts(FAR, sent=sent), limited, now)
    assert found == Defer(now + timedelta(hours=1), DeferReason.RATE_LIMIT)
    assert decide(facts(FAR, sent=sent[:2]), limited, now) == Send()


instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(
    now=instants,
    dates=st.lists(days, max_size=4),
    begin=st.times(),
    end=st.times(),
    limit=st.integers(0, 2),
    sent=st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=4),
)
def test_no_deferral_passes_the_nearest_date_or_stays_behind(  # noqa: PLR0917
    now: datetime,
    dates: list[date],
    begin: time,
    end: time,
    limit: int,
    sent: list[timedelta],
) -> None:
    policy = Policy(quiet=((Channel.SMS, QuietHours(begin, end)),), rate_limit=limit)
    known = facts(*map(item, dates), sent=tuple(sorted(now - ago for ago in sent)))
    match decide(known, policy, now):
        case Defer(until=until):
            limit_at = find_deadline(known.items, ZONE, now)
            assert until > now
            assert limit_at is None or until < limit_at
        case Suppress(reason=reason):
            assert reason is SuppressReason.WITHDRAWN
            assert not dates
        case Send():
            assert dates


def test_an_office_that_set_nothing_has_the_installations_limits() -> None:
    policy = Policy(quiet=((Channel.SMS, NIGHT),), rate_limit=3, useful_for=timedelta(days=1))
    assert apply_settings(policy, OfficeSettings()) == policy


def test_what_an_office_set_goes_before_the_installations_limits() -> None:
    settings = OfficeSettings(
        quiet_sms=Hours(begin=time(20), end=time(8)),
        quiet_email=Hours(begin=time(0), end=time(0)),
        rate_limit=0,
        rate_hours=2,
        useful_days=7,
    )
    policy = apply_settings(Policy(quiet=((Channel.SMS, NIGHT),), rate_limit=3), settings)
    assert dict(policy.quiet) == {
        Channel.SMS: QuietHours(time(20), time(8)),
        Channel.EMAIL: QuietHours(time(0), time(0)),
    }
    assert (policy.rate_limit, policy.rate_window) == (0, timedelta(hours=2))
    assert policy.useful_for == timedelta(days=7)
    assert QuietHours(time(0), time(0)).find_end(local(2023, 12, 26, 0, 0), ZONE) is None


def test_outside_of_an_offices_working_hours_nothing_is_sent_on_any_channel() -> None:
    settings = OfficeSettings(
        working_hours=Hours(begin=time(8, 30), end=time(17, 30)),
        quiet_sms=Hours(begin=time(20), end=time(9)),
    )
    policy = apply_settings(Policy(), settings)
    for hour, channel, until in (
        (8, Channel.EMAIL, local(2023, 12, 11, 8, 30)),
        (8, Channel.SMS, local(2023, 12, 11, 9, 0)),  # the later end of both
        (18, Channel.EMAIL, local(2023, 12, 12, 8, 30)),
    ):
        decision = decide(facts(FAR, channel=channel), policy, local(2023, 12, 11, hour, 0))
        assert decision == Defer(until, DeferReason.QUIET_HOURS)
    assert decide(facts(FAR, channel=Channel.EMAIL), policy, local(2023, 12, 11, 9, 0)) == Send()


def of_rule(*items: ReminderItem, sent: tuple[datetime, ...] = (), **how: object) -> Facts:
    """A message of a rule with a way of its own; `sent` are earlier ones of the same rule."""
    return replace(facts(*items), how=How.model_validate(how), sent_by_rule=sent)


def test_what_is_urgent_is_sent_at_night_and_beyond_the_offices_limit() -> None:
    policy = replace(POLICY, rate_limit=1)
    now = local(2023, 12, 26, 23)
    urgent = replace(of_rule(FAR, urgency="urgent"), sent=(now - timedelta(minutes=1),))
    assert decide(urgent, policy, now) == Send()
    assert isinstance(decide(replace(urgent, how=None), policy, now), Defer)


@pytest.mark.parametrize(
    ("hour", "until"), [(6, (2023, 12, 26, 7, 30)), (22, (2023, 12, 27, 8)), (20, None)]
)
def test_of_a_rules_quiet_hours_and_the_offices_the_later_end_counts(
    hour: int, until: tuple[int, ...] | None
) -> None:
    own = of_rule(FAR, quiet_hours={"begin": "22:00", "end": "08:00"})
    early = of_rule(FAR, quiet_hours={"begin": "05:00", "end": "07:00"})
    decided = decide(early if hour == 6 else own, POLICY, local(2023, 12, 26, hour))
    assert decided == (Defer(local(*until), DeferReason.QUIET_HOURS) if until else Send())


@pytest.mark.parametrize("item", [FAR, item(date(2023, 12, 1), overdue=2)])
def test_a_rules_own_days_of_usefulness_go_before_the_offices(item: ReminderItem) -> None:
    """They hold for what is overdue, too: otherwise a rule about it could have none."""
    policy = Policy(useful_for=timedelta(days=1))
    own = of_rule(item, useful_days=3)
    assert decide(own, policy, local(2023, 12, 29, 9)) == Send()
    late = decide(own, policy, local(2023, 12, 29, 9, 1))
    assert late == Suppress(SuppressReason.PAST_USEFULNESS)


def test_beyond_a_rules_daily_limit_it_is_sent_the_next_day_at_the_time_of_its_slot() -> None:
    now = local(2023, 12, 26, 17)
    yesterday, today = local(2023, 12, 25, 23, 59), local(2023, 12, 26, 0, 1)
    assert decide(of_rule(FAR, sent=(yesterday, today), daily_limit=2), POLICY, now) == Send()
    limited = decide(of_rule(FAR, sent=(today, now), daily_limit=2), POLICY, now)
    assert limited == Defer(local(2023, 12, 27, 9), DeferReason.DAILY_LIMIT)


def test_no_daily_limit_puts_a_message_past_its_date() -> None:
    now = local(2023, 12, 26, 17)
    last_day = item(date(2023, 12, 26))
    assert decide(of_rule(last_day, sent=(now,), daily_limit=1), POLICY, now) == Send()
