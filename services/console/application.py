"""Builds the application of the pages."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from services.console.pages import (
    account,
    bulk,
    calendars,
    dead_letters,
    deeds,
    directory,
    gateways,
    holds,
    holiday_notices,
    journal,
    ledger,
    login,
    message_actions,
    message_templates,
    messages,
    mutes,
    obligation,
    office_settings,
    overview,
    people,
    preferences,
    progress,
    proofs,
    proposals,
    replies,
    reports,
    rule_books,
    rule_drafts,
    rule_editors,
    rule_forecast,
    rules,
    template_previews,
    unit_forms,
    units,
    waiting,
    why,
)
from services.console.pages.plans import addresses
from services.console.pages.portal import addresses as portal
from services.console.shell import errors
from services.console.shell.boundary import PageBoundary
from services.console.shell.context import ConsoleContext
from services.console.texts.rendering import STATIC
from shared.tracing.http_requests import NO_TELEMETRY

PAGES = (
    *(login, overview, waiting, replies, preferences, progress),
    *(addresses, ledger, bulk, why, obligation, deeds, reports),
    *(directory, proposals, proofs, unit_forms, units),
    *(rules, rule_forecast, rule_books, rule_editors, rule_drafts),
    *(holiday_notices, calendars, mutes, messages, gateways, holds, dead_letters, message_actions),
    *(office_settings, template_previews, message_templates, account, people, journal),
    portal,
)
"""The modules of pages; `ROUTER` holds the addresses of each. A fixed address comes before one
with a name in it."""


def create_application(context: ConsoleContext) -> FastAPI:
    """The pages of the console."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=context.settings.body_limit,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.context = context
    for module in PAGES:
        app.include_router(module.ROUTER)
    app.mount("/static", StaticFiles(directory=STATIC))
    errors.install(app)
    app.add_middleware(PageBoundary, answer_fault=errors.answer_fault)
    return app
