"""The gateways' client libraries alone: bytes prepared beforehand, nothing recorded."""

import asyncio
import time
from datetime import date, datetime
from uuid import uuid5

import aiohttp
import aiosmtplib

from lab.bench.world.seeding import OFFICE, TITLE
from lab.stack.processes import HOST
from services.notifier.domain.message import Message
from services.notifier.gateways.mime import encode_mail
from services.notifier.rendering.mail import render_mail
from shared.messages.wording import Digest
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience


def build_mail(items: tuple[ReminderItem, ...], today: date, sent_at: datetime) -> bytes:
    """A mail as the notifier builds it."""
    digest = Digest(
        office="县政务公开办公室",
        unit="县第1局",
        audience=Audience.LIAISON,
        plan_title=TITLE,
        items=items,
        slot_day=today,
        today=today,
    )
    message = Message(uuid5(OFFICE, "m"), "1@bench.example", "县第1局", render_mail(digest))
    return encode_mail(message, mail_from="cuiban@bench.example", sent_at=sent_at)


async def measure_mails(port: int, number: int, raw: bytes, connections: int) -> float:
    """Mails per second by aiosmtplib's `sendmail`, on several connections."""

    async def send_some(count: int) -> None:
        async with aiosmtplib.SMTP(hostname=HOST, port=port) as client:
            for _ in range(count):
                await client.sendmail("cuiban@bench.example", ["1@bench.example"], raw)

    began = time.perf_counter()
    await asyncio.gather(*(send_some(number // connections) for _ in range(connections)))
    return number / (time.perf_counter() - began)


async def measure_posts(port: int, number: int, body: bytes, concurrency: int) -> float:
    """POSTs per second by aiohttp, `concurrency` at once; each answer is read."""
    url = f"http://{HOST}:{port}/sms"
    headers = {"content-type": "application/json"}

    async def send_some(count: int) -> None:
        for _ in range(count):
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        began = time.perf_counter()
        await asyncio.gather(*(send_some(number // concurrency) for _ in range(concurrency)))
        return number / (time.perf_counter() - began)
