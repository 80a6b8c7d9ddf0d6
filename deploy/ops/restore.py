"""`cuiban restore`: what a restored database lacks, and how sending begins again."""

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import leave, list_services, run
from deploy.ops.streams import list_behind
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from services.ingest.domain.lost_facts import LostFact
from services.ingest.handlers.office.restoring import list_facts, take_back
from services.notifier.restoring import RestoredMessages, look_at_ended, mark_ended
from shared.clock import monotonic, open_clock
from shared.errors import PoisonError
from shared.kafka.broker.codec import decode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.outbox import restored
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.topics import TOPICS, apply_prefix
from shared.settings import Settings

restore = typer.Typer(
    help="After the database was restored: what it lacks, and how sending begins again.",
    no_args_is_help=True,
)
_ACTOR = "command line"
_PATIENCE = 30.0
"""Seconds for which `accept` waits for consumers."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What the log holds and the database does not, by the service that told it.

    Attributes:
        is_open: whether a service found the restore and waits for `accept`.
        events: by service.
        unreadable: how many records can't be decoded.
    """

    is_open: bool
    events: dict[str, list[Envelope]] = field(default_factory=dict)
    unreadable: int = 0


@restore.command("check")
def check(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """List what the log holds and the database lacks. Status 1 while `accept` is waited for.

    Facts that return from the log, facts that have to be entered again, messages that were sent.
    """

    async def look(db: AsyncConnection, settings: Settings) -> dict[str, Any]:
        lost = await _find_lost(db, settings)
        messages = await look_at_ended(db, _list_events(lost, "notifier"))
        facts = list_facts(lost.events.get("ingest", []))
        return _report(lost, facts, messages, await list_behind(db, settings))

    answer = run(state, look)
    show_answer(answer, as_json, _show)
    if answer["restored"]:
        raise typer.Exit(NO)


@restore.command("accept")
def accept(
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the journal.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Mark as ended what the log says was sent, and let sending begin again.

    Facts of offices as a whole return from the log; `check` lists what has to be entered again.
    It waits up to half a minute for consumers that have not read the log to its end. Status 1 when
    one still has not, or no restore was found.
    """

    async def apply(db: AsyncConnection, settings: Settings) -> dict[str, Any]:
        lost = await _find_lost(db, settings)
        if not lost.is_open:
            leave(_("No restore was found."), status=NO)
        if behind := await _wait_for_readers(db, settings):
            text = _("Not read to the end yet: {streams}.").format(streams=", ".join(behind))
            leave(text, _("Start all services, and try again when they are through."), status=NO)
        now = open_clock(settings.clock_file).now()
        facts = await take_back(db, lost.events.get("ingest", []), _ACTOR, reason, now)
        messages = await mark_ended(db, _list_events(lost, "notifier"))
        reader = LogReader(settings)
        try:
            for service in await list_services(db):
                await restored.accept(db, service, settings, reader, reason)
        finally:
            await reader.close()
        return _report(lost, facts, messages, [])

    show_answer(run(state, apply), as_json, _show)


async def _wait_for_readers(db: AsyncConnection, settings: Settings) -> list[str]:
    """Wait until each consumer has read the log to its end; the streams whose consumer has not."""
    until = monotonic() + _PATIENCE
    while (behind := await list_behind(db, settings)) and monotonic() < until:  # noqa: ASYNC110 - positions of other processes: nothing tells when they move
        await asyncio.sleep(0.5)
    return behind


async def _find_lost(db: AsyncConnection, settings: Settings) -> Lost:
    reader = LogReader(settings)
    by_name = {apply_prefix(topic.name, settings.topic_prefix): topic for topic in TOPICS}
    events: dict[str, list[Envelope]] = {}
    is_open, unreadable = False, 0
    try:
        for service in await list_services(db):
            is_open |= await restored.is_open(db, service)
            records = await restored.list_lost_records(db, service, settings, reader)
            for record in records:
                try:
                    envelope = decode(by_name[record.partition.topic], record.value, record.headers)
                except PoisonError:
                    unreadable += 1
                else:
                    events.setdefault(service, []).append(envelope)
    finally:
        await reader.close()
    return Lost(is_open or bool(events), events, unreadable)


def _list_events(lost: Lost, service: str) -> list[Event]:
    return [envelope.event for envelope in lost.events.get(service, [])]


def _report(
    lost: Lost, facts: list[LostFact], messages: RestoredMessages, behind: list[str]
) -> dict[str, Any]:
    """What `--json` prints."""
    fired = Counter(type(event).__name__ for event in _list_events(lost, "scheduler"))
    return {
        "restored": lost.is_open,
        "behind": behind,
        "unreadable": lost.unreadable,
        "facts": [asdict(fact) for fact in facts],
        "reminders": dict(fired),
        "messages": {
            "ended": len(messages.ended),
            "sent": messages.sent,
            "marked": messages.marked,
            "unknown": messages.unknown,
            "links": messages.links,
            "entries": messages.entries,
        },
    }


def _show(answer: dict[str, Any]) -> None:
    if not answer["restored"]:
        say(_("The log holds nothing that the database lacks."), "green")
        return
    messages, facts = answer["messages"], answer["facts"]
    text = _(
        "{ended} messages ended after the backup, {sent} of them were sent; {marked} were open in "
        "the database, {unknown} it does not have."
    )
    say(text.format_map(messages))
    again = [fact for fact in facts if not fact["returns"]]
    returned = len(facts) - len(again)
    text = _("{returned} facts return from the log; {again} have to be entered again:")
    say(text.format(returned=returned, again=len(again)))
    show_table(
        (_("time"), _("fact"), _("unit"), _("obligation"), _("says")),
        [
            (
                format_instant(fact["at"]),
                fact["kind"],
                str(fact["unit_id"] or ""),
                str(fact["subject"] or ""),
                fact["what"],
            )
            for fact in again
        ],
    )
    if answer["behind"]:
        text = _("Not read to the end yet: {streams}.")
        say(text.format(streams=", ".join(answer["behind"])), "yellow")
