"""What a unit owes, the most urgent first, and one item with what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from services.console.client import ApiClient, fetch_together
from services.console.pages.portal.answer_kinds import ANSWERS, BY_KIND, list_answers
from services.console.pages.stories import fetch_timeline
from services.console.shell.downloads import answer_file
from services.console.shell.visits import OfUnit, Visit
from shared.api.ledger import ItemOut, SummaryOut
from shared.api.obligations import ObligationOut, TimelineEntryOut
from shared.schemas.life import ObligationStatus

ROUTER = APIRouter()
_PART = 20
_OPEN = [
    status.value
    for status in ObligationStatus
    if status not in {ObligationStatus.SUBMITTED, ObligationStatus.DONE, ObligationStatus.WITHDRAWN}
]


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A line of an item's story. `receipt` is the number in the address of its receipt, or 0."""

    at: datetime
    kind: str
    actor: str
    text: str
    receipt: int


@ROUTER.get("/u/items")
async def show_items(visit: OfUnit, cursor: Annotated[str, Query(max_length=500)] = "") -> Response:
    """What the unit owes, by due date; then what the office reviews."""
    api = visit.api
    page, submitted, counts = await fetch_together(
        api.list_page(
            ItemOut,
            "/v1/ledger",
            status=_OPEN,
            sort="due_on",
            cursor=cursor or None,
            limit=_PART,
        ),
        api.list_page(ItemOut, "/v1/ledger", status="submitted", sort="due_on", limit=_PART),
        api.list_page(SummaryOut, "/v1/ledger/summary", limit=1),
    )
    details = await _fetch_all(api, page.items)
    own = counts.items[0] if counts.items else None
    return visit.render(
        "portal/items.html",
        unit=own.unit if own else "",
        counts=own,
        items=details,
        actions={each.obligation_id: _list_pressing(visit, each) for each in details},
        answers=ANSWERS,
        submitted=[] if cursor else submitted.items,
        first="/u/items" if cursor else "",
        following=f"/u/items?{urlencode({'cursor': page.next_cursor})}" if page.next_cursor else "",
    )


def _list_pressing(visit: Visit, item: ObligationOut) -> list[str]:
    """What is done from the list; an answer is taken back on the page of its item."""
    return [name for name in list_answers(visit, item) if name != "take-back"]


async def _fetch_all(api: ApiClient, items: Sequence[ItemOut]) -> list[ObligationOut]:
    paths = [f"/v1/obligations/{each.obligation_id}" for each in items]
    return list(await fetch_together(*(api.get(ObligationOut, path) for path in paths)))


@ROUTER.get("/u/items/{obligation_id}")
async def show_item(visit: OfUnit, obligation_id: UUID) -> Response:
    """One item: what it asks for, what may be done, its evidence and its story."""
    item, lines = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        fetch_timeline(visit, obligation_id),
    )
    return visit.render(
        "portal/item.html",
        item=item,
        names=list_answers(visit, item),
        answers=ANSWERS,
        lines=[_to_line(line) for line in reversed(lines)],
    )


def _to_line(line: TimelineEntryOut) -> StoryLine:
    receipt = int(line.details.get("number", 0)) if line.kind in BY_KIND else 0
    return StoryLine(line.at, line.kind, line.actor, line.text, receipt)


@ROUTER.get("/u/evidence/{evidence_id}")
async def download_evidence(visit: OfUnit, evidence_id: UUID) -> StreamingResponse:
    """A file of evidence, as it was sent."""
    return await answer_file(visit, f"/v1/evidence/{evidence_id}/file")
