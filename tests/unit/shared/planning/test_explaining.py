"""Why a reminder was sent or not: one case a reason, and every reminder of a random history."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from shared.planning.coming import list_coming
from shared.planning.expected import (
    list_eras,
)
from shared.rules.book import RuleBook
from shared.rules.messages import DIGEST
from shared.schemas.life import ObligationStatus
from shared.schemas.mutes import Mute, NotFired, NotFiredReason
from shared.schemas.rules import Audience, Post
from shared.schemas.why_not import SENTENCES, WhyNot, describe
from tests.unit.shared.planning.explained_story import (
    ASSIGNED,
    DUE,
    UNIT,
    A,
    Story,
    book,
    mute,
    slot,
    state,
)


def test_what_was_sent_names_its_rule_and_nothing_is_missing() -> None:
    explanation = Story().explain()
    assert [(each.slot, each.rules) for each in explanation.fired] == [
        (slot(5), ("r",)),
        (slot(7), ("r",)),
        (slot(9), ("r",)),
    ]
    assert explanation.not_fired == []


_DONE, _SUBMITTED = ObligationStatus.DONE, ObligationStatus.SUBMITTED


_RETURNED, _GONE = ObligationStatus.RETURNED, ObligationStatus.WITHDRAWN


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (_DONE, WhyNot.DONE),
        (_SUBMITTED, WhyNot.SUBMITTED),
        (_RETURNED, WhyNot.PAUSED),
        (_GONE, WhyNot.WITHDRAWN),
    ],
)
def test_a_status_that_is_not_reminded_of_is_the_reason_since_it_began(
    status: ObligationStatus, reason: WhyNot
) -> None:
    at, later = slot(6), slot(8)
    story = Story(
        (
            state(ASSIGNED, at),
            state(at, later, status, owed=False),
            state(later, None, status, owed=False),
        )
    )
    assert story.list_reasons() == [(7, "r", reason), (9, "r", reason)]
    assert {each.at for each in story.explain().not_fired} == {at}


def test_a_date_that_was_moved_is_the_reason_where_the_date_before_had_a_reminder() -> None:
    later = date(2023, 6, 16)  # reminded of on the 12th, the 14th and the 16th
    story = Story((state(ASSIGNED, slot(6)), state(slot(6), None, due=later)))
    (first, second) = story.explain().not_fired
    assert story.list_reasons() == [(7, "r", WhyNot.EXTENDED), (9, "r", WhyNot.EXTENDED)]
    assert (first.at, first.due_before, second.due_before) == (slot(6), DUE, DUE)
    assert [each.slot for each in story.explain().fired] == [slot(5), slot(12), slot(14), slot(16)]


@pytest.mark.parametrize(
    ("muted", "days"),
    [
        (mute(), [5, 7, 9]),
        (mute(rule_id="r"), [5, 7, 9]),
        (mute(rule_id="other"), []),
        (mute(since=slot(6)), [7, 9]),
        (mute(until=slot(7)), [5]),
        (mute(muted_at=slot(7)), [9]),
        (mute(ended_at=slot(7)), [5, 7]),
    ],
    ids=["all", "rule", "other-rule", "later", "until", "recorded-at-the-slot", "ended"],
)
def test_a_mute_is_the_reason_with_its_actor_and_note(muted: Mute, days: list[int]) -> None:
    story = Story(mutes=(muted,))
    assert story.list_reasons() == [(day, "r", WhyNot.MUTED) for day in days]
    for each in story.explain().not_fired:
        assert (each.mute_id, each.actor, each.note) == (UUID(int=7), "王敏", "交接")


def test_a_rule_that_leaves_the_liaison_out_when_the_head_is_told() -> None:
    who = [{"audience": "liaison"}, {"audience": "head", "inhibits": ["liaison"]}]
    story = Story(books=[(ASSIGNED, book(who=who))])
    assert {each.audience for each in story.explain().fired} == {Audience.HEAD}
    assert story.list_reasons() == [(day, "r", WhyNot.INHIBITED) for day in (5, 7, 9)]


LEADS = [{"audience": "liaison"}, {"audience": "liaison", "of": "lead-unit"}]


def test_the_lead_unit_hears_beside_the_unit_and_is_missed_alone() -> None:
    told = state(ASSIGNED, lead_units=(UNIT,))
    story = Story((told,), books=[(ASSIGNED, book(who=LEADS))])
    assert {(each.slot, each.to_unit) for each in story.explain().fired} == {
        (slot(day), unit) for day in (5, 7, 9) for unit in (None, UNIT)
    }
    assert story.list_reasons() == []
    for sent in story.emitted.values():
        sent.items[A] = replace(sent.items[A], messages=frozenset({DIGEST}))
    assert story.list_reasons() == [(day, "r", WhyNot.UNEXPLAINED) for day in (5, 7, 9)]
    assert {each.of for each in story.explain().not_fired} == {Post.LEAD_UNIT}


def test_without_a_lead_unit_the_reason_is_that_there_is_none() -> None:
    story = Story(books=[(ASSIGNED, book(who=LEADS))])
    assert {each.to_unit for each in story.explain().fired} == {None}
    assert story.list_reasons() == [(day, "r", WhyNot.NO_UNIT) for day in (5, 7, 9)]


def test_a_message_of_a_rule_that_was_not_sent_is_missed_beside_the_digest() -> None:
    usual, own = (book(rule_id=name, how=how).rules[0] for name, how in RULES)
    both = RuleBook(version=1, rules=(usual, own))
    story = Story(books=[(ASSIGNED, both)])
    assert [each.rules for each in story.explain().fired] == [("own", "usual")] * 3
    for sent in story.emitted.values():
        sent.items[A] = replace(sent.items[A], messages=frozenset({DIGEST}))
    assert [each.rules for each in story.explain().fired] == [("usual",)] * 3
    assert story.list_reasons() == [(day, "own", WhyNot.UNEXPLAINED) for day in (5, 7, 9)]


RULES: list[tuple[str, dict[str, str] | None]] = [("usual", None), ("own", {"urgency": "urgent"})]


def test_a_condition_that_did_not_hold_is_named() -> None:
    select = {"task": "17", "kind": "deadline"}
    story = Story(books=[(ASSIGNED, book(select=select))])
    assert story.list_reasons() == [(day, "r", WhyNot.NOT_SELECTED) for day in (5, 7, 9)]
    assert {each.condition for each in story.explain().not_fired} == {"task"}


def test_a_post_that_is_told_later_had_no_step_yet() -> None:
    who = [{"audience": "liaison"}, {"audience": "head", "from_overdue": 2}]
    when = [{"type": "while-overdue", "every_working_days": 2}]
    story = Story(books=[(ASSIGNED, book(who=who, when=when))])
    assert story.list_reasons() == [(13, "r", WhyNot.STEP_NOT_BEGUN)]
    assert story.explain().not_fired[0].audiences == (Audience.HEAD,)


def test_a_plan_that_was_not_published_yet() -> None:
    story = Story((state(slot(6)),))
    assert story.list_reasons() == [(5, "r", WhyNot.NOT_PUBLISHED)]


def test_a_rule_that_the_book_did_not_have_then() -> None:
    other = book(2, rule_id="new")
    story = Story(books=[(ASSIGNED, book()), (slot(6), other)])
    assert story.list_reasons() == [(5, "new", WhyNot.NOT_IN_BOOK)]


def test_a_moment_that_the_rule_did_not_have_then() -> None:
    fewer = book(when=[{"type": "before-due", "working_days": [2]}])
    story = Story(books=[(ASSIGNED, fewer), (slot(8), book(2))])
    assert story.list_reasons() == [(5, "r", WhyNot.NOT_IN_BOOK)]


def test_no_rules_at_all_yet() -> None:
    story = Story(books=[(slot(6), book())])
    assert story.list_reasons() == [(5, "r", WhyNot.NOT_IN_BOOK)]


def test_what_the_scheduler_noted_is_the_reason() -> None:
    noted = NotFired(
        obligation_id=A,
        rule_id="r",
        slot=slot(7),
        audiences=(Audience.LIAISON,),
        reason=NotFiredReason.CATCH_UP,
    )
    story = Story(recorded={(slot(7), "r", Post.UNIT, Audience.LIAISON): noted})
    del story.emitted[slot(7), Audience.LIAISON]
    assert story.list_reasons() == [(7, "r", WhyNot.CATCH_UP)]


def test_what_has_just_come_may_be_under_way_and_what_is_old_is_unexplained() -> None:
    story = Story(waiting_after=slot(8))
    del story.emitted[slot(7), Audience.LIAISON], story.emitted[slot(9), Audience.LIAISON]
    assert story.list_reasons() == [(7, "r", WhyNot.UNEXPLAINED), (9, "r", WhyNot.WAITING)]


def test_a_state_that_is_not_recorded() -> None:
    story = Story(known_from=slot(6))
    story.emitted.clear()
    assert story.list_reasons()[0] == (5, "r", WhyNot.NOT_RECORDED)


def test_a_step_that_is_ended_does_not_tell_its_post() -> None:
    who = [{"audience": "liaison", "ends_with": "accepted"}]
    accepted = ObligationStatus.ACCEPTED
    states = (state(ASSIGNED, slot(6)), state(slot(6), status=accepted))
    story = Story(states, [(ASSIGNED - timedelta(days=9), book(who=who))])
    assert [each.slot for each in story.explain().fired] == [slot(5)]
    assert story.list_reasons() == [(7, "r", WhyNot.STEP_ENDED), (9, "r", WhyNot.STEP_ENDED)]


def test_a_post_that_kept_steps_do_not_name_is_said_to_be_left_out_by_them() -> None:
    """Overdue since the 10th by a book for the liaison; from the 14th on a book for the head."""
    late = {"when": [{"type": "while-overdue", "every_working_days": 1}]}
    former, present = book(1, **late), book(2, **late, who=[{"audience": "head"}])
    story = Story(books=[(ASSIGNED - timedelta(days=9), former), (slot(14, 12), present)])
    explanation = story.explain()
    assert {each.audience for each in explanation.fired} == {Audience.LIAISON}
    unsent = [each for each in explanation.not_fired if each.slot > slot(14)]
    assert [each.slot for each in unsent] == [slot(15), slot(16), slot(19)]
    assert {(each.reason, each.audiences) for each in unsent} == {
        (WhyNot.STEPS_KEPT, (Audience.HEAD,))
    }
    silenced = Story(books=story.books, mutes=(mute(since=slot(16, 0)),)).explain()
    of_day = {(each.reason, each.audiences) for each in silenced.not_fired if each.slot == slot(16)}
    assert of_day == {
        (WhyNot.STEPS_KEPT, (Audience.HEAD,)),
        (WhyNot.MUTED, (Audience.LIAISON,)),
    }
    (coming,) = list_coming(story.eras, story.life, slot(19))
    assert [each.audience for each in coming.hearers] == [Audience.LIAISON]


def test_what_was_sent_though_a_mute_came_just_before_is_sent() -> None:
    story = Story()
    story.mutes = (mute(),)
    assert [each.rules for each in story.explain().fired] == [("r",)] * 3
    assert story.list_reasons() == []


def test_next_are_the_rules_of_the_newest_book_and_a_mute_is_named() -> None:
    story = Story(mutes=(mute(since=slot(6)),))
    eras = list_eras(story.books, [])
    (coming,) = list_coming(eras, story.life, slot(6))
    assert (coming.slot, coming.rule_id, coming.version) == (slot(7), "r", 1)
    assert coming.mute is not None
    (unmuted,) = list_coming(eras, Story().life, slot(8))
    assert (unmuted.slot, unmuted.mute) == (slot(9), None)
    assert list_coming(eras, Story((state(ASSIGNED, owed=False),)).life, slot(6)) == []
    whole = list_coming(eras, Story().life, slot(4), slot(8))
    assert [each.slot for each in whole] == [slot(5), slot(7)]


@pytest.mark.parametrize("reason", list(WhyNot))
def test_each_reason_is_a_sentence_in_both_languages(reason: WhyNot) -> None:
    chinese, english = describe(reason, {"actor": "王敏"})
    assert chinese
    assert english.isascii() or "王敏" in english or "—" in english
    assert "{" not in chinese + english
    assert len({texts[0] for texts in SENTENCES.values()}) == len(WhyNot)
