from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.planning.obligations import (
    Ignored,
    Obligation,
    ObligationChange,
    Standing,
    decide_changes,
    derive_status,
    list_obligation_ids,
)
from shared.schemas import identity
from shared.schemas.events import (
    ExtensionGranted,
    HearingRecorded,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    StatusReported,
)
from shared.schemas.facts import ObligationFacts, ObligationProgress, Status
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

OFFICE, UNIT, PLAN, MEASURE, ID = (identity.derive_id(n) for n in "oupmi")
EARLIER = datetime(2023, 6, 1, tzinfo=UTC)
TOLD = datetime(2023, 8, 1, tzinfo=UTC)
FACTS = ObligationFacts(
    obligation_id=ID,
    measure_id=MEASURE,
    kind=ObligationKind.DEADLINE,
    period="2023",
    due_on=date(2023, 8, 31),
    known_on=date(2023, 6, 1),
    number=3,
)
KNOWN = Obligation(
    obligation_id=ID,
    office_id=OFFICE,
    unit_id=UNIT,
    measure_id=MEASURE,
    kind=ObligationKind.DEADLINE,
    due_on=date(2023, 8, 31),
    known_on=date(2023, 6, 1),
    lead=False,
    number=3,
    planned_from=EARLIER,
)
DONE = replace(KNOWN, standing=Standing.DONE)
GONE = replace(KNOWN, standing=Standing.WITHDRAWN)


def told(kind, **facts):
    return kind(
        office_id=OFFICE,
        unit_id=UNIT,
        plan_id=PLAN,
        plan_title="",
        measures=(),
        obligations=(FACTS.model_copy(update=facts),),
    )


def reported(status: Status, number: int = 4, *, reminded: bool = True) -> StatusReported:
    return StatusReported(
        office_id=OFFICE,
        unit_id=UNIT,
        obligation_id=ID,
        status=status,
        number=number,
        reported_by="unit",
        reminded=reminded,
    )


def heard(number: int = 4) -> HearingRecorded:
    return HearingRecorded(
        office_id=OFFICE,
        unit_id=UNIT,
        hearing_id=ID,
        obligation_id=ID,
        number=number,
        heard_on=date(2023, 8, 1),
        heard_by="局长",
    )


def extended(due_on: date = date(2023, 9, 30), number: int = 4) -> ExtensionGranted:
    return ExtensionGranted(
        office_id=OFFICE, unit_id=UNIT, obligation_id=ID, number=number, due_on=due_on, reason=""
    )


WITHDRAWN = ObligationsWithdrawn(
    office_id=OFFICE, unit_id=UNIT, obligation_ids=(ID,), reason="revised"
)


def change(known: Obligation | None, event) -> ObligationChange:
    (found,) = decide_changes(lambda _: known, event, TOLD)
    return found


def test_what_is_assigned_is_planned_from_when_it_was_told() -> None:
    found = change(None, told(ObligationsAssigned))
    assert found.obligation == KNOWN
    assert found.obligation.planned_from == TOLD
    assert found.replan
    assert not found.withdraw


def test_the_same_fact_again_changes_nothing() -> None:
    assert change(KNOWN, told(ObligationsAssigned)).ignored is Ignored.NO_CHANGE


def test_a_new_date_is_planned_and_withdraws_what_was_planned_for_the_old() -> None:
    found = change(KNOWN, told(ObligationsAmended, due_on=date(2023, 9, 30), number=4))
    assert (found.replan, found.withdraw) == (True, "amended")
    assert found.obligation.planned_from == TOLD
    found = change(KNOWN, extended())
    assert (found.replan, found.withdraw) == (True, "extended")
    assert found.obligation.due_on == date(2023, 9, 30)


def test_a_change_of_anything_but_dates_leaves_the_timers() -> None:
    found = change(KNOWN, told(ObligationsAmended, lead=True, number=4))
    assert (found.replan, found.withdraw) == (False, "")
    assert found.obligation.lead
    assert found.obligation.planned_from == EARLIER
    assert not change(KNOWN, extended(date(2023, 8, 31))).replan


@pytest.mark.parametrize("kind", [ObligationsAssigned, ObligationsAmended])
def test_what_is_done_stays_done_when_it_is_amended(kind) -> None:
    found = change(DONE, told(kind, due_on=date(2023, 9, 30), number=4))
    assert found.obligation.standing is Standing.DONE
    assert (found.replan, found.withdraw) == (False, "")
    assert not change(DONE, extended()).replan


def test_done_and_heard_and_withdrawn_end_it() -> None:
    for event, reason in ((reported(Status.DONE), "done"), (heard(), "heard")):
        found = change(KNOWN, event)
        assert (found.replan, found.withdraw) == (True, reason)
        assert not found.obligation.owed
        assert found.obligation.number == 4
    found = change(KNOWN, WITHDRAWN)
    assert (found.replan, found.withdraw) == (True, "revised")


def test_work_in_progress_changes_no_timer() -> None:
    found = change(KNOWN, reported(Status.IN_PROGRESS))
    assert (found.replan, found.withdraw) == (False, "")
    assert found.obligation.owed


@pytest.mark.parametrize("status", [Status.OPEN, Status.IN_PROGRESS])
def test_reopened_is_planned_again_from_then_on(status: Status) -> None:
    found = change(DONE, reported(status))
    assert (found.replan, found.withdraw) == (True, "")
    assert found.obligation.planned_from == TOLD


def test_done_twice_withdraws_once() -> None:
    assert not change(DONE, reported(Status.DONE)).withdraw
    assert not change(DONE, WITHDRAWN).withdraw


def test_reminders_pause_while_a_report_is_reviewed_and_start_again_when_it_is_returned() -> None:
    submitted = change(KNOWN, reported(Status.IN_PROGRESS, reminded=False))
    assert (submitted.replan, submitted.withdraw) == (True, "submitted")
    assert submitted.obligation is not None
    assert not submitted.obligation.owed
    moved = told(ObligationsAmended, due_on=date(2023, 9, 30), number=5)
    amended = change(submitted.obligation, moved)
    assert (amended.replan, amended.withdraw) == (False, "")
    assert amended.obligation is not None
    assert not amended.obligation.owed
    returned = change(amended.obligation, reported(Status.IN_PROGRESS, 6))
    assert (returned.replan, returned.withdraw) == (True, "")
    assert returned.obligation.planned_from == TOLD
    assert returned.obligation.due_on == date(2023, 9, 30)


def test_what_was_withdrawn_is_owed_again_by_a_newer_fact_alone() -> None:
    assert change(GONE, told(ObligationsAssigned)).ignored is Ignored.WITHDRAWN
    found = change(GONE, told(ObligationsAssigned, number=4))
    assert found.obligation.owed
    assert found.replan
    assert change(GONE, reported(Status.OPEN)).ignored is Ignored.WITHDRAWN
    assert change(GONE, WITHDRAWN).ignored is Ignored.NO_CHANGE


EVENTS = (
    told(ObligationsAssigned, number=2),
    told(ObligationsAmended, number=2, due_on=date(2024, 1, 1)),
    reported(Status.DONE, 2),
    heard(2),
    extended(number=2),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_older_fact_is_ignored(event) -> None:
    assert change(KNOWN, event).ignored is Ignored.OLDER


@pytest.mark.parametrize("event", [WITHDRAWN, reported(Status.DONE), heard(), extended()])
def test_a_fact_about_an_unknown_obligation_is_ignored(event) -> None:
    assert change(None, event).ignored is Ignored.UNKNOWN
    assert list_obligation_ids(event) == (ID,)


ANY = st.sampled_from(
    [
        *EVENTS,
        told(ObligationsAssigned),
        told(ObligationsAmended, number=5, due_on=date(2023, 10, 31)),
        *(
            reported(status, number, reminded=reminded)
            for status in Status
            for number in (3, 4, 5, 6)
            for reminded in (True, False)
        ),
        heard(5),
        extended(number=6),
        WITHDRAWN,
    ]
)


@given(st.lists(ANY, max_size=12))
def test_a_number_never_falls_and_timers_follow_every_change_of_what_is_owed(events) -> None:
    held: dict[UUID, Obligation] = {}
    for event in events:
        before = held.get(ID)
        for found in decide_changes(held.get, event, TOLD):
            if found.obligation is None:
                assert found.ignored is not None
                continue
            held[ID] = found.obligation
            if before is not None:
                assert found.obligation.number >= before.number
                ended = before.owed and not found.obligation.owed
                assert bool(found.withdraw) == (ended or (before.owed and found.replan))
                moved = before.dates != found.obligation.dates and before.owed
                assert found.replan == (moved or before.owed != found.obligation.owed)


ACCEPTED = ObligationProgress(status=ObligationStatus.ACCEPTED, reported=4.0, progressed_at=EARLIER)


def test_progress_is_kept_until_the_next_report_and_plans_nothing_again() -> None:
    event = reported(Status.OPEN).model_copy(update={"progress": ACCEPTED})
    found = change(KNOWN, event)
    assert (found.obligation.progress, found.replan) == (ACCEPTED, False)
    known = replace(KNOWN, progress=ACCEPTED)
    assert change(known, told(ObligationsAmended, number=4)).obligation.progress == ACCEPTED
    assert change(known, extended()).obligation.progress == ACCEPTED
    assert (
        change(KNOWN, told(ObligationsAmended, progress=ACCEPTED)).obligation.progress == ACCEPTED
    )
    assert change(known, reported(Status.IN_PROGRESS)).obligation.progress is None  # an old release


def test_what_is_assigned_again_keeps_the_reported_value_alone() -> None:
    found = change(replace(GONE, progress=ACCEPTED), told(ObligationsAssigned, number=5))
    assert found.obligation.progress == ACCEPTED.model_copy(
        update={"status": ObligationStatus.ASSIGNED}
    )
    assert change(GONE, told(ObligationsAssigned, number=5)).obligation.progress is None


@pytest.mark.parametrize(
    ("standing", "reminded", "status"),
    [
        (Standing.OPEN, True, ObligationStatus.ASSIGNED),
        (Standing.IN_PROGRESS, True, ObligationStatus.IN_PROGRESS),
        (Standing.IN_PROGRESS, False, ObligationStatus.SUBMITTED),
        (Standing.DONE, True, ObligationStatus.DONE),
        (Standing.WITHDRAWN, True, ObligationStatus.WITHDRAWN),
    ],
)
def test_without_progress_the_status_follows_from_the_standing(
    standing: Standing, reminded: bool, status: ObligationStatus
) -> None:
    assert derive_status(standing, reminded=reminded) is status
