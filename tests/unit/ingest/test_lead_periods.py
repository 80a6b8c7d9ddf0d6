"""Which units lead a measure from time to time."""

from datetime import UTC, datetime
from uuid import UUID

from services.ingest.handlers.office.lead_periods import (
    LeadPeriod,
    OfficePeriod,
    list_lead_periods,
    list_office_periods,
    map_present,
)
from services.ingest.store.leading import LeadState
from services.ingest.store.office_settings import OwnUnit
from shared.schemas.identity import derive_id

MEASURE, FIRST, SECOND = derive_id("measure"), *sorted(map(derive_id, ("first", "second")))


def day(number: int) -> datetime:
    return datetime(2026, 6, number, tzinfo=UTC)


def state(
    unit: UUID, since: int | None, until: int | None = None, *, withdrawn: bool = False
) -> LeadState:
    begin, end = (None if number is None else day(number) for number in (since, until))
    return LeadState(MEASURE, unit, begin, end, withdrawn)


def test_each_period_has_the_units_that_lead_in_it() -> None:
    """The first unit leads until the 9th, the second from the 5th on; a report changes nothing."""
    states = [
        state(FIRST, 1, 3),
        state(FIRST, 3, 9),
        state(FIRST, 9, withdrawn=True),
        state(SECOND, 5),
    ]
    assert list_lead_periods(states) == {
        MEASURE: [
            LeadPeriod(day(1), ()),
            LeadPeriod(day(5), (FIRST,)),
            LeadPeriod(day(9), (FIRST, SECOND)),
            LeadPeriod(None, (SECOND,)),
        ]
    }
    assert map_present(states) == {MEASURE: (SECOND,)}


def test_a_beginning_that_is_not_recorded_is_before_all() -> None:
    assert list_lead_periods([state(FIRST, None)]) == {MEASURE: [LeadPeriod(None, (FIRST,))]}


def test_the_office_is_no_unit_before_it_named_one() -> None:
    own = [OwnUnit(day(2), FIRST), OwnUnit(day(5), None)]
    assert list_office_periods(own) == [
        OfficePeriod(day(2), None),
        OfficePeriod(day(5), FIRST),
        OfficePeriod(None, None),
    ]
    assert list_office_periods([]) == [OfficePeriod(None, None)]


def test_a_measure_whose_lead_was_withdrawn_has_none() -> None:
    states = [state(FIRST, 1, 3), state(FIRST, 3, withdrawn=True)]
    assert map_present(states) == {MEASURE: ()}
