"""What the sinks received, in one SQLite file. A message is stored before it is answered.

Messages that arrive together are written in one transaction, for thousands per second.
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
class ReceivedMessage:
    """A message as a gateway took it; one for each time that it was offered.

    `text` is empty for mail, whose parts are in `raw`. `received` is the machine's time and
    `shown` the office's, both ISO 8601 in UTC. `headers` is a JSON object. `answered` is false
    when the sender did not get the answer that the message was taken.
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

    def to_row(self) -> tuple[str | bytes | int, ...]:
        """The values of COLUMNS."""
        ends = (self.received, self.shown, self.headers, self.raw, int(self.answered))
        names = (self.channel, self.ident, self.unit, self.sender, self.recipient, self.subject)
        return (*names, self.text, *ends)


@dataclass(frozen=True, slots=True)
class DistinctMessage:
    """The first arrival of a message, and how often it arrived again."""

    message: ReceivedMessage
    repeats: int


@dataclass(frozen=True, slots=True)
class InboxUnit:
    """The number of messages of a unit, and the newest of them."""

    unit: str
    email: int
    sms: int
    last_seq: int
    last_shown: str
    last_subject: str


class Store:
    """The messages of one state directory. Write only from the event loop's thread."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "messages.sqlite"
        self._database = sqlite3.connect(self._path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # Survives a killed process; a crash of the whole machine may lose the last second.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(SCHEMA)
        columns = {row[1] for row in self._database.execute("PRAGMA table_info(messages)")}
        if "answered" not in columns:  # a file of an earlier version
            self._database.execute("ALTER TABLE messages ADD answered INTEGER NOT NULL DEFAULT 1")
        self._waiting: list[ReceivedMessage] = []
        self._written: asyncio.Future[None] | None = None

    async def add(self, message: ReceivedMessage) -> None:
        """Store a message; returns once it is written."""
        self._waiting.append(message)
        if self._written is None:
            loop = asyncio.get_running_loop()
            self._written = loop.create_future()
            loop.call_later(0.002, self._write)
        await asyncio.shield(self._written)

    def _write(self) -> None:
        batch, written = self._waiting, self._written
        self._waiting, self._written = [], None
        if written is None:
            return
        try:
            self._database.execute("BEGIN")
            self._database.executemany(INSERT, [each.to_row() for each in batch])
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            written.set_exception(error)
            written.exception()  # marks it as retrieved: no warning when no task awaits it
        else:
            written.set_result(None)

    def mark_answered(self, message: ReceivedMessage) -> None:
        """Record that the sender got the answer after all."""
        self._database.execute(
            "UPDATE messages SET answered = 1 WHERE channel = ? AND ident = ? AND received = ?",
            (message.channel, message.ident, message.received),
        )

    def refuse(self, channel: Channel, ident: str, status: int) -> None:
        """Record that a message was refused because a fault was set."""
        self._database.execute("INSERT INTO refusals VALUES (?, ?, ?)", (channel, ident, status))

    def list_refusals(self) -> list[tuple[str, str, int]]:
        """Channel, id and status of each refusal because of a fault, oldest first."""
        return self._read("SELECT channel, ident, status FROM refusals ORDER BY rowid", ())

    def clear(self) -> None:
        """Delete all messages and refusals; sequence numbers continue."""
        self._database.execute("DELETE FROM messages")
        self._database.execute("DELETE FROM refusals")

    def close(self) -> None:
        """Write what is queued, and close the file."""
        self._write()
        self._database.close()

    def list_messages(
        self, *, after: int = 0, channel: str = "", to: str = "", limit: int = 1000
    ) -> list[ReceivedMessage]:
        """Messages after a sequence number, oldest first."""
        return self._select(
            "seq > ? AND (? IN ('', channel)) AND (? IN ('', recipient)) ORDER BY seq LIMIT ?",
            (after, channel, to, limit),
        )

    def list_distinct(
        self, *, unit: str, channel: str, since: str, after: int, limit: int
    ) -> list[DistinctMessage]:
        """Messages that first arrived after a sequence number, oldest first, each once.

        `since` is the earliest `received`; an empty text admits all, also for `unit` and
        `channel`. Messages without an id are all distinct.
        """
        same = "FROM messages e WHERE e.channel = m.channel AND e.ident = m.ident"
        rows = self._read(
            f"SELECT {COLUMNS}, seq, CASE ident WHEN '' THEN 0 ELSE "  # noqa: S608 - fixed texts
            f"(SELECT count(*) - 1 {same}) END FROM messages m "
            "WHERE seq > ? AND received >= ? AND ? IN ('', unit) AND ? IN ('', channel) "
            f"AND (ident = '' OR NOT EXISTS (SELECT 1 {same} AND e.seq < m.seq)) "
            "ORDER BY seq LIMIT ?",
            (after, since, unit, channel, limit),
        )
        return [DistinctMessage(ReceivedMessage(*row[:-1]), row[-1]) for row in rows]

    def find_message(self, seq: int) -> ReceivedMessage | None:
        """A message by its sequence number; None when there is none."""
        messages = self._select("seq = ?", (seq,))
        return messages[0] if messages else None

    def list_unit_messages(self, unit: str, *, limit: int, offset: int) -> list[ReceivedMessage]:
        """A unit's messages, newest first."""
        return self._select("unit = ? ORDER BY seq DESC LIMIT ? OFFSET ?", (unit, limit, offset))

    def list_units(self) -> list[InboxUnit]:
        """All units with messages, the one with the newest message first."""
        rows = self._read(
            "SELECT c.unit, c.email, c.sms, c.last, m.shown, m.subject FROM (SELECT unit, "
            "sum(channel = 'email') email, sum(channel = 'sms') sms, max(seq) last "
            "FROM messages GROUP BY unit) c JOIN messages m ON m.seq = c.last "
            "ORDER BY c.last DESC",
            (),
        )
        return [InboxUnit(*row) for row in rows]

    def count_messages(self) -> dict[str, dict[str, int]]:
        """Distinct ids (`distinct`) and all messages (`all`), by channel."""
        rows = self._read(
            "SELECT channel, count(DISTINCT ident), count(*) FROM messages GROUP BY channel", ()
        )
        by_channel = {channel: (distinct, every) for channel, distinct, every in rows}
        names = ("email", "sms")
        return {
            "distinct": {name: by_channel.get(name, (0, 0))[0] for name in names},
            "all": {name: by_channel.get(name, (0, 0))[1] for name in names},
        }

    def _select(self, where: str, values: Sequence[str | int]) -> list[ReceivedMessage]:
        query = f"SELECT {COLUMNS}, seq FROM messages WHERE {where}"  # noqa: S608 - fixed texts
        return [ReceivedMessage(*row) for row in self._read(query, values)]

    def _read(self, query: str, values: Sequence[str | int]) -> list[tuple]:  # type: ignore[type-arg]
        """Read on a new connection, so that any thread may call this."""
        database = sqlite3.connect(self._path)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()
