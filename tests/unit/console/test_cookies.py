"""What a browser gets over https: cookies of this host alone, and only https from now on."""

import httpx
import pytest

from services.console.application import create_application
from services.console.settings import ConsoleSettings
from services.console.shell.context import make_context


@pytest.mark.parametrize(("public", "scheme"), [("https://cuiban.example", "http"), ("", "https")])
async def test_cookies_over_https_are_secure_and_of_this_host_alone(
    public: str, scheme: str
) -> None:
    """Known by the settings, or by the proxy's word."""
    away = httpx.MockTransport(lambda _: httpx.Response(503))
    app = create_application(make_context(ConsoleSettings(console_url=public), away))
    browser = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"{scheme}://cuiban.example"
    )
    async with browser:
        answer = await browser.get("/login")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-cuiban-visitor=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_an_answer_over_https_asks_for_https_from_now_on() -> None:
    away = httpx.MockTransport(lambda _: httpx.Response(503))
    app = create_application(make_context(ConsoleSettings(), away))
    for scheme, wanted in (("https", "max-age=31536000; includeSubDomains"), ("http", None)):
        browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"{scheme}://cuiban.example"
        )
        async with browser:
            answer = await browser.get("/nowhere")
        assert answer.headers.get("strict-transport-security") == wanted
