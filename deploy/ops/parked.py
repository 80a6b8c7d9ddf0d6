"""`cuiban ops parked`, `replay` and `discard`: events that wait because their handler failed."""

from functools import partial
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.journal import note_operation
from deploy.ops.running import get_source, get_tables, leave, list_services, run
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.clock import open_clock
from shared.errors import PoisonError
from shared.kafka.broker import positions
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.consuming import parking
from shared.kafka.consuming.dead_letters import build_dead_letter
from shared.kafka.consuming.parked import Parked
from shared.kafka.outbox.publishing import publish
from shared.settings import Settings

_COLUMNS = {
    "consumer": N_("consumer"),
    "topic": N_("topic"),
    "partition": N_("part."),
    "offset": N_("offset"),
    "key": N_("key"),
    "reason": N_("reason"),
    "tries": N_("tries"),
    "detail": N_("detail"),
}
ConsumerArgument = Annotated[str, typer.Argument(help="As `cuiban ops parked` names it.")]


def list_parked(
    limit: Annotated[int, typer.Option(min=1, help="How many to list of each service.")] = 1000,
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """The events that wait: each that failed, and those of its key behind it. Status 1 if any."""
    events = run(state, partial(_list_parked, limit=limit))
    show_answer([_to_json(event) for event in events], as_json, _show_parked)
    if events:
        raise typer.Exit(NO)


def _show_parked(events: list[dict[str, object]]) -> None:
    if not events:
        say(_("Nothing is parked."))
        return
    rows = [[str(event[name]) for name in _COLUMNS] for event in events]
    show_table([_(heading) for heading in _COLUMNS.values()], rows)


def replay(
    consumer: ConsumerArgument,
    key: Annotated[str | None, typer.Argument(help="Only the events of this key.")] = None,
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """Ask the service to apply parked events again, in order. Status 1 when none is parked.

    It does so within seconds. What fails again stays parked, with its new error.
    """
    number = run(state, partial(_request_replay, consumer=consumer, key=key))
    if not number:
        leave(_("No such event is parked."), _("`cuiban ops parked` lists them."), status=NO)
    message = _("{number} events are tried again; `cuiban ops parked` shows what is left.")
    answer = {"consumer": consumer, "key": key, "asked": number}
    show_answer(answer, as_json, lambda _answer: say(message.format(number=number)))


def discard(
    consumer: ConsumerArgument,
    topic: Annotated[str, typer.Argument(help="The topic's name.")],
    partition: Annotated[int, typer.Argument(min=0, help="The partition's number.")],
    offset: Annotated[int, typer.Argument(help="The event's offset.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is never to be applied.")],
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """Make one parked event a dead letter; what waits behind it goes on by itself.

    Status 1 when it is not parked.
    """
    record = RawRecord(Partition(topic, partition), offset, None, None, ())
    done = run(state, partial(_discard, consumer=consumer, record=record, reason=reason))
    if not done:
        leave(_("No such event is parked."), _("`cuiban ops parked` lists them."), status=NO)
    message = _("{topic}/{partition}, offset {offset}, is a dead letter now.")
    text = message.format(topic=topic, partition=partition, offset=offset)
    show_answer(_to_json(done), as_json, lambda _answer: say(text))


async def _list_parked(db: AsyncConnection, _: Settings, *, limit: int) -> list[Parked]:
    events: list[Parked] = []
    for service in await list_services(db):
        events += await parking.list_parked(db, get_tables(service).parked, limit)
    return events


async def _request_replay(
    db: AsyncConnection, settings: Settings, *, consumer: str, key: str | None
) -> int:
    number = 0
    for service in await list_services(db):
        wanted = None if key is None else key.encode("utf-8", "surrogateescape")
        number += await parking.request_replay(db, get_tables(service).parked, consumer, wanted)
    if number:
        after = {"key": key or "", "events": number}
        await note_operation(db, settings, "ops.replayed", consumer, after)
    return number


async def _discard(
    db: AsyncConnection, settings: Settings, *, consumer: str, record: RawRecord, reason: str
) -> Parked | None:
    for service in await list_services(db):
        tables = get_tables(service)
        if await parking.get_parked(db, tables.parked, consumer, record) is None:
            continue
        await positions.lock(db, tables.positions, consumer, record.partition)
        list_parked = await parking.get_parked(db, tables.parked, consumer, record)
        if list_parked is None:  # it was replayed meanwhile
            return None
        error = PoisonError("discarded", f"{reason}; it failed of: {list_parked.detail}")
        source, now = get_source(service), open_clock(settings.clock_file).now()
        await publish(
            db, tables.outbox, [build_dead_letter(consumer, source, list_parked.record, error, now)]
        )
        await parking.unpark(db, tables.parked, consumer, record)
        subject = f"{consumer} {record.partition.topic}/{record.partition.number} {record.offset}"
        after = {"reason": reason, "failed_of": list_parked.detail}
        await note_operation(db, settings, "ops.discarded", subject, after)
        return list_parked
    return None


def _to_json(event: Parked) -> dict[str, object]:
    record = event.record
    return {
        "consumer": event.consumer,
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "key": (record.key or b"").decode(errors="backslashreplace"),
        "reason": event.reason,
        "detail": event.detail,
        "tries": event.tries,
        "replay": event.replay,
        "parked_at": event.parked_at,
    }
