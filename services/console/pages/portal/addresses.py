"""The addresses of the portal. A fixed one stands before one with a name in it."""

from fastapi import APIRouter

from services.console.pages.portal import (
    answering,
    calendar,
    contacts,
    history,
    items,
    links,
    opening,
    receipts,
)

ROUTER = APIRouter()
for _module in (opening, history, contacts, calendar, items, receipts, answering, links):
    ROUTER.include_router(_module.ROUTER)
