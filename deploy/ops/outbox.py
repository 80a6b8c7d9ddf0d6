"""`cuiban ops outbox` and `replay-outbox`: what does not leave an outbox, and is sent again."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import SERVICES, ReasonOption, leave, run, services_here
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption
from deploy.terminal.errors import NO, WRONG_USE
from shared.logging import log
from shared.outbox.backlog import Backlog, load_backlog
from shared.outbox.resending import list_topics, replay_lost, replay_since, retry_refused
from shared.settings import Settings

outbox = typer.Typer(help="What waits in the outboxes, is refused, or is stopped.")
_Service = Annotated[str, typer.Argument(help="ingest, scheduler or notifier.")]


@outbox.callback(invoke_without_command=True)
def show(
    context: typer.Context, state: StateOption = STATE, *, as_json: JsonOption = False
) -> None:
    """List what waits, what the broker refused, and to which topics nothing is sent.

    Status 1 when something is refused or stopped.
    """
    if context.invoked_subcommand:
        return

    async def work(db: AsyncConnection, _: Settings) -> dict[str, Backlog]:
        return {service: await load_backlog(db, service) for service in await services_here(db)}

    found = run(state, work)
    if as_json:
        print(json.dumps({name: asdict(each) for name, each in found.items()}, default=str))
    else:
        _print(found)
    if any(each.refused or each.stopped for each in found.values()):
        raise typer.Exit(NO)


@outbox.command("retry")
def try_again(
    service: _Service,
    row: Annotated[int | None, typer.Argument(help="The number that `outbox` lists.")] = None,
    state: StateOption = STATE,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that were refused.")] = False,
) -> None:
    """Let the relay try a refused event again, once its cause is removed."""
    _known(service)
    if (row is None) != every:
        leave("Name a row, or `--all`.", "`cuiban ops outbox` lists them.", status=WRONG_USE)

    async def work(db: AsyncConnection, _: Settings) -> int:
        return await retry_refused(db, service, row)

    if not (number := run(state, work)):
        leave(
            f"No such event was refused in {service}.",
            "`cuiban ops outbox` lists those that were.",
            status=NO,
        )
    print(f"{number} events are tried again.")


def replay_outbox(
    service: _Service,
    reason: ReasonOption,
    topic: Annotated[
        str, typer.Option(help="One topic, such as cuiban.tasks.v1; else all of the service.")
    ] = "",
    since: Annotated[str, typer.Option(help="All sent since an instant with an offset.")] = "",
    state: StateOption = STATE,
    *,
    lost: Annotated[
        bool, typer.Option("--lost", help="What stood where the broker's log ends too early.")
    ] = False,
) -> None:
    """Send events again that the broker lost, in their order, and let a stopped topic go on.

    Consumers know what they have applied: a repeat changes nothing.
    """
    _known(service)
    if bool(since) == lost:
        leave("Name `--lost` or `--since INSTANT`, one of them.", status=WRONG_USE)
    start = _instant(since) if since else None

    async def work(db: AsyncConnection, _: Settings) -> dict[str, int]:
        topics = await list_topics(db, service)
        if topic and topic not in topics:
            leave(
                f"{service} has sent nothing to {topic}.",
                f"It sends to {', '.join(topics) or 'no topic yet'}.",
                status=WRONG_USE,
            )
        done = {}
        for each in [topic] if topic else topics:
            if start is None:
                done[each] = await replay_lost(db, service, each)
            else:
                done[each] = await replay_since(db, service, each, start)
        return done

    done = run(state, work)
    log(__name__).warning("outbox.replayed", service=service, events=done, reason=reason)
    for each, number in done.items():
        print(f"{each}: {number} events are sent again.")


def _known(service: str) -> None:
    if service not in SERVICES:
        leave(f"There is no service {service}.", f"Name {', '.join(SERVICES)}.", status=WRONG_USE)


def _instant(words: str) -> datetime:
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        leave(
            f"{words} is no instant with an offset.",
            "Write one like 2026-11-27T09:00:00+08:00.",
            status=WRONG_USE,
        )
    return found


def _print(found: dict[str, Backlog]) -> None:
    console = Console()
    table = Table("service", "waiting", "oldest (s)", "refused", "stopped", box=None)
    for name, each in found.items():
        numbers: list[Any] = [each.unsent, round(each.oldest_seconds)]
        numbers += [len(each.refused), len(each.stopped)]
        table.add_row(name, *map(str, numbers))
    console.print(table)
    for name, each in found.items():
        for row in each.refused:
            print(f"{name} {row.id}: {row.type} {row.event_id}, {row.bytes} bytes: {row.reason}")
        for stop in each.stopped:
            print(
                f"{name}: {stop.topic} stopped at {stop.stopped_at:%Y-%m-%d %H:%M:%S %z}: "
                f"{stop.reason}, partition {stop.partition} lacks offsets {stop.lost_from} to "
                f"{stop.last_offset}. `cuiban ops replay-outbox {name} --topic {stop.topic} "
                "--lost --reason …` sends them again."
            )
