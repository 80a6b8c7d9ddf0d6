"""The settings of offices, every version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.rule_approval import DEFAULT_SHARE
from services.ingest.store.fetching import fetch_first, fetch_one, list_columns
from services.ingest.store.office_tables import OFFICE_SETTINGS


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """A version of an office's settings.

    `logo` is a picture, `reporting` what becomes of a unit's reports. `rule_approval_share`: from
    how many percent of the units on a second person approves a rule book; None for the default.
    """

    version: int
    settings: dict[str, Any]
    logo: bytes | None
    reporting: dict[str, Any] | None
    rule_approval_share: int | None
    changed_by: str
    changed_at: datetime


_S = OFFICE_SETTINGS.c
_SETTINGS = list_columns(StoredSettings, _S)


async def find_current(db: AsyncConnection, office_id: UUID) -> StoredSettings | None:
    """The present settings; None when the office never changed any."""
    query = select(*_SETTINGS).where(_S.office_id == office_id).order_by(_S.version.desc()).limit(1)
    return await fetch_first(db, StoredSettings, query)


async def find_reporting(db: AsyncConnection, office_id: UUID) -> dict[str, Any] | None:
    """What becomes of a unit's reports, as it is stored; None for the defaults."""
    query = select(_S.reporting).where(_S.office_id == office_id).order_by(_S.version.desc())
    return (await db.execute(query.limit(1))).scalar()


async def find_approval_share(db: AsyncConnection, office_id: UUID) -> int:
    """The percentage of units above which a second person approves a rule book."""
    query = (
        select(_S.rule_approval_share)
        .where(_S.office_id == office_id)
        .order_by(_S.version.desc())
        .limit(1)
    )
    share = (await db.execute(query)).scalar()
    return DEFAULT_SHARE if share is None else share


@dataclass(frozen=True, slots=True)
class OwnUnit:
    """The unit that was the office itself from an instant on; None: it named none."""

    since: datetime
    unit_id: UUID | None


async def list_own_units(db: AsyncConnection, office_id: UUID) -> list[OwnUnit]:
    """The units that were the office itself, from all versions of its settings, rising."""
    rows = await db.execute(
        select(_S.changed_at, _S.settings["own_unit"].astext.label("own_unit"))
        .where(_S.office_id == office_id)
        .order_by(_S.version)
    )
    return [OwnUnit(row.changed_at, UUID(row.own_unit) if row.own_unit else None) for row in rows]


async def find_own_unit(db: AsyncConnection, office_id: UUID) -> UUID | None:
    """The unit that is the office itself; None: it named none."""
    own = await list_own_units(db, office_id)
    return own[-1].unit_id if own else None


async def add_settings(
    db: AsyncConnection,
    office_id: UUID,
    version: int,
    *,
    settings: Mapping[str, Any],
    logo: bytes | None,
    reporting: Mapping[str, Any],
    rule_approval_share: int,
    by: str,
    now: datetime,
) -> StoredSettings:
    """Enter the next version of an office's settings."""
    row = {
        "office_id": office_id,
        "version": version,
        "settings": dict(settings),
        "logo": logo,
        "reporting": dict(reporting),
        "rule_approval_share": rule_approval_share,
        "changed_by": by,
        "changed_at": now,
    }
    statement = insert(OFFICE_SETTINGS).values(row).returning(*_SETTINGS)
    return await fetch_one(db, StoredSettings, statement)
