"""The directory: read, and changed unit by unit. What a unit is now is told as one event."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import Directory, DirectoryUnit, build_directory, normalise_name
from services.ingest.handlers.acting import (
    Act,
    Fault,
    RefusedError,
    envelope,
    note,
    require_unit,
)
from services.ingest.handlers.office.rules import office_day
from services.ingest.handlers.units.cells import checked, plain
from services.ingest.handlers.units.contacts import PARTS, holder, succeeded
from services.ingest.store import journal, offices
from services.ingest.store import units as store
from services.ingest.tables import OUTBOX, AnyRow
from shared.outbox.publishing import publish
from shared.schemas.events import UnitUpserted
from shared.schemas.facts import Contact
from shared.schemas.rules import Audience

_CHUNK = 1000
FACTS = ("name", "kind", "groups", "aliases", "contacts")
"""What a unit is; `number` counts its changes."""


def facts(row: AnyRow) -> dict[str, Any]:
    """What a stored unit is."""
    return {name: getattr(row, name) for name in FACTS}


def owners(units: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Who is meant by each name and alias, however it is written: the names of the units."""
    found: dict[str, set[str]] = defaultdict(set)
    for unit in units:
        for spelling in (unit["name"], *unit["aliases"]):
            found[normalise_name(spelling)].add(unit["name"])
    return found


async def enter(
    db: AsyncConnection,
    act: Act,
    action: str,
    units: Sequence[Mapping[str, Any]],
    before: Mapping[UUID, AnyRow],
) -> None:
    """Store units with their FACTS as they now are, write it into the journal, and tell it.

    The caller holds the office's lock. `before` has those that are not new.
    """
    await store.lock_units(db, before.keys())
    ordered = sorted(units, key=lambda unit: unit["unit_id"])
    for start in range(0, len(ordered), _CHUNK):
        await _put(db, act, action, ordered[start : start + _CHUNK], before)


async def _put(
    db: AsyncConnection,
    act: Act,
    action: str,
    units: Sequence[Mapping[str, Any]],
    before: Mapping[UUID, AnyRow],
) -> None:
    rows = [
        {
            **{name: unit[name] for name in FACTS},
            "unit_id": unit["unit_id"],
            "office_id": act.office_id,
            "number": old.number + 1 if (old := before.get(unit["unit_id"])) else 1,
            "changed_at": act.now,
        }
        for unit in units
    ]
    await store.put(db, rows)
    changes: dict[UUID, tuple[dict[str, Any], dict[str, Any]]] = {}
    for row in rows:
        old = before.get(row["unit_id"])
        changes[row["unit_id"]] = (facts(old) if old else {}, {name: row[name] for name in FACTS})
    await journal.append_all(
        db,
        office_id=act.office_id,
        actor=act.actor,
        at=act.now,
        correlation_id=act.correlation_id,
        action=action,
        changes=changes,
    )
    office_name = (await offices.office(db, act.office_id)).name
    events = (_upserted(row, office_name) for row in rows)
    await publish(
        db, OUTBOX, [envelope(act, event, event.unit_id, event.number) for event in events]
    )


def _upserted(row: Mapping[str, Any], office_name: str) -> UnitUpserted:
    return UnitUpserted(
        office_id=row["office_id"],
        unit_id=row["unit_id"],
        number=row["number"],
        name=row["name"],
        kind=row["kind"],
        groups=tuple(row["groups"]),
        aliases=tuple(row["aliases"]),
        contacts=tuple(Contact.model_validate(contact) for contact in row["contacts"]),
        office_name=office_name,
    )


@dataclass(frozen=True, slots=True)
class NewContact:
    """Who takes over a post, and on which days; without a first day at once."""

    post: Audience
    name: str
    email: str
    mobile: str
    valid_from: date | None
    valid_to: date | None

    def said(self) -> dict[str, str]:
        """As a contact is stored.

        Raises:
            RefusedError: no address, or a part that is none; `details` names it.
        """
        said: dict[str, str] = {}
        faults: list[dict[str, str]] = []
        for part in PARTS:
            try:
                said[part] = checked(f"{self.post.value}_{part}", str(getattr(self, part) or ""))
            except ValueError as error:
                faults.append({"where": part, "message": str(error)})
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            faults.append({"where": "valid_to", "message": "The last day is before the first."})
        if not faults and not (said["email"] or said["mobile"]):
            faults.append({"where": "email", "message": "Give an e-mail address or a mobile."})
        if faults:
            raise RefusedError(Fault.INVALID, "The contact was not entered.", details=faults)
        return said


async def replace_contact(db: AsyncConnection, act: Act, unit_id: UUID, new: NewContact) -> AnyRow:
    """Let someone else take over a post; what is not sent yet goes to them from their first day.

    Raises:
        RefusedError: no such unit, or an address that is none.
    """
    said = new.said()
    row = await _held(db, act, unit_id)
    today = (await office_day(db, act.office_id, act.now)).today
    posts = {post: [one for one in row.contacts if one["post"] == post.value] for post in Audience}
    person = holder(unit_id, new.post, said)
    posts[new.post] = succeeded(posts[new.post], person, today)
    contacts = [one for held in posts.values() for one in held]
    return await _change(db, act, "unit.contact-replaced", row, contacts=contacts)


async def rename(db: AsyncConnection, act: Act, unit_id: UUID, name: str) -> AnyRow:
    """Give a unit another name. It stays the same unit, and its old name becomes an alias.

    Raises:
        RefusedError: no such unit, it is retired, another unit has the name or alias, or it is
            none.
    """
    try:
        name = checked("name", name)
    except ValueError as error:
        raise RefusedError(Fault.INVALID, str(error)) from error
    if not name:
        raise RefusedError(Fault.INVALID, "The unit needs a name.")
    row = await _held(db, act, unit_id)
    if row.retired_at is not None:
        raise RefusedError(Fault.CONFLICT, f"{row.name} is retired.", "Undo that first.")
    if name == row.name:
        return row
    await _require_free(db, act, row, [name])
    aliases = [alias for alias in (*row.aliases, row.name) if alias != name]
    return await _change(db, act, "unit.renamed", row, name=name, aliases=aliases)


async def retire(
    db: AsyncConnection, act: Act, unit_id: UUID, reason: str, *, undo: bool
) -> AnyRow:
    """End a unit, or undo that: no name means it any more, so it owes nothing new.

    What it owes stays in the ledger and is reminded of at its contacts. Its name may become an
    alias of the unit that takes over.

    Raises:
        RefusedError: no such unit, it is so already, or its names now mean another unit.
    """
    row = await _held(db, act, unit_id)
    if undo is (row.retired_at is None):
        told = "not retired" if undo else f"retired already: {row.retired_why}"
        raise RefusedError(Fault.CONFLICT, f"{row.name} is {told}.")
    if undo:
        await _require_free(db, act, row, [row.name, *row.aliases])
    now, why = (None, None) if undo else (act.now, reason)
    await store.set_retired(db, unit_id, now, why)
    action = "unit.retirement-undone" if undo else "unit.retired"
    await note(db, act, action, unit_id, after={"name": row.name, "reason": reason})
    return await one(db, act, unit_id)


async def _held(db: AsyncConnection, act: Act, unit_id: UUID) -> AnyRow:
    """A unit under the lock of the directory and its own."""
    await offices.lock_office(db, act.office_id)
    row = await store.lock_unit(db, act.office_id, unit_id)
    if row is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such unit.")
    return row


async def _change(
    db: AsyncConnection, act: Act, action: str, row: AnyRow, **changed: object
) -> AnyRow:
    """Change some facts of a unit; nothing happens when they are so already."""
    if all(getattr(row, name) == value for name, value in changed.items()):
        return row
    unit = {**facts(row), **changed, "unit_id": row.unit_id}
    await enter(db, act, action, [unit], {row.unit_id: row})
    return await one(db, act, row.unit_id)


async def _require_free(
    db: AsyncConnection, act: Act, row: AnyRow, spellings: Sequence[str]
) -> None:
    """Make sure that no other unit is meant by these, nor has one of them as its name."""
    every = await store.every_unit(db, act.office_id)
    others = [one for one in every if one.unit_id != row.unit_id]
    names = {one.name for one in others}
    taken = owners(facts(one) for one in others if one.retired_at is None)
    for spelling in spellings:
        meant = taken.get(normalise_name(spelling), set()) | ({spelling} & names)
        if meant:
            raise RefusedError(
                Fault.CONFLICT,
                f"{spelling} means {'、'.join(sorted(meant))} already.",
                "Choose another name, or take the alias from that unit first.",
            )


async def load_directory(db: AsyncConnection, office_id: UUID) -> Directory:
    """The office's directory, ready to resolve names; groups are in the order of names.

    Units that are retired are not in it.
    """
    return build_directory(
        DirectoryUnit(row.unit_id, row.name, tuple(row.groups), tuple(row.aliases))
        for row in await store.names(db, office_id)
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
        db,
        act.office_id,
        name=plain(name) if name else None,
        only=act.unit_id,
        after=after,
        limit=limit,
    )
