"""One plan: the document beside what was read from it, and what is left to settle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.pages.plans.doubts import (
    Doubt,
    choose_next,
    list_alike,
    list_choices,
    list_doubts,
)
from services.console.pages.plans.panes import Part, choose_part
from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.plan_words import describe_when
from shared.api.membership import DirectoryChangeOut
from shared.api.plans import MeasureOut, PlanOut, PlanSourceOut
from shared.api.revisions import RevisionHead, RevisionOut
from shared.api.units import UnitOut

ROUTER = APIRouter()


@dataclass(frozen=True, slots=True)
class OpenedPlan:
    """A plan as a page shows it: with its document, and what is left to settle."""

    plan: PlanOut
    source: PlanSourceOut
    revision: RevisionOut | None
    doubts: list[Doubt]

    @property
    def tally(self) -> Mapping[str, int]:
        """How many measures are in which state."""
        counts = dict.fromkeys(("ready", "open", "published", "drop"), 0)
        for measure in self.plan.measures:
            counts[get_state(measure, self.unknown)] += 1
        return counts

    @property
    def unknown(self) -> set[str]:
        """The measures with a name that the directory does not know."""
        return {ref for name in self.plan.unknown_names for ref in name.refs}


def get_state(measure: MeasureOut, unknown: set[str]) -> str:
    """Whether a measure is published, dropped, held back or ready."""
    if measure.published:
        return "published"
    if measure.settlement == "drop":
        return "drop"
    return "open" if measure.open or measure.ref in unknown else "ready"


async def open_plan(visit: Visit, plan_id: UUID) -> OpenedPlan:
    """A plan or revision with its document.

    Raises:
        ApiError: there is no such plan.
    """
    plan, source = await fetch_together(
        visit.api.get(PlanOut, f"/v1/plans/{plan_id}"),
        visit.api.get(PlanSourceOut, f"/v1/plans/{plan_id}/source"),
    )
    revision = None
    if plan.revises and plan.status == "revision":
        path = f"/v1/plans/{plan.revises}/revisions/{plan_id}"
        revision = await visit.api.get(RevisionOut, path)
    is_open = plan.status in {"draft", "published", "revision"}
    return OpenedPlan(plan, source, revision, list_doubts(plan, revision) if is_open else [])


@ROUTER.get("/plans/{plan_id}")
async def show_plan(
    visit: SignedIn,
    plan_id: UUID,
    doubt: Annotated[str, Query(max_length=1100)] = "",
    part: Annotated[int, Query(ge=1, le=100_000)] | None = None,
) -> Response:
    """A plan; `doubt` is the one that is being settled, `part` the shown part of a long plan."""
    visit.require("read-drafts")
    return await render_plan(visit, await open_plan(visit, plan_id), doubt, part)


async def render_plan(
    visit: Visit,
    opened: OpenedPlan,
    key: str = "",
    number: int | None = None,
    *,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    """A plan's page; `form` is the refused one of the doubt `key`."""
    doubt = next((each for each in opened.doubts if each.key == key), None)
    if doubt is None and opened.doubts and visit.may("edit-plans"):
        doubt = opened.doubts[0]
    ref = doubt.measure.ref if doubt and doubt.measure and number is None else ""
    part = choose_part(opened.plan.measures, opened.source, number or 1, ref)
    more = await _fetch_more(visit, opened.plan)
    return visit.render(
        "plans/plan.html",
        status,
        opened=opened,
        plan=opened.plan,
        part=part,
        marked=_list_marked(part, doubt),
        get_state=lambda measure: get_state(measure, opened.unknown),
        describe_when=lambda measure: describe_when(visit.words, measure),
        **more,
        **await _describe_doubt(visit, opened, doubt, form),
    )


def _list_marked(part: Part, doubt: Doubt | None) -> set[str]:
    """The cells of the measure that is being settled."""
    if doubt is None or doubt.measure is None:
        return set()
    cells = part.find(doubt.measure.ref)
    return {cells.text, cells.due, *cells.names} - {""}


async def _fetch_more(visit: Visit, plan: PlanOut) -> dict[str, Any]:
    """What a published plan has besides: open revisions, and what the directory changed."""
    if plan.status != "published":
        return {"revisions": [], "directory": None}
    path = f"/v1/plans/{plan.plan_id}"
    revisions, directory = await fetch_together(
        visit.api.list_items(RevisionHead, f"{path}/revisions"),
        visit.api.get(DirectoryChangeOut, f"{path}/directory-changes"),
    )
    return {"revisions": revisions, "directory": directory}


async def _describe_doubt(
    visit: Visit, opened: OpenedPlan, doubt: Doubt | None, form: Form | None
) -> dict[str, Any]:
    """What the form of a doubt shows."""
    if doubt is None:
        return {"doubt": None}
    units: list[UnitOut] = []
    choices = []
    if doubt.kind == "name":
        units = await visit.api.list_items(UnitOut, "/v1/units")
    if doubt.measure:
        choices = list_choices(visit.words, opened.plan, doubt.measure)
    return {
        "doubt": doubt,
        "choices": choices,
        "alike": len(list_alike(doubt, opened.doubts)),
        "position": opened.doubts.index(doubt) + 1,
        "following": choose_next(opened.doubts, doubt.key),
        "units": [unit.name for unit in units if not unit.retired_at],
        "form": form or begin_form(doubt),
    }


def begin_form(doubt: Doubt) -> Form:
    """The form of a doubt before anything is typed."""
    if doubt.measure is None:
        return Form()
    measure = doubt.measure
    return Form.begin(
        due="、".join(map(str, measure.due)),
        units="、".join(measure.names),
        lead="、".join(measure.lead),
        text=measure.text,
        per="quarter",
        times="1",
    )
