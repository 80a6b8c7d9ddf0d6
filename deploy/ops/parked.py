"""`cuiban ops parked`, `replay` and `discard`: events that wait because their handler failed."""

import json
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import leave, run, services_here, show_whole, source_of, tables_of
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption
from deploy.terminal.errors import NO
from shared.broker import positions
from shared.broker.records import Partition, RawRecord
from shared.consuming import parking
from shared.consuming.dead_letters import build_dead_letter
from shared.consuming.parking import Parked
from shared.errors import PoisonError
from shared.outbox.publishing import publish
from shared.settings import Settings

_out = Console()
_COLUMNS = ("consumer", "topic", "partition", "offset", "key", "reason", "tries", "detail")
ConsumerArgument = Annotated[str, typer.Argument(help="As `cuiban ops parked` names it.")]


def parked(
    limit: Annotated[int, typer.Option(min=1, help="How many to list of each service.")] = 1000,
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """The events that wait: each that failed, and those of its key behind it. Status 1 if any."""
    found = run(state, partial(_parked, limit=limit))
    if as_json:
        words = [_words(consumer, one) for consumer, one in found]
        print(json.dumps(words, default=str, ensure_ascii=False, indent=1))
    elif found:
        table = Table(*_COLUMNS, box=None)
        for consumer, one in found:
            told = _words(consumer, one)
            table.add_row(*(Text(str(told[name])) for name in _COLUMNS))
        show_whole(table)
    else:
        _out.print("Nothing is parked.")
    if found:
        raise typer.Exit(NO)


def replay(
    consumer: ConsumerArgument,
    key: Annotated[str | None, typer.Argument(help="Only the events of this key.")] = None,
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """Ask the service to apply parked events again, in order. Status 1 when none is parked.

    It does so within seconds. What fails again stays parked, with its new error.
    """
    number = run(state, partial(_replay, consumer=consumer, key=key))
    if as_json:
        print(json.dumps({"consumer": consumer, "key": key, "asked": number}, ensure_ascii=False))
    elif number:
        _out.print(f"{number} events are tried again; `cuiban ops parked` shows what is left.")
    if not number:
        leave("No such event is parked.", "`cuiban ops parked` lists them.", status=NO)


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
        leave("No such event is parked.", "`cuiban ops parked` lists them.", status=NO)
    if as_json:
        print(json.dumps(_words(consumer, done), default=str, ensure_ascii=False))
    else:
        _out.print(f"{topic}/{partition}, offset {offset}, is a dead letter now.", markup=False)


async def _parked(db: AsyncConnection, _: Settings, *, limit: int) -> list[tuple[str, Parked]]:
    found: list[tuple[str, Parked]] = []
    for service in await services_here(db):
        found += await parking.list_parked(db, tables_of(service).parked, limit)
    return found


async def _replay(db: AsyncConnection, _: Settings, *, consumer: str, key: str | None) -> int:
    number = 0
    for service in await services_here(db):
        wanted = None if key is None else key.encode("utf-8", "surrogateescape")
        number += await parking.request_replay(db, tables_of(service).parked, consumer, wanted)
    return number


async def _discard(
    db: AsyncConnection, settings: Settings, *, consumer: str, record: RawRecord, reason: str
) -> Parked | None:
    for service in await services_here(db):
        tables = tables_of(service)
        if await parking.get_parked(db, tables.parked, consumer, record) is None:
            continue
        await positions.lock(db, tables.positions, consumer, record.partition)
        found = await parking.get_parked(db, tables.parked, consumer, record)
        if found is None:  # it was replayed meanwhile
            return None
        error = PoisonError("discarded", f"{reason}; it failed of: {found.detail}")
        source, now = source_of(service), settings.open_clock().now()
        await publish(
            db, tables.outbox, [build_dead_letter(consumer, source, found.record, error, now)]
        )
        await parking.unpark(db, tables.parked, consumer, record)
        return found
    return None


def _words(consumer: str, one: Parked) -> dict[str, object]:
    record = one.record
    return {
        "consumer": consumer,
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "key": (record.key or b"").decode(errors="backslashreplace"),
        "reason": one.reason,
        "detail": one.detail,
        "tries": one.tries,
        "replay": one.replay,
        "parked_at": one.parked_at,
    }
