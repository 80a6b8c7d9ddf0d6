"""Checks of PostgreSQL: it answers, keeps what it commits, has free connections, is migrated."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.doctor.checking import CheckState, Finding, Report, get_sqlstate, report_refusal
from deploy.ops.running import SERVICES
from deploy.terminal.language import _
from shared.database.engine import is_infrastructure
from shared.database.reaching import explain_unreachable
from shared.database.schema_version import read_schema_version
from shared.errors import EngineRefusedError

_OLDEST = 15
"""The oldest major version that the handbook allows."""
_NEARLY_ALL, _ALL = 0.8, 0.95
"""Shares of connections that are in use."""
_NAMES = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "data_checksums",
    "synchronous_standby_names",
    "default_transaction_read_only",
)


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A server as it describes itself. `encoding` is that of the database."""

    version: str
    major: int
    standby: bool
    encoding: str


async def check_server(engine: AsyncEngine) -> Report:
    """Whether it answers, can be written to, and has a version that is supported."""
    question = text(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int "
        "/ 10000, pg_is_in_recovery(), current_setting('server_encoding')"
    )
    place = {"host": engine.url.host, "port": engine.url.port or 5432}
    try:
        async with engine.connect() as db:
            server = DatabaseServer(*(await db.execute(question)).one())
    except Exception as error:
        refusal = explain_unreachable(engine.url, error)
        if isinstance(refusal, EngineRefusedError):
            return [report_refusal("postgresql", refusal)]
        if get_sqlstate(error):
            return [_describe_refusal(error, f"{place['host']}:{place['port']}")]
        if not is_infrastructure(error):
            raise
        saw = _("PostgreSQL at {host}:{port} does not answer.").format(**place)
        todo = _("Start it, or point CUIBAN_DATABASE_URL at one that runs.")
        return [Finding("postgresql", "", CheckState.FAILED, saw, todo, away=True)]
    return [judge_server(server, f"{place['host']}:{place['port']}")]


def _describe_refusal(error: Exception, place: str) -> Finding:
    """The finding about a server that answers, and lets nobody in."""
    saw = _("{place} refuses: {reason}").format(place=place, reason=str(error).partition("\n")[0])
    todo = _(
        "See user, password and database in CUIBAN_DATABASE_URL, pg_hba.conf and max_connections."
    )
    return Finding("postgresql", "", CheckState.FAILED, saw, todo)


def judge_server(server: DatabaseServer, place: str) -> Finding:
    """The finding about a server at an address."""

    def find(state: CheckState, saw: str, todo: str = "") -> Finding:
        return Finding("postgresql", "", state, saw, todo)

    if server.standby:
        return find(
            CheckState.FAILED,
            _("{place} is a standby: nothing can be written.").format(place=place),
            _("Point CUIBAN_DATABASE_URL at the primary, or promote this server."),
        )
    if server.major < _OLDEST:
        return find(
            CheckState.FAILED,
            _("{place} has version {version}.").format(place=place, version=server.version),
            _("Use version {version} or newer.").format(version=_OLDEST),
        )
    if server.encoding != "UTF8":
        return find(
            CheckState.FAILED,
            _("The database is in {encoding}.").format(encoding=server.encoding),
            _("Make one in UTF8: Chinese names can't be stored in this one."),
        )
    saw = _("{place} answers; version {version}.")
    return find(CheckState.OK, saw.format(place=place, version=server.version))


async def check_settings(engine: AsyncEngine) -> Report:
    """The settings without which a committed change can be lost."""
    question = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    async with engine.connect() as db:
        rows = await db.execute(question, {"names": list(_NAMES)})
        values: dict[str, str] = {row.name: row.setting for row in rows}
    return judge_settings(values)


def judge_settings(values: Mapping[str, str]) -> Report:
    """A finding for each setting that is wrong; one that says all is well if none is."""
    findings = [
        _find_setting(
            CheckState.FAILED,
            f"{name} = off",
            _("A crash loses what was committed."),
            f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();",
        )
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if values.get(name) == "off"
    ]
    if values.get("synchronous_commit") == "local" and values.get("synchronous_standby_names"):
        why = _("A failover to the standby loses what was committed.")
        todo = "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();"
        findings.append(_find_setting(CheckState.WARNING, "synchronous_commit = local", why, todo))
    if values.get("default_transaction_read_only") == "on":
        why = _("Nothing can be written.")
        todo = "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf();"
        findings.append(
            _find_setting(CheckState.FAILED, "default_transaction_read_only = on", why, todo)
        )
    if values.get("data_checksums") == "off":
        why = _("A damaged page is not noticed.")
        todo = "pg_checksums --enable"
        findings.append(_find_setting(CheckState.WARNING, "data_checksums = off", why, todo))
    shown = ", ".join(f"{name} = {values[name]}" for name in _NAMES[:4] if name in values)
    return findings or [Finding("postgresql-settings", "", CheckState.OK, shown)]


def _find_setting(state: CheckState, setting: str, why: str, command: str) -> Finding:
    todo = _("In its database, or with the server stopped: {command}")
    return Finding(
        "postgresql-settings", "", state, f"{setting}. {why}", todo.format(command=command)
    )


async def check_connections(engine: AsyncEngine) -> Report:
    """How many of its connections are in use."""
    question = text(
        "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity "
        "WHERE backend_type = 'client backend'"
    )
    async with engine.connect() as db:
        used, most = (await db.execute(question)).one()
    return [judge_connections(used, most)]


def judge_connections(used: int, most: int) -> Finding:
    """The finding about `used` connections of `most`."""
    share = used / most
    state = CheckState.OK
    if share >= _NEARLY_ALL:
        state = CheckState.FAILED if share >= _ALL else CheckState.WARNING
    saw = _("{used} of {most} connections are in use.").format(used=used, most=most)
    todo = _("Raise max_connections, lower CUIBAN_DATABASE_POOL, or run fewer processes.")
    return Finding("postgresql-connections", "", state, saw, "" if state is CheckState.OK else todo)


async def check_migrations(engine: AsyncEngine) -> Report:
    """Whether each service's schema is one that this release runs on."""
    findings = []
    for service in SERVICES:
        version = await read_schema_version(engine, service)
        saw = _("at {applied}; this release has {wanted}").format(
            applied=version.applied or "-", wanted=version.wanted
        )
        state, todo = CheckState.OK, ""
        if not version.runs:
            todo = _("Run `cuiban migrate` of the newest release, and start that release.")
            state = CheckState.FAILED
        elif version.applied != version.wanted:
            todo = _("A newer release has migrated it: replace the processes of this one.")
            state = CheckState.WARNING
        findings.append(Finding("migrations", service, state, saw, todo))
    return findings
