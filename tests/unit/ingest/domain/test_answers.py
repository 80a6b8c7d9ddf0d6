"""Which answer can be taken back, by the journal's entries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.domain.answers import ANSWERS, Obstacle, find_last_step, find_obstacle
from services.ingest.domain.timeline import NotedChange, describe_change
from services.ingest.domain.transitions import Party, Situation
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

DAY = datetime(2023, 6, 1, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)


def note(action: str, *, party: Party = Party.UNIT, at: datetime = NOON, **after: Any) -> Any:
    return NotedChange(at, "someone", action, {}, {"party": party, **after})


def situate(status: ObligationStatus = ObligationStatus.SUBMITTED, **values: Any) -> Situation:
    return Situation(status, ObligationKind.DEADLINE, **values)


def find(*rising: NotedChange) -> NotedChange | None:
    return find_last_step(reversed(rising))


SUBMITTED = note("obligation.submitted", status="submitted")
ACCEPTED = note("obligation.accepted", status="accepted")


def test_the_newest_step_is_the_last_one_and_evidence_or_a_note_is_no_step() -> None:
    aside = [note(each) for each in ("evidence.added", "evidence.removed", "obligation.noted")]
    assert find(ACCEPTED, SUBMITTED, *aside) is SUBMITTED
    assert find(*aside) is None


def test_what_was_taken_back_leaves_the_answer_before_it() -> None:
    first, second = note("obligation.progressed"), note("obligation.progressed")
    back = note("obligation.taken-back", answer="obligation.progressed")
    assert find(first, second, back) is first
    assert find(ACCEPTED, first, back, second, back) is ACCEPTED
    assert find(first, back) is None


@pytest.mark.parametrize(
    ("asked", "ended"),
    [("extension.asked", "extension.withdrawn"), ("objection.raised", "objection.withdrawn")],
)
def test_a_request_that_was_withdrawn_is_no_step_any_more(asked: str, ended: str) -> None:
    assert find(ACCEPTED, note(asked), note(ended)) is ACCEPTED


def test_of_two_hearings_the_one_that_was_not_taken_back_is_the_last_step() -> None:
    first, second = (note("hearing.recorded", hearing_id=each) for each in "ab")
    assert find(first, second, note("hearing.taken-back", hearing_id="a")) is second
    assert find(first, second, note("hearing.taken-back", hearing_id="b")) is first


def test_the_last_answer_of_the_day_can_be_taken_back_by_who_gave_it() -> None:
    assert find_obstacle(SUBMITTED, situate(), Party.UNIT, DAY) is None
    by_office = note("obligation.submitted", party=Party.OFFICE, status="submitted")
    assert find_obstacle(by_office, situate(), Party.OFFICE, DAY) is None
    asked = note("extension.asked")
    assert find_obstacle(asked, situate(asked=True), Party.UNIT, DAY) is None
    raised = note("objection.raised")
    assert find_obstacle(raised, situate(objected=True), Party.UNIT, DAY) is None


def test_what_stands_in_the_way_has_a_name() -> None:
    returned = note("obligation.returned", party=Party.OFFICE, status="returned")
    reopened = note("obligation.reopened", status="in-progress")
    led = note("obligation.submitted", status="submitted", leading="县财政局")
    late = note("obligation.submitted", at=DAY - timedelta(seconds=1), status="submitted")
    withdrawn, returning = ObligationStatus.WITHDRAWN, ObligationStatus.RETURNED
    for step, situation, expected in (
        (None, situate(), Obstacle.NO_STEP),
        (returned, situate(returning), Obstacle.OTHER_PARTY),
        (reopened, situate(), Obstacle.NO_ANSWER),
        (led, situate(), Obstacle.LEADING),
        (late, situate(), Obstacle.EARLIER_DAY),
        (SUBMITTED, situate(withdrawn), Obstacle.OVERTAKEN),
        (SUBMITTED, situate(is_dropped=True), Obstacle.OVERTAKEN),
        (SUBMITTED, situate(ObligationStatus.ASSIGNED), Obstacle.OVERTAKEN),
        (note("extension.asked"), situate(asked=False), Obstacle.OVERTAKEN),
        (note("objection.raised"), situate(objected=False), Obstacle.OVERTAKEN),
    ):
        assert find_obstacle(step, situation, Party.UNIT, DAY) is expected, expected
    assert find_obstacle(SUBMITTED, situate(), Party.OFFICE, DAY) is Obstacle.OTHER_PARTY


def test_an_entry_of_an_earlier_release_names_no_party_and_stays() -> None:
    old = NotedChange(NOON, "someone", "obligation.submitted", {}, {"status": "submitted"})
    for who in Party:
        assert find_obstacle(old, situate(), who, DAY) is Obstacle.OTHER_PARTY


def test_every_answer_is_told_in_the_timeline() -> None:
    for action in ANSWERS | {"obligation.taken-back"}:
        assert describe_change(note(action)) is not None, action
