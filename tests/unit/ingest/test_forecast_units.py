"""The ledger's history as a forecast takes it, beside the audit's own reading of it."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.handlers.ledger.forecast_units import Snapshot, build_units
from services.ingest.handlers.ledger.timelines import build_histories
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.rows import StoredUnit
from shared.calendar import WorkingCalendar
from shared.planning.expected import Digests, ExpectedItem, compute_expected, list_eras
from shared.planning.forecaster import Forecaster
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.selecting import Select
from shared.schemas.identity import derive_id
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

OFFICE, UNIT, MEASURE = map(derive_id, ("office", "unit", "measure"))
SINCE = datetime(2023, 6, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=120)
ENTERED = datetime(2023, 4, 3, 2, tzinfo=UTC)
ROW = StoredUnit(UNIT, OFFICE, "县财政局", "部门", [], [], [], 1, ENTERED, None, None, None)
State = tuple[int, ObligationStatus, bool, int]
"""Hours after `ENTERED`, status, whether it is withdrawn, and days from then to its date."""
STATES = st.lists(
    st.tuples(
        st.integers(0, 24 * 180),
        st.sampled_from([ObligationStatus.ASSIGNED, ObligationStatus.DONE]),
        st.sampled_from([False, False, False, True]),
        st.integers(-20, 60),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda state: state[0],
)


def make_rows(name: str, states: list[State], *, lead: bool) -> tuple[CurrentState, list[Any]]:
    """An obligation's present and past states, each until the next."""
    obligation_id, kind = derive_id(name), ObligationKind.DEADLINE
    rows = []
    for hours, status, withdrawn, days in sorted(states):
        since = ENTERED + timedelta(hours=hours, seconds=1)
        due_on = since.date() + timedelta(days=days)
        reminded = status is not ObligationStatus.DONE
        rows.append((kind, due_on, since.date(), status, reminded, withdrawn, since))
    past = [PastState(obligation_id, *row, following[-1]) for row, following in pairwise(rows)]
    return CurrentState(obligation_id, UNIT, *rows[-1], None, lead, "1.1", MEASURE), past


def expect(book: RuleBook, current: list[CurrentState], past: list[PastState]) -> Digests:
    """The reminders by the audit's way: it fires nothing, and looks at each slot."""
    histories = build_histories(current, past).get(UNIT, {})
    eras = list_eras([(ENTERED - timedelta(days=400), book)], [])
    return compute_expected(eras, histories.values(), SINCE + timedelta(microseconds=1), UNTIL)


def forecast(book: RuleBook, current: list[CurrentState], past: list[PastState]) -> Digests:
    (unit,) = build_units(Snapshot([ROW], current, past), SINCE, UNTIL)
    forecaster = Forecaster(Timetable(book, WorkingCalendar()), SINCE, UNTIL)
    said: Digests = {}
    for reminder in forecaster.forecast(unit.obligations, unit.changes).list_reminders():
        items: dict[UUID, ExpectedItem] = said.setdefault((reminder.slot, reminder.audience), {})
        for item in reminder.list_items():
            fired = ExpectedItem(item.due_on, item.fired.overdue)
            items[item.obligation.obligation_id] = fired
    return said


@settings(max_examples=60, deadline=None)
@given(st.lists(STATES, min_size=1, max_size=3), st.booleans())
def test_the_past_is_what_the_audit_expects_of_it(histories: list[Any], selects: bool) -> None:
    book = make_default_rule_book()
    if selects:
        rule = book.rules[0].model_copy(update={"select": Select(lead=True)})
        book = book.model_copy(update={"rules": (rule, book.rules[1])})
    current, past = [], []
    for number, states in enumerate(histories):
        now, before = make_rows(str(number), states, lead=number % 2 == 0)
        current.append(now)
        past += before
    assert forecast(book, current, past) == expect(book, current, past)


def test_a_unit_that_owes_nothing_in_the_period_has_nothing_to_hear_of() -> None:
    done, past = make_rows("a", [(0, ObligationStatus.DONE, False, 100)], lead=False)
    late = UNTIL - ENTERED + timedelta(days=1)
    hours = int(late.total_seconds() // 3600)
    later, _ = make_rows("b", [(hours, ObligationStatus.ASSIGNED, False, 5)], lead=False)
    (unit,) = build_units(Snapshot([ROW], [done, later], past), SINCE, UNTIL)
    assert (unit.obligations, unit.changes, unit.owes, unit.unknown) == ([], {}, False, 0)


def test_what_has_no_recorded_state_at_the_beginning_is_counted() -> None:
    owed, _ = make_rows("a", [(0, ObligationStatus.ASSIGNED, False, 100)], lead=False)
    kind, day = ObligationKind.DEADLINE, date(2023, 9, 1)
    unrecorded = CurrentState(
        *(derive_id("b"), UNIT, kind, day, day, ObligationStatus.ASSIGNED),
        *(True, False, None, None, False, "2.1", MEASURE),
    )
    (unit,) = build_units(Snapshot([ROW], [owed, unrecorded], []), SINCE, UNTIL)
    assert (len(unit.obligations), unit.owes, unit.unknown) == (2, True, 1)
