"""How the settlements of a plan's measures carry over to a revision. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.ingest.domain.revision import Match, Passage, match_passages
from services.ingest.domain.statuses import Pairing
from services.ingest.handlers.revisions.pairing import FACTS
from services.ingest.store.rows import StoredMeasure

_READ = FACTS[2:]
_SETTLEMENT = ("settlement", "settled_by", "settled_at", "settled_why")
_CARRIED = ("codes", "settled", *_SETTLEMENT)
_UNSETTLED = dict.fromkeys(_SETTLEMENT)
AsRead = Mapping[str, Mapping[str, Any]]
"""The rows of a document's measures as they were read, by ref."""


def match_rows(
    old: Sequence[StoredMeasure], as_read: AsRead, rows: Sequence[dict[str, Any]]
) -> None:
    """Add to the rows of a revision which measure each is, and its settlement if unchanged.

    `as_read` are the plan's measures as its document has them. A row that is none of these may be
    a measure that an earlier revision removed: it comes back, and what is done stays done. No I/O:
    it runs in a thread.
    """
    by_id = {measure.measure_id: measure for measure in old}
    current = [measure for measure in old if measure.removed_at is None]
    removed = [measure for measure in old if measure.removed_at is not None]
    passages = [_to_row_passage(row) for row in rows]
    matches = match_passages(
        [_to_passage(measure, as_read.get(measure.ref)) for measure in current], passages
    )
    left = [passage for passage in passages if matches[passage.key] == Match()]
    matches |= match_passages([_to_passage(measure, None) for measure in removed], left)
    for row in rows:
        matched = matches[row["measure_id"]]
        paired = None
        if matched.old:
            paired = Pairing.MATCHED
        elif not matched.candidates:
            paired = Pairing.NEW
        row.update(_UNSETTLED | {"pair_id": matched.old, "paired": paired})
        if matched.old and (measure := by_id[matched.old]).removed_at is None:
            row.update(carry_settlement(row, measure, as_read.get(measure.ref)))


def _to_row_passage(row: Mapping[str, Any]) -> Passage:
    return Passage(row["measure_id"], row["ref"], row["task_name"], row["text"])


def _to_passage(measure: StoredMeasure, as_read: Mapping[str, Any] | None) -> Passage:
    """A measure of the plan with the text of its document, even if that was settled since."""
    text = measure.text if as_read is None else as_read["text"]
    return Passage(measure.measure_id, measure.ref, measure.task_name, text)


def carry_settlement(
    row: Mapping[str, Any], old: StoredMeasure, as_read: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The settled columns of `old`, if the new document says the same of it as the old one."""
    if as_read is None or any(row[name] != as_read[name] for name in _READ):
        return {}
    return {name: getattr(old, name) for name in (*_READ, *_CARRIED)}


def list_unsettled(
    measure: StoredMeasure, old_by_id: Mapping[UUID, StoredMeasure], as_read: AsRead
) -> dict[str, Any]:
    """The columns of a revision's measure as read; none if it was settled in the revision."""
    old = old_by_id.get(measure.pair_id) if measure.pair_id is not None else None
    carried = old is not None and all(
        getattr(measure, name) == getattr(old, name) for name in ("settled", *_SETTLEMENT)
    )
    if measure.settlement is not None and not carried:
        return {}
    row = as_read[measure.ref]
    return _UNSETTLED | {name: row[name] for name in (*_READ, "codes", "settled")}
