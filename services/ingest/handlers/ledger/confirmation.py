"""The confirmation of a revision in progress, and what it has changed so far."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changed_measures import RevisedMeasure
from services.ingest.store.obligations import OwedMeasure
from shared.rules.occurrences import Dates


@dataclass(slots=True)
class Counts:
    """How many obligations a revision changes, and of how many units.

    `held` counts new obligations that are held back because their date has passed.
    """

    obligations_added: int = 0
    obligations_amended: int = 0
    obligations_withdrawn: int = 0
    units: int = 0
    held: int = 0


@dataclass(slots=True)
class Confirmation:
    """A confirmation in progress.

    Attributes:
        told_on: the day from which the units owe what is new or moved.
        retitled: the plan's measures, if it has another title from now on.
        published: the measures whose words and title an event carries.
        reminded: of each unit what is new or changed and reminded of, counted by what its reminders
            depend on.
    """

    act: Act
    plan_id: UUID
    revision_id: UUID
    title: str
    today: date
    told_on: date
    include_past: bool
    measures: Sequence[RevisedMeasure]
    retitled: Sequence[OwedMeasure] = ()
    counts: Counts = field(default_factory=Counts)
    published: set[UUID] = field(default_factory=set)
    reminded: defaultdict[UUID, Counter[Dates]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
