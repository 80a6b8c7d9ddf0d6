"""The verdict names everything that is wrong, and only that."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from lab.chaos.oracle.arrivals import ArrivalJudgement, ArrivedMessage, ExpectedNotification
from lab.chaos.oracle.planner import Oracle, plan_notifications
from lab.chaos.oracle.stepped_verdict import (
    SteppedVerdict,
    compare_conservation,
    compare_dead_letters,
    compare_history,
    compare_ledger,
)
from services.scheduler.audit import Gap, GapKind, UnitDay
from shared.calendar import WorkingCalendar
from shared.messages.recipients import Recipient
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import ReminderMeasure
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.events import RecordDeadLettered
from shared.schemas.rules import ObligationKind

KEYS = {
    *("seed", "faults", "due", "delivered", "reoffered", "lost", "doubled", "unexpected"),
    *("poison", "dead_letters", "conservation_gaps", "seconds"),
}
OFFICE, UNIT, OWED = (
    identity.derive_id("office"),
    identity.derive_id("unit"),
    identity.derive_id("a"),
)
SLOT = datetime(2023, 7, 20, 1, tzinfo=UTC)
GOOD = SteppedVerdict(
    seed=1,
    faults={"poison": 1},
    arrivals=ArrivalJudgement(
        due=2, delivered=2, reoffered=1, withheld=1, lost=[], doubled=[], unexpected=[]
    ),
    poison=6,
    dead_letters=6,
    gaps=[],
    wrong=[],
    seconds=1.0,
)


def expected() -> dict[UUID, ExpectedNotification]:
    """A mail that must be sent, and an SMS to somebody who has no address at all."""
    dates = Dates(ObligationKind.DEADLINE, date(2023, 8, 31), date(2023, 6, 1))
    measure = ReminderMeasure("1.1", "任务", "内容", "要点")
    owed = ForecastObligation(OFFICE, UNIT, OWED, dates, lead=False, measure=measure)
    told = datetime(2023, 6, 1, 1, tzinfo=UTC)
    (reminder,) = Oracle(make_default_rule_book(), WorkingCalendar(), [owed], told).move_to(SLOT)
    reached = Recipient(identity.derive_id("c"), "liaison", "a@b.example", "", None, None)
    silent = Recipient(identity.derive_id("d"), "liaison", "", "", None, None)
    return {
        one.notification.notification_id: ExpectedNotification(one, reminder, "县水利局", SLOT)
        for one in plan_notifications(reminder, {UNIT: [reached, silent]})
        if one.notification.address or one.notification.channel == "sms"
    }


def day(**numbers: int) -> UnitDay:
    line = dict.fromkeys(UnitDay.__slots__[3:], 0)
    return UnitDay(OFFICE, UNIT, date(2023, 7, 20), **(line | {"reminders": 1} | numbers))


def test_a_kept_promise_has_no_complaints_and_exactly_these_figures() -> None:
    assert GOOD.list_problems() == []
    assert set(GOOD.as_json()) == KEYS


def test_each_thing_that_is_wrong_is_a_complaint() -> None:
    worse = replace(GOOD.arrivals, lost=["this one"], doubled=["that one"], unexpected=["no one"])
    found = replace(GOOD, arrivals=worse, gaps=["a gap"], wrong=["else"], dead_letters=5)
    assert [line.partition(":")[0] for line in found.list_problems()] == [
        *("lost", "doubled", "unexpected", "conservation", "wrong", "wrong"),
    ]


def test_the_line_must_hold_and_be_the_planners() -> None:
    wanted = expected().values()
    assert compare_conservation(wanted, [day(due=2, sent=1, suppressed=1)], []) == []
    assert len(compare_conservation(wanted, [day(due=2, sent=1)], [])) == 1
    assert len(compare_conservation(wanted, [day(due=2, sent=2)], [])) == 1
    assert len(compare_conservation(wanted, [day(due=2, sent=1, pending=1)], [])) == 1
    assert len(compare_conservation(wanted, [], [])) == 1
    assert len(compare_conservation([], [day(due=2, sent=1, suppressed=1)], [])) == 1
    gap = Gap(GapKind.NOT_FANNED_OUT, OFFICE, UNIT, OWED, None, SLOT, due=1, stored=0)
    (named,) = compare_conservation(wanted, [day(due=2, sent=1, suppressed=1)], [gap])
    assert str(OWED) in named


def test_the_history_must_be_the_planners_and_the_sinks() -> None:
    wanted = expected()
    mail, sms = wanted
    rows = [
        {
            "notification_id": str(name),
            "state": state,
            "reason": "",
            "body": "请及时办理",
            "address": "a@b.example",
            "refs": ["1.1"],
        }
        for name, state in ((mail, "sent"), (sms, "suppressed"))
    ]
    came = ArrivedMessage(
        name=f"<{mail}@cuiban.example>",
        channel="email",
        to="a@b.example",
        unit="县水利局",
        text="请及时办理 ",
        subject="",
        at=SLOT,
        received=SLOT,
        answered=True,
    )
    assert compare_history(wanted, [came], rows) == []
    for wrong in (
        compare_history(wanted, [came], rows[:1]),
        compare_history(wanted, [replace(came, text="别的")], rows),
        compare_history(wanted, [came], [rows[0] | {"state": "failed"}, rows[1]]),
        compare_history(wanted, [came], [rows[0] | {"refs": ["1.1", "1.2"]}, rows[1]]),
        compare_history(wanted, [came], [*rows, rows[0] | {"notification_id": str(UUID(int=3))}]),
    ):
        assert len(wrong) == 1


def test_the_ledger_must_say_done_of_what_was_reported_and_of_nothing_else() -> None:
    row = {"obligation_id": str(OWED), "status": "done", "unit": "县水利局", "ref": "1.1"}
    assert compare_ledger([OWED], [row]) == []
    assert len(compare_ledger([], [row])) == 1
    assert len(compare_ledger([OWED], [row | {"status": "open"}])) == 1


def test_dead_letters_must_be_the_poison_at_each_who_reads_it() -> None:
    poison = {b"poison 1": frozenset({"one", "other"})}

    def letter(consumer: str, key: bytes) -> RecordDeadLettered:
        return RecordDeadLettered(
            office_id=OFFICE,
            consumer=consumer,
            topic="t",
            partition=0,
            offset=1,
            reason="bad-value",
            detail="",
            record_key=b64encode(key).decode(),
            record_value=None,
        )

    both = [letter("one", b"poison 1"), letter("other", b"poison 1")]
    assert compare_dead_letters(poison, both) == []
    assert len(compare_dead_letters(poison, both[:1])) == 1
    assert len(compare_dead_letters(poison, [*both, letter("one", b"something good")])) == 1
