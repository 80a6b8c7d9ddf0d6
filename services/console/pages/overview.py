"""总览: what there is to do."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.shell.visits import SignedIn
from shared.api.units import SummaryOut

ROUTER = APIRouter()
_MOST = 10


@ROUTER.get("/overview")
async def show_overview(visit: SignedIn) -> Response:
    """The office at a glance."""
    visit.require("read-drafts")
    units = await visit.api.list_items(SummaryOut, "/v1/ledger/summary")
    behind = sorted((unit for unit in units if unit.overdue), key=lambda unit: -unit.overdue)
    return visit.render("overview/overview.html", units=units, behind=behind[:_MOST])
