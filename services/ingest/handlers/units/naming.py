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


@dataclass(frozen=True, slots=True)
class Retirement:
    """Why a unit ends and, if it was merged into another one, into which; or why it does not."""

    reason: str
    successor_id: UUID | None = None
    undo: bool = False


async def retire(
    db: AsyncConnection, act: Act, unit_id: UUID, retirement: Retirement
) -> StoredUnit:
    """Retire a unit, or undo that: its names no longer resolve, so it gets no new obligations.

    Its obligations stay in the ledger, and its contacts are still reminded. With a successor, what
    is open waits as a change of the directory until a person hands it over. The successor of a
    retired unit may be named later.

    Raises:
        RefusedError: no such unit or successor, nothing would change, or its names now mean
            another unit.
    """
    unit = await lock_unit(db, act, unit_id)
    undo, reason, successor_id = retirement.undo, retirement.reason, retirement.successor_id
    successor = await _find_successor(db, act, unit, retirement)
    is_renamed = successor is not None and successor_id != unit.successor_id
    if undo is (unit.retired_at is None) and not is_renamed:
        raise RefusedError(
            Fault.CONFLICT,
            f"{unit.name}未停用。{unit.name} is not retired."
            if undo
            else f"{unit.name}已停用：{unit.retired_why}。{unit.name} is retired already.",
        )
    if undo:
        await _require_free(db, act, unit, [unit.name, *unit.aliases])
    at, why = (None, None) if undo else (unit.retired_at or act.now, reason)
    await store.set_retired(db, unit_id, at, why, successor_id)
    action = "unit.retirement-undone" if undo else "unit.retired"
    after = {"name": unit.name, "reason": reason}
    if successor is not None:
        after |= {"successor": successor.name, "successor_id": str(successor.unit_id)}
    await note(db, act, action, unit_id, after=after)
    return await get_unit(db, act, unit_id)


async def _find_successor(
    db: AsyncConnection, act: Act, unit: StoredUnit, retirement: Retirement
) -> StoredUnit | None:
    """The unit that takes over; None where no one is named.

    Raises:
        RefusedError: there is no such unit, it is retired or the unit itself, or nothing ends.
    """
    if retirement.successor_id is None:
        return None
    successor = await store.find_unit(db, act.office_id, retirement.successor_id)
    if successor is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个承接单位。There is no such unit to take over.",
            "请在单位列表中查找（`GET /v1/units`）。Look in the list of units (`GET /v1/units`).",
        )
    if retirement.undo or successor.retired_at is not None or successor.unit_id == unit.unit_id:
        raise RefusedError(
            Fault.CONFLICT,
            f"“{successor.name}”不能承接：该单位已撤销、就是原单位，或原单位恢复。"
            "The unit can't take over: it is retired or the same unit, or nothing ends.",
            "请填写仍在通讯录中的其他单位。Name another unit that the directory has.",
        )
    return successor


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
                hint = (
                    f"请换一个名称，或先去掉{owner}的这个别名。"
                    f"Choose another name, or take the alias away from {owner} "
                    f"(`cuiban units alias {owner} --remove {spelling}`)."
                )
            means = "、".join(sorted(taken_by))
            raise RefusedError(
                Fault.CONFLICT, f"“{spelling}”已指{means}。{spelling} means {means} already.", hint
            )
