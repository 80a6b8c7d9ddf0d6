"""Why a rule's step, or an obligation's status, lets a post not hear. Pure."""

from shared.planning.possible import LedgerState
from shared.rules.book import Rule
from shared.rules.occurrences import Occurrence
from shared.rules.steps import get_post, list_without_unit
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, Post
from shared.schemas.why_not import WhyNot

Whom = tuple[Post, Audience]
"""A post that a rule names, and whose it is."""


def find_step_reason(rule: Rule, occurrence: Occurrence, whom: Whom, state: LedgerState) -> WhyNot:
    """Why no step of a rule, with the steps that hold, tells a post."""
    steps = [step for step in rule.who if (get_post(step), step.audience) == whom]
    if not steps:
        return WhyNot.STEPS_KEPT
    if occurrence.overdue < min(step.from_overdue for step in steps):
        return WhyNot.STEP_NOT_BEGUN
    traits = state.version.dates.traits
    if traits is not None and whom in list_without_unit(rule, occurrence, traits):
        return WhyNot.NO_UNIT
    return WhyNot.STEP_ENDED


def find_status_reason(state: LedgerState) -> WhyNot:
    """Why an obligation that is not owed in a state is not reminded of."""
    if state.withdrawn or state.status is ObligationStatus.WITHDRAWN:
        return WhyNot.WITHDRAWN
    if state.status is ObligationStatus.DONE:
        return WhyNot.DONE
    return WhyNot.SUBMITTED if state.status is ObligationStatus.SUBMITTED else WhyNot.PAUSED
