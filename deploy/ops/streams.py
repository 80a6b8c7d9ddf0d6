"""`cuiban ops streams` and `resume`: how far each consumer is, and how a stopped one goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.journal import note_operation
from deploy.ops.running import (
    ReasonOption,
    get_source,
    get_tables,
    leave,
    list_services,
    run,
)
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, NOT_RUNNING, WRONG_USE
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared import clock
from shared.errors import NotReadyError, PoisonError
from shared.kafka.broker import positions
from shared.kafka.broker.log_reader import BrokerUnavailableError, LogReader, OffsetRange
from shared.kafka.broker.positions import Position
from shared.kafka.broker.provisioning import list_partitions
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.sequences import read_state
from shared.kafka.consuming import parking
from shared.kafka.consuming.dead_letters import build_dead_letter
from shared.kafka.consuming.stop_reasons import LOG_TRUNCATED, REASONS
from shared.kafka.outbox.publishing import publish
from shared.schemas.topics import TOPICS
from shared.settings import Settings

EARLIEST = "earliest"


@dataclass(frozen=True, slots=True)
class Stream:
    """A consumer in a partition, and the log's span; None when the broker does not have it."""

    service: str
    consumer: str
    at: Partition
    position: Position
    span: OffsetRange | None

    def to_json(self) -> dict[str, object]:
        """What `--json` prints."""
        row, span = self.position, self.span
        return {
            "service": self.service,
            "consumer": self.consumer,
            "topic": self.at.topic,
            "partition": self.at.number,
            "position": row.next_offset,
            "end": span.end if span else None,
            "behind": span.end - row.next_offset if span else None,
            "watermark": row.complete_until,
            "stopped_for": row.stopped_for,
            "since": row.stopped_at if row.stopped_for else None,
        }


def list_streams(state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """How far every consumer is in every partition. Status 1 when one is stopped."""
    rows = run(state, _load_streams)
    show_answer([row.to_json() for row in rows], as_json, lambda _answer: _show(rows))
    if any(row.position.stopped_for for row in rows):
        raise typer.Exit(NO)


def resume(
    consumer: Annotated[
        str | None, typer.Argument(help="As `cuiban ops streams` names it.")
    ] = None,
    topic: Annotated[str | None, typer.Argument(help="The topic's name.")] = None,
    partition: Annotated[int | None, typer.Argument(min=0, help="Its number.")] = None,
    start: Annotated[
        str,
        typer.Option("--from", help="`earliest`: where the log begins now; or an offset in it."),
    ] = EARLIEST,
    every: Annotated[
        bool, typer.Option("--all", help="Every stopped partition of every consumer.")
    ] = False,
    reason: ReasonOption = "",
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """Let a stopped partition go on; running services notice within seconds.

    What was applied before is not applied again: event ids are known. A dead letter tells what was
    stopped, where it goes on, and which records were never applied. Status 1 when nothing named is
    stopped.
    """
    named = (consumer, topic, partition)
    if every == any(each is not None for each in named) or (not every and None in named):
        leave(_("Name CONSUMER TOPIC PARTITION, or --all."), status=WRONG_USE)
    if start != EARLIEST and (every or not (start.isascii() and start.isdigit())):
        leave(_("--from is `earliest`, or an offset of one partition."), status=WRONG_USE)
    wanted = None if every else (str(consumer), Partition(str(topic), partition or 0))
    resumed = run(state, partial(_resume, wanted=wanted, start=start, reason=reason))
    show_answer(resumed, as_json, _show_resumed)


def _show_resumed(resumed: list[dict[str, object]]) -> None:
    for row in resumed:
        message = _(
            "{consumer} resumes in {topic}/{partition} at {from} (was stopped at {was}: "
            "{stopped_for})."
        )
        say(message.format_map(row))


async def _load_streams(db: AsyncConnection, settings: Settings) -> list[Stream]:
    rows = await load_all_positions(db)
    spans = await _list_ranges(settings, {at for _, _, at, _ in rows})
    return [
        Stream(service, consumer, at, row, spans.get(at)) for service, consumer, at, row in rows
    ]


async def load_all_positions(db: AsyncConnection) -> list[tuple[str, str, Partition, Position]]:
    """Every position of every service in this database: service, consumer, partition, row."""
    loaded = []
    for service in await list_services(db):
        table = get_tables(service).positions
        names = text(f"SELECT DISTINCT consumer FROM {table.fullname} ORDER BY 1")  # noqa: S608 - a Table's name
        for consumer in (await db.execute(names)).scalars().all():
            every = await positions.load_positions(db, table, consumer)
            loaded += [
                (service, consumer, at, row)
                for at, row in sorted(every.items(), key=_get_partition)
            ]
    return loaded


async def list_behind(db: AsyncConnection, settings: Settings) -> list[str]:
    """The streams that have not applied all that the log holds now, or are stopped."""
    rows = await _load_streams(db, settings)
    return [
        f"{row.consumer} {row.at.topic}/{row.at.number}"
        for row in rows
        if row.position.stopped_for or (row.span and row.position.next_offset < row.span.end)
    ]


def _get_partition(pair: tuple[Partition, Position]) -> Partition:
    return pair[0]


async def _list_ranges(settings: Settings, wanted: set[Partition]) -> dict[Partition, OffsetRange]:
    """The spans of those partitions that the broker has."""
    there: set[Partition] = set()
    for topic in TOPICS:
        try:
            there |= set(await list_partitions(settings, [topic]))
        except NotReadyError as error:
            if "does not answer" in error.message:
                leave(error.message, error.hint, status=NOT_RUNNING)
    reader = LogReader(settings)
    try:
        return await reader.list_ranges(wanted & there) if wanted & there else {}
    except BrokerUnavailableError as error:
        leave(str(error), status=NOT_RUNNING)
    finally:
        await reader.close()


async def _resume(
    db: AsyncConnection,
    settings: Settings,
    *,
    wanted: tuple[str, Partition] | None,
    start: str,
    reason: str,
) -> list[dict[str, object]]:
    every = await _load_streams(db, settings)
    chosen = [stream for stream in every if wanted in {None, (stream.consumer, stream.at)}]
    if not chosen:
        known = ", ".join(sorted({f"{s.consumer} {s.at.topic} {s.at.number}" for s in every}))
        hint = _("There are: {streams}.").format(streams=known)
        leave(_("No consumer has such a partition."), hint, status=WRONG_USE)
    stopped = [stream for stream in chosen if stream.position.stopped_for]
    if not stopped:
        leave(_("It is not stopped.") if wanted else _("Nothing is stopped."), status=NO)
    return [await _resume_one(db, settings, stream, start, reason) for stream in stopped]


async def _resume_one(
    db: AsyncConnection, settings: Settings, stream: Stream, start: str, reason: str
) -> dict[str, object]:
    span = stream.span or OffsetRange(0, 0)
    to = span.begin if start == EARLIEST else int(start)
    if not span.begin <= to <= span.end:
        leave(
            _("{topic}/{partition} holds offsets {begin} to {end}.").format(
                topic=stream.at.topic, partition=stream.at.number, begin=span.begin, end=span.end
            ),
            _("Name one of them, or `--from earliest`."),
            status=WRONG_USE,
        )
    tables, at = get_tables(stream.service), stream.at
    row = await positions.lock(db, tables.positions, stream.consumer, at)
    word, was = row.stopped_for, row.next_offset
    if word is None:
        leave(_("Somebody resumed it meanwhile."), status=NO)
    if to < was:
        await parking.renumber_below_zero(db, tables.parked, stream.consumer, at)
    record = RawRecord(at, was, None, None, ())
    error = PoisonError(word, _describe_resume(word, was, to, reason))
    source, now = get_source(stream.service), clock.open_clock(settings.clock_file).now()
    await publish(
        db, tables.outbox, [build_dead_letter(stream.consumer, source, record, error, now)]
    )
    known = read_state(row).resume(span.end, passed_over=to > was).to_json(to)
    await positions.resume(db, tables.positions, stream.consumer, at, to=to, chains=known)
    subject = f"{stream.consumer} {at.topic}/{at.number}"
    after = {"reason": reason, "stopped_for": word, "was": was, "from": to}
    await note_operation(db, settings, "ops.resumed", subject, after)
    return {"consumer": stream.consumer, "topic": at.topic, "partition": at.number} | {
        "was": was,
        "from": to,
        "stopped_for": word,
        "resumed_at": clock.read_machine_time(),
    }


def _describe_resume(word: str, was: int, to: int, reason: str) -> str:
    """What the dead letter says of a stop that was ended."""
    why = f"; {reason}" if reason else ""
    if word == LOG_TRUNCATED and to > was:
        return f"records {was} to {to - 1} were removed and never applied; resumed at {to}{why}"
    return f"{REASONS.get(word, word)}; applied up to {was}, resumed at {to}{why}"


def _show(streams: Sequence[Stream]) -> None:
    if not streams:
        say(_("No consumer has begun yet."))
        return
    headings = (
        *(_("consumer"), _("topic"), _("part."), _("position"), _("end"), _("behind")),
        *(_("watermark"), _("stopped")),
    )
    rows: list[tuple[str | Text, ...]] = []
    for stream in streams:
        words = stream.to_json()
        names = ("consumer", "topic", "partition", "position", "end", "behind")
        cells = ["?" if words[name] is None else str(words[name]) for name in names]
        until, since = stream.position.complete_until, words["since"]
        stopped = _("{reason} since {since:%m-%d %H:%M}") if since else ""
        stopped = stopped.format(reason=stream.position.stopped_for, since=since)
        rows.append((*cells, f"{until:%m-%d %H:%M}" if until else "", Text(stopped, "red")))
    show_table(headings, rows)
