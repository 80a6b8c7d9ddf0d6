"""An obligation's story, and what it says of a form that came too late."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from services.console.client import fetch_together
from services.console.shell.forms import Form
from services.console.shell.visits import Visit
from shared.api.obligations import ObligationOut, TimelineEntryOut

_LINES = TypeAdapter(list[TimelineEntryOut])


async def fetch_timeline(visit: Visit, obligation_id: UUID) -> list[TimelineEntryOut]:
    """The story of an obligation, rising."""
    return await visit.api.fetch(_LINES, f"/v1/obligations/{obligation_id}/timeline")


async def renew_form(
    visit: Visit, obligation_id: UUID, form: Form
) -> tuple[ObligationOut, Form, list[TimelineEntryOut]]:
    """The obligation now, a form that names its version, and what changed since it was shown.

    `seen` of the form is the instant of the newest line that its page knew.
    """
    obligation, lines = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        fetch_timeline(visit, obligation_id),
    )
    changes = _list_since(lines, form["seen"])
    newest = changes[-1].at.isoformat() if changes else form["seen"]
    values = {**form.values, "version": [str(obligation.version)], "seen": [newest]}
    return obligation, replace(form, values=values), changes


def _list_since(lines: list[TimelineEntryOut], seen: str) -> list[TimelineEntryOut]:
    try:
        since = datetime.fromisoformat(seen)
        return [line for line in lines if line.at > since]
    except (ValueError, TypeError):
        return []
