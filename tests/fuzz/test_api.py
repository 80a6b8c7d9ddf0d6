"""Whatever is asked of the HTTP API, with tokens of each scope, the answer is as described."""

from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.settings import IngestSettings
from shared.clock import SystemClock
from tests.fuzz.hostile import TEXTS, VALUES, iterate_paths
from tests.fuzz.profiles import unshrunk
from tests.integration.ingest.conftest import SCOPES, Api

pytestmark = pytest.mark.integration
DESCRIBED = schemathesis.openapi.from_dict(
    create_application(ApiContext(None, SystemClock(), IngestSettings(), None)).openapi()  # type: ignore[arg-type]
)
OPERATIONS = [found.ok() for found in DESCRIBED.get_all_operations()]
AS_DESCRIBED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]
MODES = st.sampled_from(list(schemathesis.GenerationMode))


@st.composite
def cases(draw: st.DrawFn) -> tuple[schemathesis.Case, Any]:
    """A request as described or near it, and a choice of what to put into it of the real world."""
    operation = draw(st.sampled_from(OPERATIONS))
    case = draw(operation.as_strategy(generation_mode=draw(MODES)))
    if isinstance(case.body, dict) and case.body and draw(st.booleans()):
        paths = [path for path in iterate_paths(case.body) if isinstance(path[-1], str)]
        path = draw(st.sampled_from(paths))
        inside: Any = case.body
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = draw(VALUES)
    return case, draw(st.randoms(use_true_random=False))


async def ids_of(api: Api) -> dict[str, list[str]]:
    """What stands in the database, by the name of the path's parameter."""
    plan = await api.publish_plan()
    ledger = await api.list_ledger()
    extension, objection = [
        (await ask(api, row, action))[f"{kind}s"][0][f"{kind}_id"]
        for row, action, kind in zip(
            ledger, ("extend", "object"), ("extension", "objection"), strict=False
        )
    ]
    heard = {"heard_on": "2023-05-31", "heard_by": "局长", "minutes": "1号"}
    hearings = f"/v1/units/{ledger[0]['unit_id']}/hearings"
    hearing = await api.client.post(hearings, json=heard)
    assert hearing.is_success, hearing.text
    return {
        "extension_id": [extension],
        "objection_id": [objection],
        "hearing_id": [hearing.json()["hearing_id"]],
        "ref": sorted({item["ref"] for item in ledger}),
        "plan_id": [plan["plan_id"]],
        "unit_id": sorted({item["unit_id"] for item in ledger}),
        "obligation_id": [item["obligation_id"] for item in ledger],
        "secret": ["unknown"],
        "user_id": [str(uuid4())],
        "session_id": [str(uuid4())],
        "token_id": [str(uuid4())],  # to revoke one of our own would end the test
    }


async def ask(api: Api, row: dict[str, Any], action: str) -> dict[str, Any]:
    """Ask for an extension of an obligation, or object to it; returns the obligation."""
    place = f"/v1/obligations/{row['obligation_id']}"
    version = (await api.client.get(place)).json()["version"]
    body: dict[str, Any] = {"version": version, "note": "情况属实"}
    if action == "extend":
        body |= {"due_on": "2024-06-28", "confirm": True}
    answer = await api.client.post(f"{place}/{action}", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def prepared(case: schemathesis.Case) -> requests.PreparedRequest | None:
    """The request in bytes; None when HTTP can't hold it."""
    try:
        return requests.Request(**case.as_transport_kwargs("http://ingest.test")).prepare()
    except (ValueError, UnicodeError, OSError):
        return None


@pytest.fixture
async def world(api: Api) -> Any:
    ids = await ids_of(api)
    tokens = {scope: await api.open_as(scope) for scope in SCOPES}
    tokens["unit"] = await api.open_as("read", "report", unit_id=ids["unit_id"][0])
    tokens["all"] = api.client
    return api, ids, tokens


@unshrunk
@given(st.lists(cases(), min_size=1, max_size=12))
async def test_whatever_is_asked_the_answer_is_as_described(world: Any, asked: list[Any]) -> None:
    _, ids, tokens = world
    for case, chance in asked:
        for name, known in ids.items():
            if name in case.path_parameters and chance.random() < 0.7:
                case.path_parameters[name] = chance.choice(known)
        if (request := prepared(case)) is None:
            continue
        headers = {k: v for k, v in request.headers.items() if k.lower() != "authorization"}
        if chance.random() < 0.3:
            headers["Idempotency-Key"] = chance.choice(("a", "b", "x" * 300, "\x7f"))
        client = tokens[chance.choice([*tokens, "all", "all", "all"])]
        answer = await client.request(
            request.method, request.url, headers=headers, content=request.body
        )
        assert answer.status_code < 500, (case.operation.label, request.body, answer.text)
        case.validate_response(answer, checks=AS_DESCRIBED)


@unshrunk
@given(st.sampled_from(TEXTS) | st.text(), st.sampled_from(("name", "cursor", "light", "limit")))
async def test_whatever_is_searched_for_there_is_an_answer(
    world: Any, text: str, name: str
) -> None:
    api, _, __ = world
    for path in ("/v1/units", "/v1/ledger", "/v1/plans", "/v1/tokens"):
        sent = text.encode("utf-8", "surrogatepass")
        query = "".join(f"%{byte:02x}" for byte in sent[:3000])
        assert (await api.client.get(f"{path}?{name}={query}")).status_code < 500
