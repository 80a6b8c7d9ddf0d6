"""The directory: imported whole or not at all, told as one event for each unit that changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import Directory, Unit, directory
from services.ingest.handlers.acting import Act, Fault, RefusedError, envelope, require_unit
from services.ingest.handlers.unit_file import UnitRow
from services.ingest.store import journal, offices
from services.ingest.store import units as store
from services.ingest.tables import OUTBOX, AnyRow
from shared import identity
from shared.events import Contact, UnitUpserted
from shared.outbox import publish
from shared.rules import Audience

_CHUNK = 1000
_FACTS = ("name", "kind", "groups", "aliases", "contacts")


@dataclass(frozen=True, slots=True)
class Imported:
    """How many units a file made, changed, and left as they were."""

    created: int
    changed: int
    unchanged: int


async def import_units(db: AsyncConnection, act: Act, rows: Sequence[UnitRow]) -> Imported:
    """Enter the units of a file. Units that it does not name stay as they are.

    Raises:
        RefusedError: an alias belongs to two units; nothing was changed.
    """
    await offices.lock_office(db, act.office_id)  # two imports at once would miss each other
    before = {row.name: row for row in await store.every_unit(db, act.office_id)}
    fresh = [_merged(act, row, before.get(row.name)) for row in rows]
    _distinct(rows, fresh, before)
    created = [unit for unit in fresh if unit["name"] not in before]
    changed = [unit for unit in fresh if _differs(unit, before.get(unit["name"]))]
    office_name = (await offices.office(db, act.office_id)).name
    await store.lock_units(db, [unit["unit_id"] for unit in changed])
    news = sorted(created + changed, key=lambda unit: unit["unit_id"])
    for start in range(0, len(news), _CHUNK):
        await _put(db, act, news[start : start + _CHUNK], before, office_name)
    return Imported(len(created), len(changed), len(fresh) - len(news))


async def _put(
    db: AsyncConnection,
    act: Act,
    units: Sequence[dict[str, Any]],
    before: Mapping[str, AnyRow],
    office_name: str,
) -> None:
    await store.put(db, units)
    changes: dict[UUID, tuple[dict[str, Any], dict[str, Any]]] = {}
    for unit in units:
        old = before.get(unit["name"])
        was = {name: getattr(old, name) for name in _FACTS} if old else {}
        changes[unit["unit_id"]] = (was, {name: unit[name] for name in _FACTS})
    await journal.append_all(
        db,
        office_id=act.office_id,
        actor=act.actor,
        at=act.now,
        correlation_id=act.correlation_id,
        action="unit.imported",
        changes=changes,
    )
    events = (_upserted(act, unit, office_name) for unit in units)
    await publish(
        db, OUTBOX, [envelope(act, event, event.unit_id, event.number) for event in events]
    )


def _merged(act: Act, row: UnitRow, old: AnyRow | None) -> dict[str, Any]:
    """The unit as it will be: what the file says, and what it leaves out as it was."""
    unit_id = old.unit_id if old else identity.unit_id(act.office_id, row.name)
    groups, aliases = row.groups, row.aliases
    return {
        "unit_id": unit_id,
        "office_id": act.office_id,
        "name": row.name,
        "kind": (old.kind if old else "") if row.kind is None else row.kind,
        "groups": (old.groups if old else []) if groups is None else list(groups),
        "aliases": (old.aliases if old else []) if aliases is None else list(aliases),
        "contacts": _contacts(unit_id, row, old.contacts if old else []),
        "number": old.number + 1 if old else 1,
        "changed_at": act.now,
    }


def _contacts(unit_id: UUID, row: UnitRow, old: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    held = {Audience(contact["post"]): contact for contact in old}
    found = []
    for post in Audience:
        known = held.get(post, {})
        parts = {name: known.get(name, "") for name in ("name", "email", "mobile")}
        parts |= row.contacts.get(post, {})
        if parts["email"] or parts["mobile"]:
            contact_id = str(identity.contact_id(unit_id, post.value, 0))
            found.append({"contact_id": contact_id, "post": post.value, **parts})
    return found


def _differs(unit: Mapping[str, Any], old: AnyRow | None) -> bool:
    return old is not None and any(getattr(old, name) != unit[name] for name in _FACTS)


def _distinct(
    rows: Sequence[UnitRow], fresh: Sequence[Mapping[str, Any]], before: Mapping[str, AnyRow]
) -> None:
    """Make sure that an alias means one unit."""
    named = {unit["name"] for unit in fresh}
    kept = [
        {"name": row.name, "aliases": row.aliases}
        for name, row in before.items()
        if name not in named
    ]
    owners: dict[str, set[str]] = defaultdict(set)
    every: list[Mapping[str, Any]] = [*fresh, *kept]
    for unit in every:
        for spelling in (unit["name"], *unit["aliases"]):
            owners[spelling].add(unit["name"])
    faults = []
    for row, unit in zip(rows, fresh, strict=True):
        for spelling in (unit["name"], *unit["aliases"]):
            if others := owners[spelling] - {unit["name"]}:
                message = f"{spelling} also means {'、'.join(sorted(others)[:3])}."
                faults.append({"row": row.row, "column": "aliases", "message": message})
    if faults:
        raise RefusedError(
            Fault.INVALID,
            "The directory was not imported: a name or alias belongs to two units.",
            "Leave the alias with one of them and import the whole file again.",
            faults[:100],
        )


def _upserted(act: Act, unit: Mapping[str, Any], office_name: str) -> UnitUpserted:
    return UnitUpserted(
        office_id=act.office_id,
        unit_id=unit["unit_id"],
        number=unit["number"],
        name=unit["name"],
        kind=unit["kind"],
        groups=tuple(unit["groups"]),
        aliases=tuple(unit["aliases"]),
        contacts=tuple(Contact.model_validate(contact) for contact in unit["contacts"]),
        office_name=office_name,
    )


async def load_directory(db: AsyncConnection, office_id: UUID) -> Directory:
    """The office's directory, ready to resolve names; groups are in the order of names."""
    return directory(
        Unit(row.unit_id, row.name, tuple(row.groups), tuple(row.aliases))
        for row in await store.every_unit(db, office_id)
    )


async def one(db: AsyncConnection, act: Act, unit_id: UUID) -> AnyRow:
    """A unit.

    Raises:
        RefusedError: the office has none such, or the actor may not know of it.
    """
    require_unit(act, unit_id)
    row = await store.unit(db, act.office_id, unit_id)
    if row is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such unit.")
    return row


async def page(
    db: AsyncConnection, act: Act, name: str | None, after: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Units by id; with `name` those whose name or alias it is, or whose name contains it."""
    return await store.page(
        db, act.office_id, name=name, only=act.unit_id, after=after, limit=limit
    )
