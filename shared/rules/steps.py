"""Who hears of an occurrence: the steps of a rule, and what ends them. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from shared.rules.book import Rule, RuleBook, Step, StepEnd
from shared.rules.occurrences import Occurrence
from shared.rules.selecting import LEAD_UNITS, OFFICE_UNITS, Traits, list_asked
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, Post

_S = ObligationStatus
_ENDED = {
    StepEnd.ACCEPTED: frozenset(_S) - {_S.ASSIGNED},
    StepEnd.PROGRESS: frozenset({_S.IN_PROGRESS, _S.SUBMITTED, _S.DONE}),
    StepEnd.SUBMITTED: frozenset({_S.SUBMITTED, _S.DONE}),
    StepEnd.DONE: frozenset({_S.DONE}),
}
"""In which statuses a step is ended. What was returned is accepted, and asks for progress again."""


@dataclass(frozen=True, slots=True)
class Hearer:
    """A post that a rule tells of an occurrence.

    Attributes:
        audience: the post.
        of: whose post it is, as the rule says.
        to_unit: the unit whose post it is; None: the unit that owes the obligation.
    """

    audience: Audience
    of: Post = Post.UNIT
    to_unit: UUID | None = None


def list_hearers(
    rule: Rule, occurrence: Occurrence, traits: Traits | None = None
) -> tuple[Hearer, ...]:
    """Who hears of an occurrence, in the rule's order, by the obligation's traits at the slot.

    Without traits no step is ended, and nobody of another unit is known.
    """
    return tuple(
        Hearer(step.audience, whose, to_unit)
        for step in _list_steps(rule, occurrence, traits)
        for whose in (get_post(step),)
        for to_unit in _list_units(whose, traits)
    )


def list_without_unit(
    rule: Rule, occurrence: Occurrence, traits: Traits
) -> tuple[tuple[Post, Audience], ...]:
    """The posts of an occurrence's steps that no unit has: whose they are, and which."""
    return tuple(
        (get_post(step), step.audience)
        for step in _list_steps(rule, occurrence, traits)
        if not _list_units(get_post(step), traits)
    )


def get_post(step: Step) -> Post:
    """Whose post a step tells."""
    return step.of or Post.UNIT


def _list_units(whose: Post, traits: Traits | None) -> tuple[UUID | None, ...]:
    """The units whose posts are told; None stands for the unit that owes the obligation."""
    match whose:
        case Post.UNIT:
            return (None,)
        case Post.LEAD_UNIT:
            return traits.lead_units if traits is not None else ()
        case Post.OFFICE:
            return traits.office_units if traits is not None else ()
        case _:
            assert_never(whose)


def choose_lead_units(
    unit_id: UUID, *, lead: bool, leading: Iterable[UUID]
) -> tuple[UUID | None, ...]:
    """The trait `lead_units` of a unit's obligation.

    Args:
        unit_id: the unit that owes it.
        lead: whether it leads.
        leading: the units that owe an obligation of the same measure and lead.
    """
    units = sorted(set(leading))
    return (None,) if lead or unit_id in units else tuple(units)


def choose_office_units(unit_id: UUID, own_unit: UUID | None) -> tuple[UUID | None, ...]:
    """The trait `office_units` of a unit's obligation; `own_unit` is that of the settings."""
    if own_unit is None:
        return ()
    return (None if own_unit == unit_id else own_unit,)


def list_inhibited(
    rule: Rule, occurrence: Occurrence, traits: Traits | None = None
) -> frozenset[Audience]:
    """Whom a rule leaves out of an obligation's slot, since it tells a higher post of the unit."""
    return frozenset(
        audience
        for step in _list_steps(rule, occurrence, traits)
        if step.inhibits and get_post(step) is Post.UNIT
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
    steps = [step for rule in book.rules for step in rule.who]
    ends = {step.ends_with for step in steps} - {None, StepEnd.DONE}
    asked = {"status"} if ends else set[str]()
    if StepEnd.PROGRESS in ends:
        asked.add("progressed_at")
    if any(step.of is Post.LEAD_UNIT for step in steps):
        asked.add(LEAD_UNITS)
    if any(step.of is Post.OFFICE for step in steps):
        asked.add(OFFICE_UNITS)
    return frozenset(asked)


def list_asked_by(book: RuleBook) -> frozenset[str]:
    """The fields of `Traits` that conditions and steps of some rule of a book ask for."""
    by_conditions = (list_asked(rule.select) for rule in book.rules)
    return list_asked_by_steps(book).union(*by_conditions)
