"""Who can't be reached: posts that nobody holds today, or whose holder lacks an address."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.store import units as store
from services.ingest.store.rows import StoredUnit
from shared.schemas.rules import Audience


class ContactGap(StrEnum):
    """What is missing in a post."""

    NOBODY = "nobody"
    ENDED = "ended"
    """The last holder's last day has passed."""
    NOT_BEGUN = "not-begun"
    """The first holder's first day is to come."""
    NO_ADDRESS = "no-address"
    NO_EMAIL = "no-email"
    """There is a mobile number: only mails can't be sent."""
    NO_MOBILE = "no-mobile"
    """There is an e-mail address: only short messages can't be sent."""


@dataclass(frozen=True, slots=True)
class UnreachablePost:
    """A post with a gap.

    `name` is its holder's; `day` is the last day that has passed, or the first one to come.
    """

    unit_id: UUID
    unit: str
    post: Audience
    gap: ContactGap
    name: str
    day: date | None


async def list_unreachable(
    db: AsyncConnection,
    act: Act,
    after: tuple[str, Audience] | None,
    limit: int,
    *,
    posts: Sequence[Audience] = (),
    gaps: Sequence[ContactGap] = (),
    unit_ids: Collection[UUID] = (),
) -> list[UnreachablePost]:
    """The posts with a gap today, by unit name and post, after one of them; no retired units.

    Empty `posts` are all posts, and so on.

    Raises:
        RefusedError: one of `unit_ids` is no unit of the office.
    """
    today = (await get_office_day(db, act.office_id, act.now)).today
    units = await store.list_units(db, act.office_id, unit_ids)
    if unit_ids and len(units) < len(set(unit_ids)):
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    order = list(Audience)
    rows = [
        row
        for row in _list_gaps(units, today)
        if (not posts or row.post in posts) and (not gaps or row.gap in gaps)
    ]
    rows.sort(key=lambda row: (row.unit, order.index(row.post)))
    if after is not None:
        place = (after[0], order.index(after[1]))
        rows = [row for row in rows if (row.unit, order.index(row.post)) > place]
    return rows[:limit]


_SILENT = frozenset(
    {ContactGap.NOBODY, ContactGap.ENDED, ContactGap.NOT_BEGUN, ContactGap.NO_ADDRESS}
)


async def list_silent_posts(
    db: AsyncConnection, act: Act, unit_ids: Collection[UUID], posts: Collection[Audience]
) -> list[UnreachablePost]:
    """Those posts of some units in which no message reaches anybody today, by unit name."""
    today = (await get_office_day(db, act.office_id, act.now)).today
    units = await store.list_units(db, act.office_id, unit_ids) if unit_ids else []
    return [row for row in _list_gaps(units, today) if row.post in posts and row.gap in _SILENT]


def _list_gaps(units: Iterable[StoredUnit], today: date) -> Iterator[UnreachablePost]:
    for unit in units:
        if unit.retired_at is not None:
            continue
        for post in Audience:
            holders = [holder for holder in unit.contacts if holder["post"] == post.value]
            if (vacancy := find_gap(holders, today)) is not None:
                gap, name, day = vacancy
                yield UnreachablePost(unit.unit_id, unit.name, post, gap, name, day)


def find_gap(
    holders: Sequence[dict[str, Any]], today: date
) -> tuple[ContactGap, str, date | None] | None:
    """What is missing in a post on a day, whose it is, and the day that it is about.

    Holders are listed by first day, as `contacts` stores them.
    """
    day = today.isoformat()
    current = [
        holder
        for holder in holders
        if (holder.get("valid_from") or day) <= day <= (holder.get("valid_to") or day)
    ]
    if not current:
        return _find_vacancy(holders, day)
    holder = current[-1]
    email, mobile = holder.get("email"), holder.get("mobile")
    if email and mobile:
        return None
    gap = (
        ContactGap.NO_EMAIL if mobile else ContactGap.NO_MOBILE if email else ContactGap.NO_ADDRESS
    )
    return gap, holder.get("name", ""), None


def _find_vacancy(
    holders: Sequence[dict[str, Any]], day: str
) -> tuple[ContactGap, str, date | None]:
    """Why nobody holds a post: the next holder goes before the last one."""
    coming = [holder for holder in holders if (holder.get("valid_from") or "") > day]
    if coming:
        return (
            ContactGap.NOT_BEGUN,
            coming[0].get("name", ""),
            date.fromisoformat(coming[0]["valid_from"]),
        )
    if holders:
        last = max(holders, key=lambda holder: str(holder.get("valid_to", "")))
        return ContactGap.ENDED, last.get("name", ""), date.fromisoformat(last["valid_to"])
    return ContactGap.NOBODY, "", None
