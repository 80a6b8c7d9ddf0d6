"""What is doubtful about the measures of a plan: codes to settle, and unknown names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.ingest.domain.expansion import Decision, Directory, Proposal, propose_matches, resolve
from services.ingest.domain.lifecycle import Duty, ObligationDraft, derive_obligations
from services.ingest.domain.periods import Period
from services.ingest.store.rows import StoredMeasure, StoredNameDecision, StoredPlan

_MOST_LOOKED_UP = 50
"""How many unknown names get proposals; with more of them the plan has another problem."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that the directory does not know, the measures with it, and similar names."""

    name: str
    refs: tuple[str, ...]
    near: tuple[Proposal, ...]


def to_duty(measure: StoredMeasure, year: int | None) -> Duty:
    """A stored measure, as the lifecycle takes it."""
    recurrence = measure.recurrence or {}
    return Duty(
        text=measure.text,
        due=tuple(date.fromisoformat(day) for day in measure.due),
        continuous=measure.continuous,
        per=Period(recurrence["per"]) if recurrence else None,
        at_least=recurrence.get("at_least", 1),
        year=year,
    )


def list_drafts(measure: StoredMeasure, year: int | None) -> tuple[ObligationDraft, ...]:
    """The dates of a measure, each with the period that its obligations carry."""
    periods = measure.periods
    return tuple(
        replace(draft, period=periods.get(draft.period, draft.period))
        for draft in derive_obligations(to_duty(measure, year))
    )


def list_plan_doubts(plan: StoredPlan) -> tuple[str, ...]:
    """What was not recognised about a document as a whole, and nobody has entered since."""
    missing = {"no-title": plan.title, "no-year": plan.year}
    return tuple(code for code, value in missing.items() if not value)


def list_names(measure: StoredMeasure) -> Iterable[str]:
    """The names of those who are responsible for a measure; a name may come twice."""
    return (*measure.names, *measure.lead)


def list_open_codes(measure: StoredMeasure, dates: Sequence[ObligationDraft]) -> tuple[str, ...]:
    """Why a measure with these dates can't be published; empty when it can.

    These are its unsettled codes, and codes for a missing date and a missing unit.
    """
    if measure.is_dropped:
        return ()
    codes = [code for code in measure.codes if code not in measure.settled]
    if not dates and "no-deadline" not in codes:
        codes.append("no-deadline")
    if not measure.names and not measure.lead:
        codes.append("no-unit")
    return tuple(codes)


def to_decisions(stored: Iterable[StoredNameDecision]) -> dict[str, Decision]:
    """Stored decisions about names, as the expansion takes them."""
    return {decision.name: Decision(tuple(map(UUID, decision.unit_ids))) for decision in stored}


def list_unknown_names(
    measures: Iterable[StoredMeasure], known: Directory, decisions: Mapping[str, Decision]
) -> tuple[UnknownName, ...]:
    """The names in measures that do not resolve, in the document's order."""
    refs: dict[str, list[str]] = {}
    for measure in measures:
        if not measure.is_dropped:
            for name in dict.fromkeys(list_names(measure)):
                refs.setdefault(name, []).append(measure.ref)
    unknown = [name for name in refs if resolve(name, known, decisions) is None]
    return tuple(
        UnknownName(
            name, tuple(refs[name]), propose_matches(name, known) if i < _MOST_LOOKED_UP else ()
        )
        for i, name in enumerate(unknown)
    )
