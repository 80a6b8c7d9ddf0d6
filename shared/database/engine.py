"""PostgreSQL: engines, bulk statements, and which errors may be retried."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import JSON, Table, event, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.clock import Clock
from shared.database.news import spread_news
from shared.database_url import parse_database_url
from shared.errors import ClockWrongError, PoisonError
from shared.settings import Settings

Row = Mapping[str, Any]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_INFRASTRUCTURE = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_POISON_STATES = ("21", "22", "23", "54")
"""SQLSTATE classes: cardinality, data, integrity, and what is over a limit of the program, such
as a text that is too long for an index."""
_PASSING = (
    OSError,
    TimeoutError,
    MemoryError,
    DisconnectionError,
    PoolTimeoutError,
    ClockWrongError,
)
_PASSING_STATES = ("08", "40", "53", "55", "57", "58", "25006", "25P03", "25P04")
"""SQLSTATEs and their classes: the connection, a transaction rolled back (deadlock, serialization),
resources (disk, memory, connections), a lock or object in use, the operator or the server's
shutdown or time-out, the operating system; and of class 25: a server that is read-only because
another took over, and a transaction that was ended because it took too long."""


def create_engine(settings: Settings, application: str) -> AsyncEngine:
    """A pool of connections, each with a statement time-out.

    `application` is the name that PostgreSQL shows for them. Errors show the statement without its
    values, which may be addresses, since errors are logged. A process that hangs within a
    transaction (stopped, swapped out) loses it, and its locks, after `hung_after`.
    """
    address = parse_database_url(settings.database_url.get_secret_value())
    engine = create_async_engine(
        address.url,
        pool_size=settings.database_pool,
        max_overflow=0,
        hide_parameters=True,
        pool_timeout=settings.statement_timeout.total_seconds(),
        connect_args={
            **address.build_options(),
            "timeout": 5,
            "command_timeout": settings.statement_timeout.total_seconds() + 5,
            "server_settings": {
                "application_name": application,
                "statement_timeout": to_milliseconds(settings.statement_timeout),
                "idle_in_transaction_session_timeout": to_milliseconds(settings.hung_after),
                "timezone": "UTC",
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    spread_news(engine.sync_engine)
    return engine


def _refuse_closed(connection: Any, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapter
    """Let the pool replace a connection that the server has closed.

    asyncpg hears of that by itself. SQLAlchemy's own `pool_pre_ping` asks the server instead, with
    three round trips before each transaction.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def to_milliseconds(duration: timedelta) -> str:
    """A duration as PostgreSQL's settings take it."""
    return str(int(duration / timedelta(milliseconds=1)))


async def measure_clock_skew(db: AsyncConnection, clock: Clock) -> timedelta:
    """How far a clock is ahead of the database's; zero for a stepped clock."""
    database_now: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return clock.measure_skew(database_now)


async def describe_clock_trouble(engine: AsyncEngine, clock: Clock, bound: timedelta) -> str:
    """Why a clock is not trusted; empty while it and the database's differ by `bound` at most."""
    async with engine.connect() as db:
        skew = await measure_clock_skew(db, clock)
    if abs(skew) <= bound:
        return ""
    return f"this machine's clock is ahead of the database's by {skew}: set it right (NTP)"


async def insert_rows(
    db: AsyncConnection, table: Table, rows: Sequence[Row], on_conflict: str = ""
) -> int:
    """Insert many rows in one statement, from one array a column.

    Args:
        db: a connection in a transaction.
        table: where to.
        rows: all with the same keys, which are column names.
        on_conflict: the rest of `ON CONFLICT …`, such as `DO NOTHING`.

    Returns:
        How many rows were inserted or updated.
    """
    if not rows:
        return 0
    names = list(rows[0])
    arrays, casts = _build_arrays(table, names)
    conflict = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    statement = (
        f"INSERT INTO {table.fullname} ({', '.join(names)}) "  # noqa: S608 - names from Table objects
        f"SELECT {', '.join(casts)} FROM unnest({', '.join(arrays)}) AS v({', '.join(names)})"
        f"{conflict}"
    )
    result = await db.execute(text(statement), _build_columns(table, names, rows))
    return result.rowcount


async def update_rows(
    db: AsyncConnection, table: Table, keys: Sequence[str], rows: Sequence[Row]
) -> int:
    """Update many rows in one statement; `keys` name the columns that find a row.

    Returns:
        How many rows were updated.
    """
    if not rows:
        return 0
    names = list(rows[0])
    arrays, casts = _build_arrays(table, names)
    sets = (f"{n} = {c}" for n, c in zip(names, casts, strict=True) if n not in keys)
    where = " AND ".join(f"t.{key} = v.{key}" for key in keys)
    statement = (
        f"UPDATE {table.fullname} AS t SET {', '.join(sets)} "  # noqa: S608 - names from Table objects
        f"FROM unnest({', '.join(arrays)}) AS v({', '.join(names)}) WHERE {where}"
    )
    result = await db.execute(text(statement), _build_columns(table, names, rows))
    return result.rowcount


def _build_arrays(table: Table, names: Sequence[str]) -> tuple[list[str], list[str]]:
    arrays, casts = [], []
    for name in names:
        column = table.c[name].type
        if isinstance(column, JSON):  # an array of texts, since arrays of jsonb can't nest lists
            arrays.append(f"CAST(:{name} AS text[])")
            casts.append(f"CAST(v.{name} AS jsonb)")
        else:
            arrays.append(f"CAST(:{name} AS {column.compile(dialect=_DIALECT)}[])")
            casts.append(f"v.{name}")
    return arrays, casts


def _build_columns(table: Table, names: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for name in names:
        values = [row[name] for row in rows]
        if isinstance(table.c[name].type, JSON):
            values = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
        columns[name] = values
    return columns


def is_poison(error: Exception) -> bool:
    """Whether trying again can never help: the data is wrong, not the infrastructure.

    Wrong data: SQLSTATE classes 21, 22, 23 and 54, values that asyncpg can't encode, and every
    error that is not the database's, the broker's, or the network's (a fault in a handler). Short
    memory passes by itself, and a wrong clock is set right.
    """
    if isinstance(error, MemoryError | ClockWrongError):
        return False
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        cause = getattr(error.orig, "__cause__", None)
        return state.startswith(_POISON_STATES) or isinstance(cause, asyncpg.DataError)
    return not isinstance(error, _INFRASTRUCTURE)


def is_wrong_data(error: Exception) -> bool:
    """Whether PostgreSQL or its driver refused the data, or the record can't be read at all.

    SQLSTATE classes 21, 22, 23 and 54, values that asyncpg can't encode, and PoisonError.
    """
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        cause = getattr(error.orig, "__cause__", None)
        return state.startswith(_POISON_STATES) or isinstance(cause, asyncpg.DataError)
    return isinstance(error, PoisonError)


def is_infrastructure(error: BaseException) -> bool:
    """Whether what the program stands on failed, so that the same work may succeed later.

    The list is closed: the network, a connection that was lost or is closed, a pool that is used
    up, memory pressure, a clock that is wrong, and the SQLSTATEs of `_PASSING_STATES`. Everything
    else, such as SQL that PostgreSQL does not understand, fails each time.
    """
    if isinstance(error, _PASSING):
        return True
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None) or error.orig
        return error.connection_invalidated or (cause is not None and is_infrastructure(cause))
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error) or "closing" in str(error)
    state = getattr(error, "sqlstate", None) or ""
    return isinstance(state, str) and state.startswith(_PASSING_STATES)
