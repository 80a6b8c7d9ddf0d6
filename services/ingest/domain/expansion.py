"""From names as printed to units of the directory. Pure.

A name is resolved only when it is certain: by a decision, a unit's name, an alias, a group, the
same in another spelling (width, spaces, brackets), or without or with the home's own prefix
(盐亭县财政局, 县财政局, 财政局). Similar names are only proposed.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from uuid import UUID

from rapidfuzz.distance import LCSseq, Levenshtein

_BRACKETS = str.maketrans("〔[【〈《｛{", "(((((((") | str.maketrans("〕]】〉》｝}", ")))))))")
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
"""Invisible characters, for a class of a regular expression: zero-width characters, direction
marks, joiners, variation selectors, fillers."""
_UNSEEN = re.compile(rf"[\s{INVISIBLE}]+")
_PUNCTUATION = re.compile(r"[(),、/·和及与]")
_LEVEL = re.compile(r"县(?!级|域)|市(?!场|级)|省(?!级)|区(?!域|级)|州|旗")
_LONGEST_PLACE = 16  # 双江拉祜族佤族布朗族傣族自治县 has 15 characters
_NAMES = 32_768
"""How many spellings are remembered; a large office's directory is read for many pages."""
_LEAST = 2
"""The least number of characters of a name without its prefix, and of units with one place."""
_LEAST_SIMILARITY = 0.5
"""A proposal is more similar than this."""
_MISPRINT = 0.75
"""The similarity of a name that differs by one character."""
_LEAST_MISPRINTED = 3
_PROPOSED = 5


@dataclass(frozen=True, slots=True)
class DirectoryUnit:
    """A unit of the directory."""

    unit_id: UUID
    name: str
    groups: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The office's decision about a name: these units, or none."""

    unit_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A possible meaning of a name: a unit, or a group, which has no id."""

    name: str
    unit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """The directory's own place and level, from its units' names: 盐亭县 and 县; may be empty.

    A prefix of another place or level (三台县, 市) is part of a name.
    """

    place: str = ""
    level: str = ""

    def strip_prefix(self, key: str) -> str:
        """A normalised name without the home's prefix."""
        prefix = ""
        if self.place and key.startswith(self.place):
            prefix = self.place
        elif (match := _LEVEL.match(key)) and match[0] == self.level:
            prefix = self.level
        return key[len(prefix) :] if len(key) - len(prefix) >= _LEAST else key


@dataclass(frozen=True)
class Directory:
    """The units, indexed by name, alias, spelling, name without prefix, and group."""

    units: Mapping[UUID, DirectoryUnit]
    home: Home
    names: Mapping[str, UUID]
    aliases: Mapping[str, frozenset[UUID]]
    keys: Mapping[str, frozenset[UUID]]
    bare: Mapping[str, frozenset[UUID]]
    groups: Mapping[str, tuple[UUID, ...]]
    group_names: Mapping[str, str]

    @cached_property
    def spellings(self) -> Sequence[tuple[str, UUID]]:
        """Each spelling without the home's prefix, with its units; needed for unknown names."""
        return [(bare, unit_id) for bare, owners in self.bare.items() for unit_id in owners]


@lru_cache(maxsize=_NAMES)
def normalise_name(name: str) -> str:
    """The name in one spelling: half width, no spaces, round brackets."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", name).translate(_BRACKETS))


@lru_cache(maxsize=_NAMES)
def normalise_group_name(name: str) -> str:
    """A group's name without its punctuation: 各乡镇（街道） is 各乡（镇）街道 and 各乡镇、街道."""
    return _PUNCTUATION.sub("", normalise_name(name))


def build_directory(units: Iterable[DirectoryUnit]) -> Directory:
    """Index units. Groups keep the order in which the units come."""
    known = {unit.unit_id: unit for unit in units}
    keys: dict[str, set[UUID]] = defaultdict(set)
    aliases: dict[str, set[UUID]] = defaultdict(set)
    groups: dict[str, list[UUID]] = defaultdict(list)
    group_names: dict[str, str] = {}
    for unit in known.values():
        for alias in unit.aliases:
            aliases[alias].add(unit.unit_id)
        for spelling in (unit.name, *unit.aliases):
            keys[normalise_name(spelling)].add(unit.unit_id)
        for key, group in {normalise_group_name(group): group for group in unit.groups}.items():
            groups[key].append(unit.unit_id)
            group_names.setdefault(key, group)
    home = _find_home(keys)
    bare: dict[str, set[UUID]] = defaultdict(set)
    for key, owners in keys.items():
        bare[home.strip_prefix(key)] |= owners
    return Directory(
        units=known,
        home=home,
        names={unit.name: unit.unit_id for unit in known.values()},
        aliases=_freeze(aliases),
        keys=_freeze(keys),
        bare=_freeze(bare),
        groups={name: tuple(ids) for name, ids in groups.items()},
        group_names=group_names,
    )


def _freeze(sets: Mapping[str, set[UUID]]) -> dict[str, frozenset[UUID]]:
    return {name: frozenset(ids) for name, ids in sets.items()}


def _find_home(keys: Mapping[str, set[UUID]]) -> Home:
    """The level that most units' spellings begin with, and the place of that level that most do."""
    levels: dict[str, set[UUID]] = defaultdict(set)
    places: dict[str, set[UUID]] = defaultdict(set)
    for key, owners in keys.items():
        for match in _LEVEL.finditer(key[:_LONGEST_PLACE]):
            if len(key) - match.end() >= _LEAST:
                (places if match.start() else levels)[key[: match.end()]] |= owners
    level = ""
    ranked = Counter({name: len(owners) for name, owners in levels.items()}).most_common(2)
    if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
        level = ranked[0][0]
    fits = [p for p, o in places.items() if len(o) >= _LEAST and (not levels or p[-1] == level)]
    place = max(fits, key=lambda name: (len(places[name]), len(name), name), default="")
    return Home(place, level or place[-1:])


def resolve(
    name: str, known: Directory, decisions: Mapping[str, Decision]
) -> tuple[UUID, ...] | None:
    """The units that a name means; None if that is not certain.

    The first that matches: a decision, a name, an alias, another spelling, a group, the name
    without or with the home's prefix. A spelling of two units, or of a unit and a group of other
    units, matches none; a decision for a unit that is no longer in the directory is ignored and
    the result is None.
    """
    if (decision := decisions.get(name)) is not None:
        gone = not known.units.keys() >= set(decision.unit_ids)
        return None if gone else decision.unit_ids
    unit_ids = _find_by_spelling(name, known)
    group = known.groups.get(normalise_group_name(name), ())
    if unit_ids and group and unit_ids != frozenset(group):
        return None
    if not unit_ids and not group:
        unit_ids = known.bare.get(known.home.strip_prefix(normalise_name(name)), frozenset())
    if unit_ids:
        return tuple(unit_ids) if len(unit_ids) == 1 else None
    return group or None


def _find_by_spelling(name: str, known: Directory) -> frozenset[UUID]:
    """The units with this name or alias, or with it in another spelling."""
    if (unit_id := known.names.get(name)) is not None:
        return frozenset({unit_id})
    return known.aliases.get(name) or known.keys.get(normalise_name(name)) or frozenset()


_Score = tuple[float, int]
"""Minus the similarity, and how many characters differ: the most similar is the least."""


def propose_matches(name: str, known: Directory) -> tuple[Proposal, ...]:
    """Propose up to five units or groups with similar names, the most similar first."""
    wanted = known.home.strip_prefix(normalise_name(name))
    scored: list[tuple[_Score, str, UUID | None]] = [
        (_score(wanted, bare), known.units[unit_id].name, unit_id)
        for bare, unit_id in known.spellings
    ]
    wanted = _cut_kind(wanted)
    scored += [(_compare(wanted, key), group, None) for key, group in known.group_names.items()]
    ranked = sorted((row for row in scored if -row[0][0] > _LEAST_SIMILARITY), key=lambda r: r[:2])
    proposals = dict.fromkeys(Proposal(label, unit_id) for _, label, unit_id in ranked)
    return tuple(proposals)[:_PROPOSED]


def _score(wanted: str, bare: str) -> _Score:
    """How similar two names without the home's prefix are."""
    score = _compare(_cut_kind(wanted), _cut_kind(bare))
    return min(score, (-_MISPRINT, 1)) if _is_misprint(wanted, bare) else score


def _compare(wanted: str, other: str) -> _Score:
    """The share of the shorter text's characters that the longer one has in the same order.

    Short names of offices keep characters of the long one: 县工信局 for 县工业和信息化局.
    """
    length = max(1, min(len(wanted), len(other)))
    return -LCSseq.similarity(wanted, other) / length, Levenshtein.distance(wanted, other)


def _is_misprint(wanted: str, bare: str) -> bool:
    """Whether one character is another, one too many or left out: 卫建局 for 卫健局.

    Only in names of at least three characters.
    """
    return (
        len(wanted) >= _LEAST_MISPRINTED and Levenshtein.distance(wanted, bare, score_cutoff=1) == 1
    )


def _cut_kind(bare: str) -> str:
    """A name without its last character: the kind of office (局, 办, 委), which most share."""
    return bare[:-1] if len(bare) > _LEAST else bare
