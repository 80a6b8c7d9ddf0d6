"""The oracle of the running clock: each way to break the promise is named, and no other."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from lab.chaos.oracle.calm import CalmTime, FaultWindow, merge_windows
from lab.chaos.oracle.facts import Fact, FactLog, PublishedObligation
from lab.chaos.oracle.judgement import Judgement, SinkMessage
from lab.chaos.oracle.promise import DeliveryKey, Promise
from lab.chaos.running.office import BookVariant, build_calendar, build_rule_book
from shared.calendar import WorkingCalendar
from shared.schemas.rules import Audience, ObligationKind

START = datetime(2023, 6, 1, 0, 30, tzinfo=UTC)
SLOT = datetime(2023, 6, 1, 1, tzinfo=UTC)  # nine o'clock in Beijing
END = SLOT + timedelta(minutes=30)
BOUND = timedelta(minutes=20)
DUE = date(2023, 9, 15)
UNIT = UUID(int=7)
DUTY = PublishedObligation(UUID(int=1), UNIT, "2.1", ObligationKind.DEADLINE, DUE, date(2023, 6, 1))
SAID = SinkMessage(
    UUID(int=100),
    UNIT,
    Audience.LIAISON,
    "email",
    SLOT,
    SLOT + timedelta(minutes=1),
    (("2.1", DUE),),
    complete=True,
)
TEXT = replace(SAID, name=UUID(int=101), channel="sms", items=())


def judge(
    *said: SinkMessage,
    facts: tuple[Fact, ...] = (),
    windows: tuple[FaultWindow, ...] = (),
    refused: set[DeliveryKey] | None = None,
    channels: tuple[str, ...] = ("email", "sms"),
) -> Judgement:
    course = FactLog({DUTY.obligation_id: DUTY}, first_book=1)
    course.add_facts(facts)
    promise = Promise(
        {number: build_rule_book(BookVariant(number)) for number in (1, 2, 3)},
        WorkingCalendar(1, build_calendar(date(2023, 6, 1))),
        course,
        CalmTime(merge_windows(windows)),
        bound=BOUND,
        names={UNIT: "县财政局"},
        reachable={(UNIT, Audience.LIAISON, channel) for channel in channels},
    )
    return promise.judge(said, refused or set(), START, END)


def fact(asked: int, answered: int, **what: object) -> Fact:
    """A fact, by minutes from the slot."""
    at = [SLOT + timedelta(minutes=minutes) for minutes in (asked, answered)]
    return Fact(*at, **({} if "book" in what else {"obligation_id": DUTY.obligation_id}), **what)  # type: ignore[arg-type]


def test_what_was_due_and_came_is_in_order() -> None:
    found = judge(SAID, TEXT)
    assert (found.due, found.delivered) == (1, 1)
    assert [*found.lost, *found.doubled, *found.unexpected, *found.late] == []


def test_what_was_due_and_did_not_come_is_lost_on_that_channel() -> None:
    assert len(judge().lost) == 2
    (one,) = judge(SAID).lost
    assert "no sms" in one
    refused: set[DeliveryKey] = {(UNIT, SLOT, Audience.LIAISON, "sms")}
    assert judge(SAID, refused=refused).lost == []


def test_who_has_no_address_is_not_waited_for() -> None:
    assert judge(channels=()).due == 0
    (one,) = judge(channels=("email",)).lost
    assert "no email" in one


def test_done_before_the_slot_and_reminded_of_all_the_same_is_named() -> None:
    (one,) = judge(SAID, TEXT, facts=(fact(-9, -8, owed=False),)).unexpected
    assert "forbids" in one


def test_a_reminder_that_is_flagged_as_incomplete_may_name_what_was_done() -> None:
    flagged = replace(SAID, complete=False)
    found = judge(flagged, TEXT, facts=(fact(-9, -8, owed=False),))
    assert found.unexpected == []
    assert found.incomplete == 1


def test_done_while_the_slot_passes_may_be_reminded_of_or_not() -> None:
    told = (fact(-2, 2, owed=False),)
    for said in ((SAID, TEXT), ()):
        found = judge(*said, facts=told)
        assert [*found.lost, *found.unexpected] == []


def test_reopened_before_the_slot_is_due_again_and_counts_as_honoured_late() -> None:
    told = (fact(-20, -19, owed=False), fact(-6, -5, owed=True))
    found = judge(SAID, TEXT, facts=told)
    assert (found.due, found.delivered, found.late_honoured) == (1, 1, 1)
    assert len(judge(facts=told).lost) == 2


def test_what_comes_after_the_bound_is_late_unless_a_fault_held_it_up() -> None:
    late = replace(SAID, at=SLOT + timedelta(hours=2))
    assert len(judge(late, TEXT).late) == 1
    fault = FaultWindow(SLOT - timedelta(minutes=1), SLOT + timedelta(hours=2))
    assert judge(late, TEXT, windows=(fault,)).late == []


def test_a_reminder_long_after_done_was_reported_is_late() -> None:
    late = replace(SAID, at=SLOT + timedelta(hours=2))
    found = judge(late, TEXT, facts=(fact(30, 31, owed=False),))
    assert any("after it was done" in one for one in found.late)


def test_the_same_item_twice_is_doubled() -> None:
    (one,) = judge(SAID, TEXT, replace(SAID, name=UUID(int=102))).doubled
    assert "2.1" in one


def test_an_item_that_nobody_owes_is_unexpected() -> None:
    stray = replace(SAID, items=(("9.9", DUE),))
    found = judge(SAID, TEXT, replace(stray, name=UUID(int=103)))
    assert any("nobody owes it" in one for one in found.unexpected)


def test_a_slot_that_the_newer_book_dropped_before_it_must_not_fire() -> None:
    """Book 2 has no slot at nine o'clock."""
    dropped = (fact(-9, -8, book=2),)
    assert judge(facts=dropped).due == 0
    assert len(judge(SAID, TEXT, facts=dropped).unexpected) == 1


def test_a_moved_date_is_named_by_its_new_day() -> None:
    moved = date(2023, 10, 1)
    told = (fact(-9, -8, due_on=moved),)
    assert judge(replace(SAID, items=(("2.1", moved),)), TEXT, facts=told).lost == []


def test_calm_time_leaves_out_the_windows_of_faults() -> None:
    minute = timedelta(minutes=1)
    spans = [(2, 5), (4, 8)]
    calm = CalmTime(
        merge_windows(FaultWindow(SLOT + a * minute, SLOT + b * minute) for a, b in spans)
    )
    assert calm.measure_between(SLOT, SLOT + 10 * minute) == 4 * minute
    assert calm.measure_between(SLOT + 3 * minute, SLOT + 6 * minute) == timedelta(0)
    assert calm.find_instant_after(SLOT, minute) == SLOT + minute
    assert calm.find_instant_after(SLOT, 3 * minute) == SLOT + 9 * minute
