"""How fast the notifier is, beside the bare libraries, on this machine in one run.

    python bench/notifier.py [--digests N] [--mails N] [--posts N] [--items N] [--profile FILE]

The sinks and the database are processes of their own. Rates are per second.
"""

import argparse
import asyncio
import cProfile
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import aiohttp
import aiosmtplib
import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.testing import Engines
from services.notifier.app import consumers_of, lanes_of, tune_collector
from services.notifier.gateways.mime import mail_bytes
from services.notifier.message import Message
from services.notifier.rendering.mail import mail
from services.notifier.rendering.wording import Digest
from services.notifier.settings import NotifierSettings
from shared import identity, logging
from shared.clock import SteppedClock
from shared.codec import encode
from shared.database import engine_from, migrate
from shared.events import Contact, Envelope, Event, ReminderDue, ReminderItem, UnitUpserted
from shared.positions import Partition, RawRecord
from shared.reading import Reader
from shared.rules import Audience, Channel, ReminderKind

OFFICE = identity.office_id("bench")
SLOT = datetime(2023, 12, 26, 1, 0, tzinfo=UTC)
TEXT = (
    "推进减负稳岗扩就业，支持高校毕业生、农民工、退役军人、就业困难人员等群体就业等方面的政策公开。"
)


Rate = tuple[float, float]
"""Per second, and CPU seconds of this process for each: the second holds on a busy machine."""


class _Sink:
    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd finds it by this name
        return "250 OK"


async def _serve(kind: str) -> None:
    loop = asyncio.get_running_loop()
    if kind == "smtp":
        server = await loop.create_server(lambda: SMTP(_Sink()), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    else:
        app = web.Application()

        async def post(request: web.Request) -> web.Response:
            await request.read()
            return web.json_response({"code": 0})

        app.router.add_post("/sms", post)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
    print(port, flush=True)  # noqa: T201 - the parent reads it
    await asyncio.Event().wait()


@contextmanager
def _sink(kind: str) -> Iterator[int]:
    child = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, __file__, "--serve", kind], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout  # noqa: S101 - a pipe was asked for
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait(timeout=10)


def _unit(number: int) -> UUID:
    return identity.unit_id(OFFICE, f"unit {number}")


def _upserted(number: int) -> UnitUpserted:
    unit = _unit(number)
    contact = Contact(
        contact_id=identity.contact_id(unit, "liaison", 0),
        post=Audience.LIAISON,
        email=f"unit{number}@bench.example",
        mobile=f"138{number:08}",
    )
    return UnitUpserted(
        office_id=OFFICE,
        unit_id=unit,
        number=1,
        name=f"县第{number}局",
        contacts=(contact,),
        office_name="县政务公开办公室",
    )


def _items(number: int) -> tuple[ReminderItem, ...]:
    return tuple(
        ReminderItem(
            obligation_id=uuid5(OFFICE, f"obligation {n}"),
            ref=f"{n // 3 + 1}.{n % 3 + 1}",
            task_name="主动公开民生保障",
            text=TEXT,
            kind=ReminderKind.DEADLINE,
            due_on=date(2023, 12, 31),
        )
        for n in range(number)
    )


def _due(number: int, channels: tuple[Channel, ...], items: int, slot: datetime) -> ReminderDue:
    unit = _unit(number)
    return ReminderDue(
        office_id=OFFICE,
        unit_id=unit,
        reminder_id=identity.reminder_id(unit, "liaison", slot),
        audience=Audience.LIAISON,
        slot=slot,
        timezone="Asia/Shanghai",
        channels=channels,
        rule_version=1,
        plan_title="2023年政务公开重点任务分解表",
        items=_items(items),
    )


class Bench:
    """A database with a notifier's tables, and a clock."""

    def __init__(
        self, settings: NotifierSettings, engine: AsyncEngine, clock: SteppedClock
    ) -> None:
        self.settings, self.engine, self.clock = settings, engine, clock
        reader = Reader(settings)
        found = consumers_of(settings, engine, reader, clock)
        self.reminders, self.directory = found[0], found[1]
        self._offsets: dict[str, int] = {}

    async def feed(self, topic: str, events: list[Event]) -> float:
        """Apply events as records of one partition, 500 at a time; the seconds it took."""
        consumer = self.directory if "directory" in topic else self.reminders
        offset = self._offsets.get(topic, 0)
        records = []
        for number, event in enumerate(events, offset):
            event_id = uuid5(OFFICE, f"{topic} {number}")
            record = encode(Envelope(event_id, "/bench", SLOT, event_id, event))
            records.append(
                RawRecord(Partition(topic, 0), number, record.key, record.value, record.headers)
            )
        self._offsets[topic] = offset + len(events)
        began = time.monotonic()
        for start in range(0, len(records), 500):
            await consumer.apply(records[start : start + 500])
        return time.monotonic() - began

    async def drain(self, channel: Channel) -> tuple[float, float]:
        """Let one lane send all that is pending: the rate, and the CPU seconds for each."""
        lane = next(
            one
            for one in lanes_of(self.settings, self.engine, self.clock)
            if one._channel is channel  # noqa: SLF001 - the lane of one channel
        )
        number = await self._open(channel)
        began, cpu = time.monotonic(), time.process_time()
        task = asyncio.create_task(lane.run())
        while await self._open(channel):  # noqa: ASYNC110 - the end shows in the tables
            await asyncio.sleep(0.2)
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return number / took, cpu / number

    async def _open(self, channel: Channel) -> int:
        async with self.engine.connect() as db:
            found = await db.execute(
                text(
                    "SELECT count(*) FROM notifier.notifications "
                    "WHERE state IN ('pending', 'sending') AND channel = :channel"
                ),
                {"channel": channel},
            )
            return int(found.scalar_one())


@asynccontextmanager
async def _world(**ports: int) -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as place:
        state = Path(place)
        engines = Engines(state / "engines", lambda _: None)
        (state / "engines").mkdir()
        await asyncio.to_thread(engines.start_postgres)
        try:
            url = await asyncio.to_thread(engines.create_database, "bench")
            await asyncio.to_thread(migrate, url, "notifier")
            clock = SteppedClock(state / "clock")
            clock.set(SLOT + timedelta(minutes=1))
            settings = NotifierSettings(
                database_url=url,
                clock_file=state / "clock",
                smtp_url=f"smtp://127.0.0.1:{ports['smtp']}",
                sms_url=f"http://127.0.0.1:{ports['http']}/sms",
                sms_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # noqa: S106 - a test key
            )
            engine = engine_from(settings, "bench")
            yield Bench(settings, engine, clock)
            await engine.dispose()
        finally:
            await asyncio.to_thread(engines.stop)


def _prepared(items: int) -> bytes:
    digest = Digest(
        office="县政务公开办公室",
        unit="县第1局",
        audience=Audience.LIAISON,
        plan_title="2023年政务公开重点任务分解表",
        items=_items(items),
        slot_day=date(2023, 12, 26),
        today=date(2023, 12, 26),
    )
    message = Message(uuid5(OFFICE, "m"), "unit1@bench.example", "县第1局", mail(digest))
    return mail_bytes(message, mail_from="cuiban@bench.example", sent_at=SLOT)


async def _bare_smtp(port: int, number: int, raw: bytes, connections: int) -> Rate:
    async def some(count: int) -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port)
        async with client:
            for _ in range(count):
                await client.sendmail("cuiban@bench.example", ["unit1@bench.example"], raw)

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(some(number // connections) for _ in range(connections)))
    return number / (time.monotonic() - began), (time.process_time() - cpu) / number


async def _bare_http(port: int, number: int, concurrency: int) -> Rate:
    body = ('{"data": {"text": "' + TEXT + '"}}').encode()

    async def some(count: int) -> None:
        for _ in range(count):
            async with session.post(f"http://127.0.0.1:{port}/sms", data=body) as response:
                await response.read()

    async with aiohttp.ClientSession() as session:
        began, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(some(number // concurrency) for _ in range(concurrency)))
        return number / (time.monotonic() - began), (time.process_time() - cpu) / number


def _say(name: str, rate: Rate, ceiling: Rate | None = None) -> None:
    line = f"{name:<44}{rate[0]:7.0f}/s {rate[1] * 1e6:6.0f} us CPU"
    if ceiling:
        line += f"  bare {ceiling[0]:7.0f}/s {ceiling[1] * 1e6:6.0f} us CPU"
        line += f"  = {rate[0] / ceiling[0]:4.0%}"
    print(line, flush=True)  # noqa: T201 - a bench prints


async def run(args: Any) -> None:  # noqa: ANN401 - argparse's own
    """Measure and print."""
    tune_collector()
    logging.configure("bench", level="WARNING")
    with _sink("smtp") as smtp, _sink("http") as http:
        async with _world(smtp=smtp, http=http) as bench:
            topics = {
                name.rsplit(".", 2)[-2]: name
                for c in (bench.reminders, bench.directory)
                for name in c.topics
            }
            most = max(args.digests, args.mails, args.posts)
            await bench.feed(topics["directory"], [_upserted(n) for n in range(most)])
            later = SLOT + timedelta(days=30)  # rows only: they are not due yet
            both = (Channel.EMAIL, Channel.SMS)
            digests = [_due(n, both, 46, later) for n in range(args.digests)]
            cpu = time.process_time()
            profile = cProfile.Profile() if args.profile else None
            if profile:
                profile.enable()
            took = await bench.feed(topics["reminders"], list(digests))
            cpu = time.process_time() - cpu  # with the encoding of the events, about a fifth
            rate = (args.digests / took, cpu / args.digests)
            _say("ReminderDue of 46 items to notification rows", rate)
            async with bench.engine.begin() as db:
                await db.execute(text("TRUNCATE notifier.notifications, notifier.outbox"))
            for channel, number in ((Channel.EMAIL, args.mails), (Channel.SMS, args.posts)):
                if not number:
                    continue
                slot = SLOT - timedelta(seconds=channel is Channel.SMS)
                due = [_due(n, (channel,), args.items, slot) for n in range(number)]
                await bench.feed(topics["reminders"], list(due))
                if channel is Channel.EMAIL:
                    bare = await _bare_smtp(smtp, number, _prepared(args.items), 8)
                else:
                    bare = await _bare_http(http, number, 32)
                if profile:
                    profile.enable()
                rate = await bench.drain(channel)
                if profile:
                    profile.disable()
                _say(f"{channel} of {args.items} items sent and recorded", rate, bare)
            if profile:
                profile.dump_stats(args.profile)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=["smtp", "http"])
    parser.add_argument("--digests", type=int, default=3000)
    parser.add_argument("--mails", type=int, default=4000)
    parser.add_argument("--posts", type=int, default=8000)
    parser.add_argument("--items", type=int, default=5)
    parser.add_argument("--profile")
    args = parser.parse_args()
    uvloop.install()
    asyncio.run(_serve(args.serve) if args.serve else run(args))


if __name__ == "__main__":
    main()
