"""The ledger's history as a forecast takes it, beside the audit's own reading of it."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.handlers.ledger.asked_traits import AskedTraits, UnitPeriod
from services.ingest.handlers.ledger.forecast_units import Snapshot, build_units
from services.ingest.handlers.ledger.timelines import build_histories
from services.ingest.handlers.office.lead_periods import LeadPeriod, OfficePeriod
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.rows import StoredUnit
from shared.calendar import WorkingCalendar
from shared.planning.expected import Digests, Era, ExpectedItem, compute_expected
from shared.planning.forecaster import Forecaster
from shared.planning.keeping import PublishedBook
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.messages import MessageName
from shared.rules.selecting import Select, Traits
from shared.schemas.identity import derive_id
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, ObligationKind

OFFICE, UNIT, MEASURE = map(derive_id, ("office", "unit", "measure"))
SINCE = datetime(2023, 6, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=120)
ENTERED = datetime(2023, 4, 3, 2, tzinfo=UTC)
ROW = StoredUnit(UNIT, OFFICE, "县财政局", "部门", [], [], [], 1, ENTERED, None, None, None)
PUBLISHED = ENTERED - timedelta(days=400)
S = ObligationStatus
State = tuple[int, ObligationStatus, bool, int, bool]
"""Hours after `ENTERED`, status, whether it is withdrawn, days from then to its date, and whether
progress was reported then."""
STATES = st.lists(
    st.tuples(
        st.integers(0, 24 * 180),
        st.sampled_from([S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS, S.DONE]),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([5, 5, -20, -1, 30, 60]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda state: state[0],
)


def make_rows(name: str, states: list[State], *, lead: bool) -> tuple[CurrentState, list[Any]]:
    """An obligation's present and past states, each until the next."""
    obligation_id, kind = derive_id(name), ObligationKind.DEADLINE
    rows: list[Any] = []
    progress: list[Any] = []
    for hours, status, withdrawn, days, progressed in sorted(states):
        since = ENTERED + timedelta(hours=hours, seconds=1)
        due_on, known_on = since.date() + timedelta(days=days), since.date()
        if rows and days == 5:  # the dates stay
            due_on, known_on = rows[-1][1:3]
        reminded = status is not ObligationStatus.DONE
        rows.append((kind, due_on, known_on, status, reminded, withdrawn, since))
        progress.append((3.0, since) if progressed else (None, None))
    past = [
        PastState(*(obligation_id, *row, following[-1], *reported))
        for (row, following), reported in zip(pairwise(rows), progress, strict=False)
    ]
    measure = ("1.1", MEASURE, "财政", "报送 4 篇信息", None)
    now = (obligation_id, UNIT, *rows[-1], None, lead, *progress[-1], *measure)
    return CurrentState(*now), past


def make_books(book: RuleBook) -> list[PublishedBook]:
    """A book in the middle of the period, after one with other steps."""
    who = (Step(audience=Audience.HEAD),)
    former = [rule.model_copy(update={"who": who}) for rule in book.rules]
    return [
        PublishedBook(PUBLISHED, book.model_copy(update={"rules": tuple(former)})),
        PublishedBook(SINCE + timedelta(days=40), book),
    ]


def make_asked(timetable: Timetable, regrouped_at: datetime) -> AskedTraits:
    """At an instant the unit joins a group, and another unit leads in place of the first."""
    grouped = Traits(unit="县财政局", groups=frozenset({"重点单位"}))
    periods = (UnitPeriod(regrouped_at, Traits(unit="县财政局")), UnitPeriod(None, grouped))
    leads = (LeadPeriod(regrouped_at, (UNIT,)), LeadPeriod(None, (derive_id("县政府办"),)))
    office = (OfficePeriod(regrouped_at, None), OfficePeriod(None, derive_id("县政府办")))
    return AskedTraits(timetable.asked, {UNIT: periods}, {MEASURE: leads}, office)


def expect(
    timetable: Timetable, asked: AskedTraits, current: list[CurrentState], past: list[PastState]
) -> Digests:
    """The reminders by the audit's way: it fires nothing, and looks at each slot."""
    histories = build_histories(current, past, asked).get(UNIT, {})
    eras = [Era(PUBLISHED, None, timetable)]
    return compute_expected(eras, histories.values(), SINCE + timedelta(microseconds=1), UNTIL)


def forecast(
    timetable: Timetable, asked: AskedTraits, current: list[CurrentState], past: list[PastState]
) -> Digests:
    (unit,) = build_units(Snapshot([ROW], current, past, asked), SINCE, UNTIL)
    forecaster = Forecaster(timetable, SINCE, UNTIL)
    said: Digests = {}
    for reminder in forecaster.forecast(unit.obligations, unit.changes).list_reminders():
        items: dict[UUID, ExpectedItem] = said.setdefault((reminder.slot, reminder.audience), {})
        for item in reminder.list_items():
            message = MessageName(to_unit=reminder.to_unit)
            fired = ExpectedItem(item.due_on, item.fired.overdue, frozenset({message}))
            known = items.get(item.obligation.obligation_id)
            items[item.obligation.obligation_id] = fired.join(known)
    return said


SELECTS = (
    None,
    {"lead": True},
    {"group": "重点单位"},
    {"status": ["accepted", "in-progress"]},
    {"category": "财政", "quantity": {"at_least": 50}},
)
STEPS: tuple[dict[str, Any], ...] = (
    {},
    {"ends_with": "accepted"},
    {"ends_with": "progress", "within_days": 20},
    {"inhibits": ["liaison"], "from_overdue": 2},
    {"of": "lead-unit"},
    {"of": "office", "ends_with": "accepted"},
    {"of": "lead-unit", "audience": "liaison", "from_overdue": 2},
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(STATES, min_size=1, max_size=3),
    st.sampled_from(SELECTS),
    st.sampled_from(STEPS),
    st.integers(0, 120),
    st.booleans(),
)
def test_the_past_is_what_the_audit_expects_of_it(
    histories: list[Any], select: Any, step: dict[str, Any], day: int, keeps: bool
) -> None:
    book = make_default_rule_book()
    deputy = Step.model_validate({"audience": Audience.DEPUTY} | step)
    changed = {
        "select": Select.model_validate(select) if select else None,
        "who": (Step(audience=Audience.LIAISON), deputy),
    }
    rule = book.rules[0].model_copy(update=changed)
    book = book.model_copy(update={"rules": (rule, book.rules[1])})
    published = make_books(book) if keeps else []
    timetable = Timetable(book, WorkingCalendar(), published=published)
    asked = make_asked(timetable, SINCE + timedelta(days=day))
    current, past = [], []
    for number, states in enumerate(histories):
        now, before = make_rows(str(number), states, lead=number % 2 == 0)
        current.append(now)
        past += before
    of_forecast = forecast(timetable, asked, current, past)
    assert of_forecast == expect(timetable, asked, current, past)


NOT_ASKED = AskedTraits(frozenset())


def test_a_unit_that_owes_nothing_in_the_period_has_nothing_to_hear_of() -> None:
    done, past = make_rows("a", [(0, S.DONE, False, 100, False)], lead=False)
    late = UNTIL - ENTERED + timedelta(days=1)
    hours = int(late.total_seconds() // 3600)
    later, _ = make_rows("b", [(hours, S.ASSIGNED, False, 5, False)], lead=False)
    (unit,) = build_units(Snapshot([ROW], [done, later], past, NOT_ASKED), SINCE, UNTIL)
    assert (unit.obligations, unit.changes, unit.owes, unit.unknown) == ([], {}, False, 0)


def test_what_has_no_recorded_state_at_the_beginning_is_counted() -> None:
    owed, _ = make_rows("a", [(0, S.ASSIGNED, False, 100, False)], lead=False)
    kind, day = ObligationKind.DEADLINE, date(2023, 9, 1)
    unrecorded = CurrentState(
        *(derive_id("b"), UNIT, kind, day, day, ObligationStatus.ASSIGNED),
        *(True, False, None, None, False, None, None, "2.1", MEASURE, None, "", None),
    )
    (unit,) = build_units(Snapshot([ROW], [owed, unrecorded], [], NOT_ASKED), SINCE, UNTIL)
    assert (len(unit.obligations), unit.owes, unit.unknown) == (2, True, 1)
