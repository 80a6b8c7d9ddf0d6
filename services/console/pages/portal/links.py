"""The page of a mail's link. A GET or HEAD changes nothing; the button opens a session.

Mail scanners open each link, run its scripts and submit forms that a script would submit.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.pages.portal.opening import enter, refuse
from services.console.shell.forms import UnsentFormError, open_form
from services.console.shell.visits import Anyone
from shared.api.links import LinkSessionOut

ROUTER = APIRouter()
_GONE = 410


async def read_press(request: Request, visit: Anyone) -> AsyncIterator[bool]:
    """Whether the button of a page of this visitor was pressed; False without its cookie.

    Raises:
        ApiError: 403 when another site sent the form.
    """
    try:
        async with open_form(request, visit):
            yield True
    except UnsentFormError:
        yield False


@ROUTER.api_route("/u/{token}", methods=["GET", "HEAD"])
async def show_link(visit: Anyone, token: str) -> Response:  # noqa: ARG001 - it stays in the address
    """A page with one button, whatever the token."""
    return hide_address(visit.render("portal/link.html", again=False))


@ROUTER.post("/u/{token}")
async def open_link(
    visit: Anyone, token: str, pressed: Annotated[bool, Depends(read_press)]
) -> Response:
    """Exchange the link for a session, and lead to an address without the token."""
    if not pressed:
        return hide_address(visit.render("portal/link.html", again=True))
    try:
        issued = await visit.api.post(LinkSessionOut, "/v1/links/open", {"token": token})
    except ApiError as error:
        if error.status == _GONE:
            return hide_address(visit.render("portal/expired.html", _GONE, token=token))
        return hide_address(refuse(visit, error))
    return hide_address(enter(visit, issued))


def hide_address(response: Response) -> Response:
    """Let the browser tell no page that follows of the address, which is a secret."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
