"""`prepare` on secured engines: each service works with its own rights, and has no others."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from deploy.roles import SERVICES, name_role
from lab.stack.processes import (
    Identity,
    Program,
    build_python_environment,
    end_processes,
    find_free_ports,
    spawn,
)
from shared.database.engine import create_engine
from shared.settings import Settings
from tests.integration.secured.broker import NAME, USERS, SecuredBroker
from tests.integration.secured.database import SecuredDatabase

pytestmark = pytest.mark.integration
PREFIX, PATIENCE = "prepared.", 180


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made, and the environment of each service."""

    broker: SecuredBroker
    database: SecuredDatabase
    folder: Path

    def make_environment(self, service: str) -> dict[str, str]:
        """The variables of a service, or of the operator, who owns the schemas."""
        login = {
            "KAFKA": f"{NAME}:{self.broker.logins}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": service,
            "KAFKA_SASL_PASSWORD": USERS[service],
            "KAFKA_SSL_CA_LOCATION": str(self.broker.authority.ca_file),
            "TOPIC_PREFIX": PREFIX,
            "PARTITIONS": "1",
        }
        url = self.database.build_url()
        if service in SERVICES:
            passwords = self.folder / "passwords" / service / "pgpass"
            url = self.database.build_url(name_role(service), passfile=passwords)
        return {f"CUIBAN_{name}": value for name, value in {**login, "DATABASE_URL": url}.items()}


@pytest.fixture(scope="module")
def prepared(
    broker: SecuredBroker, database: SecuredDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    made = Prepared(broker, database, tmp_path_factory.mktemp("prepared"))
    environment = {
        **os.environ,
        **made.make_environment("operator"),
        "CUIBAN_SERVICE_PASSWORDS": str(made.folder / "passwords"),
        "CUIBAN_TOKEN_FILE": str(made.folder / "token"),
        **{f"CUIBAN_KAFKA_PRINCIPAL_{name.upper()}": f"User:{name}" for name in SERVICES},
    }
    run_python(environment, "deploy.prepare")
    again = json.loads(run_python(environment, "deploy.command", "prepare", "--json"))
    assert (again["made"], again["roles"]) == ([], [])
    assert again["access_rules"] > 0
    return made


def run_python(environment: dict[str, str], module: str, *options: str) -> str:
    """What a module prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@asynccontextmanager
async def run_services(prepared: Prepared) -> AsyncIterator[dict[str, int]]:
    """A process of each service during the block, and the ports of their health."""
    ports = dict(zip(SERVICES, find_free_ports(len(SERVICES)), strict=True))
    api = find_free_ports(1)[0]
    programs = [
        Program(
            name=service,
            argv=[sys.executable, "-m", f"services.{service}.app"],
            log=prepared.folder / f"{service}.log",
            ready=lambda: True,
            env={
                **build_python_environment(),
                **prepared.make_environment(service),
                "CUIBAN_METRICS_PORT": str(port),
                "CUIBAN_HTTP_PORT": str(api),
                "CUIBAN_LOG_FORMAT": "json",
            },
        )
        for service, port in ports.items()
    ]
    children = [spawn(program, mark=prepared.folder) for program in programs]
    try:
        yield {**ports, "api": api}
    finally:
        end_processes([Identity.of(each.pid) for each in children if each.poll() is None])
        for child in children:
            child.wait(timeout=10)


async def wait_for(prepared: Prepared, ports: dict[str, int]) -> None:
    """Wait until each service is ready and has read the office's rules from the broker."""
    engine = create_engine(Settings(database_url=prepared.database.build_url()), "test")
    query = text(
        "SELECT (SELECT count(*) FROM scheduler.rule_books) > 0"
        " AND (SELECT count(*) FROM notifier.positions WHERE consumer = 'notifier-rules') > 0"
    )
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as http:
            for service in SERVICES:
                while not await is_ready(http, ports[service]):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            async with engine.connect() as db:
                while not (await db.execute(query)).scalar_one():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.1)
    except TimeoutError:
        logs = [
            f"{name}: {(prepared.folder / f'{name}.log').read_text()[-3000:]}" for name in SERVICES
        ]
        pytest.fail("\n".join(logs))
    finally:
        await engine.dispose()


async def is_ready(http: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await http.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def test_the_services_work_with_the_rights_that_they_have(prepared: Prepared) -> None:
    token = (prepared.folder / "token").read_text().strip()
    async with run_services(prepared) as ports:
        await wait_for(prepared, ports)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports['api']}",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        ) as api:
            assert (await api.get("/v1/journal")).status_code == 200
            assert (await api.get("/v1/office")).json()["slug"] == "yanting"


async def test_the_owner_ends_sessions_of_a_service(prepared: Prepared) -> None:
    """As `cuiban topics --partitions` does."""
    service = create_engine(
        Settings(database_url=prepared.make_environment("ingest")["CUIBAN_DATABASE_URL"]), "test"
    )
    owner = create_engine(Settings(database_url=prepared.database.build_url()), "test")
    async with service.connect() as held, owner.connect() as db:
        pid = (await held.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        end = text("SELECT pg_terminate_backend(:pid)")
        assert (await db.execute(end, {"pid": pid})).scalar_one() is True
        await held.invalidate()
    await service.dispose()
    await owner.dispose()
