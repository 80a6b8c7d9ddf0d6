"""Imports a directory's file: compares it with the directory field by field, and enters it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import (
    DirectoryUnit,
    Proposal,
    build_directory,
    normalise_name,
    propose_matches,
)
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.units.contacts import PARTS, Holder, merge_contacts
from services.ingest.handlers.units.file import Faults, UnitRow, make_refusal
from services.ingest.handlers.units.units import FACTS, enter, get_facts, map_owners
from services.ingest.store import offices
from services.ingest.store import units as store
from services.ingest.store.rows import StoredUnit
from shared.schemas import identity
from shared.schemas.rules import Audience

_MOST_LOOKED_UP = 50
"""New units whose similar units are searched; a file with more is a first import."""

Value = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that only the file has; `near` are similar units, one of which it may be."""

    name: str
    near: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: `kind`, `groups`, `liaison_email`, or `liaison` for several holders of a post."""

    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What a file changes of a unit. `written` is its name in the file."""

    unit_id: UUID
    name: str
    written: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """How a file differs from the directory, and whether it was entered.

    `absent` names the units of the directory that the file lacks; they stay unchanged.
    """

    applied: bool
    created: int
    changed: int
    unchanged: int
    new: tuple[NewUnit, ...]
    changes: tuple[UnitChange, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    """A row of the file, the unit that it describes, and the unit's new FACTS."""

    row: UnitRow
    old: StoredUnit | None
    unit: Mapping[str, Any]

    @property
    def is_changed(self) -> bool:
        """Whether the unit exists and the row changes it."""
        return self.old is not None and any(
            getattr(self.old, name) != self.unit[name] for name in FACTS
        )


async def import_units(
    db: AsyncConnection, act: Act, rows: Sequence[UnitRow], *, preview: bool = False
) -> Imported:
    """Enter the units of a file; with `preview` only show what that would change.

    A row describes the unit that has its name as name or alias in normal form; the unit keeps its
    name. Units that the file lacks stay unchanged.

    Raises:
        RefusedError: a name means two units, or a retired one; nothing was changed.
    """
    if not preview:
        await offices.lock_office(db, act.office_id)  # two imports at once would miss each other
    known = await store.list_units(db, act.office_id)
    today = (await get_office_day(db, act.office_id, act.now)).today
    matches = _match_rows(act, rows, known, today)
    changed = [match for match in matches if match.is_changed]
    created = [match for match in matches if match.old is None]
    if not preview and (created or changed):
        before = {match.old.unit_id: match.old for match in changed if match.old}
        units = [match.unit for match in (*created, *changed)]
        await enter(db, act, "unit.imported", units, before)
    matched = {match.unit["unit_id"] for match in matches}
    absent = [unit for unit in known if unit.retired_at is None and unit.unit_id not in matched]
    return Imported(
        applied=not preview,
        created=len(created),
        changed=len(changed),
        unchanged=len(matches) - len(created) - len(changed),
        new=_describe_new(created, absent),
        changes=tuple(map(_describe_change, changed)),
        absent=tuple(unit.name for unit in absent),
    )


def _match_rows(
    act: Act, rows: Sequence[UnitRow], known: Sequence[StoredUnit], today: date
) -> list[_Match]:
    by_name = {unit.name: unit for unit in known}
    by_id = {unit.unit_id: unit for unit in known}
    owners = map_owners(get_facts(unit) for unit in known if unit.retired_at is None)
    faults: Faults = []
    matches: list[_Match] = []
    places: dict[UUID, str] = {}
    for row in rows:
        old = by_name.get(row.name)
        if old is None and len(names := owners.get(normalise_name(row.name), set())) == 1:
            old = by_name[min(names)]
        unit = _merge(act, row, old, today)
        unit_id = unit["unit_id"]
        if message := _explain_conflict(row, old, by_id.get(unit_id), places.get(unit_id)):
            faults.append({"where": row.where, "column": "name", "message": message})
        places[unit_id] = row.where
        matches.append(_Match(row, old, unit))
    staying = [unit for unit in known if unit.retired_at is None and unit.unit_id not in places]
    faults += _list_ambiguous(matches, [get_facts(unit) for unit in staying])
    if faults:
        raise make_refusal(faults)
    return matches


def _explain_conflict(
    row: UnitRow, old: StoredUnit | None, holder: StoredUnit | None, place: str | None
) -> str:
    """Why a row can't describe its unit; empty when it can."""
    if place:
        return f"{row.name} means the unit of {place}."
    if old is not None and old.retired_at is not None:
        return f"{row.name} is retired: {old.retired_why}"
    if old is None and holder is not None:
        return f"{row.name} was first the name of {holder.name}. Enter another name and rename it."
    return ""


def _merge(act: Act, row: UnitRow, old: StoredUnit | None, today: date) -> dict[str, Any]:
    """The unit's new FACTS: what the file has, and what it leaves out as it was."""
    unit_id = old.unit_id if old else identity.derive_unit_id(act.office_id, row.name)
    groups, aliases = row.groups, row.aliases
    return {
        "unit_id": unit_id,
        "name": old.name if old else row.name,
        "kind": (old.kind if old else "") if row.kind is None else row.kind,
        "groups": (old.groups if old else []) if groups is None else list(groups),
        "aliases": (old.aliases if old else [])
        if aliases is None
        else _merge_aliases(act, aliases, old),
        "contacts": merge_contacts(unit_id, old.contacts if old else [], row.contacts, today),
    }


def _merge_aliases(act: Act, aliases: Sequence[str], old: StoredUnit | None) -> list[str]:
    """A file's aliases, and the unit's first name, which its id derives from."""
    if old is None:
        return list(aliases)
    first = [a for a in old.aliases if identity.derive_unit_id(act.office_id, a) == old.unit_id]
    return list(dict.fromkeys((*aliases, *first)))


def _list_ambiguous(matches: Sequence[_Match], staying: Sequence[Mapping[str, Any]]) -> Faults:
    """A fault for each name or alias of a row that, in normal form, would mean two units."""
    owners = map_owners([*(match.unit for match in matches), *staying])
    staying_names = {unit["name"] for unit in staying}
    faults: Faults = []
    for match in matches:
        for spelling in (match.unit["name"], *match.unit["aliases"]):
            if others := owners[normalise_name(spelling)] - {match.unit["name"]}:
                message = f"{spelling} also means {'、'.join(sorted(others)[:3])}."
                if match.old is None and others <= staying_names:
                    message += f" Renamed? cuiban units rename {min(others)} {match.unit['name']}"
                place = {"where": match.row.where, "column": "aliases"}
                faults.append({**place, "message": message})
    return faults


def _describe_new(created: Sequence[_Match], absent: Sequence[StoredUnit]) -> tuple[NewUnit, ...]:
    candidates = build_directory(
        DirectoryUnit(unit.unit_id, unit.name, (), tuple(unit.aliases)) for unit in absent
    )
    return tuple(
        NewUnit(
            match.unit["name"],
            propose_matches(match.unit["name"], candidates)
            if absent and index < _MOST_LOOKED_UP
            else (),
        )
        for index, match in enumerate(created)
    )


def _describe_change(match: _Match) -> UnitChange:
    assert match.old is not None  # noqa: S101 - a changed unit exists
    before, after = get_facts(match.old), match.unit
    fields = [
        FieldChange(name, _freeze(before[name]), _freeze(after[name]))
        for name in ("kind", "groups", "aliases")
        if before[name] != after[name]
    ]
    for post in Audience:
        old, new = (
            [contact for contact in contacts if contact["post"] == post.value]
            for contacts in (before["contacts"], after["contacts"])
        )
        fields += _compare_post(post, old, new)
    return UnitChange(after["unit_id"], after["name"], match.row.name, tuple(fields))


def _freeze(value: str | Sequence[str]) -> Value:
    return value if isinstance(value, str) else tuple(value)


def _compare_post(
    post: Audience, old: Sequence[Holder], new: Sequence[Holder]
) -> list[FieldChange]:
    """The changes of a post: part by part for one holder, as one field for several."""
    if max(len(old), len(new)) > 1:
        before, after = (tuple(map(_format_holder, holders)) for holders in (old, new))
        return [FieldChange(post.value, before, after)] if before != after else []
    old_parts, new_parts = old[0] if old else {}, new[0] if new else {}
    return [
        FieldChange(f"{post.value}_{part}", old_parts.get(part, ""), new_parts.get(part, ""))
        for part in PARTS
        if old_parts.get(part, "") != new_parts.get(part, "")
    ]


def _format_holder(holder: Holder) -> str:
    first = f"from {holder['valid_from']}" if "valid_from" in holder else ""
    last = f"until {holder['valid_to']}" if "valid_to" in holder else ""
    parts = (holder["name"], holder["email"], holder["mobile"], first, last)
    return " ".join(filter(None, parts))
