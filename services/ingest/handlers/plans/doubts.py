"""What is doubtful about the measures of a plan: points to settle, and names that nobody knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.ingest.expansion import Decision, Directory, Proposal, propose_matches, resolve
from services.ingest.lifecycle import Duty, ObligationDraft, derive_obligations
from services.ingest.periods import Period
from services.ingest.tables import AnyRow

_MOST_LOOKED_UP = 50
"""Near matches are looked up for so many names; a plan with more has another problem."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that the directory does not know, where it stands, and what looks near."""

    name: str
    refs: tuple[str, ...]
    near: tuple[Proposal, ...]


def duty(row: AnyRow, year: int | None) -> Duty:
    """A stored measure, as the lifecycle reads it."""
    recurrence = row.recurrence or {}
    return Duty(
        text=row.text,
        due=tuple(date.fromisoformat(day) for day in row.due),
        continuous=row.continuous,
        per=Period(recurrence["per"]) if recurrence else None,
        at_least=recurrence.get("at_least", 1),
        year=year,
    )


def owed(row: AnyRow, year: int | None) -> tuple[ObligationDraft, ...]:
    """The dates of a measure, each by the period name that its obligations carry."""
    made = derive_obligations(duty(row, year))
    return tuple(replace(one, period=row.periods.get(one.period, one.period)) for one in made)


def open_codes(row: AnyRow, made: Sequence[ObligationDraft]) -> tuple[str, ...]:
    """Why a measure can't be published: its unsettled codes, no date, or nobody responsible."""
    if row.settlement == "drop":
        return ()
    codes = [code for code in row.codes if code not in row.settled]
    if not made and "no-deadline" not in codes:
        codes.append("no-deadline")
    if not row.names and not row.lead:
        codes.append("no-unit")
    return tuple(codes)


def decided(rows: Sequence[AnyRow]) -> dict[str, Decision]:
    """Stored decisions about names, as the expansion reads them."""
    return {row.name: Decision(tuple(map(UUID, row.unit_ids))) for row in rows}


def unknown(
    rows: Sequence[AnyRow], known: Directory, decisions: Mapping[str, Decision]
) -> tuple[UnknownName, ...]:
    """The names in measures that nobody can resolve, in the document's order."""
    refs: dict[str, list[str]] = {}
    for row in rows:
        if row.settlement != "drop":
            for name in dict.fromkeys((*row.names, *row.lead)):
                refs.setdefault(name, []).append(row.ref)
    lost = [name for name in refs if resolve(name, known, decisions) is None]
    return tuple(
        UnknownName(
            name, tuple(refs[name]), propose_matches(name, known) if i < _MOST_LOOKED_UP else ()
        )
        for i, name in enumerate(lost)
    )
