"""`cuiban offices`: the offices of an installation, and what a superior one may read of others.

These commands are the operator's: they work in the database that CUIBAN_DATABASE_URL or the local
stack names, since a token belongs to one office.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import run
from deploy.places import STATE, StateOption
from deploy.prepare import ALL_SCOPES, write_secret
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from services.ingest.handlers.office.subordinates import grant_summaries, revoke_summaries
from services.ingest.store import office_grants
from shared.clock import open_clock
from shared.settings import Settings

offices = typer.Typer(help="The offices of this installation.", no_args_is_help=True)
SuperiorArgument = Annotated[str, typer.Argument(help="The short name of the superior office.")]
SubordinateArgument = Annotated[
    str, typer.Argument(help="The short name of the office whose summaries it reads.")
]


@offices.command("add")
def add_office(
    slug: Annotated[str, typer.Argument(help="Its short name: small letters, digits, hyphens.")],
    name: Annotated[str, typer.Argument(help="Its full name.")],
    token_file: Annotated[
        Path | None,
        typer.Option(help="Where its first administrator's token is written, unless it exists."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Make an office with the default rules. Repeating changes nothing."""

    async def add(db: AsyncConnection, settings: Settings) -> dict[str, Any]:
        now = open_clock(settings.clock_file).now()
        office_id = await create_office(db, slug, name, now)
        if token_file and not token_file.exists():
            token = await issue_token(db, office_id, "管理员令牌", ALL_SCOPES, now=now)
            write_secret(token_file, token)
        return {"office_id": office_id, "slug": slug}

    made = _("The office {name} is in place.").format(name=name)
    show_answer(run(state, add), as_json, lambda _answer: say(made))


@offices.command("list")
def list_offices(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the offices, and whose summaries each may read."""

    async def collect(db: AsyncConnection, _settings: Settings) -> list[dict[str, Any]]:
        rows = await office_grants.list_offices(db)
        slugs = {row.office_id: row.slug for row in rows}
        grants = await office_grants.list_grants(db)
        return [
            {
                "office_id": row.office_id,
                "slug": row.slug,
                "name": row.name,
                "reads": [slugs[each] for each in grants.get(row.office_id, [])],
            }
            for row in rows
        ]

    show_answer(run(state, collect), as_json, _show_offices)


def _show_offices(rows: list[dict[str, Any]]) -> None:
    lines = [(row["slug"], row["name"], " ".join(row["reads"])) for row in rows]
    show_table((_("short name"), _("office"), _("reads the summaries of")), lines)


@offices.command("grant")
def grant(
    superior: SuperiorArgument,
    subordinate: SubordinateArgument,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Let a superior office read the summaries of another. Repeating changes nothing."""
    changed = _change_grant(grant_summaries, superior, subordinate, state)
    message = _("{superior} reads the summaries of {subordinate}.")
    text = message.format(superior=superior, subordinate=subordinate)
    show_answer({"changed": changed}, as_json, lambda _answer: say(text))


@offices.command("revoke")
def revoke(
    superior: SuperiorArgument,
    subordinate: SubordinateArgument,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Take such a grant back; status 1 when there is none."""
    changed = _change_grant(revoke_summaries, superior, subordinate, state)
    done = _("{superior} no longer reads the summaries of {subordinate}.")
    message = done if changed else _("{superior} has no grant to read those of {subordinate}.")
    text = message.format(superior=superior, subordinate=subordinate)
    show_answer({"changed": changed}, as_json, lambda _answer: say(text))
    if not changed:
        raise typer.Exit(NO)


def _change_grant(
    change: Callable[[AsyncConnection, str, str, datetime], Awaitable[bool]],
    superior: str,
    subordinate: str,
    state: Path,
) -> bool:
    """Grant or revoke between two offices; whether that changed anything."""

    async def apply(db: AsyncConnection, settings: Settings) -> bool:
        return await change(db, superior, subordinate, open_clock(settings.clock_file).now())

    return run(state, apply)
