"""Limits of gateways: how rates are written, and how long a message waits for them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.limits import (
    CountedOffer,
    Limits,
    Rate,
    count_free,
    find_spread,
    find_wait,
    find_wait_of_message,
    hash_text,
    parse_rate,
)

NOW = datetime(2023, 12, 26, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("written", "most", "period"),
    [
        ("20/min", 20, timedelta(minutes=1)),
        ("5/s", 5, SECOND),
        ("2/59s", 2, 59 * SECOND),
        ("5/59min", 5, timedelta(minutes=59)),
        ("50/24h", 50, timedelta(days=1)),
        ("1000/h", 1000, timedelta(hours=1)),
        ("10/d", 10, timedelta(days=1)),
    ],
)
def test_a_rate_as_it_is_written(written: str, most: int, period: timedelta) -> None:
    assert parse_rate(written) == Rate(most, period)


@pytest.mark.parametrize("written", ["", "20", "0/min", "20/0s", "20/week", "-1/s", "1/32d"])
def test_what_is_no_rate(written: str) -> None:
    with pytest.raises(ValueError, match="20/min"):
        parse_rate(written)


def ago(*seconds: float) -> list[datetime]:
    return [NOW - SECOND * each for each in seconds]


@pytest.mark.parametrize(
    ("taken", "free", "wait"),
    [
        ([], 3, None),
        ([50, 10], 1, None),
        ([50, 40, 30], 0, 11),  # a second is added to the period
        ([60.5, 40, 30], 0, 0.5),
        ([61, 40, 30], 1, None),
        ([50, 40, 30, 20], 0, 21),
    ],
)
def test_how_many_are_free_and_how_long_the_next_waits(
    taken: list[float], free: int, wait: float | None
) -> None:
    rates = [parse_rate("3/min")]
    assert count_free(rates, ago(*taken), NOW) == free
    expected = None if not wait else wait * SECOND
    assert find_wait(rates, ago(*taken), NOW) == expected


def offer(message: int, address: str, text: str, seconds: float) -> CountedOffer:
    return CountedOffer(
        UUID(int=message), hash_text(address), hash_text(text), NOW - seconds * SECOND
    )


@pytest.mark.parametrize(
    ("address", "text", "wait"),
    [
        ("138", "other", None),
        ("138", "same", 31),
        ("139", "same", None),
        ("137", "other", 3596),
    ],
)
def test_a_number_and_the_same_text_have_limits_of_their_own(
    address: str, text: str, wait: float | None
) -> None:
    limits = Limits(number=(parse_rate("4/h"),), same_text=(parse_rate("2/min"), parse_rate("9/d")))
    counted = [
        *(offer(n, "138", "same", 30) for n in range(2)),
        *(offer(n, "137", "any", 5) for n in range(4)),
    ]
    found = find_wait_of_message(limits, counted, hash_text(address), hash_text(text), NOW)
    assert found == (SECOND * wait if wait else None)


@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=80),
    st.integers(1, 5),
    st.integers(1, 30),
)
def test_no_window_of_the_period_ever_has_more_than_the_rate(
    pauses: list[float], most: int, seconds: int
) -> None:
    rate, now, taken = Rate(most, SECOND * seconds), NOW, list[datetime]()
    for pause in pauses:
        now += SECOND * pause
        if wait := find_wait([rate], taken, now):
            assert count_free([rate], taken, now) == 0
            now += wait
        assert find_wait([rate], taken, now) is None
        taken.append(now)
    for start in taken:
        assert sum(start <= each < start + rate.period for each in taken) <= most


@given(st.timedeltas(timedelta(0), timedelta(days=400)), st.integers(1, 50))
def test_a_spread_ends_within_its_seconds_and_all_processes_find_the_same_end(
    later: timedelta, seconds: int
) -> None:
    now = NOW + later
    minute = now.replace(second=0, microsecond=0)
    start = find_spread("robot", SECOND * seconds, minute)
    assert start is not None
    assert SECOND <= start <= max(SECOND * seconds, SECOND)
    wait = find_spread("robot", SECOND * seconds, now)
    assert wait == (minute + start - now if minute + start > now else None)


def test_gateways_and_minutes_have_different_seconds_and_none_without_a_spread() -> None:
    minutes = [NOW + timedelta(minutes=n) for n in range(20)]
    ends = {find_spread(name, SECOND * 10, now) for name in ("a", "b") for now in minutes}
    assert len(ends) > 20
    assert find_spread("a", timedelta(0), NOW) is None
