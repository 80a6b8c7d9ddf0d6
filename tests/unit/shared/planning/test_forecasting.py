from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.forecasting import ForecastObligation, TimedChange, forecast, list_assigned
from shared.planning.keeping import PublishedBook
from shared.planning.reminding import ReminderMeasure
from shared.rules.book import Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.events import ObligationsAssigned
from shared.schemas.facts import MeasureFacts, ObligationFacts
from shared.schemas.mutes import Mute
from shared.schemas.rules import Audience, ObligationKind, ReminderKind

OFFICE, UNIT = identity.derive_id("office"), identity.derive_id("unit")
TOLD = datetime(2023, 6, 1, 1, tzinfo=UTC)
END = datetime(2024, 1, 31, 15, tzinfo=UTC)


def one(
    name: str, due_on: date | None, kind: ObligationKind = ObligationKind.DEADLINE, unit=UNIT
) -> ForecastObligation:
    return ForecastObligation(
        OFFICE,
        unit,
        identity.derive_id(name),
        Dates(kind, due_on, date(2023, 6, 1)),
        lead=False,
        measure=ReminderMeasure("1.1", "任务", "内容", "要点"),
        measure_id=identity.derive_id("m"),
    )


def said(*obligations: ForecastObligation, changes=None, until: datetime = END, mutes=()):
    return forecast(
        make_default_rule_book(),
        WorkingCalendar(),
        obligations,
        changes=changes,
        planned_at=TOLD,
        until=until,
        mutes=mutes,
    )


def test_a_deadline_met_on_its_day_is_heard_of_six_times() -> None:
    done = TimedChange(datetime(2023, 8, 31, 8, tzinfo=UTC), owed=False)
    found = said(one("a", date(2023, 8, 31)), changes={identity.derive_id("a"): [done]})
    assert [r.slot.date().isoformat() for r in found] == [
        "2023-07-20",
        "2023-08-10",
        "2023-08-22",
        "2023-08-28",
        "2023-08-30",
        "2023-08-31",
    ]
    assert {r.items[0].kind for r in found} == {ReminderKind.DEADLINE}


def test_a_hearing_is_heard_of_four_times_and_then_as_overdue() -> None:
    found = said(one("h", date(2023, 12, 31), ObligationKind.HEARING))
    kinds = Counter(r.items[0].kind for r in found if r.audience is Audience.LIAISON)
    assert kinds[ReminderKind.HEARING] == 4
    assert kinds[ReminderKind.HEARING_OVERDUE] == 7
    assert {r.audience for r in found} == set(Audience)


def test_what_a_mute_silences_is_left_out_and_what_comes_after_it_is_not() -> None:
    muted = Mute(
        mute_id=identity.derive_id("mute"),
        measure_ids=(identity.derive_id("m"),),
        since=datetime(2023, 8, 1, tzinfo=UTC),
        until=datetime(2023, 8, 28, tzinfo=UTC),
        reason="交接",
        muted_at=TOLD,
        muted_by="王敏",
    )
    days = [r.slot.date().isoformat() for r in said(one("a", date(2023, 8, 31)), mutes=[muted])]
    assert days[:3] == ["2023-07-20", "2023-08-28", "2023-08-30"]


def test_what_ends_at_a_slot_does_not_fire_there() -> None:
    slot = datetime(2023, 7, 20, 1, tzinfo=UTC)
    assert (
        said(
            one("a", date(2023, 8, 31)),
            changes={identity.derive_id("a"): [TimedChange(slot, owed=False)]},
        )
        == []
    )


def test_what_is_returned_fires_again_and_a_moved_date_has_slots_of_its_own() -> None:
    at = [datetime(2023, month, day, 8, 30, tzinfo=UTC) for month, day in ((7, 21), (8, 11))]
    paused = [TimedChange(at[0], owed=False), TimedChange(at[1], owed=True)]
    moved = [TimedChange(at[1], due_on=date(2023, 9, 28))]
    found = said(one("a", date(2023, 8, 31)), changes={identity.derive_id("a"): paused + moved})
    later = said(one("a", date(2023, 9, 28)))
    assert [r.slot.date().isoformat() for r in found[:1]] == ["2023-07-20"]
    announced = datetime(2023, 8, 14, 1, tzinfo=UTC)  # the next working day
    assert [r.slot for r in found[1:]] == [announced, *(r.slot for r in later if r.slot > at[1])]


def test_a_change_after_the_last_slot_of_others_still_counts() -> None:
    back = datetime(2023, 8, 25, 8, 30, tzinfo=UTC)
    paused = [TimedChange(TOLD, owed=False), TimedChange(back, owed=True)]
    found = said(one("a", date(2023, 8, 31)), changes={identity.derive_id("a"): paused})
    assert [r.slot.date().isoformat() for r in found if r.slot.month == 8] == [
        "2023-08-28",
        "2023-08-30",
        "2023-08-31",
    ]


def test_what_continues_without_a_date_is_never_heard_of() -> None:
    assert said(one("a", None)) == []


def test_an_event_is_turned_into_what_is_owed() -> None:
    measure, obligation = identity.derive_id("m"), identity.derive_id("a")
    event = ObligationsAssigned(
        office_id=OFFICE,
        unit_id=UNIT,
        plan_id=OFFICE,
        plan_title="要点",
        measures=(MeasureFacts(measure_id=measure, ref="1.1", task_name="任务", text="内容"),),
        obligations=(
            ObligationFacts(
                obligation_id=obligation,
                measure_id=measure,
                kind=ObligationKind.DEADLINE,
                period="2023",
                due_on=date(2023, 8, 31),
                known_on=date(2023, 6, 1),
            ),
        ),
    )
    assert list_assigned(event) == [one("a", date(2023, 8, 31))]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.dates(date(2023, 1, 1), date(2024, 3, 1)), st.sampled_from(ObligationKind)),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 3),
)
def test_what_is_said_of_many_is_what_is_said_of_each(dates, units: int) -> None:
    """Merging into digests loses no item and invents none."""
    every = [
        one(f"{number}", due_on, kind, identity.derive_id(f"unit{number % units}"))
        for number, (due_on, kind) in enumerate(dates)
    ]

    def heard(found):
        return Counter(
            (r.unit_id, r.audience, r.slot, i.obligation_id, i.kind, i.overdue)
            for r in found
            for i in r.items
        )

    together = said(*every)
    assert heard(together) == sum((heard(said(single)) for single in every), Counter())
    assert len({r.reminder_id for r in together}) == len(together)
    assert all(TOLD < r.slot <= END for r in together)
    assert all(a.slot <= b.slot for a, b in pairwise(together))


def test_a_draft_changes_no_escalation_that_has_begun() -> None:
    """Overdue since 1 July by a book for the liaison; the draft of 1 August tells the head."""
    live = make_default_rule_book()
    rule = live.rules[0]
    draft = live.model_copy(
        update={
            "version": live.version + 1,
            "rules": (rule.model_copy(update={"who": (Step(audience=Audience.HEAD),)}),),
        }
    )
    drafted_at = datetime(2023, 8, 1, tzinfo=UTC)
    begun = replace(one("a", date(2023, 6, 30)), owed_since=TOLD)
    later = replace(one("b", date(2023, 8, 10)), owed_since=TOLD)
    moved = TimedChange(datetime(2023, 9, 1, tzinfo=UTC), due_on=date(2023, 9, 15))
    found = forecast(
        draft,
        WorkingCalendar(),
        [begun, later],
        changes={begun.obligation_id: [moved]},
        planned_at=drafted_at,
        until=datetime(2023, 10, 1, tzinfo=UTC),
        published=[PublishedBook(TOLD, live), PublishedBook(drafted_at, draft)],
    )
    heard = {
        (item.obligation_id, item.overdue > 0, reminder.slot < moved.at): reminder.audience
        for reminder in found
        for item in reminder.items
        if reminder.audience is not Audience.DEPUTY
    }
    a, b = begun.obligation_id, later.obligation_id
    assert Audience.LIAISON in {
        r.audience for r in found if r.slot < moved.at and r.items[0].obligation_id == a
    }
    assert heard[a, False, False] is heard[a, True, False] is Audience.HEAD
    assert heard[b, True, True] is Audience.HEAD
