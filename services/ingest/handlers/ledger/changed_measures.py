"""The measures that a revision changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.ingest.domain.lifecycle import ObligationDraft
from services.ingest.store.rows import StoredMeasure
from shared.schemas.facts import MeasureFacts

_TOLD = ("ref", "task_name", "text", "category", "target")


@dataclass(frozen=True, slots=True)
class ChangedMeasure:
    """A measure before and after a revision; None where it does not exist.

    Attributes:
        periods: maps a draft's period to the period that is stored on existing obligations.
        before, after: the drafts of its dates, by that stored period.
        units, lead: the units that will owe it, and those that will lead.
    """

    old: StoredMeasure | None
    new: StoredMeasure | None
    periods: Mapping[str, str]
    before: Mapping[str, ObligationDraft]
    after: Mapping[str, ObligationDraft]
    units: frozenset[UUID]
    lead: frozenset[UUID]

    @property
    def only_words(self) -> bool:
        """Whether the dates and the responsible units stay the same."""
        if self.old is None or self.new is None or self.before != self.after:
            return False
        if self.old.removed_at is not None:  # it comes back, and is owed again
            return False
        return self.old.names == self.new.names and self.old.lead == self.new.lead

    def is_kept_by(self, unit_id: UUID, period: str, *, by_hand: bool) -> bool:
        """Whether a unit goes on owing what it owes for a period.

        `by_hand`: a person assigned it, so that only the end of the period takes it away.
        """
        return period in self.after and (unit_id in self.units or by_hand)


@dataclass(frozen=True, slots=True)
class RevisedMeasure:
    """A changed measure with the id and the place in the ledger that it has in the plan.

    `drafts` holds its dates by the period of their obligations, each with a number.
    """

    measure_id: UUID
    ordinal: int
    change: ChangedMeasure
    facts: MeasureFacts
    drafts: Mapping[str, tuple[int, ObligationDraft]]

    @property
    def is_reworded(self) -> bool:
        """Whether reminders use other words for it than before, or what rules ask of it changed."""
        old, new = self.change.old, self.change.new
        if old is None or new is None or old.published_at is None:
            return False
        return any(getattr(old, name) != getattr(new, name) for name in _TOLD)
