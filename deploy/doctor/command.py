"""`cuiban doctor`: everything that the guarantees stand on is checked, side by side."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.doctor import (
    certificates,
    clocks,
    disks,
    gateways,
    kafka,
    mailboxes,
    postgresql,
    streams,
)
from deploy.doctor.checking import TITLES, CheckState, Engine, Finding, HealthCheck, run_checks
from deploy.doctor.installation import Installation, find_installation
from deploy.doctor.readiness import check_readiness
from deploy.doctor.secrets import check_secrets, list_engine_secrets
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, NOT_RUNNING
from deploy.terminal.language import N_, _
from shared.database.engine import create_engine

_WORDS = {
    CheckState.OK: (N_("ok"), "green"),
    CheckState.WARNING: (N_("warning"), "yellow"),
    CheckState.FAILED: (N_("failed"), "bold red"),
    CheckState.SKIPPED: (N_("not checked"), "dim"),
}
_ENGINES = ("postgresql", "kafka", "readiness")
"""The checks that find out whether anything runs."""


def examine_and_show(
    state: StateOption = STATE,
    health: Annotated[
        list[str] | None,
        typer.Option(
            "--health",
            envvar="CUIBAN_HEALTH",
            help="The health port of a process, NAME=http://HOST:PORT; may be repeated.",
        ),
    ] = None,
    limit: Annotated[
        float, typer.Option("--limit", min=1, max=300, help="Seconds that each check may take.")
    ] = 15.0,
    as_json: JsonOption = False,
) -> None:
    """Check engines, topics, clocks, disks, certificates, schemas, gateways and services.

    Each line says what was seen, and below it what to do. Nothing is changed and nothing is sent.
    Status 1 when a check failed, 3 when nothing runs.
    """
    installation = find_installation(state, health or [])
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the findings say what it would log
    findings = asyncio.run(examine_installation(installation, timedelta(seconds=limit)))
    show_answer(findings, as_json, show_findings)
    if is_away(findings):
        raise typer.Exit(NOT_RUNNING)
    if any(each.state is CheckState.FAILED for each in findings):
        raise typer.Exit(NO)


def is_away(findings: Sequence[Finding]) -> bool:
    """Whether neither an engine nor a process answered."""
    asked = [each for each in findings if each.check in _ENGINES]
    tried = [each for each in asked if each.state is not CheckState.SKIPPED]
    return all(each.away for each in tried)


async def examine_installation(installation: Installation, limit: timedelta) -> list[Finding]:
    """Run every check; each takes at most `limit`."""
    engine = create_engine(installation.settings, "cuiban-doctor")
    try:
        return await run_checks(list_checks(installation, engine), limit)
    finally:
        await engine.dispose()


def list_checks(installation: Installation, engine: AsyncEngine) -> list[HealthCheck]:
    """Every check of an installation, in the order in which they are shown."""
    settings = installation.settings
    of_database = [
        ("postgresql-settings", postgresql.check_settings),
        ("postgresql-connections", postgresql.check_connections),
        ("migrations", postgresql.check_migrations),
        ("disk", disks.check_database_disk),
        ("certificate", certificates.check_database_certificate),
        ("processes", streams.check_processes),
        ("streams", streams.check_streams),
        ("outbox", streams.check_outboxes),
        ("circuits", streams.check_circuits),
    ]
    of_broker = [
        ("topics", kafka.check_topics),
        ("replicas", kafka.check_replicas),
        ("disk", disks.check_broker_disks),
        ("clock", clocks.check_broker_clock),
        ("certificate", certificates.check_broker_certificate),
    ]
    clock = partial(clocks.check_database_clock, engine, settings)
    secrets = [*installation.secrets, *list_engine_secrets(settings)]
    return [
        HealthCheck("postgresql", partial(postgresql.check_server, engine)),
        *(
            HealthCheck(name, partial(work, engine), Engine.POSTGRESQL)
            for name, work in of_database
        ),
        HealthCheck("clock", clock, Engine.POSTGRESQL),
        HealthCheck("kafka", partial(kafka.check_cluster, settings)),
        *(HealthCheck(name, partial(work, settings), Engine.KAFKA) for name, work in of_broker),
        HealthCheck("disk", partial(disks.check_folders, installation.folders)),
        HealthCheck("readiness", partial(check_readiness, installation.health)),
        HealthCheck("gateways", partial(gateways.check_file, settings)),
        HealthCheck("gateway", partial(gateways.check_reach, settings)),
        HealthCheck("mailbox", partial(mailboxes.check_mailboxes, settings)),
        HealthCheck("certificate", partial(certificates.check_portal, settings.portal_url)),
        HealthCheck("certificate", partial(certificates.check_own_certificates, settings)),
        HealthCheck("secrets", partial(check_secrets, secrets, settings.gateways)),
    ]


def show_findings(findings: Sequence[Finding]) -> None:
    """Print a line for each finding and what to do below it, and how many there are."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for _reason, group in groupby(findings, _get_reason):
        first, *others = group
        word, style = _WORDS[first.state]
        titles = ", ".join(dict.fromkeys(map(_make_title, (first, *others))))
        line = Text(_(word), style).append("  ", "not bold default")
        saw = _("{checks}: {saw}").format(checks=titles, saw=first.saw)
        console.print(line.append(saw, "not bold default"))
        for step in first.todo.splitlines():
            console.print(Text(f"    → {step}", "dim"))
    counts = {state: sum(each.state is state for each in findings) for state in CheckState}
    message = _("ok {ok}, warnings {warning}, failed {failed}, not checked {skipped}")
    say(message.format_map({str(state): number for state, number in counts.items()}))


def _get_reason(finding: Finding) -> tuple[str, ...]:
    """What neighbours that are shown on one line have in common: why they were not checked."""
    if finding.state is CheckState.SKIPPED:
        return (finding.saw, finding.todo)
    return (finding.check, finding.about, finding.saw)


def _make_title(finding: Finding) -> str:
    return f"{_(TITLES[finding.check])} {finding.about}".strip()
