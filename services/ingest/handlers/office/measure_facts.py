"""A measure as events tell it: its words, and what rules ask of it."""

from typing import Any
from uuid import UUID

from services.ingest.extraction.plans.quantities import find_target
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.obligations import OwedMeasure
from services.ingest.store.rows import StoredMeasure
from shared.schemas.facts import MeasureFacts


def to_measure_facts(
    measure_id: UUID, row: StoredMeasure | LedgerEntry | OwedMeasure
) -> MeasureFacts:
    """A measure as an event tells it; the target is that of its text, else of its column."""
    return MeasureFacts(
        measure_id=measure_id,
        ref=row.ref,
        task_name=row.task_name,
        text=row.text,
        category=row.category or "",
        target=find_target_number(row.text, row.target),
    )


def find_target_number(text: str, target: dict[str, Any] | None) -> float | None:
    """The number that a measure asks for; None where it names none."""
    quantity = find_target(text, target)
    return None if quantity is None else quantity.number
