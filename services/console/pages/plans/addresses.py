"""The addresses of 任务表. A longer one stands before one that would also match it."""

from fastapi import APIRouter

from services.console.pages.plans import (
    listing,
    measures,
    publishing,
    revising,
    settling,
    showing,
    withdrawing,
)

ROUTER = APIRouter()
for _module in (listing, revising, publishing, withdrawing, measures, settling, showing):
    ROUTER.include_router(_module.ROUTER)
