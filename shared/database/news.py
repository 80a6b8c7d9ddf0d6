"""News within a process: a transaction that committed wakes the loop that has work from it.

An idle loop would otherwise ask the database at each pause. What another process commits is not
heard of here, so a loop that waits for news still looks from time to time.
"""

import asyncio
from enum import StrEnum
from functools import partial
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

LOOK_AFTER = 10
"""Pauses after which a loop looks although it heard of nothing."""
_TOLD, _COMMITTED = "cuiban.told", "cuiban.committed"


class Subject(StrEnum):
    """What a commit can be news of."""

    OUTBOX = "outbox"
    """An event waits for the relay."""
    AGENDA = "agenda"
    """A unit's earliest timer changed."""
    NOTIFICATIONS = "notifications"
    """A notification waits to be sent."""


_listening: WeakKeyDictionary[Dialect, WeakSet["News"]] = WeakKeyDictionary()
"""By the dialect, which an engine has in common with its copies that have other options."""


class News:
    """What one loop waits for: commits of this process, through one engine, about a subject."""

    def __init__(self, engine: AsyncEngine, subject: Subject) -> None:
        self._subject = subject
        self._heard = asyncio.Event()
        _listening.setdefault(engine.dialect, WeakSet()).add(self)

    def forget(self) -> None:
        """Call before looking: what commits from now on ends the next wait."""
        self._heard.clear()

    async def wait(self, seconds: float) -> bool:
        """Return at news, or after `seconds`; whether there was news."""
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return False
        return True

    def hear(self, subjects: set[Subject]) -> None:
        """A transaction with news of these subjects was committed."""
        if self._subject in subjects:
            self._heard.set()


def tell(db: AsyncConnection, subject: Subject) -> None:
    """Wake the loops that wait for a subject, once the caller's transaction is committed.

    They wake when the connection returns to the pool: SQLAlchemy announces a commit before it.
    """
    db.sync_connection.info.setdefault(_TOLD, set()).add(subject)  # type: ignore[union-attr]


def spread_news(engine: Engine) -> None:
    """Let the commits of an engine's connections wake the loops of this process."""
    event.listen(engine, "commit", _keep)
    event.listen(engine, "rollback", _drop)
    event.listen(engine, "checkin", partial(_spread, engine.dialect))


def _keep(connection: Connection) -> None:
    if subjects := connection.info.pop(_TOLD, None):
        connection.info.setdefault(_COMMITTED, set()).update(subjects)


def _drop(connection: Connection) -> None:
    if not connection.invalidated:  # it has no such dictionary any more
        connection.info.pop(_TOLD, None)


def _spread(dialect: Dialect, _: object, record: ConnectionPoolEntry) -> None:
    if subjects := record.info.pop(_COMMITTED, None):
        for news in list(_listening.get(dialect, ())):
            news.hear(subjects)
