"""An office with its tokens on the real database, and a client of the API in the same process."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.api import reading
from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.api.reading import FinishedReader
from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from services.ingest.settings import IngestSettings
from services.scheduler.handlers.tasks import Tasks
from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticking import Ticking
from shared.database.engine import create_engine
from shared.database.trusted_clock import TrustedClock
from tests.clocks import ManualClock
from tests.integration.ingest.county import ApiClock, County
from tests.integration.ingest.revising import Office

SCOPES = ("read", "report", "manage", "admin")
TABLE = Path(__file__).parents[3] / "examples" / "yanting-2023.txt"
NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
DIRECTORY = """单位名称,分组,别名,联络员邮箱,联络员手机
县财政局,县级各部门,,czj@yanting.example,13800000001
县发展和改革局,县级各部门,县发改局,fgj@yanting.example,13800000002
凤灵街道,各乡镇(街道),,,13800000003
"""


@dataclass
class Api:
    """The API of one office."""

    client: httpx.AsyncClient
    engine: AsyncEngine
    settings: IngestSettings
    office_id: UUID
    clock: ManualClock
    transport: httpx.ASGITransport
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def open_as(self, *scopes: str, unit_id: UUID | str | None = None) -> httpx.AsyncClient:
        """A client with a token of some scopes, which may be bound to a unit."""
        unit = UUID(str(unit_id)) if unit_id else None
        async with self.engine.begin() as db:
            token = await issue_token(db, self.office_id, "other", scopes, unit, now=NOW)
        return self.open(token)

    def open(self, token: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=self.transport,
            base_url="http://ingest.test",
            headers={"Authorization": f"Bearer {token}"},
        )
        self.clients.append(client)
        return client

    async def fetch_rows(self, statement: str, **values: object) -> list[Any]:
        async with self.engine.connect() as db:
            return list((await db.execute(text(statement), values)).all())

    async def import_units(self, table: str = DIRECTORY) -> httpx.Response:
        return await self.client.post("/v1/units/import", files={"file": ("u.csv", table)})

    async def import_plan(self) -> dict[str, Any]:
        """Import the real table; returns the draft plan."""
        answer = await self.client.post(
            "/v1/plans", files={"file": ("yanting.txt", TABLE.read_bytes())}
        )
        assert answer.status_code in {200, 201}, answer.text
        return dict(answer.json())

    async def publish_plan(self) -> dict[str, Any]:
        """Import the directory and the plan, and publish what has no doubts."""
        assert (await self.import_units()).status_code == 200
        plan = await self.import_plan()
        answer = await self.client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})
        assert answer.status_code == 200, answer.text
        return plan | {"published": answer.json()}

    async def list_ledger(self, **query: object) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor = None
        while True:
            wanted = {**query, "limit": 500} | ({"cursor": cursor} if cursor else {})
            part = (await self.client.get("/v1/ledger", params=wanted)).json()
            items += part["items"]
            cursor = part["next_cursor"]
            if cursor is None:
                return items


@pytest.fixture(scope="session", autouse=True)
def _reuse_readings() -> Iterator[None]:
    """Read each file once with the same arguments: the tests send the same few, and starting a
    reader's process takes longer than most tests. Only what could be read is kept.
    """
    run, kept = reading.run_reader, dict[tuple[bytes, ...], FinishedReader]()

    async def run_once(arguments: tuple[str, ...], file: BinaryIO, seconds: int) -> FinishedReader:
        content = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
        key = (content, *(each.encode() for each in arguments))
        if key not in kept:
            finished = await run(arguments, file, seconds)
            if not finished.output.startswith(b"read\n"):
                return finished
            kept[key] = finished
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "run_reader", run_once)
        yield


_APPLICATIONS: list[FastAPI] = []


def serve(context: ApiContext) -> FastAPI:
    """The application of this process, which serves `context` from now on.

    It is made once: describing its endpoints takes longer than most tests.
    """
    if not _APPLICATIONS:
        _APPLICATIONS.append(create_application(context))
    (app,) = _APPLICATIONS
    app.state.context = context
    return app


@pytest.fixture
async def api(make_settings: Any) -> AsyncIterator[Api]:
    settings = await make_settings(IngestSettings, "ingest", topics=False, link_delay="PT0S")
    engine = create_engine(settings, "test")
    clock = ManualClock(NOW)
    async with engine.begin() as db:
        office = await create_office(db, "yanting", "盐亭县政务公开办", NOW)
        token = await issue_token(db, office, "office", SCOPES, now=NOW)
    transport = httpx.ASGITransport(
        serve(ApiContext(engine, clock, settings, read_plan_with_source))
    )
    made = Api(None, engine, settings, office, clock, transport)  # type: ignore[arg-type]
    made.client = made.open(token)
    yield made
    for client in made.clients:
        await client.aclose()
    await engine.dispose()


@pytest.fixture
async def county(api: Api, make_settings: Any) -> AsyncIterator[County]:
    settings = await make_settings(SchedulerSettings, "scheduler", complete_within=timedelta(0))
    engine = create_engine(settings, "test-scheduler")
    clock = ApiClock(api)
    ticking = Ticking(engine, settings, clock)
    made = County(
        api,
        ticking,
        Tasks(TrustedClock(clock, timedelta(seconds=5)), ticking.timetables, timedelta(days=3)),
    )
    await made.start()
    yield made
    await ticking.close()
    await engine.dispose()


@pytest.fixture
def office(api: Api) -> Office:
    """An office before its first plan; modules that need more have an own fixture of the name."""
    return Office(api)
