"""An office whose contacts answer by signed links, for tests of what a link may do."""

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from services.ingest.api.context import ApiContext
from services.ingest.extraction.plans.reading import read_plan_with_source
from shared.links import CodeSubject, LinkKeys, SignedLink, hash_address
from tests.integration.ingest.conftest import NOW, serve

HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
TABLE = HEAD + "1\t目录\t公开目录。\t县财政局、县发改局\t2023年9月30日\n"
MOBILE = "13800000001"


def make_key(name: str, byte: int) -> str:
    return f"{name}:{base64.urlsafe_b64encode(bytes([byte]) * 32).decode()}"


KEY, OLD, FOREIGN = make_key("k", 1), make_key("old", 2), make_key("k", 3)


@dataclass
class Portal:
    """An office with a published plan, and the link of the liaison of one of its units."""

    api: Any
    plan: str
    unit_id: UUID
    other_unit: UUID
    link: SignedLink
    client: httpx.AsyncClient

    @property
    def token(self) -> str:
        return LinkKeys.parse(KEY).sign(self.link)

    def sign(self, key: str = KEY, **changed: Any) -> str:
        return LinkKeys.parse(key).sign(replace(self.link, **changed))

    def configure(self, **changed: Any) -> None:
        settings = self.api.settings.model_copy(update=changed)
        serve(ApiContext(self.api.engine, self.api.clock, settings, read_plan_with_source))

    def make_code(self, mobile: str = MOBILE, key: str = KEY, **changed: UUID) -> str:
        ids = {"office_id": self.api.office_id, "unit_id": self.unit_id} | changed
        ids.setdefault("contact_id", self.link.contact_id)
        today = self.api.clock.now().astimezone(UTC).date()
        return LinkKeys.parse(key).make_code(CodeSubject(mobile=mobile, **ids), today)

    async def open(self, token: str) -> httpx.Response:
        return await self.client.post("/v1/links/open", json={"token": token})

    async def type_in(self, mobile: str, code: str) -> httpx.Response:
        return await self.client.post("/v1/links/open", json={"mobile": mobile, "code": code})

    async def renew(self, token: str) -> httpx.Response:
        return await self.client.post("/v1/links/renew", json={"token": token})

    async def enter(self) -> httpx.AsyncClient:
        answer = await self.open(self.token)
        assert answer.status_code == 201, answer.text
        client: httpx.AsyncClient = self.api.open(answer.json()["secret"])
        return client

    async def post(self, path: str, body: object) -> dict[str, Any]:
        answer = await self.api.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def revoke(self, **body: str) -> dict[str, Any]:
        path = f"/v1/units/{self.unit_id}/links/revoke"
        return await self.post(path, {"note": "手机遗失"} | body)

    async def count(self, table: str) -> int:
        query = f"SELECT count(*) FROM ingest.{table}"  # noqa: S608 - our own words
        return int((await self.api.fetch_rows(query))[0][0])

    async def list_requests(self) -> list[dict[str, Any]]:
        query = "SELECT value FROM ingest.outbox WHERE CAST(headers AS text) LIKE :kind ORDER BY id"
        rows = await self.api.fetch_rows(query, kind="%LinkRequested%")
        return [json.loads(row[0]) for row in rows]


async def make_portal(api: Any) -> Portal:
    """Publish a plan, and serve the API with the keys of links."""
    await api.import_units()
    table = {"file": ("t.txt", TABLE.encode())}
    plan = f"/v1/plans/{(await api.client.post('/v1/plans', files=table)).json()['plan_id']}"
    published = await api.client.post(f"{plan}/publish", json={})
    assert published.status_code == 200, published.text
    units = {row["name"]: row for row in (await api.client.get("/v1/units")).json()["items"]}
    unit = units["县财政局"]
    contact = unit["contacts"][0]
    link = SignedLink(
        office_id=api.office_id,
        unit_id=UUID(unit["unit_id"]),
        contact_id=UUID(contact["contact_id"]),
        notification_id=uuid4(),
        digest=hash_address(contact["email"]),
        issued_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=29),
    )
    client = httpx.AsyncClient(transport=api.transport, base_url="http://ingest.test")
    api.clients.append(client)
    other = UUID(units["县发展和改革局"]["unit_id"])
    made = Portal(api, plan, link.unit_id, other, link, client)
    api.settings = api.settings.model_copy(
        update={"link_keys": SecretStr(f"{KEY} {OLD}"), "link_delay": timedelta(0)}
    )
    made.configure()
    return made


def describe(answer: httpx.Response) -> tuple[int, str]:
    """An answer without what names the request."""
    return answer.status_code, json.dumps(answer.json() | {"correlation_id": ""}, sort_keys=True)
