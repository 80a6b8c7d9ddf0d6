"""`cuiban ops list`: all that waits for an operator, with the command for each."""

from dataclasses import dataclass
from datetime import datetime

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import get_tables, list_services, run
from deploy.ops.streams import load_all_positions
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from services.ingest.store.holds import count_held_offices
from services.notifier.store.held import count_held
from services.scheduler.store.agenda import count_stale
from shared.clock import open_clock
from shared.kafka.consuming import parking
from shared.kafka.outbox import restored
from shared.kafka.outbox.backlog import load_backlog
from shared.settings import Settings

_WORDS = {
    "stopped-stream": N_("a partition is not read"),
    "parked": N_("events wait because their handler failed"),
    "stopped-topic": N_("nothing is sent to a topic"),
    "refused": N_("the broker refuses events"),
    "old-outbox": N_("the oldest event has waited for {oldest} s"),
    "held": N_("notifications wait for a gateway or a person"),
    "hold": N_("sending is held in offices"),
    "restore": N_("the database was restored"),
    "stale": N_("units wait to be planned"),
}
_OLD = 300.0
"""Seconds after which an event that is not sent is a finding; the alarm has the same number."""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Something that waits for an operator.

    Attributes:
        kind: a word of `_WORDS`.
        of: what it is about: a service, a consumer, a channel.
        number: how many.
        command: shows or ends it.
        oldest: in seconds, of an outbox.
    """

    kind: str
    of: str
    number: int
    command: str
    oldest: int = 0


def list_findings(state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """All that is stopped, parked, stuck, held or stale, with the command for each.

    Status 1 when there is anything.
    """
    findings = run(state, _find_all)
    show_answer(findings, as_json, _show)
    if findings:
        raise typer.Exit(NO)


async def _find_all(db: AsyncConnection, settings: Settings) -> list[OpenWork]:
    services = await list_services(db)
    findings: list[OpenWork] = []
    for service in services:
        findings += await _look_at_outbox(db, service)
        if await restored.is_open(db, service):
            findings.append(OpenWork("restore", service, 1, "cuiban restore check"))
    findings += await _look_at_streams(db)
    if "ingest" in services and (number := await count_held_offices(db)):
        findings.append(OpenWork("hold", "ingest", number, "cuiban ops holds"))
    if "notifier" in services:
        findings += await _look_at_held(db, open_clock(settings.clock_file).now())
    if "scheduler" in services and (number := await count_stale(db)):
        command = "cuiban ops streams"
        findings.append(OpenWork("stale", "scheduler", number, command))
    return findings


async def _look_at_outbox(db: AsyncConnection, service: str) -> list[OpenWork]:
    backlog = await load_backlog(db, service)
    findings = [
        OpenWork(
            "stopped-topic",
            f"{service} {each.topic}/{each.partition}",
            1,
            f"cuiban ops replay-outbox {service} --topic {each.topic} --lost --reason TEXT",
        )
        for each in backlog.stopped
    ]
    if backlog.refused:
        command = f"cuiban ops outbox retry {service} --all"
        findings.append(OpenWork("refused", service, len(backlog.refused), command))
    if backlog.oldest_seconds > _OLD:
        oldest = round(backlog.oldest_seconds)
        unsent, command = backlog.unsent, "cuiban ops outbox"
        findings.append(OpenWork("old-outbox", service, unsent, command, oldest))
    return findings


async def _look_at_streams(db: AsyncConnection) -> list[OpenWork]:
    rows = await load_all_positions(db)
    findings = [
        OpenWork(
            "stopped-stream",
            f"{consumer} {at.topic}/{at.number} ({row.stopped_for})",
            1,
            f"cuiban ops resume {consumer} {at.topic} {at.number} --reason TEXT",
        )
        for _service, consumer, at, row in rows
        if row.stopped_for
    ]
    for service, consumer in sorted({(service, consumer) for service, consumer, *_rest in rows}):
        parked = await parking.count_parked(db, get_tables(service).parked, consumer)
        if parked.number:
            findings.append(OpenWork("parked", consumer, parked.number, "cuiban ops parked"))
    return findings


async def _look_at_held(db: AsyncConnection, now: datetime) -> list[OpenWork]:
    held = await count_held(db, now)
    return [
        OpenWork(
            "held", f"{channel} ({reason})", count.number, "cuiban messages list --status held"
        )
        for (channel, reason), count in sorted(held.items())
    ]


def _show(findings: list[OpenWork]) -> None:
    if not findings:
        say(_("Nothing waits for an operator."), "green")
        return
    show_table(
        (_("what"), _("of"), _("number"), _("command")),
        [
            (
                _(_WORDS[each.kind]).format(oldest=each.oldest),
                each.of,
                str(each.number),
                each.command,
            )
            for each in findings
        ],
    )
