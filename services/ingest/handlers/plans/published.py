"""What a publication came to, or would: what is new, what is held back, who hears when."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.ingest.handlers.plans.announcing import FirstHeard
from services.ingest.handlers.plans.doubts import UnknownName
from services.ingest.handlers.units.reachability import UnreachablePost


@dataclass(frozen=True, slots=True)
class PastDate:
    """A date of a measure that had passed at the publication, and for how many units."""

    ref: str
    due_on: date
    units: int


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What was not published and needs a decision."""

    open_measures: tuple[str, ...]
    unknown_names: tuple[UnknownName, ...]
    past: tuple[PastDate, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """Which plan, how many obligations of how many units are new, and what is held back.

    `heard` counts those for which hearings count that were recorded before. `applied` is whether
    it was published, or only shown.
    """

    plan_id: UUID
    title: str | None
    year: int | None
    document_name: str
    applied: bool
    obligations: int
    units: int
    heard: int
    held: HeldBack
    first_heard: tuple[FirstHeard, ...]
    unreachable: tuple[UnreachablePost, ...]
