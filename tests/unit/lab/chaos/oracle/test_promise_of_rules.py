"""The oracle of the running clock knows mutes, and the steps that overdue duties keep."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from lab.chaos.oracle.calm import CalmTime
from lab.chaos.oracle.facts import Fact, FactLog, PublishedObligation
from lab.chaos.oracle.judgement import Judgement, SinkMessage
from lab.chaos.oracle.mutes import MuteLog, MuteScope, ToldMute
from lab.chaos.oracle.promise import Promise
from lab.chaos.running.office import BookVariant, build_calendar, build_rule_book
from shared.calendar import WorkingCalendar
from shared.schemas.rules import Audience, ObligationKind

START = datetime(2023, 6, 1, 0, 30, tzinfo=UTC)
SLOT = datetime(2023, 6, 1, 1, tzinfo=UTC)  # nine o'clock in Beijing
END = SLOT + timedelta(minutes=30)
LATER = SLOT + timedelta(days=1)
PAST, COMING = date(2023, 5, 28), date(2023, 9, 15)
UNIT, PLAN = UUID(int=7), UUID(int=8)
DUTY = PublishedObligation(
    UUID(int=1), UNIT, "2.1", ObligationKind.DEADLINE, COMING, date(2023, 5, 31), PLAN
)
OVERDUE = replace(DUTY, due_on=PAST)
LIAISON, DEPUTY, HEAD = Audience.LIAISON, Audience.DEPUTY, Audience.HEAD
BOOKS = {
    1: build_rule_book(BookVariant(1)),  # the deputy hears of what is overdue
    2: build_rule_book(BookVariant(3)),  # the head does; the deputy hears before the date
}


def judge(
    duty: PublishedObligation,
    *told: Audience,
    facts: tuple[Fact, ...] = (),
    mutes: tuple[ToldMute, ...] = (),
) -> Judgement:
    """Judge a slot in which these audiences got a mail."""
    log = FactLog({duty.obligation_id: duty}, first_book=1)
    log.add_facts(facts)
    promise = Promise(
        BOOKS,
        WorkingCalendar(1, build_calendar(date(2023, 6, 1))),
        log,
        CalmTime([]),
        bound=timedelta(minutes=20),
        names={UNIT: "县财政局"},
        reachable={(UNIT, audience, "email") for audience in Audience},
        mutes=MuteLog(mutes),
    )
    assert duty.due_on
    items = ((duty.ref, duty.due_on),)
    mails = [
        SinkMessage(UUID(int=n), UNIT, each, "email", SLOT, SLOT, items, complete=True)
        for n, each in enumerate(told, 100)
    ]
    return promise.judge(mails, set(), START, END)


def at(minutes: int) -> datetime:
    return SLOT + timedelta(minutes=minutes)


def mute(asked: int = -9, *, until: datetime = LATER, **scope: object) -> ToldMute:
    """A mute, by minutes from the slot; answered a minute later."""
    return ToldMute(MuteScope(**(scope or {"unit_id": UNIT})), at(asked), at(asked + 1), until)  # type: ignore[arg-type]


def book(version: int, asked: int) -> Fact:
    return Fact(at(asked), at(asked + 1), book=version)


def owed(asked: int, *, owed: bool) -> Fact:
    return Fact(at(asked), at(asked + 1), DUTY.obligation_id, owed=owed)


def test_what_is_muted_must_not_come() -> None:
    silent = judge(DUTY, mutes=(mute(),))
    assert (silent.due, silent.lost, silent.unexpected, silent.muted) == (0, [], [], 1)
    assert len(judge(DUTY, LIAISON, mutes=(mute(),)).unexpected) == 1


def test_each_part_of_a_mute_must_be_met() -> None:
    about = (
        {"task": (PLAN, "2")},
        {"rule_id": "at-09"},
        {"unit_id": UNIT, "rule_id": "at-09"},
        {"task": (PLAN, "2"), "unit_id": UNIT},
    )
    for scope in about:
        assert len(judge(DUTY, LIAISON, mutes=(mute(**scope),)).unexpected) == 1, scope
    others = (
        {"unit_id": PLAN},
        {"task": (PLAN, "1")},
        {"task": (UNIT, "2")},
        {"rule_id": "at-10"},
        {"unit_id": UNIT, "rule_id": "overdue-09"},
    )
    for scope in others:
        assert len(judge(DUTY, mutes=(mute(**scope),)).lost) == 1, scope


def test_while_a_mute_is_recorded_or_ended_both_are_right() -> None:
    ended = replace(mute(-60), ended=(at(-1), at(1)))
    for unclear in (mute(-1), ended):
        for told in ((), (LIAISON,)):
            found = judge(DUTY, *told, mutes=(unclear,))
            assert [*found.lost, *found.unexpected] == []


def test_after_a_mute_reminders_come_again() -> None:
    for over in (replace(mute(-60), ended=(at(-9), at(-8))), mute(-60, until=SLOT)):
        assert len(judge(DUTY, mutes=(over,)).lost) == 1
        assert judge(DUTY, LIAISON, mutes=(over,)).unexpected == []


def test_what_is_overdue_keeps_the_steps_of_the_book_at_its_beginning() -> None:
    facts = (book(2, -9),)
    found = judge(OVERDUE, LIAISON, DEPUTY, facts=facts)
    assert [*found.lost, *found.unexpected] == []
    assert (found.due, found.delivered, found.kept) == (2, 2, 2)
    assert len(judge(OVERDUE, LIAISON, facts=facts).lost) == 1
    assert len(judge(OVERDUE, LIAISON, DEPUTY, HEAD, facts=facts).unexpected) == 1


def test_what_is_reopened_takes_the_steps_of_the_book_of_that_time() -> None:
    facts = (book(2, -20), owed(-15, owed=False), owed(-9, owed=True))
    found = judge(OVERDUE, LIAISON, HEAD, facts=facts)
    assert ([*found.lost, *found.unexpected], found.kept) == ([], 0)
    assert len(judge(OVERDUE, LIAISON, DEPUTY, HEAD, facts=facts).unexpected) == 1


def test_reopened_while_a_book_is_published_both_steps_are_right() -> None:
    facts = (owed(-20, owed=False), book(2, -10), owed(-9, owed=True))
    for told in ((LIAISON, HEAD), (LIAISON, DEPUTY)):
        found = judge(OVERDUE, *told, facts=facts)
        assert [*found.lost, *found.unexpected] == []


def test_reports_of_progress_begin_no_escalation_anew() -> None:
    facts = (book(2, -20), owed(-9, owed=True))
    assert judge(OVERDUE, LIAISON, DEPUTY, facts=facts).unexpected == []
    assert len(judge(OVERDUE, LIAISON, HEAD, facts=facts).unexpected) == 1


def test_before_the_date_the_book_in_force_decides() -> None:
    found = judge(DUTY, LIAISON, DEPUTY, facts=(book(2, -9),))
    assert ([*found.lost, *found.unexpected], found.kept) == ([], 0)
