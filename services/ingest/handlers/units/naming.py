"""Which names mean a unit: renamed, given other aliases, retired, and brought back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import normalise_name
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.units.cells import parse_cell
from services.ingest.handlers.units.units import (
    change_unit,
    get_facts,
    get_unit,
    lock_unit,
    map_owners,
)
from services.ingest.store import units as store
from services.ingest.store.rows import StoredUnit


@dataclass(frozen=True, slots=True)
class AliasChange:
    """Aliases that a unit gets, and aliases that it loses."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


async def rename(db: AsyncConnection, act: Act, unit_id: UUID, name: str) -> StoredUnit:
    """Give a unit another name. It stays the same unit, and its old name becomes an alias.

    Raises:
        RefusedError: no such unit, it is retired, another unit has the name or alias, or the
            name is invalid.
    """
    try:
        name = parse_cell("name", name)
    except ValueError as error:
        raise RefusedError(Fault.INVALID, str(error)) from error
    if not name:
        raise RefusedError(Fault.INVALID, "单位须有名称。The unit needs a name.")
    unit = await lock_unit(db, act, unit_id)
    if unit.retired_at is not None:
        raise RefusedError(
            Fault.CONFLICT,
            f"{unit.name}已停用。{unit.name} is retired.",
            "请先恢复。Undo that first.",
        )
    if name == unit.name:
        return unit
    await _require_free(db, act, unit, [name])
    aliases = [alias for alias in (*unit.aliases, unit.name) if alias != name]
    return await change_unit(db, act, "unit.renamed", unit, name=name, aliases=aliases)


async def retire(
    db: AsyncConnection, act: Act, unit_id: UUID, reason: str, *, undo: bool
) -> StoredUnit:
    """Retire a unit, or undo that: its names no longer resolve, so it gets no new obligations.

    Its obligations stay in the ledger, and its contacts are still reminded. Its name may become
    an alias of the unit that takes over.

    Raises:
        RefusedError: no such unit, nothing would change, or its names now mean another unit.
    """
    unit = await lock_unit(db, act, unit_id)
    if undo is (unit.retired_at is None):
        raise RefusedError(
            Fault.CONFLICT,
            f"{unit.name}未停用。{unit.name} is not retired."
            if undo
            else f"{unit.name}已停用：{unit.retired_why}。{unit.name} is retired already.",
        )
    if undo:
        await _require_free(db, act, unit, [unit.name, *unit.aliases])
    now, why = (None, None) if undo else (act.now, reason)
    await store.set_retired(db, unit_id, now, why)
    action = "unit.retirement-undone" if undo else "unit.retired"
    await note(db, act, action, unit_id, after={"name": unit.name, "reason": reason})
    return await get_unit(db, act, unit_id)


async def change_aliases(
    db: AsyncConnection, act: Act, unit_id: UUID, change: AliasChange
) -> StoredUnit:
    """Give a unit aliases, or take some from it.

    Raises:
        RefusedError: no such unit, a new alias means another unit, or one to remove is none of the
            unit's.
    """
    unit = await lock_unit(db, act, unit_id)
    if strange := [alias for alias in change.remove if alias not in unit.aliases]:
        raise RefusedError(
            Fault.INVALID,
            f"{'、'.join(strange)}不是{unit.name}的别名。"
            f"{'、'.join(strange)} is no alias of {unit.name}.",
            f"它的别名：{'、'.join(unit.aliases) or '无'}。"
            f"Its aliases are {'、'.join(unit.aliases) or 'none'}.",
        )
    if unit.retired_at is None:
        await _require_free(db, act, unit, change.add, as_alias=True)
    kept = [alias for alias in unit.aliases if alias not in change.remove]
    added = [alias for alias in change.add if alias not in {unit.name, *kept}]
    aliases = list(dict.fromkeys((*kept, *added)))
    return await change_unit(db, act, "unit.aliases-changed", unit, aliases=aliases)


async def _require_free(
    db: AsyncConnection,
    act: Act,
    unit: StoredUnit,
    spellings: Sequence[str],
    *,
    as_alias: bool = False,
) -> None:
    """Make sure that no other unit has one of these as name or alias, nor a retired one as name.

    `as_alias`: a retired unit's name may become an alias.
    """
    every = await store.list_units(db, act.office_id)
    others = [other for other in every if other.unit_id != unit.unit_id]
    names = set() if as_alias else {other.name for other in others}
    owners = map_owners(get_facts(other) for other in others if other.retired_at is None)
    for spelling in spellings:
        taken_by = owners.get(normalise_name(spelling), set()) | ({spelling} & names)
        if taken_by:
            hint = "请换一个名称。Choose another name."
            if spelling not in taken_by:
                owner = min(taken_by)
                hint += (
                    "也可去掉该别名。Or take the alias away: "
                    f"cuiban units alias {owner} --remove {spelling}"
                )
            means = "、".join(sorted(taken_by))
            raise RefusedError(
                Fault.CONFLICT, f"“{spelling}”已指{means}。{spelling} means {means} already.", hint
            )
