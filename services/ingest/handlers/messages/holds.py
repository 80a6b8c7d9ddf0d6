"""Holds (暂停发送): sending is stopped for a time, and let go again. Nothing is lost meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.hold_preview import (
    ChannelPreview,
    HoldScope,
    UnitPreview,
    preview_release,
)
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.store import holds as store
from services.ingest.store import offices
from services.ingest.store.holds import Place, StoredHold
from shared.schemas.gateway_events import HoldRecorded
from shared.schemas.holds import RecordedHold
from shared.schemas.rules import Channel

_LIST = "请查看列表（`GET /v1/holds`）。Look at the list (`GET /v1/holds`)."


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to record: all messages, those of a channel, or one gateway of a channel."""

    channel: Channel | None
    gateway: str
    reason: str


@dataclass(frozen=True, slots=True)
class HoldPreview:
    """What the release of a hold would send, as `shared.api.holds.HoldPreviewOut` says."""

    hold: StoredHold
    messages: int
    oldest: datetime | None
    pointless: int
    withdrawn: int
    kept: int
    channels: tuple[ChannelPreview, ...]
    units: tuple[UnitPreview, ...]


async def add_hold(
    db: AsyncConnection,
    act: Act,
    new: NewHold,
    *,
    everywhere: UUID | None = None,
) -> StoredHold:
    """Record a hold. The notifier hears of it and sends nothing more of what it names.

    Args:
        db: a connection in a transaction.
        act: the context.
        new: what to hold.
        everywhere: the hold's id in every office, when an operator holds all offices.

    Raises:
        RefusedError: it names a gateway without its channel, or the same is held already.
    """
    if new.gateway and new.channel is None:
        raise RefusedError(
            Fault.INVALID,
            "写了网关，没有写它的渠道。It names a gateway without its channel.",
            "请写明渠道（`channel`）。Name the channel (`channel`).",
        )
    await offices.lock_office(db, act.office_id)
    for held in await store.list_holds(db, act.office_id, current=True):
        named = (held.channel, held.gateway, held.everywhere)
        if named == (new.channel or "", new.gateway, everywhere is not None):
            raise RefusedError(Fault.CONFLICT, "已经暂停。It is held already.", _LIST)
    hold_id = everywhere or uuid4()
    await store.add_hold(
        db,
        {
            "office_id": act.office_id,
            "hold_id": hold_id,
            "channel": new.channel or "",
            "gateway": new.gateway,
            "everywhere": everywhere is not None,
            "reason": new.reason,
            "held_at": act.now,
            "held_by": act.actor,
        },
    )
    return await _tell(db, act, hold_id, 1)


async def release_hold(
    db: AsyncConnection, act: Act, hold_id: UUID, reason: str, *, by_operator: bool = False
) -> StoredHold:
    """Release a hold: what it kept goes out by the usual rules, unless nothing is owed any more.

    Raises:
        RefusedError: there is no such hold, it is released already, or an operator recorded it.
    """
    await offices.lock_office(db, act.office_id)
    hold = await _require_hold(db, act, hold_id)
    if hold.released_at is not None:
        raise RefusedError(Fault.CONFLICT, "已经恢复发送。This hold is released already.", _LIST)
    if hold.everywhere and not by_operator:
        raise RefusedError(
            Fault.FORBIDDEN,
            "这是运维人员对所有办公室的暂停，须由其恢复。"
            "An operator holds all offices; an operator releases it.",
        )
    values = {"released_at": act.now, "released_by": act.actor, "released_why": reason}
    await store.release_hold(db, act.office_id, hold_id, values)
    return await _tell(db, act, hold_id, 2)


async def _tell(db: AsyncConnection, act: Act, hold_id: UUID, number: int) -> StoredHold:
    """Publish and journal a hold as it now is."""
    hold = await _require_hold(db, act, hold_id)
    event = HoldRecorded(
        office_id=act.office_id,
        number=number,
        hold=RecordedHold(
            hold_id=hold_id,
            channel=Channel(hold.channel) if hold.channel else None,
            gateway=hold.gateway,
            everywhere=hold.everywhere,
            reason=hold.reason,
            held_at=hold.held_at,
            held_by=hold.held_by,
            released_at=hold.released_at,
        ),
    )
    await tell(db, act, event, act.office_id, hold_id, number)
    action = "hold.recorded" if number == 1 else "hold.released"
    names = ("channel", "gateway", "everywhere", "reason", "released_why")
    after = {name: value for name in names if (value := getattr(hold, name))}
    await note(db, act, action, hold_id, after=after)
    return hold


async def _require_hold(db: AsyncConnection, act: Act, hold_id: UUID) -> StoredHold:
    hold = await store.find_hold(db, act.office_id, hold_id)
    if hold is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这条暂停。There is no such hold.", _LIST)
    return hold


async def list_holds(
    db: AsyncConnection, act: Act, *, current: bool, before: Place | None, limit: int
) -> list[StoredHold]:
    """The office's holds before a place, the newest first."""
    return await store.list_holds(db, act.office_id, current=current, before=before, limit=limit)


async def preview_hold(db: AsyncConnection, act: Act, hold_id: UUID) -> HoldPreview:
    """What the release of a hold would send now.

    Raises:
        RefusedError: there is no such hold.
    """
    hold = await _require_hold(db, act, hold_id)
    others = [
        HoldScope(each.channel, each.gateway)
        for each in await store.list_holds(db, act.office_id, current=True)
        if each.hold_id != hold_id
    ]
    waiting = await store.count_waiting(db, act.office_id, act.now)
    preview = preview_release(HoldScope(hold.channel, hold.gateway), others, waiting)
    return HoldPreview(
        hold=hold,
        messages=preview.messages,
        oldest=preview.oldest,
        pointless=preview.pointless,
        withdrawn=await store.count_withdrawn(db, act.office_id, hold.channel, hold.held_at),
        kept=preview.kept,
        channels=preview.channels,
        units=preview.units,
    )
