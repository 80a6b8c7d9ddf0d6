"""A year's notice in an office's calendar."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.calendar_merging import UNNAMED, list_merge_doubts, merge_notice

DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
CALENDARS = st.dictionaries(DAYS, st.booleans(), max_size=20)
NEW_YEAR, OCTOBER = date(2027, 1, 1), date(2027, 10, 8)


def test_a_later_notice_of_the_same_year_takes_the_place_of_the_earlier() -> None:
    earlier = {date(2026, 12, 31): False, NEW_YEAR: False, date(2028, 1, 1): False}
    names = dict.fromkeys(earlier, "元旦")
    merged = merge_notice(earlier, names, 2027, {NEW_YEAR: False}, {NEW_YEAR: "元旦"})
    assert merged.days == {NEW_YEAR: False, date(2028, 1, 1): False}
    assert merged.names == {NEW_YEAR: "元旦", date(2028, 1, 1): "元旦"}


def test_an_own_day_of_the_office_stays_and_is_a_doubt_where_the_notice_differs() -> None:
    merged = merge_notice({OCTOBER: False, NEW_YEAR: False}, {}, 2027, {OCTOBER: True}, {})
    assert merged.days == {NEW_YEAR: False, OCTOBER: False}
    assert merged.names == {}
    assert merged.differing == (OCTOBER,)
    (doubt,) = list_merge_doubts(merged)
    assert "2027-10-08" in doubt.message


def test_a_day_whose_festival_is_not_named_is_still_known_to_be_a_notices() -> None:
    assert merge_notice({}, {}, 2027, {OCTOBER: True}, {}).names == {OCTOBER: UNNAMED}


@given(CALENDARS, CALENDARS)
def test_merging_again_changes_nothing(present: dict[date, bool], notice: dict[date, bool]) -> None:
    of_year = {day: works for day, works in notice.items() if day.year == 2027}
    merged = merge_notice(present, {}, 2027, of_year, {})
    again = merge_notice(merged.days, merged.names, 2027, of_year, {})
    assert (again.days, again.names) == (merged.days, merged.names)
    assert again.differing == merged.differing
    # Publishing no day of the notice at all leaves the office's own days.
    assert merge_notice(merged.days, merged.names, 2027, {}, {}).days == dict(
        sorted(present.items())
    )
