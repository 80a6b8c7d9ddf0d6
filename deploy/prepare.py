"""Create what the services need before they start: topics, schemas, the office, its first token.

`python -m deploy.prepare` reads the services' environment, and beside it:
CUIBAN_OFFICE (short name), CUIBAN_OFFICE_NAME, CUIBAN_TOKEN_FILE, where the first administrator's
token is written (mode 0600), and CUIBAN_ADMIN_FILE, where the password of the account `admin` is
written, with which a person first signs in to the console. CUIBAN_SERVICE_ROLES=true makes a
database role for each service, CUIBAN_SERVICE_PASSWORDS names the folder of their password files,
and CUIBAN_KAFKA_PRINCIPAL_INGEST and so on allow the services their topics. Files that are already
there stay. Doing it again changes nothing.
"""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.broker_access import allow_services
from deploy.partitions import add_partitions
from deploy.roles import create_roles, renew_rights
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import _
from services.ingest.domain.accounts import AccountRole
from services.ingest.handlers.office.bootstrap import (
    create_account,
    create_office,
    issue_token,
)
from shared import clock
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.errors import CuibanError
from shared.kafka.broker.provisioning import create_topics, list_topic_faults, repair_topics
from shared.kafka.broker.topic_settings import TopicFault, suggest_repair
from shared.schemas.topics import TOPICS
from shared.settings import Settings

T = TypeVar("T")
SERVICES = ("ingest", "scheduler", "notifier")
FIRST_ADMIN = "admin"
"""The name of the first administrator's account."""
_PASSWORD_BYTES = 12
ALL_SCOPES = ("read", "report", "manage", "admin")


class FoundingSettings(BaseSettings):
    """Which office this installation serves first."""

    model_config = SettingsConfigDict(env_prefix="CUIBAN_", env_ignore_empty=True, extra="ignore")

    office: str = "yanting"
    office_name: str = "盐亭县人民政府政务公开办公室"
    token_file: Path | None = None
    admin_file: Path | None = None
    service_roles: bool = False
    service_passwords: Path | None = None
    kafka_principal_ingest: str = ""
    kafka_principal_scheduler: str = ""
    kafka_principal_notifier: str = ""

    @property
    def principals(self) -> dict[str, str]:
        """The names of the services on the broker, such as `User:cuiban-ingest`, by service."""
        named = {service: getattr(self, f"kafka_principal_{service}") for service in SERVICES}
        return {service: principal for service, principal in named.items() if principal}


def migrate_all(settings: Settings) -> None:
    """Bring every service's schema to its newest version; roles of services may use what is new."""
    for service in SERVICES:
        migrate(settings.database_url.get_secret_value(), service)
    asyncio.run(_run_in_transaction(settings, renew_rights))


async def _run_in_transaction(
    settings: Settings, work: Callable[[AsyncConnection], Awaitable[T]]
) -> T:
    engine = create_engine(settings, "cuiban-prepare")
    try:
        async with engine.begin() as db:
            return await work(db)
    finally:
        await engine.dispose()


def prepare_topics(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only report what is wrong with them; status 1 if so.")
    ] = False,
    mend: Annotated[
        bool, typer.Option("--repair", help="Set their settings right; other settings stay.")
    ] = False,
    partitions: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Give each so many, while no event is under way."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the topics that the broker (CUIBAN_KAFKA) lacks, or check those that it has."""
    settings = Settings.load()
    if mend:
        asyncio.run(repair_topics(settings))
    if check or mend:
        faults = asyncio.run(list_topic_faults(settings, TOPICS))
        answer = {
            "faults": [{"fault": str(each), "dangerous": each.dangerous} for each in faults],
            "remedy": suggest_repair(faults, settings) if faults else "",
        }
        show_answer(answer, as_json, lambda _answer: _show_faults(faults, settings))
        if faults:
            raise typer.Exit(NO)
    elif partitions:
        raised = asyncio.run(add_partitions(settings, partitions))
        show_answer({"raised": raised}, as_json, lambda _answer: _show_raised(raised, partitions))
    else:
        made = asyncio.run(create_topics(settings))
        everything = _("All topics are there.")
        show_answer({"made": made}, as_json, lambda _answer: say("\n".join(made) or everything))


def _show_raised(raised: list[str], partitions: int) -> None:
    for line in raised:
        say(line)
    if not raised:
        say(_("Every topic has {number} partitions or more.").format(number=partitions))
        return
    message = _(
        "Keys have moved to other partitions; relays and consumers detect it by themselves. Set "
        "CUIBAN_PARTITIONS={number} for topics that are made later."
    )
    say(message.format(number=partitions))


def _show_faults(faults: list[TopicFault], settings: Settings) -> None:
    if not faults:
        say(_("All topics have the settings that they need."))
        return
    for fault in faults:
        refusal = " " + _("Services refuse to start.") if fault.dangerous else ""
        say(f"{fault}{refusal}")
    say(suggest_repair(faults, settings))


def run_migrations(as_json: JsonOption = False) -> None:
    """Bring the schemas in the database (CUIBAN_DATABASE_URL) to their newest version."""
    migrate_all(Settings.load())
    done = _("All schemas are up to date.")
    show_answer({"schemas": SERVICES}, as_json, lambda _answer: say(done))


def prepare_all(as_json: JsonOption = False) -> None:
    """Make the topics, the schemas, the office and its first token. Repeating changes nothing."""
    made = _prepare()
    message = _("Topics made: {number}. Schemas and office are in place.")
    done = message.format(number=len(made.topics))
    if made.roles or made.rules:
        message = _("Database roles made: {roles}. Access rules on the broker: {rules}.")
        done += " " + message.format(roles=len(made.roles), rules=made.rules)
    answer = {
        "made": made.topics,
        "schemas": SERVICES,
        "roles": made.roles,
        "access_rules": made.rules,
    }
    show_answer(answer, as_json, lambda _answer: say(done))


@dataclass(frozen=True, slots=True)
class Preparation:
    """What was made: topics and database roles by name; `rules` is how many the broker has now."""

    topics: list[str]
    roles: list[str]
    rules: int


def _prepare() -> Preparation:
    """Run all steps."""
    settings, founding = Settings.load(), FoundingSettings()
    topics = asyncio.run(create_topics(settings))
    rules = asyncio.run(allow_services(settings, founding.principals))
    migrate_all(settings)
    roles: list[str] = []
    if founding.service_roles or founding.service_passwords:
        create = partial(create_roles, folder=founding.service_passwords)
        roles = asyncio.run(_run_in_transaction(settings, create))
    asyncio.run(create_first_office(settings, founding))
    return Preparation(topics, roles, rules)


async def create_first_office(settings: Settings, office: FoundingSettings) -> None:
    """Make the office with its rule book; its first token and account if files are named."""
    engine = create_engine(settings, "cuiban-prepare")
    now = clock.open_clock(settings.clock_file).now()
    try:
        async with engine.begin() as db:
            office_id = await create_office(
                db, slug=office.office, name=office.office_name, now=now
            )
            if office.token_file and not office.token_file.exists():
                token = await issue_token(
                    db, office_id=office_id, name="管理员令牌", scopes=ALL_SCOPES, now=now
                )
                write_secret(office.token_file, token)
            if office.admin_file and not office.admin_file.exists():
                password = secrets.token_urlsafe(_PASSWORD_BYTES)
                if await create_account(
                    db, office_id, FIRST_ADMIN, AccountRole.ADMIN, password, now=now
                ):
                    write_secret(office.admin_file, password)
    finally:
        await engine.dispose()


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".next")
    fresh.touch(mode=0o600)
    fresh.write_text(secret + "\n", encoding="ascii")
    fresh.replace(path)


def main() -> int:
    """Run all steps; 0 when everything is in place, 78 when something is missing or down."""
    try:
        made = _prepare()
    except CuibanError as error:
        print(error, file=sys.stderr)
        return 78
    now = clock.read_machine_time()
    print(f"topics made: {len(made.topics)}; schemas and office are in place at {now:%H:%M:%S}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
