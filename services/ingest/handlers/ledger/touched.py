"""A measure that a revision changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.ingest.lifecycle import ObligationDraft
from services.ingest.tables import AnyRow


@dataclass(frozen=True, slots=True)
class Touched:
    """A measure that changes, as the plan has it and as it will be; None is not there.

    Attributes:
        periods: maps a draft's period to the period that is stored on existing obligations.
        before, after: the drafts of its dates, by that stored period.
        units, lead: the units that will owe it, and those that lead.
    """

    old: AnyRow | None
    new: AnyRow | None
    periods: Mapping[str, str]
    before: Mapping[str, ObligationDraft]
    after: Mapping[str, ObligationDraft]
    units: frozenset[UUID]
    lead: frozenset[UUID]

    @property
    def only_words(self) -> bool:
        """Whether who owes what by when stays as it is."""
        if self.old is None or self.new is None or self.before != self.after:
            return False
        return all(getattr(self.old, name) == getattr(self.new, name) for name in ("names", "lead"))
