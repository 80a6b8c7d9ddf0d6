"""`cuiban ops hold`, `release` and `holds`: an operator stops sending, of one office or of all.

They work in the database that CUIBAN_DATABASE_URL or the local stack names, through ingest's
handlers, so that each office's journal has them.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import uuid4

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import leave, run
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import NO, WRONG_USE
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from services.ingest.handlers.acting import Act
from services.ingest.handlers.messages import holds as handlers
from services.ingest.handlers.messages.holds import NewHold
from services.ingest.store import holds as store
from services.ingest.store import office_grants
from services.ingest.store.holds import StoredHold
from shared.clock import open_clock
from shared.schemas.rules import Channel
from shared.settings import Settings

_ACTOR = "command line"
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the journal.")]
OfficeOption = Annotated[
    str, typer.Option("--office", help="The short name of one office; else all.")
]
Row = dict[str, Any]


def hold(
    reason: ReasonOption,
    office: OfficeOption = "",
    channel: Annotated[Channel | None, typer.Option(help="Only this channel.")] = None,
    gateway: Annotated[
        str, typer.Option(help="Only this gateway of the channel; others go on.")
    ] = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Stop sending: of all offices or of one, all messages, a channel, or a gateway.

    Nothing is lost: what is due waits until `cuiban ops release`.
    """
    new, everywhere = NewHold(channel, gateway, reason), None if office else uuid4()

    async def add(db: AsyncConnection, act: Act) -> StoredHold:
        return await handlers.add_hold(db, act, new, everywhere=everywhere)

    rows = run(state, lambda db, settings: _run_in_offices(db, settings, office, add))
    show_answer(rows, as_json, _show_rows)


def release(
    reason: ReasonOption = "",
    office: OfficeOption = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Release every hold of all offices, or with `--office` every hold of that office's own.

    What waits goes out by the usual rules; what is not owed any more is withdrawn. Status 1 when
    nothing is held. `cuiban ops holds` shows before what waits.
    """
    if not reason:
        leave(_("Give the reason (`--reason`)."), status=WRONG_USE)

    async def end(db: AsyncConnection, act: Act) -> list[StoredHold]:
        current = await store.list_holds(db, act.office_id, current=True)
        return [
            await handlers.release_hold(db, act, each.hold_id, reason, by_operator=True)
            for each in current
            if each.everywhere != bool(office)
        ]

    rows = run(state, lambda db, settings: _run_in_offices(db, settings, office, end))
    if not rows:
        leave(_("Nothing is held."), status=NO)
    show_answer(rows, as_json, _show_rows)


def list_holds(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """What is held in every office, and how many messages a release would send. Status 1 if any."""

    async def collect(db: AsyncConnection, act: Act) -> list[Row]:
        current = await store.list_holds(db, act.office_id, current=True)
        previews = [await handlers.preview_hold(db, act, each.hold_id) for each in current]
        names = ("messages", "oldest", "pointless", "kept")
        return [
            _to_row(each.hold) | {name: getattr(each, name) for name in names} for each in previews
        ]

    rows = run(state, lambda db, settings: _run_in_offices(db, settings, "", collect))
    show_answer(rows, as_json, _show_rows)
    if rows:
        raise typer.Exit(NO)


async def _run_in_offices(
    db: AsyncConnection,
    settings: Settings,
    office: str,
    do: Callable[[AsyncConnection, Act], Awaitable[StoredHold | list[StoredHold] | list[Row]]],
) -> list[Row]:
    """Do something in one office or in all; a row for each hold that it returns."""
    every = await office_grants.list_offices(db)
    chosen = [each for each in every if office in {"", each.slug}]
    if not chosen:
        hint = _("`cuiban offices list` shows them.")
        leave(_("There is no office {name}.").format(name=office), hint, status=WRONG_USE)
    now, correlation_id = open_clock(settings.clock_file).now(), uuid4()
    rows: list[Row] = []
    for each in chosen:
        done = await do(db, Act(each.office_id, _ACTOR, now, correlation_id))
        made = done if isinstance(done, list) else [done]
        rows += [
            {"office": each.slug} | (row if isinstance(row, dict) else _to_row(row)) for row in made
        ]
    return rows


def _to_row(hold: StoredHold) -> Row:
    names = ("hold_id", "channel", "gateway", "everywhere", "reason", "held_at", "held_by")
    return {name: getattr(hold, name) for name in names} | {"released_at": hold.released_at}


def _show_rows(rows: list[Row]) -> None:
    if not rows:
        say(_("Nothing is held."))
        return
    headings = (_("office"), _("held"), _("since"), _("by"), _("reason"), _("would go out"))
    show_table(
        headings,
        [
            (
                row["office"],
                " ".join(filter(None, (row["channel"], row["gateway"]))) or _("all messages"),
                format_instant(row["held_at"]),
                row["held_by"],
                row["reason"],
                str(row.get("messages", "")),
            )
            for row in rows
        ],
    )
