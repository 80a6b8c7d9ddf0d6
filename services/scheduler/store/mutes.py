"""Mutes as ingest told them: what is not reminded of when its slot fires."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import MUTES
from shared.schemas.mutes import Mute

_M = MUTES.c
_HOLDING = select(_M.office_id, _M.mute).where(
    _M.office_id == any_(bindparam("offices", type_=ARRAY(Uuid))),
    or_(_M.unit_id.is_(None), _M.unit_id == any_(bindparam("units", type_=ARRAY(Uuid)))),
    _M.until > bindparam("first"),
)


async def put_mute(db: AsyncConnection, office_id: UUID, number: int, mute: Mute) -> bool:
    """Store a mute if it is newer than the stored state of it; whether it was."""
    row = {
        "number": number,
        "unit_id": mute.unit_id,
        "until": mute.until,
        "mute": mute.model_dump(mode="json"),
    }
    statement = postgresql.insert(MUTES).values(
        row | {"mute_id": mute.mute_id, "office_id": office_id}
    )
    result = await db.execute(
        statement.on_conflict_do_update(
            index_elements=[_M.mute_id], set_=row, where=_M.number < number
        )
    )
    return result.rowcount > 0


async def list_holding(
    db: AsyncConnection, offices: Collection[UUID], units: Collection[UUID], first: datetime
) -> dict[UUID, list[Mute]]:
    """The mutes that may hold for units in slots from `first` on, by office."""
    values = {"offices": sorted(offices), "units": sorted(units), "first": first}
    mutes: defaultdict[UUID, list[Mute]] = defaultdict(list)
    for row in await db.execute(_HOLDING, values):
        mutes[row.office_id].append(Mute.model_validate(row.mute))
    return mutes
