"""Areas whose pages are still to come: their place in the navigation."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.shell.visits import SignedIn
from services.console.texts.navigation import NAVIGATION

ROUTER = APIRouter()
_AREAS = {area.path: area for area in NAVIGATION}


@ROUTER.get("/units")
@ROUTER.get("/settings")
async def show_area(visit: SignedIn) -> Response:
    """An area without pages yet."""
    area = _AREAS[visit.path]
    visit.require(area.needs)
    return visit.render("area.html", area=area)
