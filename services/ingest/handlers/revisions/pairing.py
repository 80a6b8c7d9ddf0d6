"""Pairs the measures of a plan with those of its revision, and finds which pairs differ."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.ingest.domain.lifecycle import derive_obligations
from services.ingest.domain.revision import Passage, propose_matches
from services.ingest.handlers.plans.doubts import list_open_codes, to_duty
from services.ingest.store.rows import StoredMeasure

FACTS = ("ref", "task_name", "text", "due", "continuous", "recurrence", "names", "lead")
"""The fields of a measure that a document determines."""


@dataclass(frozen=True, slots=True)
class AmbiguousMeasure:
    """A measure that may be one of several, or new; `candidates`: their refs and texts."""

    ref: str
    text: str
    candidates: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Pairs:
    """The measures of a plan and of its revision; a pair is (old, new).

    Attributes:
        added, removed: without a partner.
        changed: pairs that differ.
        kept: pairs that do not.
    """

    added: list[StoredMeasure] = field(default_factory=list)
    changed: list[tuple[StoredMeasure, StoredMeasure]] = field(default_factory=list)
    removed: list[StoredMeasure] = field(default_factory=list)
    kept: list[tuple[StoredMeasure, StoredMeasure]] = field(default_factory=list)
    ambiguous: list[AmbiguousMeasure] = field(default_factory=list)


def pair_measures(
    old: Sequence[StoredMeasure], new: Sequence[StoredMeasure], year: int | None
) -> Pairs:
    """Sort the measures of a plan and of its revision by what the revision does to them.

    `old` has the measures that an earlier revision removed, too: one of them may come back.
    """
    pairs = Pairs()
    left = {measure.measure_id: measure for measure in old}
    unsure: list[StoredMeasure] = []
    for measure in new:
        if measure.pair_id is not None:
            partner = left.pop(measure.pair_id, None)
            if partner is not None:
                _sort_pair(pairs, partner, measure, year)
        elif not measure.is_dropped:
            (pairs.added if measure.paired else unsure).append(measure)
    passages = [_to_passage(measure) for measure in left.values()]
    claimed: set[UUID] = set()
    for measure in unsure:
        if candidates := propose_matches(passages, _to_passage(measure)):
            claimed.update(candidates)
            described = tuple((name_measure(left[key]), left[key].text) for key in candidates)
            pairs.ambiguous.append(AmbiguousMeasure(measure.ref, measure.text, described))
        else:
            pairs.added.append(measure)
    pairs.removed.extend(
        measure
        for key, measure in left.items()
        if key not in claimed and measure.removed_at is None
    )
    return pairs


def name_measure(measure: StoredMeasure) -> str:
    """How a person names a measure of the plan; the ref of a removed one may be another's now."""
    return measure.ref if measure.removed_at is None else f"{measure.ref} (removed)"


def _sort_pair(pairs: Pairs, old: StoredMeasure, new: StoredMeasure, year: int | None) -> None:
    if new.is_dropped and old.removed_at is not None:
        return
    if new.is_dropped and not old.is_dropped:
        pairs.removed.append(old)
    elif not new.is_dropped and _is_changed(old, new, year):
        pairs.changed.append((old, new))
    else:
        pairs.kept.append((old, new))


def _to_passage(measure: StoredMeasure) -> Passage:
    return Passage(measure.measure_id, measure.ref, measure.task_name, measure.text)


def _is_changed(old: StoredMeasure, new: StoredMeasure, year: int | None) -> bool:
    if old.removed_at is not None:  # it comes back
        return True
    if any(getattr(old, name) != getattr(new, name) for name in FACTS):
        return True
    if old.is_dropped and not new.is_dropped:
        return True
    return old.published_at is None and list_codes(old, year) != list_codes(new, year)


def list_codes(measure: StoredMeasure, year: int | None) -> tuple[str, ...]:
    """The codes of a measure that are still to be settled."""
    return list_open_codes(measure, derive_obligations(to_duty(measure, year)))


def is_still_open(old: StoredMeasure | None, new: StoredMeasure, year: int | None) -> bool:
    """Whether a measure that was open in the plan stays open, with the same facts and codes.

    Only its ref and task may differ.
    """
    if old is None or old.published_at is not None or not list_codes(new, year):
        return False
    return all(getattr(old, name) == getattr(new, name) for name in (*FACTS[2:], "codes"))
