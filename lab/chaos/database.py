"""Faults of the database and of what waits in it: full pools, a relay cut off, a mixed outbox."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from zlib import crc32

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.outbox.publishing import UNSENT
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


async def fill(engine: AsyncEngine, settings: Settings, seconds: float) -> int:
    """Take every connection that the server has left, cut the services off, and hold; how many."""
    address = make_url(settings.database_url.get_secret_value()).render_as_string(
        hide_password=False
    )
    held: list[asyncpg.Connection] = []

    async def take() -> None:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                held.append(
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
        for connection in held:
            connection.terminate()
    return len(held)


async def mix_outbox(
    engine: AsyncEngine, service: str, seconds: float, draw: float, cut: Callable[[], None]
) -> int:
    """Cut a service's relay, let its outbox fill, and mix the events of different keys.

    Events of one key keep their order, as the relay promises; between keys it promises nothing.
    `cut` is called once nothing leaves the outbox any more.

    Returns:
        How many events were mixed.
    """
    lock = crc32(f"relay {service}.outbox".encode())
    async with engine.connect() as db:
        mine = (await db.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        waits = asyncio.create_task(
            db.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": lock})
        )
        try:
            while not waits.done():
                async with engine.begin() as other:
                    await other.execute(_CUT_RELAY, {"lock": lock, "mine": mine})
                await asyncio.wait([waits], timeout=0.1)
            await waits
            await db.commit()
            cut()
            await asyncio.sleep(seconds)
            return await _mix(db, service, draw)
        finally:
            waits.cancel()
            await db.invalidate()  # and with the session its lock


async def _mix(db: AsyncConnection, service: str, draw: float) -> int:
    outbox = f"{service}.outbox"
    # Writers hold their rows until they commit: none of theirs may come before ours of its key.
    await db.execute(text(f"LOCK TABLE {outbox} IN SHARE ROW EXCLUSIVE MODE"))
    found = await db.execute(text(f"SELECT id, key FROM {outbox} WHERE {UNSENT} ORDER BY id"))  # noqa: S608 - ours
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for row in found:
        by_key[row.key].append(row.id)
    order = _mixed(list(by_key.values()), random.Random(draw))  # noqa: S311 - a script
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


def _mixed(queues: list[list[int]], chosen: random.Random) -> list[int]:
    """All items, from a queue chosen anew each time; within a queue the order stays."""
    waiting = [list(reversed(queue)) for queue in queues if queue]
    order = []
    while waiting:
        queue = chosen.choice(waiting)
        order.append(queue.pop())
        waiting = [each for each in waiting if each]
    return order
