"""Claims notifications that are due.

A claim is a lease by the database's clock, which all processes share. `FOR UPDATE SKIP LOCKED` lets
any number of processes claim at once. A lease that has run out leaves an attempt of unknown
outcome.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from uuid import UUID

from sqlalchemy import TextClause, Uuid, any_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import AttemptEnd, Content, NotificationState
from services.notifier.store.tables import ATTEMPTS, NOTIFICATIONS
from shared.database.engine import insert_rows, update_rows
from shared.database.statements import to_rows
from shared.messages.stages import HoldReason
from shared.schemas.rules import Audience, Channel

_A = ATTEMPTS.c
_DATABASE_NOW = select(func.clock_timestamp())
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_COLUMNS = (
    "notification_id, reminder_id, office_id, unit_id, contact_id, audience, slot, address, "
    "state, retry_at, attempts, failures, offered_to, own_address, released, reopened"
)
_FROM = (
    f"SELECT {_COLUMNS} FROM notifier.notifications WHERE channel = :channel "  # noqa: S608 - constants
    "AND office_id <> ALL(CAST(:held AS uuid[])) AND "
)
_LOCKED = "LIMIT :limit FOR UPDATE SKIP LOCKED"
ABANDONED = "its process ended before the outcome"
"""The detail of an attempt without an outcome."""
_HELD = ", ".join(f"'{reason}'" for reason in HoldReason)


class Take(Enum):
    """Which of the due notifications are claimed, in which order."""

    USUAL = ("leased", "again", "ready")
    """First those that were tried before, then fresh ones."""
    FRESH_FIRST = ("ready", "again", "leased")
    """For a gateway that rests: one that it may accept goes before those that it refused."""
    UNHELD = ("leased", "again", "unheld")
    """For a channel without a gateway: what is held already stays as it is."""


@cache
def _make_claim(take: Take) -> TextClause:
    pending = f"state = '{NotificationState.PENDING}' AND retry_at IS"
    parts = {
        "leased": f"state = '{NotificationState.SENDING}' AND lease_until <= now() "
        "ORDER BY lease_until",
        "again": f"{pending} NOT NULL AND retry_at <= now() "
        "AND offered_to <> ALL(CAST(:shut AS text[])) ORDER BY retry_at",
        "ready": f"{pending} NULL AND not_before <= :now ORDER BY not_before",
        "unheld": f"{pending} NULL AND not_before <= :now AND reason NOT IN ({_HELD}) "
        "ORDER BY not_before",
    }
    each = ", ".join(f"{name} AS ({_FROM} {parts[name]} {_LOCKED})" for name in take.value)
    all_of = " UNION ALL ".join(f"SELECT * FROM {name}" for name in take.value)  # noqa: S608 - constants
    return text(f"WITH {each} {all_of} LIMIT :limit")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that is locked until the transaction ends.

    Attributes:
        address: of its last attempt; before the first, the address when it was fanned out.
        offered_to: the gateway that perhaps has it; empty when none can have it.
        abandoned: whether its last attempt was never closed, so that its outcome is unknown.
        retrying: whether an attempt was refused before, or abandoned.
        attempts: how many there were.
        failures: those of them that counted and ended badly.
        own_address: where a person has it sent in place of the directory's address.
        released: whether a person has it sent now, whatever the hours and limits.
        reopened: how often a person had it sent again after it had ended.
    """

    notification_id: UUID
    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    contact_id: UUID | None
    audience: Audience
    channel: Channel
    slot: datetime
    address: str
    abandoned: bool
    retrying: bool
    attempts: int
    failures: int
    offered_to: str = ""
    own_address: str = ""
    released: bool = False
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Offering:
    """An attempt that is about to be made."""

    notification_id: UUID
    address: str
    gateway: str
    number: int
    failures: int
    content: Content


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a claimed notification becomes without an attempt: its columns in `notifications`."""

    notification_id: UUID
    state: NotificationState
    reason: str
    not_before: datetime
    failures: int
    retry_at: datetime | None = None
    lease_until: None = None


async def read_database_now(db: AsyncConnection) -> datetime:
    """The database's clock, by which leases and back-off are measured."""
    now: datetime = (await db.execute(_DATABASE_NOW)).scalar_one()
    return now


async def claim(
    db: AsyncConnection,
    channel: Channel,
    *,
    now: datetime,
    limit: int,
    take: Take = Take.USUAL,
    shut: Collection[str] = (),
    held: Collection[UUID] = (),
) -> list[Claimed]:
    """Lock up to `limit` due notifications of a channel.

    `now` is the office's time: fresh and deferred notifications are due by it. Those that were
    tried before are due by the database's clock. What stays with one of the gateways `shut` is left
    where it is, and so is what belongs to one of the offices `held`.
    """
    values = {"channel": channel, "now": now, "limit": limit, "shut": list(shut)}
    values["held"] = list(held)
    rows = await db.execute(_make_claim(take), values)
    return [
        Claimed(
            notification_id=row.notification_id,
            reminder_id=row.reminder_id,
            office_id=row.office_id,
            unit_id=row.unit_id,
            contact_id=row.contact_id,
            audience=Audience(row.audience),
            channel=channel,
            slot=row.slot,
            address=row.address,
            abandoned=row.state == NotificationState.SENDING,
            retrying=row.retry_at is not None or row.state == NotificationState.SENDING,
            attempts=row.attempts,
            failures=row.failures,
            offered_to=row.offered_to,
            own_address=row.own_address,
            released=row.released,
            reopened=row.reopened,
        )
        for row in rows
    ]


async def close_abandoned(db: AsyncConnection, claimed: Sequence[Claimed], at: datetime) -> None:
    """Write that the outcome of the last attempts of notifications is unknown."""
    if not claimed:
        return
    await db.execute(
        update(ATTEMPTS)
        .where(_A.notification_id == _IDS, _A.outcome == "")
        .values(
            outcome=AttemptEnd.UNKNOWN,
            ended_at=at,
            detail=ABANDONED,
        ),
        {"ids": [row.notification_id for row in claimed]},
    )


async def write_offers(
    db: AsyncConnection, offers: Sequence[Offering], *, real: datetime, lease_until: datetime
) -> None:
    """Write attempts before they are made, with the rendered text as evidence."""
    await update_rows(
        db,
        NOTIFICATIONS,
        ["notification_id"],
        [
            {
                "notification_id": offer.notification_id,
                "state": NotificationState.SENDING,
                "reason": "",
                "address": offer.address,
                "attempts": offer.number,
                "failures": offer.failures,
                "retry_at": None,
                "lease_until": lease_until,
                "offered_to": offer.gateway,
                "subject": offer.content.subject,
                "body_text": offer.content.text,
                "body_html": offer.content.html,
            }
            for offer in offers
        ],
    )
    await insert_rows(
        db,
        ATTEMPTS,
        [
            {
                "notification_id": offer.notification_id,
                "number": offer.number,
                "gateway": offer.gateway,
                "started_at": real,
            }
            for offer in offers
        ],
    )


async def write_withheld(db: AsyncConnection, withheld: Sequence[Withheld]) -> None:
    """Write what became of claimed notifications for which no attempt is made."""
    await update_rows(db, NOTIFICATIONS, ["notification_id"], to_rows(withheld))
