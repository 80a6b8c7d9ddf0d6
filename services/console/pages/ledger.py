"""台账: the list of obligations, filtered, counted, page by page, and as files."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import TypeAdapter

from services.console.client import ApiError, fetch_together
from services.console.pages.bulk import list_bulk_deeds
from services.console.pages.ledger_address import (
    FILTERS,
    LIGHT_CHOICES,
    SORTS,
    STATUS_CHOICES,
    LedgerAddress,
)
from services.console.shell.downloads import answer_file
from services.console.shell.forms import Form, Posted
from services.console.shell.units import offer_choices
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from services.console.texts.wording import KINDS, STATUSES
from shared.api.fields import Page
from shared.api.ledger import ItemOut, LedgerChoicesOut, LedgerCountsOut
from shared.api.views import ViewOut

ROUTER = APIRouter()
_ROWS = 40
_OFFERED = 100
"""How many tasks a form offers; others are found by text."""
_FAULTY = 500
_VIEWS = tuple(
    (LedgerAddress.parse_text(query).path, name)
    for query, name in (
        ("", N_("全部")),
        ("light=red", N_("超期")),
        ("light=yellow", N_("临期")),
        ("status=submitted", N_("待审核")),
        ("status=assigned", N_("待签收")),
        ("status=returned", N_("已退回")),
        ("kind=hearing&light=red,yellow,green,none", N_("待听取汇报")),
    )
)
"""Lists that everybody has, by their address."""
_SAVED = TypeAdapter(list[ViewOut])
_FIELDS = (*(name for name in FILTERS if name not in {"unit_id", "year"}), "sort")
"""The filters that the form has as fields; it carries the others."""


@ROUTER.get("/ledger")
async def show_ledger(visit: SignedIn) -> Response:
    """The list that the address asks for; a wrong filter is told beside the filters."""
    visit.require("read")
    address = LedgerAddress.parse(visit.request.query_params)
    choices, saved, (counts, page, error) = await fetch_together(
        offer_choices(visit),
        _fetch_views(visit),
        _fetch_part(visit, address),
    )
    form = Form.begin(**{name: address.get(name) for name in _FIELDS})
    if error is not None:
        form = form.refuse(visit, error)
    return visit.render(
        "ledger/list.html",
        error.status if error else 200,
        address=address,
        form=form,
        page=page,
        counts=counts,
        units=[unit.name for unit in choices.units],
        options=_list_options(visit, address, choices),
        sorts=SORTS,
        views=[(path, visit.gettext(name), path == address.path) for path, name in _VIEWS],
        saved=[(LedgerAddress.parse_text(view.query).path, view) for view in saved],
        has_any=bool(choices.plans or counts.total),
        bulk=list_bulk_deeds(visit),
    )


async def _fetch_part(
    visit: Visit, address: LedgerAddress
) -> tuple[LedgerCountsOut, Page[ItemOut], ApiError | None]:
    """The counts and the part of the list; or why the API refuses the filters."""
    try:
        counts, page = await fetch_together(
            visit.api.get(LedgerCountsOut, "/v1/ledger/counts", **address.filters),
            visit.api.list_page(
                ItemOut,
                "/v1/ledger",
                **address.filters,
                sort=address.sort,
                cursor=address.cursor,
                limit=_ROWS,
            ),
        )
    except ApiError as error:
        if error.status >= _FAULTY:
            raise
        return LedgerCountsOut(total=0, lights={}, statuses={}), Page(items=[]), error
    return counts, page, None


def _list_options(
    visit: Visit, address: LedgerAddress, choices: LedgerChoicesOut
) -> dict[str, list[tuple[str, str]]]:
    """What each field offers; a value that the address has and nothing offers is offered, too."""
    say = visit.gettext
    options: dict[str, list[tuple[str, str]]] = {
        "light": [(value, say(name)) for value, name in LIGHT_CHOICES],
        "status": [(value, say(STATUSES[value])) for value in STATUS_CHOICES],
        "group": _pair(choices.groups),
        "unit_kind": _pair(choices.unit_kinds),
        "kind": [(value, say(name)) for value, name in KINDS.items()],
        "plan": [(str(plan.plan_id), plan.title or say("未命名")) for plan in choices.plans],
        "category": _pair(choices.categories),
        "task": _pair(choices.tasks[:_OFFERED]),
        "in_time": [("true", say("按期办结")), ("false", say("逾期办结"))],
    }
    for name, offered in options.items():
        value = address.get(name)
        if value and value not in {each[0] for each in offered}:
            offered.append((value, value))
    return options


async def _fetch_views(visit: Visit) -> list[ViewOut]:
    """The lists that the office's people named."""
    if not visit.may("read-drafts"):
        return []
    return await visit.api.fetch(_SAVED, "/v1/ledger/views")


@ROUTER.post("/ledger/views")
async def save_view(visit: SignedIn, form: Posted) -> Response:
    """Name a list, for all people of the office."""
    visit.require("edit-ledger")
    address = LedgerAddress.parse_text(form["list"])
    body = {"name": form["name"], "query": address.query}
    try:
        await visit.api.post(ViewOut, "/v1/ledger/views", body, form.key)
    except ApiError as error:
        if error.status >= _FAULTY:
            raise
        shown = form.refuse(visit, error)
        text = shown.errors.get("name") or visit.describe(error).text
        return visit.redirect(address.path, f"{form['name'][:40]}：{text}", "warning")
    return visit.redirect(address.path, visit.gettext("已存为常用列表，本办公室的人都能看到。"))


@ROUTER.post("/ledger/views/{view_id}/remove")
async def remove_view(visit: SignedIn, view_id: UUID, form: Posted) -> Response:
    """Remove a named list."""
    visit.require("edit-ledger")
    await visit.api.delete(f"/v1/ledger/views/{view_id}")
    address = LedgerAddress.parse_text(form["list"])
    return visit.redirect(address.path, visit.gettext("常用列表已删除，事项不受影响。"))


def _pair(words: list[str]) -> list[tuple[str, str]]:
    return [(word, word) for word in words]


@ROUTER.get("/ledger.xlsx")
async def export_xlsx(visit: SignedIn) -> StreamingResponse:
    """The same list as an Excel workbook."""
    return await _export(visit, "xlsx")


@ROUTER.get("/ledger.csv")
async def export_csv(visit: SignedIn) -> StreamingResponse:
    """The same list as CSV."""
    return await _export(visit, "csv")


async def _export(visit: Visit, suffix: str) -> StreamingResponse:
    visit.require("read")
    filters: dict[str, Any] = dict(LedgerAddress.parse(visit.request.query_params).filters)
    return await answer_file(visit, f"/v1/ledger.{suffix}", **filters)
