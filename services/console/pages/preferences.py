"""What a person chooses for this browser: the language."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.shell.forms import Posted
from services.console.shell.visits import Anyone, choose_path
from services.console.texts.languages import LANGUAGES

ROUTER = APIRouter()


@ROUTER.post("/language")
async def choose_language(visit: Anyone, form: Posted) -> Response:
    """Show the pages in another language from now on."""
    if form["language"] in LANGUAGES:
        visit.cookies.choose_language(form["language"])
    return visit.redirect(choose_path(form["back"], "/"))
