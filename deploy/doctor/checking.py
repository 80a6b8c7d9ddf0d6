"""Checks side by side, each with a time limit; one that crashes is a failed check."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from deploy.terminal.language import N_, _, get_language
from shared.api.problems import choose_part
from shared.database.engine import is_infrastructure
from shared.errors import CuibanError, EngineRefusedError, NotReadyError
from shared.kafka.broker.log_reader import BrokerUnavailableError

_SHORT = 300
"""Characters of an error's text that are shown."""
_NO_ENTRY = ("28", "3D000")
"""SQLSTATEs: authorization, and a database that is not there."""
_NO_PRIVILEGE = "42501"


class CheckState(StrEnum):
    """What a check says."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not look, or there is nothing to look at."""


class Engine(StrEnum):
    """What a check asks."""

    POSTGRESQL = "PostgreSQL"
    KAFKA = "Kafka"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw, and what to do about it, in the language in use.

    Attributes:
        check: which check, as one word that does not depend on the language.
        about: which of several things of that check; empty where it has one.
        todo: empty when nothing is to be done.
        away: nothing answered at all.
    """

    check: str
    about: str
    state: CheckState
    saw: str
    todo: str = ""
    away: bool = False


Report = Sequence[Finding]


def report_refusal(check: str, error: EngineRefusedError) -> Finding:
    """The finding about an engine that refuses its client, or that its client refuses."""
    language = get_language()
    saw, todo = choose_part(error.message, language), choose_part(error.hint, language)
    return Finding(check, "", CheckState.FAILED, saw, todo, away=True)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check: its name, what it does, and the engine without which it can't be done."""

    name: str
    work: Callable[[], Awaitable[Report]]
    needs: Engine | None = None


async def run_checks(checks: Sequence[HealthCheck], limit: timedelta) -> list[Finding]:
    """Run all checks at the same time; their findings in the order of the checks."""
    reports = await asyncio.gather(*(_run(check, limit) for check in checks))
    return [finding for report in reports for finding in report]


async def _run(check: HealthCheck, limit: timedelta) -> Report:
    seconds = limit / timedelta(seconds=1)
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            return await check.work()
    except Exception as error:  # noqa: BLE001 - a check that crashes is a failed check
        if not timer.expired():
            return [_describe_crash(check, error)]
    saw = _("It took more than {seconds:g} s.").format(seconds=seconds)
    todo = _("See whether the machine or the network is slow; `--limit` gives it more time.")
    away = check.needs is None
    return [Finding(check.name, "", CheckState.FAILED, saw, todo, away=away)]


def _describe_crash(check: HealthCheck, error: Exception) -> Finding:
    if check.needs and _is_unavailable(error):
        saw = _("{engine} can't be asked: see its own line.").format(engine=check.needs)
        return Finding(check.name, "", CheckState.SKIPPED, saw)
    if get_sqlstate(error) == _NO_PRIVILEGE:
        saw = _("This user of the database may not see it.")
        todo = _("Set CUIBAN_DATABASE_URL to the user that owns the schemas.")
        return Finding(check.name, "", CheckState.SKIPPED, saw, todo)
    if isinstance(error, CuibanError):
        return Finding(check.name, "", CheckState.FAILED, error.message, error.hint)
    words = f"{type(error).__name__}: {error}"[:_SHORT]
    saw = _("The check itself failed: {error}").format(error=words)
    return Finding(check.name, "", CheckState.FAILED, saw, _("Report it, with this text."))


def _is_unavailable(error: Exception) -> bool:
    """Whether an engine is away, or lets nobody in."""
    if isinstance(error, NotReadyError | BrokerUnavailableError):
        return True
    return is_infrastructure(error) or get_sqlstate(error).startswith(_NO_ENTRY)


def get_sqlstate(error: Exception) -> str:
    """The SQLSTATE that PostgreSQL gave; empty when it gave none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or ""


TITLES = {
    "postgresql": N_("PostgreSQL"),
    "postgresql-settings": N_("PostgreSQL's settings"),
    "postgresql-connections": N_("PostgreSQL's connections"),
    "migrations": N_("schema"),
    "kafka": N_("Kafka"),
    "topics": N_("topics"),
    "replicas": N_("replicas"),
    "clock": N_("clock"),
    "disk": N_("disk"),
    "certificate": N_("certificate"),
    "streams": N_("streams"),
    "outbox": N_("outbox"),
    "processes": N_("processes"),
    "readiness": N_("readiness"),
    "gateways": N_("file of gateways"),
    "gateway": N_("gateway"),
    "mailbox": N_("mailbox of bounces"),
    "circuits": N_("circuits"),
    "secrets": N_("secrets' files"),
}
"""What each check is called for people."""
