"""Sign-in through the office's identity provider, driven through the browser."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from services.ingest.api.context import ApiContext
from services.ingest.domain.identity_providers import IdentityProvider
from services.ingest.extraction.plans.reading import read_plan_with_source
from tests.integration.console.desk import Desk, check_page
from tests.integration.ingest.conftest import serve
from tests.integration.ingest.identity import Provider, run_provider
from tests.integration.ingest.people import create_user

pytestmark = pytest.mark.integration
_STYLES = "https://cdn.jsdelivr.net/"
"""Where the provider's own page has its styles; they are not fetched."""


@pytest.fixture(scope="module")
def provider(desk: Desk) -> Iterator[Provider]:
    """A provider on another site (localhost, not 127.0.0.1) that the office uses."""
    with run_provider() as running:
        running.issuer = running.issuer.replace("127.0.0.1", "localhost")
        client = IdentityProvider(**running.register(f"{desk.address}/login/openid"))  # type: ignore[arg-type]
        settings = desk.api.settings.model_copy(update={"identity_providers": {"yanting": client}})
        serve(ApiContext(desk.api.engine, desk.api.clock, settings, read_plan_with_source))
        yield running
        foreign = (running.issuer, _STYLES)
        desk.requests[:] = [url for url in desk.requests if not url.startswith(foreign)]


async def go_to_provider(desk: Desk, *, javascript: bool = True) -> Page:
    page = await desk.open_browser(javascript=javascript)
    await page.context.route(f"{_STYLES}**", lambda route: route.abort())
    await page.goto("/login")
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="用统一身份认证登录").click()
    await expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
    return page


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_person_goes_to_the_provider_and_comes_back_signed_in(
    desk: Desk, provider: Provider, javascript: bool
) -> None:
    name = f"wangwu-{javascript}"
    await create_user(desk.api, name, "editor")
    provider.know(f"sub-{name}", preferred_username=name)
    page = await go_to_provider(desk, javascript=javascript)
    await page.get_by_placeholder("sub").fill(f"sub-{name}")
    await page.get_by_role("button", name="Authorize", exact=True).click()
    await expect(page).to_have_url(f"{desk.address}/overview")
    await expect(page.locator(".who")).to_contain_text(name)
    kept = {each["name"]: each for each in await page.context.cookies(desk.address)}
    assert kept["cuiban-session"]["httpOnly"]
    assert "cuiban-openid" not in kept


async def test_who_declines_at_the_provider_is_told_so_and_may_try_again(
    desk: Desk, provider: Provider
) -> None:
    page = await go_to_provider(desk)
    await page.get_by_role("button", name="Deny").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_role("button", name="用统一身份认证登录")).to_be_visible()
    await check_page(page)


async def test_who_is_not_known_here_is_refused(desk: Desk, provider: Provider) -> None:
    provider.know("stranger", preferred_username="nobody-here")
    page = await go_to_provider(desk)
    await page.get_by_placeholder("sub").fill("stranger")
    await page.get_by_role("button", name="Authorize", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert "cuiban-session" not in {each["name"] for each in await page.context.cookies()}


async def test_an_answer_of_the_provider_in_another_browser_signs_nobody_in(
    desk: Desk, provider: Provider
) -> None:
    """Whoever sends a person their own answer (login CSRF) does not sign them in."""
    provider.know("attacker", preferred_username="attacker")
    await create_user(desk.api, "attacker", "viewer")
    page = await go_to_provider(desk)
    answer = provider.approve(page.url, "attacker")
    victim = await desk.open_browser()
    shown = await victim.goto(f"/login/openid?state={answer['state']}&code={answer['code']}")
    assert shown is not None
    assert shown.status == 401
    assert "cuiban-session" not in {each["name"] for each in await victim.context.cookies()}
