"""The differences between what was emitted and what should have been, and their reasons."""

from datetime import date, datetime, timedelta

import pytest

from shared.calendar import WorkingCalendar
from shared.planning.difference_reasons import (
    DifferenceReason,
    Emitted,
)
from shared.planning.discrepancies import DifferenceKind
from shared.planning.expected import (
    ExpectedItem,
)
from shared.schemas import identity
from shared.schemas.mutes import Mute
from shared.schemas.rules import CatchUp
from tests.unit.shared.planning.emitting import (
    DUE,
    LAST,
    LIAISON,
    LITTLE,
    TOLD,
    UNIT,
    A,
    B,
    World,
    book,
    slot,
    stands,
)

BOTH = tuple(sorted((A, B), key=str))


def test_what_was_emitted_as_it_should_be_has_no_difference() -> None:
    found = World().compare()
    assert (found.expected, found.emitted, found.differences) == (3, 3, [])


def test_a_reminder_that_never_fired_is_named() -> None:
    world = World()
    del world.emitted[slot(7), LIAISON]
    assert world.only() == (DifferenceKind.MISSING, DifferenceReason.NEVER_FIRED, False, 7, BOTH)


def test_a_lost_reminder_is_no_outage_though_the_next_one_holds_its_items() -> None:
    world = World()
    del world.emitted[slot(5), LIAISON]
    assert world.only()[1:3] == (DifferenceReason.NEVER_FIRED, False)


def test_an_obligation_that_lost_its_timer_is_named_in_each_reminder() -> None:
    world = World()
    for one in world.emitted.values():
        del one.items[B]
    found = world.compare().differences
    assert [(one.kind, one.obligations) for one in found] == [
        (DifferenceKind.ITEMS_DIFFER, (B,))
    ] * 3
    assert {(one.reason, one.explained) for one in found} == {(DifferenceReason.NEVER_FIRED, False)}


def test_a_reminder_that_nothing_asks_for_is_named() -> None:
    world = World()
    world.emitted[slot(6), LIAISON] = Emitted({A: ExpectedItem(DUE, 0)}, slot(6) + LITTLE)
    assert world.only() == (DifferenceKind.EXTRA, DifferenceReason.NOT_OWED, False, 6, (A,))


def test_an_unknown_obligation_in_a_reminder_is_named() -> None:
    world = World()
    stranger = identity.derive_id("stranger")
    world.emitted[slot(7), LIAISON].items[stranger] = ExpectedItem(DUE, 0)
    assert world.only() == (
        DifferenceKind.ITEMS_DIFFER,
        DifferenceReason.NOT_OWED,
        False,
        7,
        (stranger,),
    )


def test_a_fact_right_before_the_slot_may_be_known_there_or_not() -> None:
    world = World()
    world.tell(A, slot(7) - timedelta(seconds=90), owed=False)
    del world.emitted[slot(9), LIAISON].items[A]
    assert world.only() == (
        DifferenceKind.ITEMS_DIFFER,
        DifferenceReason.FACT_APPLIED_LATE,
        True,
        7,
        (A,),
    )


def test_a_fact_long_before_the_slot_must_be_known_there() -> None:
    world = World()
    world.tell(A, slot(7) - timedelta(minutes=30), owed=False)
    del world.emitted[slot(9), LIAISON].items[A]
    assert world.only() == (
        DifferenceKind.ITEMS_DIFFER,
        DifferenceReason.FACT_APPLIED_LATE,
        False,
        7,
        (A,),
    )


def test_a_scheduler_that_fired_without_all_facts_said_so() -> None:
    world = World()
    world.tell(A, slot(7) - timedelta(minutes=30), owed=False)
    del world.emitted[slot(9), LIAISON].items[A]
    world.emitted[slot(7), LIAISON].complete = False
    assert world.only() == (
        DifferenceKind.ITEMS_DIFFER,
        DifferenceReason.FIRED_INCOMPLETE,
        False,
        7,
        (A,),
    )


def test_catch_up_leaves_out_what_an_outage_passed_over() -> None:
    world = World()
    del world.emitted[slot(5), LIAISON]
    world.emitted[slot(7), LIAISON].fired_at = slot(7, 16)
    assert world.only() == (DifferenceKind.MISSING, DifferenceReason.CATCH_UP, True, 5, BOTH)


def test_catch_up_does_not_explain_what_the_later_reminder_lacks() -> None:
    world = World()
    del world.emitted[slot(5), LIAISON]
    late = world.emitted[slot(7), LIAISON]
    late.fired_at = slot(7, 16)
    del late.items[B]
    fifth, seventh = world.compare().differences
    assert (fifth.reason, fifth.explained, fifth.obligations) == (
        DifferenceReason.NEVER_FIRED,
        False,
        (B,),
    )
    assert (seventh.kind, seventh.explained) == (DifferenceKind.ITEMS_DIFFER, False)


def test_a_unit_that_was_stuck_while_others_fired_was_no_outage() -> None:
    world = World(others={slot(6) + LITTLE: False})
    del world.emitted[slot(5), LIAISON]
    world.emitted[slot(7), LIAISON].fired_at = slot(7, 16)
    assert world.only() == (DifferenceKind.MISSING, DifferenceReason.NEVER_FIRED, False, 5, BOTH)


def test_catch_up_all_leaves_nothing_out() -> None:
    world = World(books=[(TOLD, book(catch_up=CatchUp.ALL))])
    del world.emitted[slot(5), LIAISON]
    world.emitted[slot(7), LIAISON].fired_at = slot(7, 16)
    assert world.only()[1:3] == (DifferenceReason.NEVER_FIRED, False)


def test_catch_up_skip_leaves_out_what_is_late() -> None:
    world = World(books=[(TOLD, book(catch_up=CatchUp.SKIP))])
    del world.emitted[slot(5), LIAISON]
    assert world.only() == (DifferenceKind.MISSING, DifferenceReason.CATCH_UP, True, 5, BOTH)
    world.others[slot(5) + LITTLE] = False  # others were served at the time
    assert world.only()[1:3] == (DifferenceReason.NEVER_FIRED, False)


def test_catch_up_skip_explains_nothing_while_the_scheduler_is_still_away() -> None:
    world = World(books=[(TOLD, book(catch_up=CatchUp.SKIP))])
    del world.emitted[slot(9), LIAISON]
    assert world.only()[1:3] == (DifferenceReason.NEVER_FIRED, False)


def test_what_was_done_during_an_outage_is_not_fired_afterwards() -> None:
    world = World(others={slot(6, 16): True})
    world.tell(A, slot(5, 12), owed=False)
    world.tell(B, slot(5, 12), owed=False)
    world.emitted.clear()
    assert world.only() == (DifferenceKind.MISSING, DifferenceReason.FIRED_LATE, True, 5, BOTH)


def test_a_late_reminder_follows_the_facts_of_its_firing() -> None:
    world = World()
    world.tell(A, slot(5, 12), owed=False)
    for one in world.emitted.values():
        del one.items[A]
    world.emitted[slot(5), LIAISON].fired_at = slot(5, 16)
    assert world.only() == (DifferenceKind.ITEMS_DIFFER, DifferenceReason.FIRED_LATE, True, 5, (A,))


def test_another_rule_book_published_near_the_slot_explains() -> None:
    world = World()
    world.books.append((slot(7) - timedelta(minutes=1), book(2, (3, 0))))
    assert world.only() == (DifferenceKind.EXTRA, DifferenceReason.RULES_CHANGED, True, 7, BOTH)


def test_another_rule_book_published_an_hour_before_must_be_followed() -> None:
    world = World()
    world.books.append((slot(7) - timedelta(hours=1), book(2, (3, 0))))
    assert world.only() == (DifferenceKind.EXTRA, DifferenceReason.RULES_CHANGED, False, 7, BOTH)


def test_another_calendar_must_be_followed() -> None:
    world = World()
    own = WorkingCalendar(1, {date(2023, 6, 7): False})
    world.calendars.append((slot(7) - timedelta(hours=1), own))
    found = {
        (slot_of.slot, slot_of.kind, slot_of.reason) for slot_of in world.compare().differences
    }
    assert (slot(7), DifferenceKind.EXTRA, DifferenceReason.CALENDAR_CHANGED) in found


def test_done_extended_withdrawn_and_owed_again_give_no_difference() -> None:
    later = date(2023, 6, 13)
    world = World(
        versions={
            A: stands((TOLD, DUE, True), (slot(6), later, True), (slot(12, 12), later, False)),
            B: stands((TOLD, DUE, True), (slot(5, 12), DUE, False), (slot(8), DUE, True)),
        },
        books=[(TOLD, book()), (slot(8, 12), book(2, (1, 0)))],
        calendars=[(slot(8, 11), WorkingCalendar(1, {date(2023, 6, 12): False}))],
    )
    assert len(world.emitted) >= 3
    assert world.compare().differences == []


def test_what_is_not_recorded_is_not_judged() -> None:
    world = World(known_from=slot(6))
    world.emitted.clear()
    found = world.compare()
    assert [one.slot for one in found.differences] == [slot(7), slot(9)]
    assert found.unknown == {A, B}


def muted(at: datetime, ended_at: datetime | None = None) -> Mute:
    return Mute(
        mute_id=UNIT,
        since=TOLD,
        until=LAST,
        reason="x",
        muted_at=at,
        muted_by="x",
        ended_at=ended_at,
    )


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(("before", "explained"), [(MINUTE, True), (HOUR, False)])
def test_a_reminder_though_it_was_muted_is_explained_only_close_to_the_slot(
    before: timedelta, explained: bool
) -> None:
    world = World()
    del world.emitted[slot(9), LIAISON]
    world.mutes = (muted(slot(7) - before),)
    kind, reason, is_explained, day, obligations = world.only()
    assert (kind, reason, is_explained) == (
        DifferenceKind.EXTRA,
        DifferenceReason.MUTE_CHANGED,
        explained,
    )
    assert (day, set(obligations)) == (7, {A, B})


def test_no_reminder_though_the_mute_had_just_ended_is_explained() -> None:
    world = World(mutes=(muted(TOLD, slot(9)),))
    assert world.emitted == {}
    world.mutes = (muted(TOLD, slot(9) - MINUTE),)
    kind, reason, explained, day, _ = world.only()
    assert (kind, reason, explained, day) == (
        DifferenceKind.MISSING,
        DifferenceReason.MUTE_CHANGED,
        True,
        9,
    )


def test_what_was_muted_is_not_expected() -> None:
    world = World(mutes=(muted(slot(6)),))
    assert world.compare().expected == 1
    assert world.compare().differences == []
