"""The refusal of who decides about an older version than the present one: it says what changed."""

from datetime import tzinfo
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.timeline import NotedChange, describe_change
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.store import timeline as store
from services.ingest.store.ledger_rows import LedgerEntry
from shared.schemas.life import Action


async def make_stale(
    db: AsyncConnection,
    act: Act,
    entry: LedgerEntry,
    seen: int,
    allowed: tuple[Action, ...],
) -> RefusedError:
    """The refusal of a decision about version `seen` of an obligation that has another one."""
    number, obligation_id = entry.number, entry.obligation_id
    return RefusedError(
        Fault.CONFLICT,
        f"该事项已被他人更新到第 {number} 版，您看到的是第 {seen} 版。"
        f"Version {seen} is stale: the obligation is now at version {number}.",
        f"请重新查看后再办理。Read it again (`GET /v1/obligations/{obligation_id}`), "
        "then decide anew.",
        await list_changes(db, act, obligation_id, seen),
        allowed=allowed,
    )


async def list_changes(
    db: AsyncConnection, act: Act, obligation_id: UUID, seen: int
) -> list[dict[str, str]]:
    """What was done with an obligation since a version: who and when (`where`), and `message`."""
    zone = await get_office_zone(db, act.office_id)
    changes = [
        NotedChange(each.at, each.actor, each.action, each.before, each.after)
        for each in await store.list_journal(db, act.office_id, obligation_id, [])
        if each.after and int(each.after.get("number", 0)) > seen
    ]
    return [row for change in changes if (row := _describe(change, zone)) is not None]


def _describe(change: NotedChange, zone: tzinfo) -> dict[str, str] | None:
    line = describe_change(change)
    if line is None:
        return None
    at = line.at.astimezone(zone)
    return {"where": f"{line.actor} {at:%Y-%m-%d %H:%M}", "message": line.text}
