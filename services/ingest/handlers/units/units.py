"""The directory: read, and changed unit by unit. Each change publishes the unit as one event."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import (
    Directory,
    DirectoryUnit,
    build_directory,
    normalise_name,
)
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, make_envelope, require_unit
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.office.telling_traits import tell_units
from services.ingest.handlers.units.cells import clean_cell
from services.ingest.handlers.units.contacts import NewContact, make_holder, replace_holder
from services.ingest.store import journal, offices
from services.ingest.store import units as store
from services.ingest.store.rows import StoredUnit
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.schemas.events import UnitUpserted
from shared.schemas.facts import Contact
from shared.schemas.rules import Audience

_CHUNK = 1000
FACTS = ("name", "kind", "groups", "aliases", "contacts")
"""The fields of a unit that people change; `number` counts the changes."""


def get_facts(unit: StoredUnit) -> dict[str, Any]:
    """The FACTS of a stored unit."""
    return {name: getattr(unit, name) for name in FACTS}


def map_owners(units: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The names of the units that have a name or alias, by its normal form."""
    owners: dict[str, set[str]] = defaultdict(set)
    for unit in units:
        for spelling in (unit["name"], *unit["aliases"]):
            owners[normalise_name(spelling)].add(unit["name"])
    return owners


async def enter(
    db: AsyncConnection,
    act: Act,
    action: str,
    units: Sequence[Mapping[str, Any]],
    before: Mapping[UUID, StoredUnit],
) -> None:
    """Store units with their new FACTS, note the changes in the journal, and publish events.

    The caller holds the office's lock. `before` has the units that exist already.
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
    before: Mapping[UUID, StoredUnit],
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
    await store.put_units(db, rows)
    changes: dict[UUID, tuple[dict[str, Any], dict[str, Any]]] = {}
    for row in rows:
        old = before.get(row["unit_id"])
        after = {name: row[name] for name in FACTS}
        changes[row["unit_id"]] = (get_facts(old) if old else {}, after)
    await journal.append_all(
        db,
        office_id=act.office_id,
        actor=act.actor,
        at=act.now,
        correlation_id=act.correlation_id,
        action=action,
        changes=changes,
    )
    await tell_units(db, act, rows, before)
    office_name = (await offices.get_office(db, act.office_id)).name
    events = (_make_event(row, office_name) for row in rows)
    await publish(
        db, OUTBOX, [make_envelope(act, event, event.unit_id, event.number) for event in events]
    )


def _make_event(row: Mapping[str, Any], office_name: str) -> UnitUpserted:
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


async def replace_contact(
    db: AsyncConnection, act: Act, unit_id: UUID, new: NewContact
) -> StoredUnit:
    """Let a person take over a post; unsent notifications go to them from their first day on.

    Raises:
        RefusedError: no such unit, or an invalid address.
    """
    parts = new.to_parts()
    unit = await lock_unit(db, act, unit_id)
    today = (await get_office_day(db, act.office_id, act.now)).today
    holders = {
        post: [contact for contact in unit.contacts if contact["post"] == post.value]
        for post in Audience
    }
    person = make_holder(unit_id, new.post, parts)
    holders[new.post] = replace_holder(holders[new.post], person, today)
    contacts = [holder for of_post in holders.values() for holder in of_post]
    return await change_unit(db, act, "unit.contact-replaced", unit, contacts=contacts)


async def lock_unit(db: AsyncConnection, act: Act, unit_id: UUID) -> StoredUnit:
    """Lock the directory and a unit of it."""
    await offices.lock_office(db, act.office_id)
    unit = await store.lock_unit(db, act.office_id, unit_id)
    if unit is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    return unit


async def change_unit(
    db: AsyncConnection, act: Act, action: str, unit: StoredUnit, **changed: object
) -> StoredUnit:
    """Change some FACTS of a unit; nothing happens when they have these values already."""
    if all(getattr(unit, name) == value for name, value in changed.items()):
        return unit
    after = {**get_facts(unit), **changed, "unit_id": unit.unit_id}
    await enter(db, act, action, [after], {unit.unit_id: unit})
    return await get_unit(db, act, unit.unit_id)


async def load_directory(db: AsyncConnection, office_id: UUID) -> Directory:
    """The office's directory, ready to resolve names, without retired units.

    The units of a group are in the order of their names.
    """
    return build_directory(
        DirectoryUnit(unit.unit_id, unit.name, tuple(unit.groups), tuple(unit.aliases))
        for unit in await store.list_unit_names(db, office_id)
    )


async def get_unit(db: AsyncConnection, act: Act, unit_id: UUID) -> StoredUnit:
    """A unit.

    Raises:
        RefusedError: the office has no such unit, or the actor may not see it.
    """
    require_unit(act, unit_id)
    unit = await store.find_unit(db, act.office_id, unit_id)
    if unit is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    return unit


async def list_page(
    db: AsyncConnection, act: Act, name: str | None, after: UUID | None, limit: int
) -> list[StoredUnit]:
    """Units by id, after one of them.

    With `name` those whose name contains it, or that have it as an alias.
    """
    return await store.list_page(
        db,
        act.office_id,
        name=clean_cell(name) if name else None,
        only=act.unit_id,
        after=after,
        limit=limit,
    )
