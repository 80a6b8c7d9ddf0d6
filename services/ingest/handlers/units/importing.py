"""A directory's file against the directory: what differs, field by field, and all of it entered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import (
    DirectoryUnit,
    Proposal,
    build_directory,
    normalise_name,
    propose_matches,
)
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import office_day
from services.ingest.handlers.units.contacts import PARTS, Holder, as_said
from services.ingest.handlers.units.file import Faults, UnitRow, refusal
from services.ingest.handlers.units.units import FACTS, enter, facts, owners
from services.ingest.store import offices
from services.ingest.store import units as store
from services.ingest.tables import AnyRow
from shared.schemas import identity
from shared.schemas.rules import Audience

_MOST_LOOKED_UP = 50
"""New units for which near ones are looked for; a file with more is a first import."""

Value = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that only the file has; `near` are those of the directory that it may have been."""

    name: str
    near: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: `kind`, `groups`, `liaison_email`, or `liaison` for people in turn."""

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

    `absent` names the units that stand in the directory and not in the file; they stay.
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
    """A row of the file, the unit that it is about, and what that becomes."""

    row: UnitRow
    old: AnyRow | None
    unit: Mapping[str, Any]

    @property
    def changes(self) -> bool:
        return self.old is not None and any(
            getattr(self.old, name) != self.unit[name] for name in FACTS
        )


async def import_units(
    db: AsyncConnection, act: Act, rows: Sequence[UnitRow], *, preview: bool = False
) -> Imported:
    """Enter the units of a file, or with `preview` only tell what that would change.

    A row is about the unit whose name or alias it gives, however written; the unit keeps its
    name. Units that the file does not name stay as they are.

    Raises:
        RefusedError: a name means two units, or one that is retired; nothing was changed.
    """
    if not preview:
        await offices.lock_office(db, act.office_id)  # two imports at once would miss each other
    known = await store.every_unit(db, act.office_id)
    today = (await office_day(db, act.office_id, act.now)).today
    matches = _matched(act, rows, known, today)
    changed = [match for match in matches if match.changes]
    created = [match for match in matches if match.old is None]
    if not preview and (created or changed):
        before = {match.old.unit_id: match.old for match in changed if match.old}
        units = [match.unit for match in (*created, *changed)]
        await enter(db, act, "unit.imported", units, before)
    named = {match.unit["unit_id"] for match in matches}
    absent = [row for row in known if row.retired_at is None and row.unit_id not in named]
    return Imported(
        applied=not preview,
        created=len(created),
        changed=len(changed),
        unchanged=len(matches) - len(created) - len(changed),
        new=_new(created, absent),
        changes=tuple(map(_change, changed)),
        absent=tuple(row.name for row in absent),
    )


def _matched(
    act: Act, rows: Sequence[UnitRow], known: Sequence[AnyRow], today: date
) -> list[_Match]:
    by_name = {row.name: row for row in known}
    by_id = {row.unit_id: row for row in known}
    meant = owners(facts(row) for row in known if row.retired_at is None)
    faults: Faults = []
    matches: list[_Match] = []
    places: dict[UUID, str] = {}
    for row in rows:
        old = by_name.get(row.name)
        if old is None and len(found := meant.get(normalise_name(row.name), set())) == 1:
            old = by_name[min(found)]
        unit = _merged(act, row, old, today)
        unit_id = unit["unit_id"]
        if wrong := _wrong(row, old, by_id.get(unit_id), places.get(unit_id)):
            faults.append({"where": row.where, "column": "name", "message": wrong})
        places[unit_id] = row.where
        matches.append(_Match(row, old, unit))
    faults += _shared(matches, [facts(row) for row in known if _stays(row, places)])
    if faults:
        raise refusal(faults)
    return matches


def _stays(row: AnyRow, places: Mapping[UUID, str]) -> bool:
    return row.retired_at is None and row.unit_id not in places


def _wrong(row: UnitRow, old: AnyRow | None, holder: AnyRow | None, place: str | None) -> str:
    """Why a row can't be about its unit; empty when it can."""
    if place:
        return f"{row.name} means the unit of {place}."
    if old is not None and old.retired_at is not None:
        return f"{row.name} is retired: {old.retired_why}"
    if old is None and holder is not None:
        return f"{row.name} was first the name of {holder.name}. Enter another name and rename it."
    return ""


def _merged(act: Act, row: UnitRow, old: AnyRow | None, today: date) -> dict[str, Any]:
    """The unit as it will be: what the file says, and what it leaves out as it was."""
    unit_id = old.unit_id if old else identity.derive_unit_id(act.office_id, row.name)
    groups, aliases = row.groups, row.aliases
    return {
        "unit_id": unit_id,
        "name": old.name if old else row.name,
        "kind": (old.kind if old else "") if row.kind is None else row.kind,
        "groups": (old.groups if old else []) if groups is None else list(groups),
        "aliases": (old.aliases if old else []) if aliases is None else _aliases(act, aliases, old),
        "contacts": as_said(unit_id, old.contacts if old else [], row.contacts, today),
    }


def _aliases(act: Act, said: Sequence[str], old: AnyRow | None) -> list[str]:
    """A file's aliases, and the unit's first name, which its id is made of: it stays for ever."""
    if old is None:
        return list(said)
    first = [a for a in old.aliases if identity.derive_unit_id(act.office_id, a) == old.unit_id]
    return list(dict.fromkeys((*said, *first)))


def _shared(matches: Sequence[_Match], staying: Sequence[Mapping[str, Any]]) -> Faults:
    """The rows with a name or alias that, however written, would mean two units."""
    meant = owners([*(match.unit for match in matches), *staying])
    gone = {unit["name"] for unit in staying}
    faults: Faults = []
    for match in matches:
        for spelling in (match.unit["name"], *match.unit["aliases"]):
            if others := meant[normalise_name(spelling)] - {match.unit["name"]}:
                message = f"{spelling} also means {'、'.join(sorted(others)[:3])}."
                if match.old is None and others <= gone:
                    message += f" Renamed? cuiban units rename {min(others)} {match.unit['name']}"
                place = {"where": match.row.where, "column": "aliases"}
                faults.append({**place, "message": message})
    return faults


def _new(created: Sequence[_Match], absent: Sequence[AnyRow]) -> tuple[NewUnit, ...]:
    lost = build_directory(
        DirectoryUnit(row.unit_id, row.name, (), tuple(row.aliases)) for row in absent
    )
    return tuple(
        NewUnit(
            match.unit["name"],
            propose_matches(match.unit["name"], lost) if absent and index < _MOST_LOOKED_UP else (),
        )
        for index, match in enumerate(created)
    )


def _change(match: _Match) -> UnitChange:
    assert match.old is not None  # noqa: S101 - what changes was there
    before, after = facts(match.old), match.unit
    fields = [
        FieldChange(name, _value(before[name]), _value(after[name]))
        for name in ("kind", "groups", "aliases")
        if before[name] != after[name]
    ]
    for post in Audience:
        was, becomes = (
            [one for one in contacts if one["post"] == post.value]
            for contacts in (before["contacts"], after["contacts"])
        )
        fields += _post_changes(post, was, becomes)
    return UnitChange(after["unit_id"], after["name"], match.row.name, tuple(fields))


def _value(value: str | Sequence[str]) -> Value:
    return value if isinstance(value, str) else tuple(value)


def _post_changes(
    post: Audience, was: Sequence[Holder], becomes: Sequence[Holder]
) -> list[FieldChange]:
    """Part by part for one person, whole where people follow each other."""
    if max(len(was), len(becomes)) > 1:
        before, after = (tuple(map(_told, people)) for people in (was, becomes))
        return [FieldChange(post.value, before, after)] if before != after else []
    old, new = was[0] if was else {}, becomes[0] if becomes else {}
    return [
        FieldChange(f"{post.value}_{part}", old.get(part, ""), new.get(part, ""))
        for part in PARTS
        if old.get(part, "") != new.get(part, "")
    ]


def _told(one: Holder) -> str:
    first = f"from {one['valid_from']}" if "valid_from" in one else ""
    last = f"until {one['valid_to']}" if "valid_to" in one else ""
    return " ".join(filter(None, (one["name"], one["email"], one["mobile"], first, last)))
