"""Imports a directory's file: compares it with the directory field by field, and enters it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import (
    Directory,
    DirectoryUnit,
    Proposal,
    build_directory,
    normalise_name,
    propose_matches,
)
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.units.contacts import merge_contacts
from services.ingest.handlers.units.differing import (
    UnitChange,
    describe_change,
    list_erased,
    make_erasing_refusal,
)
from services.ingest.handlers.units.file import Faults, UnitRow, make_refusal
from services.ingest.handlers.units.units import FACTS, enter, get_facts, map_owners
from services.ingest.store import offices
from services.ingest.store import units as store
from services.ingest.store.rows import StoredUnit
from shared.schemas import identity

_MOST_LOOKED_UP = 50
"""New units whose similar units are searched; a file with more is a first import."""


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that only the file has; `near` are similar units, one of which it may be."""

    name: str
    near: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """How a file differs from the directory, and whether it was entered.

    `absent` names the units of the directory that the file lacks; they stay unchanged. `erased`
    counts the fields that dashes in the file empty. `directory` is what the directory then is.
    """

    applied: bool
    created: int
    changed: int
    unchanged: int
    new: tuple[NewUnit, ...]
    changes: tuple[UnitChange, ...]
    absent: tuple[str, ...]
    erased: int
    directory: Directory


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
    db: AsyncConnection,
    act: Act,
    rows: Sequence[UnitRow],
    *,
    preview: bool = False,
    erase: bool = False,
) -> Imported:
    """Enter the units of a file; with `preview` only show what that would change.

    A row describes the unit that has its name as name or alias in normal form; the unit keeps its
    name. Units that the file lacks stay unchanged. `erase` confirms that dashes in the file may
    empty fields.

    Raises:
        RefusedError: a name means two units, or a retired one, or the file erases something and
            that is not confirmed; nothing was changed.
    """
    if not preview:
        await offices.lock_office(db, act.office_id)  # two imports at once would miss each other
    known = await store.list_units(db, act.office_id)
    today = (await get_office_day(db, act.office_id, act.now)).today
    matches = _match_rows(act, rows, known, today)
    changed = [match for match in matches if match.is_changed]
    created = [match for match in matches if match.old is None]
    changes = tuple(
        describe_change(match.old, match.unit, match.row.name) for match in changed if match.old
    )
    erased = list_erased([match.row for match in changed], changes)
    if erased and not (preview or erase):
        raise make_erasing_refusal(erased)
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
        changes=changes,
        absent=tuple(unit.name for unit in absent),
        erased=len(erased),
        directory=_build_directory([match.unit for match in matches], absent),
    )


def _build_directory(
    matched: Sequence[Mapping[str, Any]], absent: Sequence[StoredUnit]
) -> Directory:
    """The directory after the import."""
    facts = [*matched, *({**get_facts(unit), "unit_id": unit.unit_id} for unit in absent)]
    return build_directory(
        DirectoryUnit(unit["unit_id"], unit["name"], tuple(unit["groups"]), tuple(unit["aliases"]))
        for unit in sorted(facts, key=lambda unit: str(unit["name"]))
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
        return f"{row.name}与{place}是同一单位。{row.name} means the unit of {place}."
    if old is not None and old.retired_at is not None:
        return f"{row.name}已停用：{old.retired_why}。{row.name} is retired: {old.retired_why}"
    if old is None and holder is not None:
        return (
            f"{row.name}是{holder.name}最初的名称，请用别的名称登记后再改名。"
            f"{row.name} was first the name of {holder.name}. Enter another name and rename it."
        )
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
                meant = "、".join(sorted(others)[:3])
                message = f"“{spelling}”也指{meant}。{spelling} also means {meant}."
                if match.old is None and others <= staying_names:
                    message += (
                        f"如{min(others)}已改名，请先改名再导入。"
                        f"If {min(others)} was renamed, rename it first, then import."
                    )
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
