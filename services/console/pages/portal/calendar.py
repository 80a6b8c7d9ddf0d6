"""The unit's calendar: a secret address that a calendar program subscribes to."""

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from services.console.shell.downloads import answer_file
from services.console.shell.forms import Posted
from services.console.shell.visits import Anyone, OfUnit, Visit
from shared.api.reports import FeedOut, FeedStateOut

ROUTER = APIRouter()


@ROUTER.get("/u/calendar")
async def show_calendar(visit: OfUnit) -> Response:
    """What the calendar is for, with the buttons that make its address and end it."""
    return await _render(visit, "")


@ROUTER.post("/u/calendar")
async def make_calendar(visit: OfUnit, form: Posted) -> Response:
    """Make the address, or renew it; it is shown on this page alone."""
    feed = await visit.api.post(FeedOut, f"/v1/units/{visit.unit_id}/feed", key=form.key)
    address = visit.make_feed_address(feed.path) if feed.path else ""
    return await _render(visit, address, feed)


@ROUTER.post("/u/calendar/end")
async def end_calendar(visit: OfUnit, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """End the address; calendars that subscribe to it get no more."""
    await visit.api.delete(f"/v1/units/{visit.unit_id}/feed")
    return visit.redirect("/u/calendar", visit.gettext("订阅地址已作废。"))


async def _render(visit: Visit, address: str, made: FeedOut | None = None) -> Response:
    """The page; with the address that was made just now, which is not stored."""
    state = await visit.api.get(FeedStateOut, f"/v1/units/{visit.unit_id}/feed")
    return visit.render("portal/calendar.html", state=state, made=made, address=address)


@ROUTER.get("/u/feeds/{secret}.ics")
async def show_feed(visit: Anyone, secret: str) -> StreamingResponse:
    """The calendar for a program; the address is the secret, as in the API."""
    return await answer_file(visit, f"/v1/feeds/{secret}.ics")
