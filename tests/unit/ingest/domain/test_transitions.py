"""Every status, action and actor: where it leads, or that it is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.transitions import (
    NOT_OWED,
    TRANSITIONS,
    Party,
    Situation,
    Stamps,
    choose_action,
    find_next_status,
    is_reminded,
    list_allowed,
    stamp,
    to_wire,
)
from shared.schemas.facts import Status
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import ObligationKind

S, A = ObligationStatus, Action
NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
QUIET = frozenset({S.SUBMITTED})
BOTH = {Party.UNIT, Party.OFFICE}
OFFICE = {Party.OFFICE}

# The whole table of a dated deadline about which nothing is asked for: what leads where, for whom.
WORKABLE = {
    A.PROGRESS: (S.IN_PROGRESS, BOTH),
    A.SUBMIT: (S.SUBMITTED, BOTH),
    A.COMPLETE: (S.DONE, OFFICE),
    A.WITHDRAW: (S.WITHDRAWN, OFFICE),
}
TABLE = {
    S.ASSIGNED: WORKABLE
    | {A.ACCEPT: (S.ACCEPTED, BOTH)}
    | {A.EXTEND: (S.ASSIGNED, BOTH), A.OBJECT: (S.ASSIGNED, BOTH)},
    S.ACCEPTED: WORKABLE | {A.EXTEND: (S.ACCEPTED, BOTH), A.OBJECT: (S.ACCEPTED, BOTH)},
    S.IN_PROGRESS: WORKABLE | {A.EXTEND: (S.IN_PROGRESS, BOTH), A.OBJECT: (S.IN_PROGRESS, BOTH)},
    S.RETURNED: WORKABLE | {A.EXTEND: (S.RETURNED, BOTH), A.OBJECT: (S.RETURNED, BOTH)},
    S.SUBMITTED: {
        A.COMPLETE: (S.DONE, OFFICE),
        A.RETURN: (S.RETURNED, OFFICE),
        A.REOPEN: (S.IN_PROGRESS, BOTH),
        A.WITHDRAW: (S.WITHDRAWN, OFFICE),
    },
    S.DONE: {A.RETURN: (S.RETURNED, OFFICE), A.REOPEN: (S.IN_PROGRESS, OFFICE)},
    S.WITHDRAWN: {A.REOPEN: (S.ASSIGNED, OFFICE)},
}


def deadline(status: ObligationStatus, **changed: bool) -> Situation:
    return Situation(status, ObligationKind.DEADLINE, **changed)


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("action", A)
@pytest.mark.parametrize("who", Party)
def test_each_status_action_and_actor_is_as_the_table_says(status, action, who):
    expected, actors = TABLE[status].get(action, (None, set()))
    found = find_next_status(deadline(status), action, who)
    assert found is (expected if who in actors else None)
    assert (action in list_allowed(deadline(status), who)) is (found is not None)


def test_the_table_names_every_status():
    assert TRANSITIONS.keys() == set(S)


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("action", A)
@pytest.mark.parametrize("who", Party)
def test_without_review_a_report_is_done_and_its_unit_may_take_it_back(status, action, who):
    expected, actors = TABLE[status].get(action, (None, set()))
    if (status, action) == (S.DONE, A.REOPEN):
        actors = BOTH
    if expected is S.SUBMITTED:
        expected = S.DONE
    found = find_next_status(deadline(status), action, who, review=False)
    assert found is (expected if who in actors else None)


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("action", A)
@pytest.mark.parametrize("who", Party)
def test_a_hearing_has_the_actions_that_its_record_leaves(status, action, who):
    expected, actors = TABLE[status].get(action, (None, set()))
    by_record = {A.SUBMIT, A.COMPLETE, A.RETURN}
    refused = action in by_record or (status, action) == (S.DONE, A.REOPEN)
    found = find_next_status(Situation(status, ObligationKind.HEARING), action, who)
    assert found is (expected if who in actors and not refused else None)


@pytest.mark.parametrize("status", [S.ASSIGNED, S.RETURNED])
def test_without_review_what_is_submitted_is_done_and_the_unit_may_take_it_back(status):
    submitted = find_next_status(deadline(status), A.SUBMIT, Party.UNIT, review=False)
    assert submitted is S.DONE
    assert A.REOPEN in list_allowed(deadline(S.DONE), Party.UNIT, review=False)
    assert A.REOPEN not in list_allowed(deadline(S.DONE), Party.UNIT)


@pytest.mark.parametrize("status", S)
def test_only_a_record_fulfils_a_hearing_or_undoes_it(status):
    hearing = Situation(status, ObligationKind.HEARING)
    allowed = set(list_allowed(hearing, Party.OFFICE))
    assert not allowed & {A.SUBMIT, A.COMPLETE, A.RETURN}
    assert status is not S.DONE or not allowed


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("action", A)
@pytest.mark.parametrize("who", Party)
@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"asked": True}, {A.EXTEND}),
        ({"objected": True}, {A.OBJECT}),
        ({"is_dated": False}, {A.EXTEND}),
        ({"is_past": True}, {A.EXTEND}),
        ({"is_dropped": True}, set(A)),
        ({"follows": True}, {A.SUBMIT, A.REOPEN, A.EXTEND}),
    ],
)
def test_what_is_open_refuses_its_own_action_and_no_other(status, action, who, changed, refused):
    without = find_next_status(deadline(status), action, who)
    found = find_next_status(deadline(status, **changed), action, who)
    # The office may act for each unit, and set a date at any time.
    is_free = changed.keys() & {"follows", "is_past"} and who is Party.OFFICE
    assert found is (None if action in refused and not is_free else without)


def test_what_is_asked_for_is_not_asked_again_and_what_has_no_date_is_not_extended():
    assert A.EXTEND not in list_allowed(deadline(S.ASSIGNED, asked=True), Party.OFFICE)
    assert A.OBJECT not in list_allowed(deadline(S.ASSIGNED, objected=True), Party.UNIT)
    assert A.EXTEND not in list_allowed(deadline(S.ASSIGNED, is_dated=False), Party.UNIT)
    assert list_allowed(deadline(S.DONE, is_dropped=True), Party.OFFICE) == ()


def test_reminders_stop_in_the_quiet_statuses_and_where_nothing_is_owed():
    assert [status for status in S if not is_reminded(status, QUIET)] == [
        S.SUBMITTED,
        S.DONE,
        S.WITHDRAWN,
    ]
    assert is_reminded(S.SUBMITTED, frozenset())


OPEN, WORKING, REPORTED = Status.OPEN, Status.IN_PROGRESS, Status.DONE
UNIT, OF_OFFICE = Party.UNIT, Party.OFFICE
# What a report of an old status means: of open, of in-progress, of done by the unit and the office.
OLD = {
    S.ASSIGNED: (None, A.PROGRESS, A.SUBMIT, A.COMPLETE),
    S.ACCEPTED: (None, A.PROGRESS, A.SUBMIT, A.COMPLETE),
    S.IN_PROGRESS: (None, None, A.SUBMIT, A.COMPLETE),
    S.RETURNED: (None, A.PROGRESS, A.SUBMIT, A.COMPLETE),
    S.SUBMITTED: (A.REOPEN, A.REOPEN, None, A.COMPLETE),
    S.DONE: (A.REOPEN, A.REOPEN, None, None),
    S.WITHDRAWN: (A.PROGRESS, A.PROGRESS, A.SUBMIT, A.COMPLETE),  # which the table refuses
}


@pytest.mark.parametrize("status", S)
def test_each_of_the_three_old_statuses_means_an_action(status):
    opened, working, by_unit, by_office = OLD[status]
    for who, done in ((UNIT, by_unit), (OF_OFFICE, by_office)):
        for reported, action in ((OPEN, opened), (WORKING, working), (REPORTED, done)):
            assert choose_action(deadline(status), reported, who, has_note=False) is action


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("who", Party)
def test_a_hearing_reported_as_done_is_always_an_action_that_its_record_refuses(status, who):
    hearing = Situation(status, ObligationKind.HEARING)
    action = choose_action(hearing, REPORTED, who, has_note=False)
    assert action is (A.COMPLETE if who is OF_OFFICE else A.SUBMIT)
    assert find_next_status(hearing, action, who) is None


def test_a_note_with_the_same_status_is_progress():
    for reported in (Status.OPEN, Status.IN_PROGRESS):
        found = choose_action(deadline(S.IN_PROGRESS), reported, Party.UNIT, has_note=True)
        assert found is A.PROGRESS


steps = st.lists(
    st.tuples(st.sampled_from(A), st.sampled_from(Party), st.booleans(), st.integers(0, 9)),
    max_size=30,
)


@given(steps, st.sampled_from(ObligationKind))
def test_whatever_is_done_a_done_obligation_has_a_doer_and_a_date_and_no_other_has(drawn, kind):
    situation, stamps, now = Situation(S.ASSIGNED, kind), Stamps(), NOW
    for action, who, review, hours in drawn:
        now += timedelta(hours=hours)
        status = find_next_status(situation, action, who, review=review)
        if status is None:
            continue
        situation, stamps = replace(situation, status=status), stamp(stamps, status, who, now)
        assert (status is S.DONE) == (stamps.done_at is not None) == (stamps.done_by is not None)
        if stamps.done_at is not None:
            assert stamps.done_at <= now
            assert stamps.submitted_at in {None, stamps.done_at}
        assert (to_wire(status) is Status.DONE) == (status is S.DONE)
        assert not (is_reminded(status, QUIET) and status in NOT_OWED)
        assert list_allowed(situation, Party.OFFICE) or status is S.DONE
