"""Checks of what the services have to do: stopped partitions, parked events, outboxes, circuits."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.doctor.checking import CheckState, Finding, Report
from deploy.ops.running import SERVICES, list_services
from deploy.ops.summary import summarise_streams
from deploy.terminal.language import _
from services.notifier.domain.breaker import Circuit
from services.notifier.store.circuits import list_circuits
from shared.kafka.outbox.backlog import Backlog, load_backlog

_OLD = 300.0
"""Seconds after which an event that is not sent is a fault; the alarm has the same bound."""


async def check_streams(engine: AsyncEngine) -> Report:
    """Partitions that are not read, and events whose handler failed."""
    async with engine.connect() as db:
        summary = await summarise_streams(db)
    findings = []
    if summary.stopped:
        saw = _("Stopped: {streams}.").format(streams=", ".join(summary.stopped))
        todo = _("`cuiban ops streams` lists them; find the cause, then `cuiban ops resume`.")
        findings.append(Finding("streams", "", CheckState.FAILED, saw, todo))
    if summary.parked:
        saw = _("Parked events: {number}.").format(number=summary.parked)
        todo = _("`cuiban ops parked` lists them; remove the cause, then `cuiban ops replay`.")
        findings.append(Finding("streams", "", CheckState.FAILED, saw, todo))
    saw = _("{number} partitions are read; nothing is stopped or parked.")
    return findings or [
        Finding("streams", "", CheckState.OK, saw.format(number=summary.partitions))
    ]


async def check_outboxes(engine: AsyncEngine) -> Report:
    """Events that do not leave an outbox."""
    async with engine.connect() as db:
        return [
            judge_backlog(service, await load_backlog(db, service))
            for service in await list_services(db)
        ]


def judge_backlog(service: str, backlog: Backlog) -> Finding:
    """The finding about a service's outbox."""

    def find(state: CheckState, saw: str, todo: str) -> Finding:
        return Finding("outbox", service, state, saw, todo)

    if backlog.stopped:
        topics = ", ".join(sorted({each.topic for each in backlog.stopped}))
        return find(
            CheckState.FAILED,
            _("Kafka lost acknowledged events; nothing is sent to {topics}.").format(topics=topics),
            _("`cuiban ops outbox` names the offsets; then `cuiban ops replay-outbox`."),
        )
    if backlog.oldest_seconds > _OLD:
        return find(
            CheckState.FAILED,
            _("{number} events wait, the oldest for {seconds:.0f} s.").format(
                number=backlog.unsent, seconds=backlog.oldest_seconds
            ),
            _("See whether Kafka answers and the service runs; `cuiban ops outbox` tells more."),
        )
    if backlog.refused:
        return find(
            CheckState.WARNING,
            _("Kafka refused {number} events for good.").format(number=len(backlog.refused)),
            _("`cuiban ops outbox` lists them; then `cuiban ops outbox retry`."),
        )
    return find(CheckState.OK, _("{number} events wait.").format(number=backlog.unsent), "")


async def check_processes(engine: AsyncEngine) -> Report:
    """Which services have sessions in the database: one without any does not run."""
    question = text(
        "SELECT application_name, count(*) AS sessions FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = ANY(:names) GROUP BY 1"
    )
    names = [f"cuiban-{service}" for service in SERVICES]
    async with engine.connect() as db:
        rows = await db.execute(question, {"names": names})
        sessions: dict[str, int] = {row.application_name: row.sessions for row in rows}
    return [_judge_sessions(service, sessions.get(f"cuiban-{service}", 0)) for service in SERVICES]


def _judge_sessions(service: str, sessions: int) -> Finding:
    if sessions:
        saw = _("It has {number} sessions in the database.").format(number=sessions)
        return Finding("processes", service, CheckState.OK, saw)
    saw = _("No process of it has a session in the database.")
    todo = _("Start it; if it ends at once, its last log line says why.")
    return Finding("processes", service, CheckState.FAILED, saw, todo)


async def check_circuits(engine: AsyncEngine) -> Report:
    """The gateways as the notifier's processes see them."""
    async with engine.connect() as db:
        return await _list_circuits(db)


async def _list_circuits(db: AsyncConnection) -> Report:
    seen = await list_circuits(db) if "notifier" in await list_services(db) else []
    if not seen:
        return [Finding("circuits", "", CheckState.SKIPPED, _("No notifier runs."))]
    todo = _("Remove what it names at the gateway; it is tried again by itself.")
    findings = [
        Finding(
            "circuits",
            each.seen.gateway,
            CheckState.FAILED if each.seen.circuit is Circuit.OPEN else CheckState.WARNING,
            _("{circuit}: {reason}").format(circuit=each.seen.circuit, reason=each.seen.why),
            todo,
        )
        for each in seen
        if each.seen.circuit is not Circuit.CLOSED
    ]
    names = ", ".join(sorted({each.seen.gateway for each in seen}))
    saw = _("closed: {names}").format(names=names)
    return findings or [Finding("circuits", "", CheckState.OK, saw)]
