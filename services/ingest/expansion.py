"""From names as printed to units of the directory. Pure.

A name is taken when it is certain: a person's decision, a unit's name, an alias, a group, or
the same name written differently (width, spaces, brackets, a leading 县 or 市). Whatever else
looks near is proposed and never taken.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

_BRACKETS = str.maketrans("〔[【〈《｛{", "(((((((") | str.maketrans("〕]】〉》｝}", ")))))))")
_SPACES = re.compile(r"\s+")
_LEVEL = re.compile(r"^(?:县|市(?!场)|省|区(?!域)|州)(?=..)")
_NEAR = 0.5
_PROPOSED = 5


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as the directory knows it."""

    unit_id: UUID
    name: str
    groups: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a name: these units, or none at all."""

    unit_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Directory:
    """The units, indexed by everything that a name may be."""

    units: Mapping[UUID, Unit]
    names: Mapping[str, UUID]
    aliases: Mapping[str, frozenset[UUID]]
    groups: Mapping[str, tuple[UUID, ...]]
    keys: Mapping[str, frozenset[UUID]]
    bare: Mapping[str, frozenset[UUID]]
    traits: Mapping[str, frozenset[UUID]] = field(repr=False)


def normal(name: str) -> str:
    """A name without what only its writing makes different: width, spaces, bracket shapes."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", name).translate(_BRACKETS))


def without_level(key: str) -> str:
    """A normalised name without the 县, 市, 省, 区 or 州 before it."""
    return _LEVEL.sub("", key)


def directory(units: Iterable[Unit]) -> Directory:
    """Index units. Groups keep the order in which the units come."""
    known = {unit.unit_id: unit for unit in units}
    aliases: dict[str, set[UUID]] = defaultdict(set)
    groups: dict[str, list[UUID]] = defaultdict(list)
    keys: dict[str, set[UUID]] = defaultdict(set)
    bare: dict[str, set[UUID]] = defaultdict(set)
    traits: dict[str, set[UUID]] = defaultdict(set)
    for unit in known.values():
        for alias in unit.aliases:
            aliases[alias].add(unit.unit_id)
        for group in dict.fromkeys(map(normal, unit.groups)):
            groups[group].append(unit.unit_id)
        for key in {normal(name) for name in (unit.name, *unit.aliases)}:
            keys[key].add(unit.unit_id)
            if (short := without_level(key)) != key:
                bare[short].add(unit.unit_id)
        for trait in frozenset().union(*map(_traits, (unit.name, *unit.aliases))):
            traits[trait].add(unit.unit_id)
    return Directory(
        units=known,
        names={unit.name: unit.unit_id for unit in known.values()},
        aliases=_frozen(aliases),
        groups={name: tuple(ids) for name, ids in groups.items()},
        keys=_frozen(keys),
        bare=_frozen(bare),
        traits=_frozen(traits),
    )


def _frozen(sets: Mapping[str, set[UUID]]) -> dict[str, frozenset[UUID]]:
    return {name: frozenset(ids) for name, ids in sets.items()}


def resolve(
    name: str, known: Directory, decisions: Mapping[str, Decision]
) -> tuple[UUID, ...] | None:
    """The units that a name means; None when nobody can tell.

    The first that fits: a decision, a name, an alias of one unit, a group, the same name written
    differently, the same name with or without its leading 县 or 市. A spelling that fits several
    units fits none.
    """
    if (decision := decisions.get(name)) is not None:
        return tuple(unit for unit in decision.unit_ids if unit in known.units)
    if (unit_id := known.names.get(name)) is not None:
        return (unit_id,)
    key = normal(name)
    if name in known.aliases:
        found = known.aliases[name]
        return tuple(found) if len(found) == 1 else None
    if key in known.groups:
        return known.groups[key]
    for index, spelling in (
        (known.keys, key),
        (known.keys, without_level(key)),
        (known.bare, key),
    ):
        if found := index.get(spelling, frozenset()):
            return tuple(found) if len(found) == 1 else None
    return None


def near(name: str, known: Directory) -> tuple[Unit, ...]:
    """Up to five units whose names share most with `name`, the nearest first.

    Short names of offices keep characters of the long one in order (县工信局 for
    县工业和信息化局), so what counts is how much of the shorter name stands in the longer.
    """
    wanted = _traits(name)
    shared = Counter(unit for trait in wanted for unit in known.traits.get(trait, ()))
    scored = []
    for unit_id, common in shared.items():
        unit = known.units[unit_id]
        size = min(len(_traits(spelling)) for spelling in (unit.name, *unit.aliases))
        score = common / max(1, min(len(wanted), size))
        if score >= _NEAR:
            scored.append((-score, unit.name, unit))
    return tuple(unit for _, _, unit in sorted(scored, key=lambda row: row[:2])[:_PROPOSED])


def _traits(name: str) -> frozenset[str]:
    """A name's characters and neighbouring pairs, but for its level and its last character.

    The last says what sort of office it is (局, 办, 委) and is shared by most.
    """
    body = without_level(normal(name))
    body = body[:-1] if len(body) > 2 else body  # noqa: PLR2004 - two characters are a name
    return frozenset(body) | {body[i : i + 2] for i in range(len(body) - 1)}
