"""`GET /messages.json`: what arrived, each message once, for programs that check a delivery."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import get_args
from zoneinfo import ZoneInfo

from aiohttp import web

from lab.sinks.pages import read_body_parts
from lab.sinks.store import Channel, DistinctMessage, Store
from shared.errors import CuibanError

ZONE = ZoneInfo("Asia/Shanghai")
BATCH = 500  # messages that are read and written at once

_OFFSET_WITHOUT_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)$")
"""`+` in a query string that was not encoded arrives as a space."""


def parse_since(text: str) -> str:
    """Convert an instant or a date to the form of `received`: ISO 8601 in UTC; empty stays empty.

    A date, and a time without an offset, are in the office's zone.

    Raises:
        CuibanError: the text is neither.
    """
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(_OFFSET_WITHOUT_PLUS.sub(r"\1+\2", text))
    except ValueError as error:
        raise CuibanError(f"since={text!r} is no instant; write 2023-06-01T09:00:00Z.") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZONE)
    return moment.astimezone(UTC).isoformat()


def to_json(distinct: DistinctMessage) -> dict[str, object]:
    """A message as JSON; `repeats` is how often it arrived again, 0 for once."""
    message = distinct.message
    text, html, headers = message.text, "", json.loads(message.headers)
    if message.channel == "email":
        text, html = read_body_parts(message.raw)
        headers = dict(message_from_bytes(message.raw, policy=default).items())
    return {
        "id": message.ident,
        "channel": message.channel,
        "to": message.recipient,
        "unit": message.unit,
        "subject": message.subject,
        "text": text,
        "html": html,
        "headers": {name: str(value) for name, value in headers.items()},
        "received_at": message.received,
        "office_time": message.shown,
        "repeats": distinct.repeats,
    }


async def list_distinct_messages(store: Store, request: web.Request) -> web.StreamResponse:
    """`GET /messages.json?unit=&channel=&since=`: a JSON array, oldest first, of any length."""
    unit, channel = request.query.get("unit", ""), request.query.get("channel", "")
    if channel and channel not in get_args(Channel):
        raise CuibanError(f"channel={channel!r} is none of {', '.join(get_args(Channel))}.")
    batches = _encode_batches(store, unit, channel, parse_since(request.query.get("since", "")))
    response = web.StreamResponse()
    response.content_type, response.charset = "application/json", "utf-8"
    await response.prepare(request)
    while (text := await asyncio.to_thread(next, batches, None)) is not None:
        await response.write(text.encode())
    await response.write_eof()
    return response


def _encode_batches(store: Store, unit: str, channel: str, since: str) -> Iterator[str]:
    """The parts of the array's text."""
    after, separator = 0, "["
    while batch := store.list_distinct(
        unit=unit, channel=channel, since=since, after=after, limit=BATCH
    ):
        after = batch[-1].message.seq
        yield separator + ",\n".join(
            json.dumps(to_json(each), ensure_ascii=False) for each in batch
        )
        separator = ",\n"
    yield "[]" if separator == "[" else "]"
