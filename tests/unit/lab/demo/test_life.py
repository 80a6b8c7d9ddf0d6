"""The demo's steps: reproducible, in an order that the ledger allows, and of every sort."""

from collections import Counter, defaultdict
from datetime import date
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.demo.life import LifeStep, ScriptedStep, draw_steps, map_changes, map_statuses
from lab.demo.script import END, START, Habit, ScriptedObligation, draw_habits
from services.ingest.domain.transitions import TRANSITIONS
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import ObligationKind

ROOT = UUID(int=9)
UNITS = [uuid5(ROOT, f"unit {n}") for n in range(40)]
OWED = [
    ScriptedObligation(
        uuid5(ROOT, f"{n}"),
        UNITS[n % 40],
        ObligationKind.HEARING if n % 7 == 0 else ObligationKind.DEADLINE,
        due,
    )
    for n, due in enumerate([date(2023, 8, 31), date(2023, 12, 31), None] * 200)
]
DECIDES = {LifeStep.GRANT: LifeStep.EXTEND, LifeStep.REFUSE: LifeStep.EXTEND}
DECIDES |= {LifeStep.UPHOLD: LifeStep.OBJECT, LifeStep.REJECT: LifeStep.OBJECT}


def by_obligation(steps: list[ScriptedStep]) -> dict[UUID, list[ScriptedStep]]:
    lives: dict[UUID, list[ScriptedStep]] = defaultdict(list)
    for step in steps:
        lives[step.obligation.obligation_id].append(step)
    return lives


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_the_order_of_the_obligations_changes_nothing(seed: int) -> None:
    habit_of = draw_habits(seed, UNITS)
    some = OWED[:150]
    shuffled = sorted(some, key=lambda each: str(each.obligation_id)[::-1])
    assert draw_steps(seed, some, habit_of) == draw_steps(seed, shuffled, habit_of)


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_the_ledger_allows_every_step(seed: int) -> None:
    steps = draw_steps(seed, OWED[:150], draw_habits(seed, UNITS))
    assert all(START < step.at < END for step in steps)
    statuses = map_statuses(steps)
    for obligation_id, life in by_obligation(steps).items():
        times = [step.at for step in life]
        assert times == sorted(set(times))
        status, waiting = ObligationStatus.ASSIGNED, None
        for step in life:
            if step.step in DECIDES:
                assert waiting is DECIDES[step.step]
                waiting = None
                if step.step is LifeStep.UPHOLD:
                    status = ObligationStatus.WITHDRAWN
            elif step.step is LifeStep.HEAR:
                status = ObligationStatus.DONE
            else:
                assert waiting is None, "a step while a decision is awaited"
                status = TRANSITIONS[status][Action(step.step.value)]
                waiting = step.step if step.step in DECIDES.values() else None
        assert statuses[obligation_id] is status


def test_every_step_occurs_and_silent_units_do_nothing() -> None:
    habit_of = draw_habits(2023, UNITS)
    steps = draw_steps(2023, OWED, habit_of)
    assert set(Counter(step.step for step in steps)) == set(LifeStep)
    silent = {unit for unit, habit in habit_of.items() if habit is Habit.SILENT}
    assert silent
    assert not [step for step in steps if step.obligation.unit_id in silent]


def test_a_submitted_report_pauses_and_a_return_resumes() -> None:
    steps = draw_steps(2023, OWED, draw_habits(2023, UNITS))
    changes = map_changes(steps)
    returned = next(step for step in steps if step.step is LifeStep.RETURN)
    owed = [change.owed for change in changes[returned.obligation.obligation_id]]
    assert owed[:3] == [False, True, False]
    granted = next(step for step in steps if step.step is LifeStep.GRANT)
    days = [change.due_on for change in changes[granted.obligation.obligation_id]]
    assert granted.due_on in days
    assert granted.obligation.due_on
    assert granted.due_on
    assert granted.due_on > granted.obligation.due_on
