"""The client libraries of the gateways alone: bytes prepared beforehand, nothing recorded."""

import asyncio
import time
from datetime import date, datetime
from uuid import uuid5

import aiohttp
import aiosmtplib

from lab.bench.seeding import OFFICE, TITLE
from lab.stack.processes import HOST
from services.notifier.gateways.mime import mail_bytes
from services.notifier.message import Message
from services.notifier.rendering.mail import mail
from services.notifier.rendering.wording import Digest
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience


def prepared(items: tuple[ReminderItem, ...], today: date, sent_at: datetime) -> bytes:
    """A mail as the notifier makes it."""
    digest = Digest(
        office="县政务公开办公室",
        unit="县第1局",
        audience=Audience.LIAISON,
        plan_title=TITLE,
        items=items,
        slot_day=today,
        today=today,
    )
    message = Message(uuid5(OFFICE, "m"), "1@bench.example", "县第1局", mail(digest))
    return mail_bytes(message, mail_from="cuiban@bench.example", sent_at=sent_at)


async def mailing(port: int, number: int, raw: bytes, connections: int) -> float:
    """Mails a second by aiosmtplib's `sendmail`, on so many connections."""

    async def some(count: int) -> None:
        async with aiosmtplib.SMTP(hostname=HOST, port=port) as client:
            for _ in range(count):
                await client.sendmail("cuiban@bench.example", ["1@bench.example"], raw)

    began = time.perf_counter()
    await asyncio.gather(*(some(number // connections) for _ in range(connections)))
    return number / (time.perf_counter() - began)


async def posting(port: int, number: int, body: bytes, concurrency: int) -> float:
    """POSTs a second by aiohttp, so many at once, each answer read."""
    url = f"http://{HOST}:{port}/sms"
    headers = {"content-type": "application/json"}

    async def some(count: int) -> None:
        for _ in range(count):
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        began = time.perf_counter()
        await asyncio.gather(*(some(number // concurrency) for _ in range(concurrency)))
        return number / (time.perf_counter() - began)
