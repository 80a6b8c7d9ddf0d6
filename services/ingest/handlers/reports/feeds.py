"""A unit's due dates as a calendar feed behind a secret address.

Calendars can't send a token, so the address is the secret. It shows nothing but the unit's due
dates, and is renewed when somebody has it who should not.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain import words
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.exports.feed import FeedEvent, write_feed
from services.ingest.handlers.acting import Act, note, require_unit
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.store import feeds as store
from services.ingest.store import offices, units
from services.ingest.store.reading_rows import FeedEntry, StoredFeed
from services.ingest.store.rows import StoredUnit
from shared.schemas.life import ObligationStatus

_BYTES = 32
_SHOWN = timedelta(days=366)
"""How long a date stays in the feed after it has passed."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed with its secret, which is shown once; `renewed`: an earlier address ended."""

    unit_id: UUID
    secret: str
    renewed: bool


async def make_feed(db: AsyncConnection, act: Act, unit_id: UUID) -> NewFeed:
    """Make a unit's feed, or renew its secret; the earlier address ends at once.

    Raises:
        RefusedError: no such unit.
    """
    require_unit(act, unit_id)
    if await units.lock_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    renewed = await store.find_feed_of(db, unit_id) is not None
    secret = secrets.token_urlsafe(_BYTES)
    digest = _compute_digest(secret)
    await store.put_feed(db, act.office_id, unit_id, sha256=digest, by=act.actor, now=act.now)
    action = "feed.renewed" if renewed else "feed.made"
    await note(db, act, action, unit_id, after={"made_at": act.now.isoformat()})
    return NewFeed(unit_id, secret, renewed)


async def find_feed(db: AsyncConnection, act: Act, unit_id: UUID) -> StoredFeed | None:
    """A unit's feed; None where it has none.

    Raises:
        RefusedError: no such unit.
    """
    await _require_unit(db, act, unit_id)
    return await store.find_feed_of(db, unit_id)


async def end_feed(db: AsyncConnection, act: Act, unit_id: UUID) -> None:
    """End a unit's feed: its address shows nothing any more.

    Raises:
        RefusedError: no such unit, or it has no feed.
    """
    await _require_unit(db, act, unit_id)
    await units.lock_unit(db, act.office_id, unit_id)
    feed = await store.find_feed_of(db, unit_id)
    if feed is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "该单位没有日历地址。The unit has no calendar address.",
            "可能已经停用。It may have been ended already.",
        )
    await store.remove_feed(db, unit_id)
    before = {"made_at": feed.made_at.isoformat(), "made_by": feed.made_by}
    await note(db, act, "feed.ended", unit_id, before=before)


async def read_feed(db: AsyncConnection, secret: str, now: datetime) -> bytes | None:
    """The calendar behind a secret; None when there is none. The same facts give the same bytes."""
    feed = await store.find_feed(db, _compute_digest(secret))
    if feed is None:
        return None
    unit = await units.find_unit(db, feed.office_id, feed.unit_id)
    return None if unit is None else await _write(db, unit, now)


async def read_own_feed(db: AsyncConnection, act: Act, unit_id: UUID) -> bytes:
    """The same calendar for who has a token.

    Raises:
        RefusedError: no such unit.
    """
    return await _write(db, await _require_unit(db, act, unit_id), act.now)


async def _require_unit(db: AsyncConnection, act: Act, unit_id: UUID) -> StoredUnit:
    require_unit(act, unit_id)
    unit = await units.find_unit(db, act.office_id, unit_id)
    if unit is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    return unit


async def _write(db: AsyncConnection, unit: StoredUnit, now: datetime) -> bytes:
    office = await offices.get_office(db, unit.office_id)
    zone = await get_office_zone(db, unit.office_id)
    first = now.astimezone(zone).date() - _SHOWN
    entries = await store.list_dates(db, unit.office_id, unit.unit_id, first)
    name = f"{unit.name}：{office.name}任务时限"
    return write_feed(name, (event for entry in entries if (event := _to_event(entry))))


def _to_event(entry: FeedEntry) -> FeedEvent | None:
    if entry.due_on is None:
        return None
    status = words.STATUSES.get(entry.status, entry.status)
    mark = "✓ 已办结 " if entry.status is ObligationStatus.DONE else ""
    plan = f"《{entry.title}》" if entry.title else ""
    return FeedEvent(
        event_id=entry.obligation_id,
        number=entry.number,
        changed_at=entry.since or _EPOCH,
        day=entry.due_on,
        summary=f"{mark}{entry.ref} {entry.task_name}（办理时限）",
        description=f"{plan}{entry.ref}\n{entry.text}\n状态：{status}",
    )


def _compute_digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
