"""The unit's calendar: a secret address that a calendar program subscribes to."""

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from services.console.shell.downloads import answer_file
from services.console.shell.forms import Posted
from services.console.shell.visits import Anyone, OfUnit
from shared.api.reports import FeedOut

ROUTER = APIRouter()


@ROUTER.get("/u/calendar")
async def show_calendar(visit: OfUnit) -> Response:
    """What the calendar is for, with the button that makes its address."""
    return visit.render("portal/calendar.html", feed=None)


@ROUTER.post("/u/calendar")
async def make_calendar(visit: OfUnit, form: Posted) -> Response:
    """Make the address, or renew it; it is shown on this page alone."""
    feed = await visit.api.post(FeedOut, f"/v1/units/{visit.unit_id}/feed", key=form.key)
    address = visit.make_feed_address(feed.path) if feed.path else ""
    return visit.render("portal/calendar.html", feed=feed, address=address)


@ROUTER.get("/u/feeds/{secret}.ics")
async def show_feed(visit: Anyone, secret: str) -> StreamingResponse:
    """The calendar for a program; the address is the secret, as in the API."""
    return await answer_file(visit, f"/v1/feeds/{secret}.ics")
