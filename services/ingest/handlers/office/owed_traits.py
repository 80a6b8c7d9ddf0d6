"""What rules ask of an obligation, from rows of the ledger and the directory. No I/O."""

from dataclasses import dataclass, replace

from services.ingest.handlers.office.measure_facts import find_target_number
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.open_obligations import OpenObligation
from shared.rules.selecting import Traits, compute_share
from shared.schemas.facts import UnitTraits


@dataclass(frozen=True, slots=True)
class OwedTraits:
    """What is taken for all times of an obligation: traits, and the target of its measure."""

    traits: Traits
    target: float | None

    def set_progress(self, state: CurrentState | PastState | OpenObligation) -> Traits:
        """The traits in a state of the obligation."""
        return replace(
            self.traits,
            status=state.status,
            reached=compute_share(state.reported, self.target),
            progressed_at=state.progressed_at,
        )


def describe_owed(owed: CurrentState | OpenObligation) -> OwedTraits:
    """What rules ask of an obligation, beside its unit and its progress."""
    traits = Traits(lead=owed.lead, ref=owed.ref, category=owed.category or "")
    return OwedTraits(traits, find_target_number(owed.text, owed.target))


def set_unit(traits: Traits, unit: UnitTraits) -> Traits:
    """An obligation's traits with those of its unit."""
    return replace(traits, unit=unit.name, unit_kind=unit.kind, groups=frozenset(unit.groups))
