"""Which measure of a revised document is which of the plan, and which date is which. Pure.

A measure keeps its identity when it is renumbered or slightly reworded. A match that is not
certain needs a decision; candidates are proposed.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.ingest.domain.lifecycle import ObligationDraft
from shared.schemas.rules import ObligationKind

_ALIKE = 0.6
_NEARLY_THE_SAME = 0.8
_PERHAPS = 0.4
_MARGIN = 0.1
_PLACE = 0.1
_PROPOSED = 5
_ROUNDS = 10


@dataclass(frozen=True)
class Passage:
    """A measure in a document. `key` identifies it: its id, or an id for its place."""

    key: UUID
    ref: str
    task: str
    text: str
    plain: str = field(init=False, repr=False)
    pairs: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plain = _keep_letters_and_digits(self.text)
        object.__setattr__(self, "plain", plain)
        grams = frozenset(plain[i : i + 2] for i in range(max(1, len(plain) - 1)))
        object.__setattr__(self, "pairs", grams)


@dataclass(frozen=True, slots=True)
class Match:
    """Which measure a new passage is.

    Attributes:
        old: the same measure in the plan; None when it is new, or when that is not certain.
        candidates: possible measures, the likeliest first; if there are any, a decision is needed.
    """

    old: UUID | None = None
    candidates: tuple[UUID, ...] = ()


_Scored = tuple[float, Passage, Passage]


def _keep_letters_and_digits(text: str) -> str:
    """A text's letters and digits, without spaces and punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def compare_passages(old_passage: Passage, new_passage: Passage) -> float:
    """The similarity of two texts from 0 to 1: the Dice coefficient of their character pairs."""
    return (
        2
        * len(old_passage.pairs & new_passage.pairs)
        / (len(old_passage.pairs) + len(new_passage.pairs))
    )


_SAME: tuple[Callable[[Passage], Hashable], ...] = (
    lambda p: (p.ref, p.task, p.plain),
    lambda p: (p.task, p.plain),
    lambda p: (p.ref, p.plain),
    lambda p: p.plain,
)
"""What two passages of the same measure have in common, the most certain first."""


def match_passages(old: Sequence[Passage], new: Sequence[Passage]) -> dict[UUID, Match]:
    """For each new passage, which of the old it is.

    First passages with the same words that no other passage has. Then similar ones: the two must
    be each other's best match by a margin, and either be in the same place (number or task) or
    be nearly equal with the same figures.
    """
    matches: dict[UUID, Match] = {}
    left_old, left_new = {p.key: p for p in old}, {p.key: p for p in new}

    def pair(old_passage: Passage, new_passage: Passage) -> None:
        matches[new_passage.key] = Match(old_passage.key)
        del left_old[old_passage.key], left_new[new_passage.key]

    for shared in _SAME:
        for old_passage, new_passage in _pair_unique(shared, left_old.values(), left_new.values()):
            pair(old_passage, new_passage)
    scored = sorted(
        (
            (score, old_passage, new_passage)
            for old_passage in left_old.values()
            for new_passage in left_new.values()
            if (score := _score_pair(old_passage, new_passage)) >= _PERHAPS
        ),
        key=lambda row: (-row[0], row[1].ref, row[2].ref),
    )
    for _ in range(_ROUNDS):
        certain = _select_certain(scored)
        for old_passage, new_passage in certain:
            pair(old_passage, new_passage)
        gone = {passage.key for two in certain for passage in two}
        if not gone:
            break
        scored = [row for row in scored if gone.isdisjoint((row[1].key, row[2].key))]
    for key in left_new:
        near = [old_passage.key for _, old_passage, new_passage in scored if new_passage.key == key]
        matches[key] = Match(candidates=tuple(near[:_PROPOSED]))
    return matches


def propose_matches(old: Sequence[Passage], new: Passage) -> tuple[UUID, ...]:
    """The measures that a passage may be, the likeliest first, without regard to other passages."""
    scored = [(_score_pair(old_passage, new), old_passage) for old_passage in old]
    near = sorted((row for row in scored if row[0] >= _PERHAPS), key=lambda row: -row[0])
    return tuple(old_passage.key for _, old_passage in near[:_PROPOSED])


def _pair_unique(
    shared: Callable[[Passage], Hashable], old: Iterable[Passage], new: Iterable[Passage]
) -> list[tuple[Passage, Passage]]:
    groups: dict[Hashable, tuple[list[Passage], list[Passage]]] = defaultdict(lambda: ([], []))
    for side, passages in enumerate((old, new)):
        for passage in passages:
            groups[shared(passage)][side].append(passage)
    return [
        (ones[0], others[0]) for ones, others in groups.values() if len(ones) == len(others) == 1
    ]


def _score_pair(old_passage: Passage, new_passage: Passage) -> float:
    return compare_passages(old_passage, new_passage) + (
        _PLACE if _is_same_place(old_passage, new_passage) else 0
    )


def _is_same_place(old_passage: Passage, new_passage: Passage) -> bool:
    return old_passage.ref == new_passage.ref or (old_passage.task == new_passage.task != "")


def _select_certain(scored: Sequence[_Scored]) -> list[tuple[Passage, Passage]]:
    """The pairs that are each other's best match by a margin, and certainly the same measure."""
    best: dict[UUID, list[float]] = defaultdict(list)
    for score, old_passage, new_passage in scored:  # the best first
        for key in (old_passage.key, new_passage.key):
            if len(best[key]) <= 1:
                best[key].append(score)
    return [
        (old_passage, new_passage)
        for score, old_passage, new_passage in scored
        if _is_certain(score, old_passage, new_passage)
        and all(
            score == best[key][0] and score - (*best[key], 0.0)[1] >= _MARGIN
            for key in (old_passage.key, new_passage.key)
        )
    ]


def _is_certain(score: float, old_passage: Passage, new_passage: Passage) -> bool:
    if _is_same_place(old_passage, new_passage):
        return score - _PLACE >= _ALIKE
    return score >= _NEARLY_THE_SAME and _extract_figures(old_passage) == _extract_figures(
        new_passage
    )


def _extract_figures(passage: Passage) -> str:
    return "".join(c for c in passage.plain if c.isdigit() or c in "一二三四五六七八九十百")


def keep_periods(
    before: Mapping[str, ObligationDraft], after: Sequence[ObligationDraft]
) -> dict[str, str]:
    """The period name that each new date's obligations carry, by the date's own name.

    A date that moved keeps the name under which its obligations were made, so that they stay
    the same obligations. Dates of one name belong together, then those of one day; what is then
    left is taken in order if both sides have as many, else the old end and the new begin. A
    hearing has the name of its year, always: by it a record of the year finds it.

    Args:
        before: the dates so far, by the name that their obligations carry.
        after: the new dates.
    """
    kept: dict[str, str] = {}
    left = dict(before)

    def keep(draft: ObligationDraft, name: str) -> None:
        kept[draft.period] = name
        del left[name]

    for same in (_has_same_period, _has_same_day):
        for draft in after:
            if draft.period not in kept:
                names = [name for name, old in left.items() if same(old, draft)]
                if len(names) == 1:
                    keep(draft, names[0])
    fresh = [d for d in after if d.period not in kept and d.kind is not ObligationKind.HEARING]
    others = [name for name, old in left.items() if old.kind is not ObligationKind.HEARING]
    if len(fresh) == len(others):
        for draft, name in zip(fresh, others, strict=True):
            keep(draft, name)
    for draft in after:
        if draft.period not in kept:
            kept[draft.period] = _make_free_name(draft.period, {*kept.values(), *before})
    return kept


def _has_same_period(old: ObligationDraft, new: ObligationDraft) -> bool:
    return old.period == new.period


def _has_same_day(old: ObligationDraft, new: ObligationDraft) -> bool:
    return old.due_on == new.due_on and old.kind is new.kind is ObligationKind.DEADLINE


def _make_free_name(name: str, taken: set[str]) -> str:
    """The name, with a suffix if another date of the measure has or had it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}~{number}"
    return free
