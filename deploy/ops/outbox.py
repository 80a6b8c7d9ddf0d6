"""`cuiban ops outbox` and `replay-outbox`: what does not leave an outbox, and is sent again."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.journal import note_operation
from deploy.ops.running import SERVICES, ReasonOption, leave, list_services, run
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import NO, WRONG_USE
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared.kafka.outbox.backlog import Backlog, load_backlog
from shared.kafka.outbox.resending import list_topics, replay_lost, replay_since, retry_refused
from shared.logging import log
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

    async def load(db: AsyncConnection, _settings: Settings) -> dict[str, Backlog]:
        return {service: await load_backlog(db, service) for service in await list_services(db)}

    backlogs = run(state, load)
    answer = {name: asdict(backlog) for name, backlog in backlogs.items()}
    show_answer(answer, as_json, lambda _answer: _show_backlogs(backlogs))
    if any(backlog.refused or backlog.stopped for backlog in backlogs.values()):
        raise typer.Exit(NO)


@outbox.command("retry")
def try_again(
    service: _Service,
    row: Annotated[int | None, typer.Argument(help="The number that `outbox` lists.")] = None,
    state: StateOption = STATE,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that were refused.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let the relay try a refused event again, once its cause is removed."""
    _require_service(service)
    if (row is None) != every:
        leave(_("Name a row, or `--all`."), _("`cuiban ops outbox` lists them."), status=WRONG_USE)

    async def retry(db: AsyncConnection, settings: Settings) -> int:
        if number := await retry_refused(db, service, row):
            await note_operation(db, settings, "ops.retried", service, {"events": number})
        return number

    if not (number := run(state, retry)):
        leave(
            _("No such event was refused in {service}.").format(service=service),
            _("`cuiban ops outbox` lists them."),
            status=NO,
        )
    text = _("{number} events are tried again.").format(number=number)
    show_answer({"service": service, "retried": number}, as_json, lambda _answer: say(text))


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
    as_json: JsonOption = False,
) -> None:
    """Send events again that the broker lost, in their order, and let a stopped topic go on.

    Consumers know what they have applied: a repeat changes nothing.
    """
    _require_service(service)
    if bool(since) == lost:
        leave(_("Name `--lost` or `--since INSTANT`, one of them."), status=WRONG_USE)
    start = _parse_instant(since) if since else None

    async def replay(db: AsyncConnection, settings: Settings) -> dict[str, int]:
        topics = await list_topics(db, service)
        if topic and topic not in topics:
            leave(
                _("{service} has sent nothing to {topic}.").format(service=service, topic=topic),
                _("It sends to: {topics}.").format(topics=", ".join(topics) or _("none")),
                status=WRONG_USE,
            )
        done = {}
        for each in [topic] if topic else topics:
            if start is None:
                done[each] = await replay_lost(db, service, each)
            else:
                done[each] = await replay_since(db, service, each, start)
        after = {"reason": reason, "events": done}
        await note_operation(db, settings, "ops.sent-again", service, after)
        return done

    done = run(state, replay)
    log(__name__).warning("outbox.replayed", service=service, events=done, reason=reason)
    show_answer(done, as_json, _show_replayed)


def _show_replayed(replayed: dict[str, int]) -> None:
    for topic, number in replayed.items():
        say(_("{topic}: {number} events are sent again.").format(topic=topic, number=number))


def _require_service(service: str) -> None:
    if service not in SERVICES:
        hint = _("Name one of {services}.").format(services=", ".join(SERVICES))
        leave(_("There is no service {name}.").format(name=service), hint, status=WRONG_USE)


def _parse_instant(words: str) -> datetime:
    try:
        instant = datetime.fromisoformat(words)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        leave(
            _("{text} is no instant with an offset.").format(text=words),
            _("Write one like 2026-11-27T09:00:00+08:00."),
            status=WRONG_USE,
        )
    return instant


def _show_backlogs(backlogs: dict[str, Backlog]) -> None:
    rows = [
        (
            name,
            str(backlog.unsent),
            str(round(backlog.oldest_seconds)),
            str(len(backlog.refused)),
            str(len(backlog.stopped)),
        )
        for name, backlog in backlogs.items()
    ]
    headings = (_("service"), _("waiting"), _("oldest (s)"), _("refused"), _("stopped"))
    show_table(headings, rows)
    for name, backlog in backlogs.items():
        for row in backlog.refused:
            message = _("{service} {row}: {type} {event}, {bytes} bytes: {reason}")
            say(
                message.format(
                    service=name,
                    row=row.id,
                    type=row.type,
                    event=row.event_id,
                    bytes=row.bytes,
                    reason=row.reason,
                )
            )
        for stop in backlog.stopped:
            message = _(
                "{service}: {topic} stopped at {at}: {reason}, partition {partition} lacks offsets "
                "{first} to {last}. `cuiban ops replay-outbox {service} --topic {topic} --lost "
                "--reason …` sends them again."
            )
            say(
                message.format(
                    service=name,
                    topic=stop.topic,
                    at=format_instant(stop.stopped_at),
                    reason=stop.reason,
                    partition=stop.partition,
                    first=stop.lost_from,
                    last=stop.last_offset,
                )
            )
