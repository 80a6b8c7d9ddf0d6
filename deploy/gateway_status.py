"""`cuiban gateways status`: the gateways as the notifier's processes see them."""

from dataclasses import dataclass
from datetime import datetime

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import leave, run
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, show_answer
from deploy.terminal.errors import NO, NOT_RUNNING
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from services.notifier.domain.breaker import Circuit
from services.notifier.store.circuits import SeenBy, list_circuits
from shared.settings import Settings

_COLUMNS = (
    N_("channel"),
    N_("gateway"),
    N_("process"),
    N_("circuit"),
    N_("share"),
    N_("reason"),
)


@dataclass(frozen=True, slots=True)
class _Status:
    """A gateway as one process sees it. `share`: the part of its weight that it has now."""

    channel: str
    gateway: str
    process: str
    circuit: str
    share: float
    why: str
    seen_at: datetime


def show_status(state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """The gateways as each process of the notifier sees them: circuit and share of messages.

    Exit status 1 when a circuit is not closed, and 3 when no notifier runs.
    """
    seen = run(state, _load)
    if not seen:
        leave(_("No notifier runs."), status=NOT_RUNNING)
    listed = [
        _Status(
            each.seen.channel,
            each.seen.gateway,
            str(each.process),
            each.seen.circuit,
            each.seen.share,
            each.seen.why,
            each.seen_at,
        )
        for each in seen
    ]
    show_answer(listed, as_json, _show)
    if any(each.circuit != Circuit.CLOSED for each in listed):
        raise typer.Exit(NO)


async def _load(db: AsyncConnection, _settings: Settings) -> list[SeenBy]:
    return await list_circuits(db)


def _show(listed: list[_Status]) -> None:
    rows = [
        [each.channel, each.gateway, each.process[:8], each.circuit, f"{each.share:.0%}", each.why]
        for each in listed
    ]
    show_table([_(heading) for heading in _COLUMNS], rows)
