"""单位: the directory, one unit, and who can't be reached."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiClient, fetch_together
from services.console.pages.mutes import fetch_mutes
from services.console.shell.visits import SignedIn
from services.console.texts.languages import N_
from services.console.texts.mute_words import name_muted
from shared.api.fields import Page
from shared.api.ledger import SummaryOut
from shared.api.units import ContactOut, ToldOut, UnitOut, UnreachableOut
from shared.api.waiting import NotificationOut

ROUTER = APIRouter()
POSTS = ("liaison", "deputy", "head")
SILENT = ("nobody", "ended", "not-begun", "no-address")
"""Gaps with which no message reaches a post."""
GAPS: Mapping[str, str] = {
    "nobody": N_("无人任职"),
    "ended": N_("任期已过"),
    "not-begun": N_("尚未到任"),
    "no-address": N_("没有邮箱和手机"),
    "no-email": N_("没有邮箱"),
    "no-mobile": N_("没有手机"),
}
STATES: Mapping[str, str] = {
    "pending": N_("待发送"),
    "sent": N_("已交网关"),
    "failed": N_("发送失败"),
    "suppressed": N_("不再发送"),
    "delivered": N_("已送达"),
}
_PART = 50
_SENT_LATELY = 10


@ROUTER.get("/units")
async def show_directory(
    visit: SignedIn,
    name: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The directory: each unit with who is reached there, and what is missing."""
    visit.require("read-drafts")
    page: Page[UnitOut] = await visit.api.list_page(
        UnitOut, "/v1/units", name=name.strip(), cursor=cursor or None, limit=_PART
    )
    gaps, bounced = await fetch_together(
        map_gaps(visit.api, *(unit.unit_id for unit in page.items)), list_bounced(visit.api)
    )
    query = urlencode({"name": name, "cursor": page.next_cursor or ""})
    return visit.render(
        "units/directory.html",
        units=page.items,
        name=name,
        gaps=gaps,
        bounced={(row.unit_id, row.audience) for row in bounced},
        silent=SILENT,
        words=GAPS,
        first=f"/units?{urlencode({'name': name})}" if cursor else "",
        following=f"/units?{query}" if page.next_cursor else "",
    )


@ROUTER.get("/units/missing")
async def show_missing(
    visit: SignedIn,
    post: Annotated[str, Query(max_length=20)] = "liaison",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Who can't be reached: posts with a gap, and addresses at which messages failed."""
    visit.require("read-drafts")
    wanted = post if post in POSTS else ""
    page: Page[UnreachableOut]
    page, bounced = await fetch_together(
        visit.api.list_page(
            UnreachableOut,
            "/v1/units/unreachable",
            post=wanted,
            cursor=cursor or None,
            limit=_PART,
        ),
        list_bounced(visit.api),
    )
    query = urlencode({"post": post, "cursor": page.next_cursor or ""})
    return visit.render(
        "units/missing.html",
        post=wanted,
        posts=POSTS,
        rows=page.items,
        bounced=bounced,
        first=f"/units/missing?{urlencode({'post': post})}" if cursor else "",
        following=f"/units/missing?{query}" if page.next_cursor else "",
        silent=SILENT,
        words=GAPS,
    )


@ROUTER.get("/units/{unit_id}")
async def show_unit(visit: SignedIn, unit_id: UUID) -> Response:
    """One unit: posts over time, how it stands, what it was sent last."""
    visit.require("read-drafts")
    unit, counts, history, gaps, (bounced, mutes) = await fetch_together(
        visit.api.get(UnitOut, f"/v1/units/{unit_id}"),
        visit.api.list_page(SummaryOut, "/v1/ledger/summary", unit_id=str(unit_id)),
        visit.api.list_page(ToldOut, f"/v1/units/{unit_id}/history", limit=_SENT_LATELY),
        map_gaps(visit.api, unit_id),
        fetch_together(list_bounced(visit.api), fetch_mutes(visit, unit_id=str(unit_id))),
    )
    return visit.render(
        "units/unit.html",
        mutes=mutes,
        name_mute=lambda mute: name_muted(visit.words, mute),
        unit=unit,
        counts=counts.items[0] if counts.items else None,
        history=history.items,
        states=STATES,
        posts=[(post, list_holders(unit.contacts, post)) for post in POSTS],
        gaps=gaps.get(unit_id, {}),
        silent=SILENT,
        words=GAPS,
        failed={row.address for row in bounced if row.unit_id == unit_id},
    )


def list_holders(contacts: Iterable[ContactOut], post: str) -> list[ContactOut]:
    """Who holds a post, and who follows, in that order."""
    return [contact for contact in contacts if contact.post == post]


async def map_gaps(api: ApiClient, *unit_ids: UUID) -> Mapping[UUID, Mapping[str, UnreachableOut]]:
    """What is missing today in some units, by unit and post."""
    gaps: defaultdict[UUID, dict[str, UnreachableOut]] = defaultdict(dict)
    if not unit_ids:
        return gaps
    wanted = [str(unit_id) for unit_id in unit_ids]
    for row in await api.list_items(UnreachableOut, "/v1/units/unreachable", unit_id=wanted):
        gaps[row.unit_id][row.post] = row
    return gaps


async def list_bounced(api: ApiClient) -> list[NotificationOut]:
    """The messages that failed at addresses which the directory still has."""
    return await api.list_items(NotificationOut, "/v1/notifications", undeliverable=True)
