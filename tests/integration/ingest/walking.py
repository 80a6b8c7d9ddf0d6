"""The endpoints of the API's description, and every kind of caller, for a walk through all of them.

What each caller may do comes from `services.ingest.api.permissions`.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.api.permissions import BY_ROLE, BY_SCOPE, Permission, list_permissions
from services.ingest.domain.accounts import AccountRole
from services.ingest.handlers.accounts.accounts import NewUser, create_user
from services.ingest.handlers.accounts.sessions import Device, open_session
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from services.ingest.handlers.office.tokens import Scope
from services.ingest.settings import IngestSettings
from services.ingest.store.users import StoredUser
from shared.clock import SystemClock
from tests.integration.ingest.conftest import NOW, SCOPES
from tests.integration.ingest.dead_letters import put_dead_letter
from tests.integration.ingest.messages import put_message
from tests.integration.ingest.replies import put_reply

HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
CATALOGUE = "1\t目录\t编制并公布公开目录。\t县财政局\t2023年9月30日\n"
HEARING = "2\t汇报\t单位主要负责人每年至少听取1次政务公开工作情况汇报。\t县财政局\t2023年年底\n"
DUTY = "3\t清理\t清理失效文件。\t县财政局\t2023年12月31日\n"
FORM = {"file": ("r.txt", (HEAD + CATALOGUE).encode())}
BODIES: Mapping[str, Any] = {
    "POST /v1/units/{unit_id}/rename": {"name": "县新局"},
    "POST /v1/units/{unit_id}/retire": {"reason": "撤销"},
    "POST /v1/units/{unit_id}/hearings": {"heard_on": "2023-05-18", "heard_by": "局长"},
    "POST /v1/users/{user_id}/reset": {"password": "绿色 订书机 七月 河"},
    "POST /v1/users/{user_id}/role": {"role": "viewer"},
}
"""Valid bodies, where the description has no example."""


@dataclass(frozen=True)
class Endpoint:
    """An operation of the description."""

    name: str
    operation: Mapping[str, Any]

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.name.partition(" ")[2]

    def names(self, place: str) -> list[str]:
        """Its parameters in the path, or those in the query that take an identifier."""
        return [
            each["name"]
            for each in self.operation.get("parameters", ())
            if each["in"] == place and "'uuid'" in repr(each["schema"])
        ]

    @property
    def takes_file(self) -> bool:
        return "multipart/form-data" in self.operation.get("requestBody", {}).get("content", {})

    @property
    def needs_body(self) -> bool:
        return bool(self.operation.get("requestBody", {}).get("required"))

    def get_body(self) -> Any:
        """A valid body: the description's example, or one of BODIES."""
        if self.name in BODIES or not self.needs_body:
            return BODIES.get(self.name)
        content = self.operation["requestBody"]["content"]
        schema = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return DESCRIPTION["components"]["schemas"][schema]["examples"][0]


def list_endpoints() -> Iterator[Endpoint]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield Endpoint(f"{method.upper()} {path}", operation)


DESCRIPTION = create_application(
    ApiContext(None, SystemClock(), IngestSettings(), None)  # type: ignore[arg-type]
).openapi()
EVERY = tuple(list_endpoints())


@dataclass(frozen=True)
class Walker:
    """A kind of caller: what it may do, and how it gets a client for one request."""

    permissions: frozenset[Permission]
    connect: Callable[[], Awaitable[httpx.AsyncClient]]
    valid: bool = True


@dataclass
class Offices:
    """Two offices of one installation. The first has something of every kind."""

    api: Any
    ids: dict[str, str]
    other_id: UUID
    walkers: dict[str, Walker]
    others: dict[str, Walker]

    async def count_entries(self) -> int:
        query = "SELECT count(*) FROM ingest.journal WHERE office_id = :id"
        return int((await self.api.fetch_rows(query, id=self.api.office_id))[0][0])


async def add_user(
    api: Any, office_id: UUID, role: AccountRole, unit_id: UUID | None
) -> StoredUser:
    """An account without a password: the walk needs no sign-in."""
    act = Act(office_id, "test", NOW, uuid4())
    async with api.engine.begin() as db:
        return await create_user(db, act, NewUser(f"{role} {uuid4()}", role, unit_id, None))


async def open_for(api: Any, user: StoredUser) -> tuple[httpx.AsyncClient, str]:
    """A client with a new session of an account, and the session's id."""
    act = Act(user.office_id, user.name, NOW, uuid4())
    lifetime = api.settings.session_lifetime
    async with api.engine.begin() as db:
        opened = await open_session(db, act, user, Device("127.0.0.1", "test"), lifetime)
    return api.open(opened.token), str(opened.session.session_id)


async def make_person(
    api: Any, office_id: UUID, role: AccountRole, unit_id: UUID | None = None
) -> Walker:
    """A person who has a new session for each request, since some end the session."""
    user = await add_user(api, office_id, role, unit_id)

    async def connect() -> httpx.AsyncClient:
        return (await open_for(api, user))[0]

    return Walker(list_permissions([BY_ROLE[role]], of_unit=unit_id is not None), connect)


async def make_token(
    api: Any, office_id: UUID, scopes: tuple[str, ...], unit_id: UUID | None = None
) -> Walker:
    async with api.engine.begin() as db:
        client = api.open(await issue_token(db, office_id, "walk", scopes, unit_id, now=NOW))

    async def connect() -> httpx.AsyncClient:
        return client

    granted = [BY_SCOPE[Scope(scope)] for scope in scopes]
    return Walker(list_permissions(granted, of_unit=unit_id is not None), connect)


async def make_nobodies(api: Any) -> dict[str, Walker]:
    """Callers who are refused: without a token, with a wrong one, a revoked one, or disabled."""
    revoked, _ = await open_for(api, await add_user(api, api.office_id, AccountRole.ADMIN, None))
    assert (await revoked.delete("/v1/sessions/current")).status_code == 204
    user = await add_user(api, api.office_id, AccountRole.ADMIN, None)
    disabled, _ = await open_for(api, user)
    answer = await api.client.post(f"/v1/users/{user.user_id}/disable")
    assert answer.status_code == 200
    spent = (await api.client.post("/v1/tokens", json={"name": "x", "scopes": ["admin"]})).json()
    await api.client.delete(f"/v1/tokens/{spent['token_id']}")
    clients = {
        "none": httpx.AsyncClient(transport=api.transport, base_url="http://ingest.test"),
        "wrong token": api.open("cuiban_wrong"),
        "wrong session": api.open("session_wrong"),
        "revoked session": revoked,
        "disabled account": disabled,
        "revoked token": api.open(spent["token"]),
    }
    api.clients.append(clients["none"])

    def refuse(client: httpx.AsyncClient) -> Walker:
        async def connect() -> httpx.AsyncClient:
            return client

        return Walker(frozenset(), connect, valid=False)

    return {name: refuse(client) for name, client in clients.items()}


async def publish_plan(api: Any) -> str:
    """Publish a small plan of one unit; returns its path."""
    assert (await api.import_units()).status_code == 200
    table = {"file": ("t.txt", (HEAD + CATALOGUE + HEARING + DUTY).encode())}
    path = f"/v1/plans/{(await api.client.post('/v1/plans', files=table)).json()['plan_id']}"
    published = await api.client.post(f"{path}/publish", json={})
    assert published.status_code == 200, published.text
    return path


async def collect_ids(api: Any) -> dict[str, str]:
    """A value for each name in a path or a query, of the first office."""
    book = await api.client.post("/v1/rule-books", json={"rules": []})
    path = await publish_plan(api)
    revision = await api.client.post(f"{path}/revisions", files=FORM)
    rows = {row["ref"]: row for row in await api.list_ledger()}
    unit_id, obligation_id = rows["1.1"]["unit_id"], rows["1.1"]["obligation_id"]
    of_unit = await answer_as_unit(api, rows)
    draft = await api.client.post("/v1/rule-drafts", json={"text": "rules: []"})
    view = await api.client.post("/v1/ledger/views", json={"name": "x", "query": "light=red"})
    muted = await api.client.post(
        "/v1/mutes", json={"unit_id": unit_id, "until": "2023-12-31", "reason": "交接"}
    )
    held = await api.client.post("/v1/holds", json={"reason": "维护"})
    for answer in (revision, muted, held):
        assert answer.is_success, answer.text
    user = await add_user(api, api.office_id, AccountRole.EDITOR, None)
    return {
        "plan_id": path.rpartition("/")[2],
        "ref": "1.1",
        "revision_id": revision.json()["revision_id"],
        "unit_id": unit_id,
        "obligation_id": obligation_id,
        "token_id": (await api.client.get("/v1/tokens")).json()["items"][0]["token_id"],
        "user_id": str(user.user_id),
        "view_id": view.json()["view_id"],
        "draft_id": draft.json()["draft_id"],
        "version": str(book.json()["version"]),
        "mute_id": muted.json()["mute_id"],
        "hold_id": held.json()["hold_id"],
        "notification_id": await put_message(api, unit_id),
        "letter_id": await put_dead_letter(api),
        "reply_id": await put_reply(api),
        "session_id": (await open_for(api, user))[1],
        **of_unit,
    }


async def answer_as_unit(api: Any, rows: Mapping[str, Any]) -> dict[str, str]:
    """What a unit asks, reports and proposes about `rows` of the ledger; the ids of these."""
    unit_id = rows["1.1"]["unit_id"]
    first, other = (f"/v1/obligations/{rows[ref]['obligation_id']}" for ref in ("1.1", "3.1"))
    unit = await api.open_as("read", "report", unit_id=unit_id)
    asked = {"version": 1, "due_on": "2023-12-20", "note": "申请"}
    extended = await unit.post(f"{first}/extend", json=asked)
    objected = await unit.post(f"{other}/object", json={"version": 1, "note": "异议"})
    heard = await unit.post(
        f"/v1/units/{unit_id}/hearings", json={"heard_on": "2023-05-18", "heard_by": "局长"}
    )
    shown = await unit.post(f"{first}/files", files={"file": ("a.pdf", b"%PDF-1.7")})
    proposed = await unit.post(
        f"/v1/units/{unit_id}/contact-proposals",
        json={"post": "liaison", "name": "李四", "mobile": "13900000009"},
    )
    for answer in (extended, objected, heard, shown, proposed):
        assert answer.is_success, answer.text
    return {
        "extension_id": extended.json()["extensions"][0]["extension_id"],
        "objection_id": objected.json()["objections"][0]["objection_id"],
        "hearing_id": heard.json()["hearing_id"],
        "evidence_id": shown.json()["evidence"][0]["evidence_id"],
        "proposal_id": proposed.json()["proposal_id"],
    }


async def make_offices(api: Any) -> Offices:
    """Two offices with every kind of caller."""
    ids = await collect_ids(api)
    async with api.engine.begin() as db:
        other_id = await create_office(db, "santai", "三台县政务公开办", NOW)
    unit = UUID(ids["unit_id"])
    own = api.office_id
    walkers = {
        role.value: await make_person(api, own, role, unit if role is AccountRole.UNIT else None)
        for role in AccountRole
    }
    walkers |= {f"token {scope}": await make_token(api, own, (scope,)) for scope in SCOPES}
    walkers["unit's token"] = await make_token(api, own, ("read", "report"), unit)
    walkers |= await make_nobodies(api)
    others = {
        "other admin": await make_person(api, other_id, AccountRole.ADMIN),
        "other token": await make_token(api, other_id, SCOPES),
    }
    return Offices(api, ids, other_id, walkers, others)
