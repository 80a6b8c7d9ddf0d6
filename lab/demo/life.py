"""What units and office do about each obligation in the demo's months: pure, drawn from a seed.

When a unit reports stands in `lab.demo.script`. Around it, units accept what they owe, ask for
extensions and object, and the office decides, reviews reports, and returns some of them. Everyone
acts at the instants at which units report.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from lab.demo.script import (
    END,
    START,
    ZONE,
    Habit,
    ScriptedObligation,
    draw_reports,
    find_reporting_instant,
)
from shared.calendar import WorkingCalendar
from shared.planning.forecasting import TimedChange
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

_CALENDAR = WorkingCalendar()
_WEEK = timedelta(days=7)
_OBJECTS, _UPHELD = 0.04, 0.25
_ASKS, _GRANTED = 0.2, 0.67
_RETURNED = 0.15
"""Parts of the obligations: with an objection and of these upheld, with a late unit's request for
an extension and of these granted, and of the reports the returned ones."""
_ASKED_BEFORE = timedelta(days=20)
_LATER = (14, 28)  # days that an extension moves a date


class LifeStep(StrEnum):
    """What is done: by the unit or, from COMPLETE on, by the office."""

    HEAR = "hear"
    ACCEPT = "accept"
    SUBMIT = "submit"
    EXTEND = "extend"
    OBJECT = "object"
    COMPLETE = "complete"
    RETURN = "return"
    GRANT = "grant"
    REFUSE = "refuse"
    UPHOLD = "uphold"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class ScriptedStep:
    """A step at an instant (UTC). `due_on` is the date that an extension is about."""

    at: datetime
    obligation: ScriptedObligation
    step: LifeStep
    due_on: date | None = None


def draw_steps(
    seed: int, obligations: Iterable[ScriptedObligation], habit_of: Mapping[UUID, Habit]
) -> list[ScriptedStep]:
    """Draw every step between START and END, sorted by time."""
    obligations = list(obligations)
    reported_at = {
        report.obligation.obligation_id: report.at
        for report in draw_reports(seed, obligations, habit_of)
    }
    steps = [
        step
        for obligation in obligations
        for step in _draw_life(
            random.Random(f"{seed}/life/{obligation.obligation_id}"),  # noqa: S311 - a script
            obligation,
            habit_of[obligation.unit_id],
            reported_at.get(obligation.obligation_id),
        )
        if step.at < END
    ]
    return sorted(steps, key=lambda step: (step.at, str(step.obligation.obligation_id)))


def map_changes(steps: Iterable[ScriptedStep]) -> dict[UUID, list[TimedChange]]:
    """What the steps change for the planner, by obligation."""
    changes: dict[UUID, list[TimedChange]] = {}
    for step in steps:
        match step.step:
            case LifeStep.SUBMIT | LifeStep.COMPLETE | LifeStep.UPHOLD | LifeStep.HEAR:
                change = TimedChange(step.at, owed=False)
            case LifeStep.RETURN:
                change = TimedChange(step.at, owed=True)
            case LifeStep.GRANT:
                change = TimedChange(step.at, due_on=step.due_on)
            case _:
                continue
        changes.setdefault(step.obligation.obligation_id, []).append(change)
    return changes


_LEADS_TO = {
    LifeStep.HEAR: ObligationStatus.DONE,
    LifeStep.ACCEPT: ObligationStatus.ACCEPTED,
    LifeStep.SUBMIT: ObligationStatus.SUBMITTED,
    LifeStep.COMPLETE: ObligationStatus.DONE,
    LifeStep.RETURN: ObligationStatus.RETURNED,
    LifeStep.UPHOLD: ObligationStatus.WITHDRAWN,
}
"""The status after a step. After the others it is what it was."""


def map_statuses(steps: Iterable[ScriptedStep]) -> dict[UUID, ObligationStatus]:
    """The status of each obligation after its steps, which are in order of time."""
    return {
        step.obligation.obligation_id: _LEADS_TO[step.step]
        for step in steps
        if step.step in _LEADS_TO
    }


def _draw_life(
    draw: random.Random, obligation: ScriptedObligation, habit: Habit, reported_at: datetime | None
) -> list[ScriptedStep]:
    """The steps of one obligation in order, no two at the same instant."""
    if obligation.kind is ObligationKind.HEARING:
        return [ScriptedStep(reported_at, obligation, LifeStep.HEAR)] if reported_at else []
    if habit is Habit.SILENT:
        return []
    before = _draw_beginning(draw, obligation, habit)
    if before and before[-1].step is LifeStep.UPHOLD:
        return before
    if reported_at is None:
        return before
    while before and before[-1].at >= reported_at:
        before.pop()
    if before and before[-1].step in {
        LifeStep.OBJECT,
        LifeStep.EXTEND,
    }:  # reported before the decision
        before.pop()
    return before + _draw_report(draw, obligation, reported_at)


def _draw_beginning(
    draw: random.Random, obligation: ScriptedObligation, habit: Habit
) -> list[ScriptedStep]:
    """What happens before a report: acceptance, an objection or a request for an extension."""
    accepted_at = find_reporting_instant(START + _WEEK * draw.randint(0, 2))
    steps = [ScriptedStep(accepted_at, obligation, LifeStep.ACCEPT)]
    if draw.random() < _OBJECTS:
        raised_at = find_reporting_instant(accepted_at)
        decision = LifeStep.UPHOLD if draw.random() < _UPHELD else LifeStep.REJECT
        return [
            *steps,
            ScriptedStep(raised_at, obligation, LifeStep.OBJECT),
            ScriptedStep(find_reporting_instant(raised_at), obligation, decision),
        ]
    if obligation.due_on and habit is Habit.LATE and draw.random() < _ASKS:
        due = datetime.combine(obligation.due_on, datetime.min.time(), tzinfo=ZONE)
        asked_at = find_reporting_instant(due - _ASKED_BEFORE)
        day = _CALENDAR.roll_backward(obligation.due_on + timedelta(days=draw.randint(*_LATER)))
        decision = LifeStep.GRANT if draw.random() < _GRANTED else LifeStep.REFUSE
        decided_at = find_reporting_instant(asked_at)
        if accepted_at < asked_at and decided_at < due.astimezone(UTC):
            steps += [
                ScriptedStep(asked_at, obligation, LifeStep.EXTEND, day),
                ScriptedStep(decided_at, obligation, decision, day),
            ]
    return steps


def _draw_report(
    draw: random.Random, obligation: ScriptedObligation, reported_at: datetime
) -> list[ScriptedStep]:
    """A report and its review. What is returned is reported again and then completed."""
    reviewed_at = find_reporting_instant(reported_at)
    steps = [ScriptedStep(reported_at, obligation, LifeStep.SUBMIT)]
    if draw.random() < _RETURNED:
        steps.append(ScriptedStep(reviewed_at, obligation, LifeStep.RETURN))
        again_at = find_reporting_instant(find_reporting_instant(reviewed_at))
        steps.append(ScriptedStep(again_at, obligation, LifeStep.SUBMIT))
        reviewed_at = find_reporting_instant(again_at)
    steps.append(ScriptedStep(reviewed_at, obligation, LifeStep.COMPLETE))
    return steps
