"""Every endpoint, as every kind of caller: what the table of permissions says is what happens.

A new endpoint, or a new name in a path, a query or a body, fails here until it has an entry.
Databases take long to make, so that many requests share one test.
"""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.ingest.api.endpoint_permissions import ENDPOINTS, OPEN
from services.ingest.api.permissions import Permission
from services.ingest.domain.accounts import AccountRole
from tests.integration.ingest.walking import (
    DESCRIPTION,
    EVERY,
    FORM,
    Endpoint,
    Offices,
    Walker,
    make_offices,
    make_person,
)

pytestmark = pytest.mark.integration
NOTHING = {"unknown": "field"}
"""What no endpoint takes, so that a caller who may use it changes nothing."""


@pytest.fixture
async def offices(api: Any) -> Offices:
    return await make_offices(api)


def expect(endpoint: Endpoint, walker: Walker) -> set[int] | None:
    """The statuses that a caller must get; None where it must get neither 401 nor 403."""
    if endpoint.name in OPEN:
        return None
    if not walker.valid:
        return {401}
    return None if ENDPOINTS[endpoint.name] in walker.permissions else {403}


async def test_each_endpoint_lets_in_whom_the_table_lets_in(offices: Offices) -> None:
    wrong = []
    for endpoint in EVERY:
        path = endpoint.path
        for name in endpoint.names("path"):
            path = path.replace(f"{{{name}}}", str(uuid4()))
        for who, walker in {**offices.walkers, **offices.others}.items():
            client = await walker.connect()
            status = (await client.request(endpoint.method, path, json=NOTHING)).status_code
            wanted = expect(endpoint, walker)
            right = status not in {401, 403} if wanted is None else status in wanted
            if not right or status >= 500:
                wrong.append((endpoint.name, who, status))
    assert wrong == []


def test_the_walk_knows_every_identifier_and_body() -> None:
    known = {"plan_id", "revision_id", "unit_id", "obligation_id", "token_id", "user_id"}
    known |= {"session_id", "plan", "extension_id", "objection_id", "hearing_id"}
    known |= {
        "evidence_id",
        "view_id",
        "proposal_id",
        "draft_id",
        "mute_id",
        "hold_id",
        "notification_id",
        "letter_id",
        "reply_id",
    }
    unknown = {
        name
        for endpoint in EVERY
        for place in ("path", "query")
        for name in endpoint.names(place)
        if name not in known
    }
    assert unknown == set(), "add one of the first office to collect_ids"
    for endpoint in EVERY:
        if endpoint.names("path") and not endpoint.takes_file:
            endpoint.get_body()  # else add one to BODIES, or an example to the model


NAMED_IN_BODIES = {
    "POST /v1/calendars/draft/publish": ("draft_id", {}),
    "POST /v1/tokens": ("unit_id", {"name": "x", "scopes": ["read"]}),
    "POST /v1/messages/actions": (
        "unit_id",
        {"action": "cancel", "reason": "x", "expected": 1, "unit_id": []},
    ),
    "POST /v1/templates/preview": ("unit_id", {"kind": "link-mail", "parts": {}}),
    "POST /v1/mutes": ("unit_id", {"until": "2023-12-31", "reason": "x"}),
    "POST /v1/users": ("unit_id", {"name": "x", "role": "unit"}),
    "PUT /v1/office/settings": ("own_unit", {"version": 0}),
    "POST /v1/objections/{objection_id}/uphold": ("unit_id", {"note": "x"}),
    "POST /v1/units/{unit_id}/retire": ("successor_id", {"reason": "x"}),
}
"""The endpoints whose body may name a unit or a draft: that field, and the rest of the body."""


def test_the_walk_knows_every_body_that_has_an_identifier() -> None:
    having = set()
    for endpoint in EVERY:
        content = endpoint.operation.get("requestBody", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        schema = DESCRIPTION["components"]["schemas"].get(reference.rpartition("/")[2])
        if "'uuid'" in repr(schema):
            having.add(endpoint.name)
    assert having == set(NAMED_IN_BODIES)


async def send(endpoint: Endpoint, client: httpx.AsyncClient, path: str) -> httpx.Response:
    """A request that would be carried out if its identifiers were the caller's own."""
    if endpoint.takes_file:
        return await client.request(endpoint.method, path, files=FORM)
    return await client.request(endpoint.method, path, json=endpoint.get_body())


async def try_paths(offices: Offices) -> dict[Any, int]:
    """The answers to identifiers in paths."""
    before = await offices.count_entries()
    seen = {}
    for endpoint in EVERY:
        if not endpoint.names("path"):
            continue
        path = endpoint.path.format(**offices.ids)
        for who, walker in offices.others.items():
            if ENDPOINTS[endpoint.name] in walker.permissions:
                answer = await send(endpoint, await walker.connect(), path)
                seen[endpoint.name, who] = answer.status_code
    assert await offices.count_entries() == before, "nothing happened in the first office"
    return seen


async def try_queries(offices: Offices) -> dict[Any, int]:
    """The answers to identifiers by which a list is filtered."""
    seen = {}
    for endpoint in EVERY:
        for name in endpoint.names("query"):
            for who, walker in offices.others.items():
                if ENDPOINTS[endpoint.name] in walker.permissions:
                    client = await walker.connect()
                    identifier = offices.ids[name.removesuffix("_id") + "_id"]
                    params = {**list_required_days(endpoint), name: identifier}
                    answer = await client.request(endpoint.method, endpoint.path, params=params)
                    seen[endpoint.name, name, who] = answer.status_code
    return seen


def list_required_days(endpoint: Endpoint) -> dict[str, str]:
    """A day for each day without which an endpoint answers nothing."""
    parameters = endpoint.operation.get("parameters", [])
    return {
        each["name"]: "2023-06-01"
        for each in parameters
        if each["in"] == "query" and each["required"] and each["schema"].get("format") == "date"
    }


async def try_bodies(offices: Offices) -> dict[Any, int]:
    """The answers to identifiers in bodies: a unit of the second office, sent by the first."""
    other = await offices.others["other admin"].connect()
    units = {"file": ("u.csv", "单位名称\n三台县财政局\n")}
    assert (await other.post("/v1/units/import", files=units)).status_code == 200
    unit_id = (await other.get("/v1/units")).json()["items"][0]["unit_id"]
    own = await make_person(offices.api, offices.api.office_id, AccountRole.ADMIN)
    client = await own.connect()
    seen = {}
    for name, (field, body) in NAMED_IN_BODIES.items():
        method, _, path = name.partition(" ")
        at = path.format(**offices.ids)
        value = [unit_id] if body.get(field) == [] else unit_id
        answer = await client.request(method, at, json={**body, field: value})
        seen[name] = answer.status_code
    return seen


async def list_lost(offices: Offices) -> list[str]:
    """The endpoints at which the office itself gets the answer of another one.

    There a 404 of another office would be due to the request.
    """
    admin = await make_person(offices.api, offices.api.office_id, AccountRole.ADMIN)
    same = []
    for endpoint in EVERY:
        own_account = ENDPOINTS.get(endpoint.name) is Permission.USE_ACCOUNT
        if not endpoint.names("path") or endpoint.method == "DELETE" or own_account:
            continue
        path = endpoint.path.format(**offices.ids)
        foreign = await send(endpoint, await offices.others["other token"].connect(), path)
        own = await send(endpoint, await admin.connect(), path)
        assert own.status_code < 500, own.text
        if own.status_code == 404 and own.json()["detail"] == foreign.json()["detail"]:
            same.append(endpoint.name)
    return same


async def list_leaks(offices: Offices) -> list[str]:
    """The lists of another office that hold something of the first."""
    leaks = []
    mine = set(offices.ids.values()) - {offices.ids["ref"], offices.ids["version"]}
    for endpoint in EVERY:
        if endpoint.method != "GET" or "{" in endpoint.path:
            continue
        for walker in offices.others.values():
            client = await walker.connect()
            text = (await client.get(endpoint.path)).text
            if any(each in text for each in mine):
                leaks.append(endpoint.name)
    return leaks


async def test_no_identifier_of_another_office_gives_anything_but_404(offices: Offices) -> None:
    seen = await try_paths(offices)
    assert len(seen) > 80
    seen |= await try_queries(offices) | await try_bodies(offices)
    assert {each: status for each, status in seen.items() if status != 404} == {}
    assert await list_leaks(offices) == []
    assert await list_lost(offices) == []
