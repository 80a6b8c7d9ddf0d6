"""A year's notice in an office's calendar, and the office's own days above it."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.office_days import (
    NoticeDay,
    OfficeDays,
    change_own_days,
    list_own_day_doubts,
    make_office_days,
    put_notice,
)

DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
OWN = st.dictionaries(DAYS, st.booleans(), max_size=20)
NOTICES = st.dictionaries(
    st.dates(date(2027, 1, 1), date(2027, 11, 30)),
    st.builds(NoticeDay, st.booleans(), st.just("元旦")),
    max_size=20,
)
NEW_YEAR, OCTOBER = date(2027, 1, 1), date(2027, 10, 8)
OFF = NoticeDay(works=False, name="元旦")


def test_a_later_notice_of_the_same_year_takes_the_place_of_the_earlier() -> None:
    earlier = {date(2026, 12, 31): OFF, NEW_YEAR: OFF, date(2028, 1, 1): OFF}
    merged = put_notice(OfficeDays({}, earlier), 2027, {NEW_YEAR: OFF})
    assert merged.days == {NEW_YEAR: False, date(2028, 1, 1): False}
    assert merged.names == {NEW_YEAR: "元旦", date(2028, 1, 1): "元旦"}


def test_an_own_day_of_the_office_stays_and_is_a_doubt_where_the_notice_differs() -> None:
    own = OfficeDays({OCTOBER: False, NEW_YEAR: False}, {})
    merged = put_notice(own, 2027, {OCTOBER: NoticeDay(works=True, name="国庆节"), NEW_YEAR: OFF})
    assert merged.days == {NEW_YEAR: False, OCTOBER: False}
    assert merged.names == {NEW_YEAR: "元旦"}
    (doubt,) = list_own_day_doubts(merged, 2027)
    assert "2027-10-08" in doubt.message
    assert list_own_day_doubts(merged, 2028) == []


def test_a_removed_own_day_is_again_as_the_notice_has_it() -> None:
    present = put_notice(
        OfficeDays({OCTOBER: False}, {}), 2027, {OCTOBER: NoticeDay(works=True, name="国庆节")}
    )
    assert change_own_days(present, {OCTOBER: None}).days == {OCTOBER: True}
    assert change_own_days(present, {NEW_YEAR: False}).days == {NEW_YEAR: False, OCTOBER: False}


@given(OWN, NOTICES)
def test_the_layers_are_found_again_in_the_days_in_force(
    own: dict[date, bool], notice: dict[date, NoticeDay]
) -> None:
    merged = put_notice(make_office_days(own, {}), 2027, notice)
    assert make_office_days(merged.days, merged.notice) == merged
    assert put_notice(merged, 2027, notice) == merged
    assert own.items() <= merged.days.items()


@given(OWN, NOTICES)
def test_removing_all_own_days_leaves_the_notice(
    own: dict[date, bool], notice: dict[date, NoticeDay]
) -> None:
    merged = put_notice(make_office_days(own, {}), 2027, notice)
    left = change_own_days(merged, dict.fromkeys(merged.own))
    assert left.days == {day: each.works for day, each in sorted(notice.items())}
