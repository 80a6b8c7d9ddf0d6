from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.reminding import (
    fire_due_timers,
)
from shared.planning.timetable import Timetable
from shared.rules.book import How, Rule, RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.moments import BeforeDue
from shared.schemas import identity
from shared.schemas.facts import ReminderItem
from shared.schemas.mutes import Mute
from shared.schemas.refs import rank_ref
from shared.schemas.rules import Audience, Channel, ObligationKind, ReminderKind
from tests.unit.shared.planning.due_timers import OFFICE, SLOT, TABLE, UNIT, due, fire


def test_items_stand_by_date_and_then_by_number() -> None:
    refs = ["10.1", "2.1", "2.10", "2.9"]
    (reminder,) = fire(*(due(ref) for ref in refs)).reminders
    assert [item.ref for item in reminder.items] == ["2.1", "2.9", "2.10", "10.1"]
    assert reminder.items[0] == ReminderItem(
        obligation_id=identity.derive_id("2.1"),
        ref="2.1",
        task_name="任务2.1",
        text="内容2.1",
        kind=ReminderKind.DEADLINE,
        due_on=date(2023, 8, 31),
        working_days=1,
    )


def test_working_days_are_counted_by_the_office_calendar() -> None:
    """The office works on Saturday, 2 September: three days from Wednesday, not two."""
    table = Timetable(make_default_rule_book(), WorkingCalendar(1, {date(2023, 9, 2): True}))
    (reminder,) = fire(due("1.1", date(2023, 9, 3)), table=table).reminders
    assert [item.working_days for item in reminder.items] == [3]
    assert reminder.reminder_id == identity.derive_reminder_id(UNIT, "liaison", SLOT)


def test_the_earlier_date_stands_first() -> None:
    later = due("1.1", date(2023, 9, 1), datetime(2023, 8, 31, 1, tzinfo=UTC))
    sooner = due("9.9", date(2023, 8, 31), datetime(2023, 8, 31, 1, tzinfo=UTC))
    (reminder,) = fire(later, sooner, now=datetime(2023, 8, 31, 1, tzinfo=UTC)).reminders
    assert [item.ref for item in reminder.items] == ["9.9", "1.1"]


def test_timers_move_on_or_end() -> None:
    once = RuleBook(
        version=7,
        rules=(
            Rule(
                rule_id="once",
                kinds=(ObligationKind.DEADLINE,),
                when=(BeforeDue(working_days=(1,)),),
                who=(Step(audience=Audience.HEAD),),
                channels=(Channel.SMS,),
            ),
        ),
    )
    found = fire(due("1.1", rule_id="once"), table=Timetable(once, WorkingCalendar()))
    assert (found.moved, [timer.rule_id for timer in found.ended]) == ([], ["once"])
    assert found.reminders[0].rule_version == 7
    assert found.reminders[0].channels == (Channel.SMS,)
    found = fire(due("1.1"))
    assert [timer.next_fire_at for timer in found.moved] == [datetime(2023, 8, 31, 1, tzinfo=UTC)]
    assert (found.ended, found.until) == ([], SLOT)


def test_a_rule_that_the_book_lacks_ends_its_timer_silently() -> None:
    found = fire(due("1.1", rule_id="gone"))
    assert (found.reminders, len(found.ended), found.until) == ([], 1, None)


def test_from_the_fourth_and_seventh_overdue_on_superiors_hear_it_too() -> None:
    past = due("1.1", date(2023, 8, 10), datetime(2023, 8, 15, 1, tzinfo=UTC))
    heard = {}
    for slot in TABLE.list_between(
        TABLE.book.rules[0], past.dates, past.timer.next_fire_at, datetime(2023, 10, 1, tzinfo=UTC)
    ):
        one = due("1.1", date(2023, 8, 10), slot.slot)
        heard[slot.overdue] = [r.audience.value for r in fire(one, now=slot.slot).reminders]
    assert heard[3] == ["liaison"]
    assert heard[4] == heard[6] == ["liaison", "deputy"]
    assert heard[7] == ["liaison", "deputy", "head"]


def test_two_rules_in_one_slot_name_an_obligation_once_and_join_their_channels() -> None:
    first = make_default_rule_book().rules[0].model_copy(update={"channels": (Channel.SMS,)})
    second = first.model_copy(update={"rule_id": "again", "channels": (Channel.EMAIL,)})
    table = Timetable(RuleBook(version=1, rules=(first, second)), WorkingCalendar())
    found = fire(due("1.1"), due("1.1", rule_id="again"), table=table)
    (reminder,) = found.reminders
    assert len(reminder.items) == 1
    assert reminder.channels == (Channel.EMAIL, Channel.SMS)
    assert len(found.moved) == 2


def test_slots_that_were_missed_on_different_days_are_different_reminders() -> None:
    other = datetime(2023, 8, 31, 1, tzinfo=UTC)
    found = fire(due("1.1"), due("2.1", date(2023, 9, 1), other), now=other + timedelta(minutes=1))
    assert [r.slot for r in found.reminders] == [other]
    assert found.passed_over == 1
    assert found.until == other


def test_items_of_several_plans_name_each_plan() -> None:
    (reminder,) = fire(due("1.1", title="甲"), due("2.1", title="乙")).reminders
    assert reminder.plan_title == "甲、乙"


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=20))
def test_refs_stand_as_their_numbers_do(numbers) -> None:
    refs = [f"{a}.{b}" for a, b in numbers]
    assert sorted(refs, key=rank_ref) == [f"{a}.{b}" for a, b in sorted(numbers)]


@example(["⑴", "²", "1.⑴"])
@given(st.lists(st.text(max_size=8), max_size=10))
def test_any_text_has_a_place_among_refs(refs) -> None:
    placed = sorted(refs, key=rank_ref)
    assert sorted(placed) == sorted(refs)


def test_items_of_several_plans_name_their_plan_and_items_of_one_do_not() -> None:
    (one,) = fire(due("2.1"), due("3.1")).reminders
    assert {item.plan for item in one.items} == {""}
    (two,) = fire(due("2.1"), due("3.1", title="乙")).reminders
    assert [(item.ref, item.plan) for item in two.items] == [("2.1", "要点"), ("3.1", "乙")]
    assert two.plan_title == "要点、乙"


def test_a_muted_rule_gives_no_item_and_no_channel() -> None:
    both = RuleBook(
        version=1,
        rules=tuple(
            Rule(
                rule_id=channel.value,
                when=(BeforeDue(working_days=(1,)),),
                who=(Step(audience=Audience.LIAISON),),
                channels=(channel,),
            )
            for channel in (Channel.EMAIL, Channel.SMS)
        ),
    )
    muted = Mute(
        mute_id=UNIT,
        rule_id="sms",
        since=SLOT,
        until=SLOT + timedelta(days=1),
        reason="x",
        muted_at=SLOT - timedelta(days=1),
        muted_by="王敏",
    )
    timers = [due("1", rule_id=channel.value) for channel in (Channel.EMAIL, Channel.SMS)]
    done = fire_due_timers(
        Timetable(both, WorkingCalendar()),
        OFFICE,
        UNIT,
        timers,
        now=SLOT,
        grace=timedelta(0),
        mutes=[muted],
    )
    (reminder,) = done.reminders
    assert reminder.channels == (Channel.EMAIL,)
    assert [(each.rule_id, each.mute_id) for each in done.not_fired] == [("sms", UNIT)]


def test_a_reminder_that_nobody_is_left_for_is_not_sent_and_channels_are_those_of_its_rules() -> (
    None
):
    """The head's rule sends e-mail, the liaison's sends SMS; the liaison has another item."""
    head = Step(audience=Audience.HEAD, inhibits=(Audience.LIAISON,))
    when = {"when": (BeforeDue(working_days=(1,)),)}
    told = Rule(rule_id="head", who=(head,), channels=(Channel.EMAIL,), **when)
    liaison = Step(audience=Audience.LIAISON)
    other = Rule(rule_id="liaison", who=(liaison,), channels=(Channel.SMS,), **when)
    table = Timetable(RuleBook(version=1, rules=(told, other)), WorkingCalendar())
    timers = [due("1", rule_id="head"), due("1", rule_id="liaison"), due("2", rule_id="liaison")]
    done = fire(*timers, table=table)
    sent = {r.audience: ([i.ref for i in r.items], r.channels) for r in done.reminders}
    assert sent == {
        Audience.LIAISON: (["2"], (Channel.SMS,)),
        Audience.HEAD: (["1"], (Channel.EMAIL,)),
    }
    alone = fire(*timers[:2], table=table)
    assert [r.audience for r in alone.reminders] == [Audience.HEAD]
    assert [each.audiences for each in alone.not_fired] == [(Audience.LIAISON,)]


def make_own_table(**how: Any) -> Timetable:
    """The default rules, of which `deadline` is sent in its own way, beside one that is not."""
    own = TABLE.book.rules[0].model_copy(update={"how": How(**how)})
    usual = TABLE.book.rules[0].model_copy(update={"rule_id": "usual"})
    rules = (own, usual, *TABLE.book.rules[1:])
    return Timetable(TABLE.book.model_copy(update={"rules": rules}), WorkingCalendar())


def test_a_rule_with_a_way_of_its_own_has_a_message_of_its_own_after_the_digest() -> None:
    table = make_own_table(urgency="urgent", useful_days=3)
    rows = [due("1"), due("1", rule_id="usual"), due("2", rule_id="usual"), due("3")]
    digest, own = fire(*rows, table=table).reminders
    assert (digest.part, digest.rule_id, digest.how) == (0, "", None)
    assert [item.ref for item in digest.items] == ["1", "2"]
    assert (own.part, own.rule_id, own.how) == (1, "deadline", How(urgency="urgent", useful_days=3))
    assert [item.ref for item in own.items] == ["1", "3"]
    assert own.reminder_id == identity.derive_reminder_id(UNIT, Audience.LIAISON, SLOT, 1)


def test_the_usual_way_written_out_is_the_digest() -> None:
    table = make_own_table(order="together", urgency="digest")
    (digest,) = fire(due("1"), due("2", rule_id="usual"), table=table).reminders
    assert (digest.rule_id, digest.how) == ("", None)


def test_messages_of_a_slot_that_has_fired_are_further_parts() -> None:
    done = fire_due_timers(
        make_own_table(daily_limit=1),
        OFFICE,
        UNIT,
        [due("1"), due("2", rule_id="usual")],
        now=SLOT,
        grace=timedelta(0),
        parts={(Audience.LIAISON, SLOT): 2},
    )
    assert [(one.part, one.rule_id) for one in done.reminders] == [(2, ""), (3, "deadline")]


def test_channels_in_order_keep_the_order_of_their_rule() -> None:
    table = make_own_table(order="in-order")
    rules = [
        rule.model_copy(update={"channels": (Channel.SMS, Channel.EMAIL)})
        for rule in table.book.rules
    ]
    book = table.book.model_copy(update={"rules": tuple(rules)})
    rows = due("1"), due("2", rule_id="usual")
    digest, own = fire(*rows, table=Timetable(book, WorkingCalendar())).reminders
    assert digest.channels == (Channel.EMAIL, Channel.SMS)
    assert own.channels == (Channel.SMS, Channel.EMAIL)
