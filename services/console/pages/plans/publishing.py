"""Publication of a plan, after a look at who will owe what and when each unit first hears of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.long_tasks import Outcome
from services.console.shell.progress import run_long
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from services.console.texts.plan_words import name_some
from shared.api.plans import FirstHeardOut, PastOut, PublishedOut
from shared.schemas.rules import Audience

ROUTER = APIRouter()
_MOST_NAMED = 200
"""How many units of one slot are named."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When some units first hear of what is new to them; `at` is None where they never do."""

    at: datetime | None
    units: Sequence[FirstHeardOut]


@dataclass(frozen=True, slots=True)
class PastDay:
    """A date that has passed, and the measures that were due by it."""

    day: date
    refs: Sequence[str]


@ROUTER.get("/plans/{plan_id}/publish")
async def show_publication(
    visit: SignedIn,
    plan_id: UUID,
    past: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """What publication would do; nothing changes. `past` also takes dates that have passed."""
    visit.require("publish-plans")
    return await _render_publication(visit, plan_id, Form(), include_past=bool(past))


@ROUTER.post("/plans/{plan_id}/publish")
async def publish_plan(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Publish what is settled."""
    visit.require("publish-plans")
    include_past = form["past"] == "yes"

    async def run() -> Outcome:
        path = f"/v1/plans/{plan_id}/publish"
        body = {"include_past": include_past}
        done = await visit.api.post(PublishedOut, path, body, form.key)
        text = N_("已发布：向 %(units)s 个单位交办 %(count)s 项。")
        notice = visit.gettext(text, units=done.units, count=done.obligations)
        return Outcome(f"/plans/{plan_id}", notice)

    try:
        return await run_long(visit, visit.gettext("正在发布"), run)
    except ApiError as error:
        form = form.refuse(visit, error)
        return await _render_publication(visit, plan_id, form, include_past=include_past)


async def _render_publication(
    visit: Visit, plan_id: UUID, form: Form, *, include_past: bool
) -> Response:
    path = f"/v1/plans/{plan_id}/publish"
    body = {"preview": True, "include_past": include_past}
    preview = await visit.api.post(PublishedOut, path, body)
    posts = [each for each in preview.unreachable if each.post is Audience.LIAISON]
    return visit.render(
        "plans/publish.html",
        form.problem.status if form.problem else 200,
        form=form,
        preview=preview,
        slots=list_slots(preview.first_heard),
        past=list_past(preview.held.past),
        include_past=include_past,
        unreachable=list(dict.fromkeys(each.unit for each in posts)),
        name_some=lambda names: name_some(visit.words, names),
        most=_MOST_NAMED,
    )


def list_slots(rows: Sequence[FirstHeardOut]) -> list[Slot]:
    """When which units first hear, the earliest first and those that never do last."""
    by_slot: defaultdict[datetime | None, list[FirstHeardOut]] = defaultdict(list)
    for row in rows:
        by_slot[row.slot].append(row)
    known = sorted((at for at in by_slot if at is not None), key=datetime.timestamp)
    return [Slot(at, by_slot[at]) for at in (*known, None) if at in by_slot]


def list_past(rows: Sequence[PastOut]) -> list[PastDay]:
    """The dates that have passed, with their measures."""
    by_day: defaultdict[date, list[str]] = defaultdict(list)
    for row in rows:
        by_day[row.due_on].append(row.ref)
    return [PastDay(day, list(dict.fromkeys(by_day[day]))) for day in sorted(by_day)]
