"""How a command of `cuiban ops` reaches the database of what runs, and how it ends.

Status 0: done. 1: the answer is no. 2: wrong use. 3: nothing runs that could be asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from sqlalchemy import MetaData, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.places import load_settings
from deploy.terminal.errors import NO, NOT_RUNNING, WRONG_USE, NotRunningError, WrongUseError
from deploy.terminal.language import _
from shared.database.engine import create_engine, is_infrastructure
from shared.database.reaching import explain_unreachable
from shared.errors import CuibanError, EngineRefusedError
from shared.kafka.broker.positions import define_positions_table
from shared.kafka.consuming.applier import Tables
from shared.kafka.consuming.inbox import define_inbox_table
from shared.kafka.consuming.parked import define_parked_table
from shared.kafka.outbox.publishing import define_outbox_table
from shared.settings import Settings

T = TypeVar("T")
SERVICES = ("ingest", "scheduler", "notifier")
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, in your words; it is written into the log.")
]


def run(state: Path, work: Callable[[AsyncConnection, Settings], Awaitable[T]]) -> T:
    """Do some work in one transaction of the database that the settings or the stack name.

    Ends the command with status 3 when nothing runs or the database does not answer, and with
    status 2 when a setting can't be read.
    """
    try:
        settings = load_settings(state)
    except NotRunningError:
        raise
    except CuibanError as error:  # a setting can't be read
        raise WrongUseError(error.message, error.hint) from error
    return asyncio.run(_run(settings, work))


async def _run(settings: Settings, work: Callable[[AsyncConnection, Settings], Awaitable[T]]) -> T:
    engine = create_engine(settings, "cuiban-ops")
    try:
        async with engine.begin() as db:
            return await work(db, settings)
    except (SQLAlchemyError, OSError) as error:
        refusal = explain_unreachable(engine.url, error)
        if isinstance(refusal, EngineRefusedError):
            raise refusal from error
        if not is_infrastructure(error):
            raise
        leave(
            _("PostgreSQL at {host}:{port} does not answer.").format(
                host=engine.url.host, port=engine.url.port
            ),
            _("Start it, or point CUIBAN_DATABASE_URL at one that runs."),
            status=NOT_RUNNING,
        )
    finally:
        await engine.dispose()


async def list_services(db: AsyncConnection) -> list[str]:
    """The services whose tables are in this database."""
    query = text(
        "SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE "
        "to_regclass(name || '.positions') IS NOT NULL"
    )
    rows = await db.execute(query, {"names": list(SERVICES)})
    return list(rows.scalars())


def get_tables(service: str) -> Tables:
    """The tables with which a service consumes."""
    schema = MetaData(schema=service)
    return Tables(
        define_positions_table(schema),
        define_inbox_table(schema),
        define_outbox_table(schema),
        define_parked_table(schema),
    )


def get_source(service: str) -> str:
    """The service's name as the source of its events."""
    return f"/cuiban/{service}"


def leave(message: str, hint: str = "", *, status: int) -> NoReturn:
    """End the command with a status, and say why.

    Raises:
        CuibanError: the kind that stands for the status.
    """
    kinds = {NO: CuibanError, WRONG_USE: WrongUseError, NOT_RUNNING: NotRunningError}
    raise kinds[status](message, hint)
