"""Fetches what a run left behind: messages in the sinks, and dead letters."""

import asyncio
from collections.abc import Mapping

import httpx

from lab.chaos.oracle.arrivals import ArrivedMessage, parse_message
from lab.demo.figures import read_events
from shared import clock
from shared.kafka.consuming.stop_reasons import REASONS
from shared.schemas.events import RecordDeadLettered
from shared.schemas.topics import DEAD_LETTERS
from shared.settings import Settings

_PAGE = 500
_LETTERS_WITHIN = 30.0


async def await_dead_letters(
    settings: Settings, poison: Mapping[bytes, frozenset[str]]
) -> list[RecordDeadLettered]:
    """Wait until there are as many dead letters as poison requires, at most 30 s; return them.

    Those that record the resumption of a partition by an operator are left out.
    """
    wanted = sum(map(len, poison.values()))
    until = clock.monotonic() + _LETTERS_WITHIN
    while True:
        events = await read_events(settings, DEAD_LETTERS)
        letters = [
            event
            for event in events
            if isinstance(event, RecordDeadLettered) and event.reason not in REASONS
        ]
        if len(letters) >= wanted or clock.monotonic() > until:
            return letters
        await asyncio.sleep(1)


def fetch_messages(sinks: str) -> list[ArrivedMessage]:
    """Every message that the sinks hold, sorted by time."""
    messages: list[ArrivedMessage] = []
    after = 0
    while True:
        query = {"after": after, "limit": _PAGE}
        answer = httpx.get(f"{sinks}/messages", params=query, timeout=60, trust_env=False).json()
        if not answer["messages"]:
            return messages
        messages += [parse_message(message) for message in answer["messages"]]
        after = answer["next"]


def describe_counts(sinks: str) -> str:
    """The number of messages that the sinks hold, as text."""
    try:
        counts = httpx.get(f"{sinks}/counts", timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return "the sinks do not answer"
    return f"mails {counts['email']:>5}   SMS {counts['sms']:>5}"
