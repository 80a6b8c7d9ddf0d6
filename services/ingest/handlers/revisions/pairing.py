"""The measures of a plan and of its revision side by side, and which of them differ."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.ingest.handlers.plans.doubts import duty, open_codes
from services.ingest.lifecycle import derive_obligations
from services.ingest.revision import Passage, propose_matches
from services.ingest.tables import AnyRow

FACTS = ("ref", "task_name", "text", "due", "continuous", "recurrence", "names", "lead")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A measure that may be one of several, or new; `candidates`: their refs and texts."""

    ref: str
    text: str
    candidates: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Pairs:
    """The measures of a plan and of its revision, side by side."""

    added: list[AnyRow] = field(default_factory=list)
    changed: list[tuple[AnyRow, AnyRow]] = field(default_factory=list)
    removed: list[AnyRow] = field(default_factory=list)
    kept: list[tuple[AnyRow, AnyRow]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def paired(old: Sequence[AnyRow], fresh: Sequence[AnyRow], year: int | None) -> Pairs:
    """Put them side by side."""
    found = Pairs()
    left = {row.measure_id: row for row in old}
    unsure: list[AnyRow] = []
    for new in fresh:
        dropped = new.settlement == "drop"
        if new.pair_id is not None:
            one = left.pop(new.pair_id, None)
            if one is None:
                continue
            if dropped and one.settlement != "drop":
                found.removed.append(one)
            elif not dropped and _differ(one, new, year):
                found.changed.append((one, new))
            else:
                found.kept.append((one, new))
        elif not dropped:
            (found.added if new.paired else unsure).append(new)
    passages = [_passage(row) for row in left.values()]
    perhaps: set[UUID] = set()
    for new in unsure:
        if candidates := propose_matches(passages, _passage(new)):
            perhaps.update(candidates)
            places = tuple((left[key].ref, left[key].text) for key in candidates)
            found.doubts.append(Doubt(new.ref, new.text, places))
        else:
            found.added.append(new)
    found.removed.extend(row for key, row in left.items() if key not in perhaps)
    return found


def _passage(row: AnyRow) -> Passage:
    return Passage(row.measure_id, row.ref, row.task_name, row.text)


def _differ(old: AnyRow, new: AnyRow, year: int | None) -> bool:
    if any(getattr(old, name) != getattr(new, name) for name in FACTS):
        return True
    if old.settlement == "drop" and new.settlement != "drop":
        return True
    return old.published_at is None and open_points(old, year) != open_points(new, year)


def open_points(row: AnyRow, year: int | None) -> tuple[str, ...]:
    """What a person must still settle of a measure."""
    return open_codes(row, derive_obligations(duty(row, year)))


def waits(old: AnyRow | None, new: AnyRow, year: int | None) -> bool:
    """Whether a measure that waited for a person in the plan goes on waiting, under a new number.

    What it says is as doubtful as before, and nothing more.
    """
    if old is None or old.published_at is not None or not open_points(new, year):
        return False
    return all(getattr(old, name) == getattr(new, name) for name in (*FACTS[2:], "codes"))
