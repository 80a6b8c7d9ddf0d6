"""Steps of an obligation's life while the clock runs: submit, return, extension, objection.

Each step reads the obligation's version just before it acts; no other person acts on it meanwhile.
"""

import asyncio
from datetime import timedelta
from typing import Any

from lab.chaos.clients.api import RetryingApi
from lab.chaos.oracle.facts import PublishedObligation
from lab.chaos.running.people.acting import Acting

_WORDS = "混沌测试"
_LATER = (20, 90)
_AHEAD = timedelta(days=3)
"""An extension is asked for this long before the date: clocks of the services may differ."""
_UPHELD = 0.1
"""The part of the objections that are upheld. The obligation is then not owed for the rest."""


async def submit(acting: Acting) -> bool:
    """Report an obligation as done as its unit does: reminders stop while it is reviewed."""
    return await _switch(acting, "submit", owed=False)


async def return_it(acting: Acting) -> bool:
    """Return what was submitted or done: reminders start again."""
    return await _switch(acting, "return", owed=True)


async def _switch(acting: Acting, action: str, *, owed: bool) -> bool:
    """Act on an obligation so that it is owed from now on, or no longer; False if there is none."""
    obligation = acting.draw_obligation(of_done=owed)
    if obligation is None:
        return False
    with acting.hold(obligation.obligation_id):
        place, body = await _prepare(acting.api, obligation, action)
        await acting.post_fact(obligation, place, body, owed=owed)
        acting.mark(obligation, owed=owed)
    return True


async def ask_for_extension(acting: Acting) -> bool:
    """Ask for a later date as a unit; the office grants it, another one, or refuses it."""
    obligation = acting.draw_obligation(of_done=False)
    if obligation is None:
        return False
    present = acting.get_date(obligation)
    if present < acting.clocks.now().date() + _AHEAD:
        return False
    with acting.hold(obligation.obligation_id):
        new_day = acting.choose_free_day(obligation, present, *_LATER)
        place, body = await _prepare(acting.api, obligation, "extend")
        wanted = body | {"due_on": new_day.isoformat()}
        asked = await asyncio.to_thread(acting.unit_api.post, place, wanted)
        pending = [each for each in asked["extensions"] if each["state"] == "pending"]
        extension = f"/v1/extensions/{pending[0]['extension_id']}"
        if acting.rng.random() < 0.5:  # noqa: PLR2004 - half of them
            await asyncio.to_thread(acting.api.post, f"{extension}/refuse", {"note": _WORDS})
        else:
            grant = {"note": _WORDS, "confirm": True}
            await acting.post_fact(obligation, f"{extension}/grant", grant, due_on=new_day)
            acting.set_date(obligation, new_day)
    return True


async def raise_objection(acting: Acting) -> bool:
    """Object as a unit; the office rejects most objections and upholds some."""
    obligation = acting.draw_obligation(of_done=False)
    if obligation is None:
        return False
    with acting.hold(obligation.obligation_id):
        place, body = await _prepare(acting.api, obligation, "object")
        raised = await asyncio.to_thread(acting.unit_api.post, place, body)
        pending = [each for each in raised["objections"] if each["state"] == "pending"]
        objection = f"/v1/objections/{pending[0]['objection_id']}"
        if acting.rng.random() < _UPHELD:
            await acting.post_fact(obligation, f"{objection}/uphold", {"note": _WORDS}, owed=False)
            acting.leave_out(obligation)
        else:
            await asyncio.to_thread(acting.api.post, f"{objection}/reject", {"note": _WORDS})
    return True


async def _prepare(
    api: RetryingApi, obligation: PublishedObligation, action: str
) -> tuple[str, dict[str, Any]]:
    """The address of an action, and its body with the present version."""
    place = f"/v1/obligations/{obligation.obligation_id}"
    shown = await asyncio.to_thread(api.get, place)
    return f"{place}/{action}", {"version": shown["version"], "note": _WORDS}
