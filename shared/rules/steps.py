"""Who hears of an occurrence: the steps of a rule, and what ends them. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from shared.rules.book import Post, Rule, RuleBook, Step, StepEnd
from shared.rules.occurrences import Occurrence
from shared.rules.selecting import Traits, list_asked
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience

_S = ObligationStatus
_ENDED = {
    StepEnd.ACCEPTED: frozenset(_S) - {_S.ASSIGNED},
    StepEnd.PROGRESS: frozenset({_S.IN_PROGRESS, _S.SUBMITTED, _S.DONE}),
    StepEnd.SUBMITTED: frozenset({_S.SUBMITTED, _S.DONE}),
    StepEnd.DONE: frozenset({_S.DONE}),
}
"""In which statuses a step is ended. What was returned is accepted, and asks for progress again."""


def list_audiences(
    rule: Rule, occurrence: Occurrence, traits: Traits | None = None
) -> tuple[Audience, ...]:
    """The audiences of an occurrence, in the rule's order, by the obligation's traits at the slot.

    Without traits no step is ended.
    """
    return tuple(step.audience for step in _list_steps(rule, occurrence, traits))


def list_inhibited(
    rule: Rule, occurrence: Occurrence, traits: Traits | None = None
) -> frozenset[Audience]:
    """Whom a rule leaves out of an obligation's slot, since it tells a higher post of the unit."""
    return frozenset(
        audience
        for step in _list_steps(rule, occurrence, traits)
        if step.inhibits and step.of in {None, Post.UNIT}
        for audience in step.inhibits
    )


def _list_steps(rule: Rule, occurrence: Occurrence, traits: Traits | None) -> Iterator[Step]:
    """The steps that an occurrence has reached and that are not ended."""
    for step in rule.who:
        if occurrence.overdue >= step.from_overdue and not (
            traits is not None and is_ended(step, traits, occurrence.slot)
        ):
            yield step


def is_ended(step: Step, traits: Traits, slot: datetime) -> bool:
    """Whether what ends a step has happened before a slot."""
    match step.ends_with:
        case None:
            return False
        case StepEnd.PROGRESS if step.within_days is not None and traits.status is _S.IN_PROGRESS:
            newest = traits.progressed_at
            return newest is not None and slot - newest <= timedelta(days=step.within_days)
        case StepEnd.PROGRESS | StepEnd.ACCEPTED | StepEnd.SUBMITTED | StepEnd.DONE:
            return traits.status in _ENDED[step.ends_with]
        case _:
            assert_never(step.ends_with)


def list_asked_by_steps(book: RuleBook) -> frozenset[str]:
    """The fields of `Traits` that the steps of some rule of a book ask for."""
    ends = {step.ends_with for rule in book.rules for step in rule.who} - {None, StepEnd.DONE}
    if StepEnd.PROGRESS in ends:
        return frozenset({"status", "progressed_at"})
    return frozenset({"status"}) if ends else frozenset()


def list_asked_by(book: RuleBook) -> frozenset[str]:
    """The fields of `Traits` that conditions and steps of some rule of a book ask for."""
    by_conditions = (list_asked(rule.select) for rule in book.rules)
    return list_asked_by_steps(book).union(*by_conditions)
