"""Steps of an obligation's life while the clock runs: submit, return, extension, objection.

Each step reads the obligation's version just before it acts; no other person acts on it meanwhile.
"""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lab.chaos.clients.api import RetryingApi
from lab.chaos.oracle.facts import PublishedObligation

if TYPE_CHECKING:
    from lab.chaos.running.actors import Actors

_WORDS = "混沌测试"
_LATER = (20, 90)
_AHEAD = timedelta(days=3)
"""An extension is asked for this long before the date: clocks of the services may differ."""
_UPHELD = 0.1
"""The part of the objections that are upheld. The obligation is then not owed for the rest."""


async def submit(actors: "Actors") -> bool:
    """Report an obligation as done as its unit does: reminders stop while it is reviewed."""
    obligation = actors.draw_obligation(of_done=False)
    if obligation is None:
        return False
    with actors.hold(obligation.obligation_id):
        place, body = await _prepare(actors.api, obligation, "submit")
        await actors.post_fact(obligation, place, body, owed=False)
        actors.mark(obligation, owed=False)
    return True


async def return_it(actors: "Actors") -> bool:
    """Return what was submitted or done: reminders start again."""
    obligation = actors.draw_obligation(of_done=True)
    if obligation is None:
        return False
    with actors.hold(obligation.obligation_id):
        place, body = await _prepare(actors.api, obligation, "return")
        await actors.post_fact(obligation, place, body, owed=True)
        actors.mark(obligation, owed=True)
    return True


async def ask_for_extension(actors: "Actors") -> bool:
    """Ask for a later date as a unit; the office grants it, another one, or refuses it."""
    obligation = actors.draw_obligation(of_done=False)
    if obligation is None:
        return False
    present = actors.get_date(obligation)
    if present < actors.clocks.now().date() + _AHEAD:
        return False
    with actors.hold(obligation.obligation_id):
        new_day = actors.choose_free_day(obligation, present, *_LATER)
        place, body = await _prepare(actors.api, obligation, "extend")
        wanted = body | {"due_on": new_day.isoformat()}
        asked = await asyncio.to_thread(actors.unit_api.post, place, wanted)
        pending = [each for each in asked["extensions"] if each["state"] == "pending"]
        extension = f"/v1/extensions/{pending[0]['extension_id']}"
        if actors.rng.random() < 0.5:  # noqa: PLR2004 - half of them
            await asyncio.to_thread(actors.api.post, f"{extension}/refuse", {"note": _WORDS})
        else:
            grant = {"note": _WORDS, "confirm": True}
            await actors.post_fact(obligation, f"{extension}/grant", grant, due_on=new_day)
            actors.set_date(obligation, new_day)
    return True


async def raise_objection(actors: "Actors") -> bool:
    """Object as a unit; the office rejects most objections and upholds some."""
    obligation = actors.draw_obligation(of_done=False)
    if obligation is None:
        return False
    with actors.hold(obligation.obligation_id):
        place, body = await _prepare(actors.api, obligation, "object")
        raised = await asyncio.to_thread(actors.unit_api.post, place, body)
        pending = [each for each in raised["objections"] if each["state"] == "pending"]
        objection = f"/v1/objections/{pending[0]['objection_id']}"
        if actors.rng.random() < _UPHELD:
            await actors.post_fact(obligation, f"{objection}/uphold", {"note": _WORDS}, owed=False)
            actors.leave_out(obligation)
        else:
            await asyncio.to_thread(actors.api.post, f"{objection}/reject", {"note": _WORDS})
    return True


async def _prepare(
    api: RetryingApi, obligation: PublishedObligation, action: str
) -> tuple[str, dict[str, Any]]:
    """The address of an action, and its body with the present version."""
    place = f"/v1/obligations/{obligation.obligation_id}"
    shown = await asyncio.to_thread(api.get, place)
    return f"{place}/{action}", {"version": shown["version"], "note": _WORDS}
