"""Builds the application of the pages."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from services.console.pages import (
    areas,
    bulk,
    deeds,
    ledger,
    login,
    messages,
    obligation,
    overview,
    preferences,
    progress,
    reports,
    rules,
)
from services.console.pages.plans import addresses
from services.console.shell import errors
from services.console.shell.boundary import PageBoundary
from services.console.shell.context import ConsoleContext
from services.console.texts.rendering import STATIC

PAGES = (
    login,
    messages,
    overview,
    addresses,
    ledger,
    bulk,
    obligation,
    deeds,
    preferences,
    progress,
    reports,
    rules,
    areas,
)
"""The modules of pages; `ROUTER` holds the addresses of each."""


def create_application(context: ConsoleContext) -> FastAPI:
    """The pages of the console."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=context.settings.body_limit,
        redirect_slashes=False,
    )
    app.state.context = context
    for module in PAGES:
        app.include_router(module.ROUTER)
    app.mount("/static", StaticFiles(directory=STATIC))
    errors.install(app)
    app.add_middleware(PageBoundary, answer_fault=errors.answer_fault)
    return app
