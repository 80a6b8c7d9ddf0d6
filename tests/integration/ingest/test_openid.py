"""Sign-in through an office's identity provider, against a provider that runs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.domain.identity_providers import IdentityProvider
from services.ingest.domain.sign_in_limits import SignInLimit
from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from tests.integration.ingest.conftest import NOW, SCOPES
from tests.integration.ingest.identity import Provider, exchange, run_provider
from tests.integration.ingest.people import create_user

pytestmark = pytest.mark.integration


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_provider() as running:
        yield running


@pytest.fixture
def client(api: Any, provider: Provider) -> dict[str, str]:
    """How Cuiban is registered at the provider of the first office."""
    registered = provider.register()
    configure(api, registered)
    return registered


def configure(api: Any, registered: dict[str, str], **more: Any) -> None:
    """Serve the API with a provider for the first office."""
    providers = {"yanting": IdentityProvider(**registered, **more)}
    settings = api.settings.model_copy(update={"identity_providers": providers})
    context = ApiContext(api.engine, api.clock, settings, read_plan_with_source)
    api.transport = httpx.ASGITransport(create_application(context))


def open_browser(api: Any) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(transport=api.transport, base_url="http://ingest.test")
    api.clients.append(browser)
    return browser


async def start(api: Any) -> dict[str, str]:
    answer = await open_browser(api).post("/v1/sessions/openid", json={"office": "yanting"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def finish(api: Any, started: dict[str, str], sent: dict[str, str]) -> httpx.Response:
    body = {"attempt": started["attempt"], "state": sent["state"], "code": sent["code"]}
    return await open_browser(api).post("/v1/sessions/openid/finish", json=body)


async def sign_in(api: Any, provider: Provider, subject: str) -> httpx.Response:
    started = await start(api)
    return await finish(api, started, provider.approve(started["address"], subject))


def assert_refused(answer: httpx.Response, name: str, status: int = 401) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:cuiban:problem:{name}"
    assert answer.json()["detail"][0] > "\u2e80", "Chinese comes first"


async def list_actions(api: Any) -> list[str]:
    query = "SELECT action FROM ingest.journal WHERE action ~ '^(user|session)' ORDER BY id"
    return [row.action for row in await api.fetch_rows(query)]


async def test_a_person_signs_in_to_the_account_of_the_name_that_the_provider_gives(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    provider.know("u-1", preferred_username="Zhang San")
    made = await create_user(api, "zhang san", "editor")
    listed = await open_browser(api).get("/v1/sessions/openid")
    assert listed.json()["items"] == [{"slug": "yanting", "name": "盐亭县政务公开办"}]
    answer = await sign_in(api, provider, "u-1")
    assert answer.status_code == 201, answer.text
    me = (await api.open(answer.json()["token"]).get("/v1/me")).json()
    assert (me["user"]["user_id"], me["role"]) == (made["user_id"], "editor")
    assert await list_actions(api) == ["user.created", "user.bound", "session.opened"]


async def test_an_account_stays_with_the_person_who_signed_in_first(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    """At many providers people change their names, and names are given again."""
    provider.know("u-1", preferred_username="zhang")
    made = await create_user(api, "zhang", "editor")
    assert (await sign_in(api, provider, "u-1")).status_code == 201
    provider.know("u-1", preferred_username="renamed")
    provider.know("u-2", preferred_username="zhang")
    again = await sign_in(api, provider, "u-1")
    assert again.json()["user"]["user_id"] == made["user_id"]
    assert_refused(await sign_in(api, provider, "u-2"), "no-account")
    reset = {"password": "绿色 订书机 七月 河"}
    assert (await api.client.post(f"/v1/users/{made['user_id']}/reset", json=reset)).is_success
    assert (await sign_in(api, provider, "u-2")).status_code == 201, "a reset unbinds the account"
    assert_refused(await sign_in(api, provider, "u-1"), "no-account")


async def test_nobody_gets_an_account_unless_the_settings_say_so(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    provider.know("u-1", preferred_username="li")
    assert_refused(await sign_in(api, provider, "u-1"), "no-account")
    assert (await api.client.get("/v1/users")).json()["items"] == []
    configure(api, client, create="viewer")
    answer = await sign_in(api, provider, "u-1")
    assert (answer.status_code, answer.json()["user"]["role"]) == (201, "viewer")
    again = await sign_in(api, provider, "u-1")
    assert again.json()["user"]["user_id"] == answer.json()["user"]["user_id"]


async def test_a_disabled_account_and_one_of_another_office_are_no_accounts(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    provider.know("u-1", preferred_username="zhang")
    provider.know("u-2", preferred_username="wang")
    provider.know("u-3", email="no name")
    user = await create_user(api, "zhang", "editor")
    await api.client.post(f"/v1/users/{user['user_id']}/disable")
    async with api.engine.begin() as db:
        other_id = await create_office(db, "santai", "三台县政务公开办", NOW)
        other = api.open(await issue_token(db, other_id, "office", SCOPES, now=NOW))
    assert (await other.post("/v1/users", json={"name": "wang", "role": "admin"})).is_success
    for subject in ("u-1", "u-2", "u-3"):
        assert_refused(await sign_in(api, provider, subject), "no-account")


async def test_a_sign_in_is_finished_once_in_time_by_whom_it_was_begun(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    provider.know("u-1", preferred_username="zhang")
    await create_user(api, "zhang", "editor")
    mine, theirs = await start(api), await start(api)
    sent = provider.approve(theirs["address"], "u-1")
    assert_refused(await finish(api, mine, sent), "provider-refused")  # another's state
    sent = provider.approve(mine["address"], "u-1")
    assert_refused(await finish(api, mine, sent), "provider-refused")  # it counted once
    stolen = {"state": state_of(theirs), "code": sent["code"]}
    assert_refused(await finish(api, theirs, stolen), "provider-refused")  # PKCE: another's code
    late = await start(api)
    async with api.engine.begin() as db:
        await db.exec_driver_sql(
            "UPDATE ingest.openid_sign_ins SET expires_at = now() - interval '1s'"
        )
    sent = provider.approve(late["address"], "u-1")
    assert_refused(await finish(api, late, sent), "provider-refused")
    unknown = {"attempt": "unknown"}
    assert_refused(await finish(api, unknown, sent), "provider-refused")
    assert (await sign_in(api, provider, "u-1")).status_code == 201


def state_of(started: dict[str, str]) -> str:
    return parse_qs(urlsplit(started["address"]).query)["state"][0]


async def test_an_id_token_for_another_client_or_another_sign_in_is_refused(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    # With `azp`, Authlib accepts any audience, unless it is told which one is wanted.
    provider.know("u-1", preferred_username="zhang", azp=client["client_id"])
    await create_user(api, "zhang", "editor")
    started = await start(api)
    nonce = parse_qs(urlsplit(started["address"]).query)["nonce"][0]
    other = exchange(provider, provider.register(), "u-1", nonce)
    sent = provider.approve(started["address"], "u-1")
    provider.answer = other
    assert_refused(await finish(api, started, sent), "provider-refused")
    started = await start(api)
    earlier = exchange(provider, client, "u-1", "another nonce")
    sent = provider.approve(started["address"], "u-1")
    provider.answer = earlier
    assert_refused(await finish(api, started, sent), "provider-refused")


async def test_a_wrong_secret_is_refused_and_a_provider_that_is_away_is_said_to_be(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    provider.know("u-1", preferred_username="zhang")
    configure(api, client | {"client_secret": "wrong"})
    assert_refused(await sign_in(api, provider, "u-1"), "provider-refused")
    configure(api, client | {"issuer": "http://127.0.0.1:9"})
    answer = await open_browser(api).post("/v1/sessions/openid", json={"office": "yanting"})
    assert_refused(answer, "provider-away", 503)
    assert answer.headers["retry-after"]
    configure(api, client | {"issuer": provider.issuer + "/"})
    answer = await open_browser(api).post("/v1/sessions/openid", json={"office": "yanting"})
    assert_refused(answer, "provider-away", 503)  # it describes another issuer


async def test_an_office_without_a_provider_has_no_such_sign_in(
    api: Any, provider: Provider, client: dict[str, str]
) -> None:
    for office in ("santai", "nowhere"):
        answer = await open_browser(api).post("/v1/sessions/openid", json={"office": office})
        assert_refused(answer, "not-found", 404)


async def test_many_begun_sign_ins_of_an_address_are_slowed_down(
    api: Any, provider: Provider, client: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = SignInLimit(free=1, locks_at=2, lock=timedelta(minutes=15))
    monkeypatch.setattr("services.ingest.handlers.accounts.openid_signing_in.ADDRESS", limit)
    await start(api)
    await start(api)
    answer = await open_browser(api).post("/v1/sessions/openid", json={"office": "yanting"})
    assert_refused(answer, "too-many-failures", 429)
