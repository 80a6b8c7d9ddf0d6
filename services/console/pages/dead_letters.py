"""投递 → 死信: records that a service could not read or apply."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError, fetch_together
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.dead_letters import DeadLetterCauseOut, DeadLetterOut, DeadLetterRecordOut

ROUTER = APIRouter()
_SHOWN = 50
_NOT_FOUND = 404
_DECISIONS = {
    "replay": (
        N_("重放死信"),
        N_("把记录以同一事件编号再次发布：处理过的不会再处理，仍不能处理的成为新的死信。"),
        N_("已再次发布。"),
    ),
    "discard": (N_("作废死信"), N_("其中的记录不再处理。"), N_("已作废。")),
}
"""The title, what it means, and what is said afterwards."""


@ROUTER.get("/messages/dead-letters")
async def show_letters(
    visit: SignedIn,
    every: Annotated[str, Query(alias="all", max_length=3)] = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The dead letters, those that nobody dealt with; with `all` the others, too."""
    visit.require("handle-dead-letters")
    states = {} if every else {"state": "open"}
    page, causes = await fetch_together(
        visit.api.list_page(
            DeadLetterOut, "/v1/dead-letters", **states, cursor=cursor, limit=_SHOWN
        ),
        visit.api.list_page(DeadLetterCauseOut, "/v1/dead-letters/causes", **states),
    )
    path = "/messages/dead-letters?all=yes" if every else "/messages/dead-letters"
    sign = "&" if every else "?"
    return visit.render(
        "messages/dead_letters.html",
        letters=page.items,
        causes=causes.items,
        every=bool(every),
        first=path if cursor else "",
        following=f"{path}{sign}cursor={page.next_cursor}" if page.next_cursor else "",
    )


@ROUTER.get("/messages/dead-letters/{letter_id}")
async def show_letter(visit: SignedIn, letter_id: UUID) -> Response:
    """A dead letter with its record."""
    visit.require("handle-dead-letters")
    return visit.render("messages/dead_letter.html", letter=await _fetch(visit, letter_id))


@ROUTER.get("/messages/dead-letters/{letter_id}/{decision}")
async def show_decision(visit: SignedIn, letter_id: UUID, decision: str) -> Response:
    """What a replay or a discard means, with the reason to give."""
    visit.require("handle-dead-letters")
    return _render_decision(visit, await _fetch(visit, letter_id), decision, Form())


@ROUTER.post("/messages/dead-letters/{letter_id}/{decision}")
async def decide(visit: SignedIn, letter_id: UUID, decision: str, form: Posted) -> Response:
    """Replay or discard a dead letter."""
    visit.require("handle-dead-letters")
    if decision not in _DECISIONS:
        raise HTTPException(_NOT_FOUND)
    path = f"/v1/dead-letters/{letter_id}/{decision}"
    try:
        await visit.api.post(DeadLetterRecordOut, path, {"reason": form["reason"]}, form.key)
    except ApiError as error:
        letter = await _fetch(visit, letter_id)
        return _render_decision(visit, letter, decision, form.refuse(visit, error), error.status)
    return visit.redirect("/messages/dead-letters", visit.gettext(_DECISIONS[decision][2]))


def _render_decision(
    visit: Visit, letter: DeadLetterRecordOut, decision: str, form: Form, status: int = 200
) -> Response:
    if decision not in _DECISIONS:
        raise HTTPException(_NOT_FOUND)
    title, effect, _ = _DECISIONS[decision]
    here = f"/messages/dead-letters/{letter.letter_id}"
    return visit.render(
        "confirm.html",
        status,
        title=visit.gettext(title),
        lines=[
            f"{letter.consumer} · {letter.topic} · {letter.event_type or letter.reason}",
            visit.gettext(effect),
        ],
        action=f"{here}/{decision}",
        fields={},
        reason=visit.gettext("理由"),
        button=visit.gettext(title),
        cancel=here,
        danger=decision == "discard",
        form=form,
    )


async def _fetch(visit: Visit, letter_id: UUID) -> DeadLetterRecordOut:
    return await visit.api.get(DeadLetterRecordOut, f"/v1/dead-letters/{letter_id}")
