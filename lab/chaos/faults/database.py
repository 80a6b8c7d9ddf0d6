"""Faults of the database: no free connections, a relay that is cut off, a shuffled outbox."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from zlib import crc32

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.kafka.outbox.publishing import UNSENT
from shared.settings import Settings

_CUT_OFF = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() "
    "AND application_name IN ('cuiban-ingest', 'cuiban-scheduler', 'cuiban-notifier')"
)
_CUT_RELAY = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' "
    "AND granted AND classid = 0 AND objid = CAST(:lock AS bigint)::oid "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND pid <> pg_backend_pid() AND pid <> :mine"
)


async def exhaust_connections(engine: AsyncEngine, settings: Settings, seconds: float) -> int:
    """Take all free connections, end those of the services, and hold for `seconds`; the number."""
    address = make_url(settings.database_url.get_secret_value()).render_as_string(
        hide_password=False
    )
    connections: list[asyncpg.Connection] = []

    async def take() -> None:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                connections.append(
                    await asyncpg.connect(
                        address, timeout=5, server_settings={"application_name": "chaos-holds"}
                    )
                )

    try:
        async with engine.connect() as db:
            await take()
            await db.execute(_CUT_OFF)
            until = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < until:
                await take()
                await asyncio.sleep(0.02)
    finally:
        for connection in connections:
            connection.terminate()
    return len(connections)


async def shuffle_outbox(
    engine: AsyncEngine, service: str, seconds: float, draw: float, on_cut: Callable[[], None]
) -> int:
    """Cut off a service's relay, let its outbox fill, and shuffle the events of different keys.

    Events with the same key keep their order, as the relay guarantees; between keys it guarantees
    none. `on_cut` is called once the relay sends nothing any more.

    Returns:
        The number of shuffled events.
    """
    lock = crc32(f"relay {service}.outbox".encode())
    async with engine.connect() as db:
        own_pid = (await db.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        locking = asyncio.create_task(
            db.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": lock})
        )
        try:
            while not locking.done():
                async with engine.begin() as other:
                    await other.execute(_CUT_RELAY, {"lock": lock, "mine": own_pid})
                await asyncio.wait([locking], timeout=0.1)
            await locking
            await db.commit()
            on_cut()
            await asyncio.sleep(seconds)
            return await _replace_shuffled(db, service, draw)
        finally:
            locking.cancel()
            await db.invalidate()  # ends the session, and releases its lock


async def _replace_shuffled(db: AsyncConnection, service: str, draw: float) -> int:
    outbox = f"{service}.outbox"
    # Writers hold their rows until they commit; this lock keeps them out while rows are rewritten.
    await db.execute(text(f"LOCK TABLE {outbox} IN SHARE ROW EXCLUSIVE MODE"))
    rows = await db.execute(text(f"SELECT id, key FROM {outbox} WHERE {UNSENT} ORDER BY id"))  # noqa: S608 - ours
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row.id)
    order = _shuffle_queues(list(by_key.values()), random.Random(draw))  # noqa: S311 - a script
    await db.execute(
        text(
            f"INSERT INTO {outbox} (topic, key, value, headers) "  # noqa: S608 - ours
            f"SELECT o.topic, o.key, o.value, o.headers FROM {outbox} AS o "
            "JOIN unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS v(id, place) ON v.id = o.id "
            "ORDER BY v.place"
        ),
        {"ids": order},
    )
    await db.execute(text(f"DELETE FROM {outbox} WHERE id = ANY(:ids)"), {"ids": order})  # noqa: S608 - ours
    await db.commit()
    return len(order)


def _shuffle_queues(queues: list[list[int]], rng: random.Random) -> list[int]:
    """All items in random order of the queues; the order within each queue stays."""
    waiting = [list(reversed(queue)) for queue in queues if queue]
    order = []
    while waiting:
        queue = rng.choice(waiting)
        order.append(queue.pop())
        waiting = [each for each in waiting if each]
    return order
