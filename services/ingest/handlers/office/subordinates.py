"""Grants between offices: a superior one (市) reads summaries of its counties, and nothing else."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.store import office_grants as store
from services.ingest.store.rows import StoredOffice
from shared.errors import CuibanError
from shared.schemas import identity

_ACTOR = "command line"


@dataclass(frozen=True, slots=True)
class OfficeSummary:
    """How many obligations an office has; `near` and `overdue` are among those `open`."""

    office_id: UUID
    slug: str
    name: str
    today: date
    units: int
    total: int
    done: int
    open: int
    near: int
    overdue: int


async def grant_summaries(
    db: AsyncConnection, superior: str, subordinate: str, now: datetime
) -> bool:
    """Let an office read the summaries of another, both by their short names; False if it may.

    Raises:
        CuibanError: there is no such office, or both are the same.
    """
    upper, lower = await _find_pair(db, superior, subordinate)
    granted = await store.add_grant(db, upper.office_id, lower.office_id, now)
    if granted:
        await _note_both(db, "summaries.granted", upper, lower, now)
    return granted


async def revoke_summaries(
    db: AsyncConnection, superior: str, subordinate: str, now: datetime
) -> bool:
    """Take such a grant back; False if there is none.

    Raises:
        CuibanError: there is no such office, or both are the same.
    """
    upper, lower = await _find_pair(db, superior, subordinate)
    revoked = await store.remove_grant(db, upper.office_id, lower.office_id)
    if revoked:
        await _note_both(db, "summaries.revoked", upper, lower, now)
    return revoked


async def _find_pair(
    db: AsyncConnection, superior: str, subordinate: str
) -> tuple[StoredOffice, StoredOffice]:
    if superior == subordinate:
        raise CuibanError(
            "办公室本来就能查看自己的汇总。An office reads its own summaries anyway.",
            "请填写两个不同的办公室。Name two offices.",
        )
    return await _get_office(db, superior), await _get_office(db, subordinate)


async def _note_both(
    db: AsyncConnection, action: str, upper: StoredOffice, lower: StoredOffice, now: datetime
) -> None:
    """Note a change of a grant in the journals of both offices, in one order."""
    after = {"superior": upper.slug, "subordinate": lower.slug}
    correlation_id = identity.derive_id(action, upper.slug, lower.slug, now.isoformat())
    for office in sorted((upper, lower), key=lambda each: each.office_id):
        act = Act(office.office_id, _ACTOR, now, correlation_id)
        await note(db, act, action, lower.office_id, after=after)


async def _get_office(db: AsyncConnection, slug: str) -> StoredOffice:
    office = await store.find_office(db, slug)
    if office is None:
        raise CuibanError(
            f"没有简称为 {slug} 的办公室。There is no office with the short name {slug}.",
            "请用 `cuiban offices list` 查看。See `cuiban offices list`.",
        )
    return office


async def summarise_offices(
    db: AsyncConnection, superior_id: UUID, now: datetime
) -> list[OfficeSummary]:
    """The summaries that an office may read, by the short names of the offices.

    The transaction belongs to no office, since these rows are those of others.
    """
    summaries = []
    for office in await store.list_subordinates(db, superior_id):
        day = await get_office_day(db, office.office_id, now)
        counts = await store.count_obligations(db, office.office_id, day.today, day.near_until)
        summaries.append(
            OfficeSummary(
                office_id=office.office_id,
                slug=office.slug,
                name=office.name,
                today=day.today,
                units=counts.units,
                total=counts.total,
                done=counts.done,
                open=counts.total - counts.done,
                near=counts.near,
                overdue=counts.overdue,
            )
        )
    return summaries
