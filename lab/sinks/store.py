"""What the sinks received, kept in one SQLite file: nothing is answered before it is written.

Deliveries that arrive together are written together, so thousands a second fit.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Channel = Literal["email", "sms"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    ident TEXT NOT NULL,
    unit TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    received TEXT NOT NULL,
    shown TEXT NOT NULL,
    headers TEXT NOT NULL,
    raw BLOB NOT NULL,
    answered INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS refusals (
    channel TEXT NOT NULL,
    ident TEXT NOT NULL,
    status INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_unit ON messages (unit, channel);
CREATE INDEX IF NOT EXISTS by_ident ON messages (channel, ident);
"""
COLUMNS = "channel,ident,unit,sender,recipient,subject,text,received,shown,headers,raw,answered"
INSERT = f"INSERT INTO messages ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - fixed


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as a gateway took it, each time it was offered.

    `text` is empty for mail, whose parts stand in `raw`. `received` is the machine's instant,
    `shown` the office's; both ISO 8601 in UTC. `headers` is a JSON object.
    `answered` is false where the sender was not told that it was taken.
    """

    channel: Channel
    ident: str
    unit: str
    sender: str
    recipient: str
    subject: str
    text: str
    received: str
    shown: str
    headers: str
    raw: bytes
    answered: bool = True
    seq: int = 0

    def row(self) -> tuple[str | bytes | int, ...]:
        """The values of COLUMNS."""
        ends = (self.received, self.shown, self.headers, self.raw, int(self.answered))
        names = (self.channel, self.ident, self.unit, self.sender, self.recipient, self.subject)
        return (*names, self.text, *ends)


@dataclass(frozen=True, slots=True)
class UnitSummary:
    """How much one unit received, and when last."""

    unit: str
    email: int
    sms: int
    last_seq: int
    last_shown: str
    last_subject: str


class Store:
    """The deliveries of one state directory. Writes belong to the event loop's thread."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "messages.sqlite"
        self._database = sqlite3.connect(self._path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # Survives a killed process; only a crash of the whole machine may lose the last second.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(SCHEMA)
        columns = {row[1] for row in self._database.execute("PRAGMA table_info(messages)")}
        if "answered" not in columns:  # the state of an earlier version
            self._database.execute("ALTER TABLE messages ADD answered INTEGER NOT NULL DEFAULT 1")
        self._waiting: list[Delivery] = []
        self._written: asyncio.Future[None] | None = None

    async def add(self, delivery: Delivery) -> None:
        """Keep a delivery; returns once it is written."""
        self._waiting.append(delivery)
        if self._written is None:
            loop = asyncio.get_running_loop()
            self._written = loop.create_future()
            loop.call_later(0.002, self._write)
        await asyncio.shield(self._written)

    def _write(self) -> None:
        batch, done = self._waiting, self._written
        self._waiting, self._written = [], None
        if done is None:
            return
        try:
            self._database.execute("BEGIN")
            self._database.executemany(INSERT, [each.row() for each in batch])
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            done.set_exception(error)
            done.exception()  # whoever waits raises it; nobody waiting is no second error
        else:
            done.set_result(None)

    def answered(self, delivery: Delivery) -> None:
        """Note that the sender was told after all."""
        self._database.execute(
            "UPDATE messages SET answered = 1 WHERE channel = ? AND ident = ? AND received = ?",
            (delivery.channel, delivery.ident, delivery.received),
        )

    def refuse(self, channel: Channel, ident: str, status: int) -> None:
        """Note that a message was refused because a fault said so."""
        self._database.execute("INSERT INTO refusals VALUES (?, ?, ?)", (channel, ident, status))

    def refusals(self) -> list[tuple[str, str, int]]:
        """Channel, id and status of each refusal that a fault made, oldest first."""
        return self._read("SELECT channel, ident, status FROM refusals ORDER BY rowid", ())

    def clear(self) -> None:
        """Forget everything; sequence numbers go on."""
        self._database.execute("DELETE FROM messages")
        self._database.execute("DELETE FROM refusals")

    def close(self) -> None:
        """Write what waits and close."""
        self._write()
        self._database.close()

    def messages(
        self, *, after: int = 0, channel: str = "", to: str = "", limit: int = 1000
    ) -> list[Delivery]:
        """Deliveries after a sequence number, oldest first."""
        return self._select(
            "seq > ? AND (? IN ('', channel)) AND (? IN ('', recipient)) ORDER BY seq LIMIT ?",
            (after, channel, to, limit),
        )

    def message(self, seq: int) -> Delivery | None:
        """One delivery."""
        found = self._select("seq = ?", (seq,))
        return found[0] if found else None

    def of_unit(self, unit: str, *, limit: int, offset: int) -> list[Delivery]:
        """A unit's deliveries, newest first."""
        return self._select("unit = ? ORDER BY seq DESC LIMIT ? OFFSET ?", (unit, limit, offset))

    def units(self) -> list[UnitSummary]:
        """All units that received something, the one with the newest message first."""
        rows = self._read(
            "SELECT c.unit, c.email, c.sms, c.last, m.shown, m.subject FROM (SELECT unit, "
            "sum(channel = 'email') email, sum(channel = 'sms') sms, max(seq) last "
            "FROM messages GROUP BY unit) c JOIN messages m ON m.seq = c.last "
            "ORDER BY c.last DESC",
            (),
        )
        return [UnitSummary(*row) for row in rows]

    def counts(self) -> dict[str, dict[str, int]]:
        """Distinct identifiers and all deliveries, by channel."""
        rows = self._read(
            "SELECT channel, count(DISTINCT ident), count(*) FROM messages GROUP BY channel", ()
        )
        found = {channel: (distinct, every) for channel, distinct, every in rows}
        names = ("email", "sms")
        return {
            "distinct": {name: found.get(name, (0, 0))[0] for name in names},
            "all": {name: found.get(name, (0, 0))[1] for name in names},
        }

    def _select(self, where: str, values: Sequence[str | int]) -> list[Delivery]:
        query = f"SELECT {COLUMNS}, seq FROM messages WHERE {where}"  # noqa: S608 - fixed texts
        return [Delivery(*row) for row in self._read(query, values)]

    def _read(self, query: str, values: Sequence[str | int]) -> list[tuple]:  # type: ignore[type-arg]
        """Read on a connection of its own, so that any thread may."""
        database = sqlite3.connect(self._path)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()
