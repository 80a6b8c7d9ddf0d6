"""Gateways, the console and the command trust an authority of their own, and no other."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from cli.client import connect
from deploy.terminal.errors import NotRunningError
from services.console.settings import ConsoleSettings
from services.console.shell.context import make_context
from services.notifier.domain.message import MessageAccepted, MessageRefused, Refusal
from services.notifier.gateways.building import make_webhook
from services.notifier.gateways.http_gateway import HttpGateway
from shared.clock import read_machine_time
from shared.errors import CuibanError
from tests.integration.notifier.messages import LONG, MESSAGE
from tests.integration.secured.broker import NAME
from tests.integration.secured.certificates import Authority

pytestmark = pytest.mark.integration


@dataclass
class Site:
    """A site over HTTPS that answers every request in the same way."""

    address: str
    requests: int = 0


@pytest.fixture
async def site(authority: Authority) -> AsyncIterator[Site]:
    made = Site("")

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        made.requests += 1
        return web.json_response({"code": 0, "items": []})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("site", NAME))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    made.address = f"https://{NAME}:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def send(site: Site, ca_file: Path | None) -> object:
    vendor = make_webhook(f"{site.address}/sms", "", success=("0",), ca_file=ca_file)
    gateway = HttpGateway(vendor, timeout=LONG, now=read_machine_time)
    outcome = await gateway.send(MESSAGE)
    await gateway.close()
    return outcome


async def test_a_gateway_is_called_only_where_its_authority_is_trusted(
    site: Site, authority: Authority, stranger: Authority
) -> None:
    assert isinstance(await send(site, authority.ca_file), MessageAccepted)
    for ca_file in (None, stranger.ca_file):
        outcome = await send(site, ca_file)
        assert isinstance(outcome, MessageRefused)
        assert outcome.reason is Refusal.UNREACHABLE
    assert site.requests == 1


async def test_certificates_that_are_none_are_refused_at_the_start(site: Site) -> None:
    with pytest.raises(CuibanError, match=r"nothing\.pem can't be used"):
        await send(site, Path("nothing.pem"))


async def test_the_console_trusts_the_authority_of_the_api(
    site: Site, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(stranger.ca_file.read_bytes())
    http = make_context(ConsoleSettings(api=site.address, api_ca_file=file)).http
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await http.get("/v1/office")
    file.write_bytes(authority.ca_file.read_bytes())
    assert (await http.get("/v1/office")).status_code == 200
    await http.aclose()


async def test_the_command_trusts_the_authority_of_the_api(
    site: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUIBAN_API", site.address)
    monkeypatch.setenv("CUIBAN_TOKEN", "token")
    without = connect(tmp_path)
    with pytest.raises(NotRunningError, match="CERTIFICATE_VERIFY_FAILED"):
        await asyncio.to_thread(without.get, "/v1/office")
    without.close()
    monkeypatch.setenv("CUIBAN_API_CA_FILE", str(authority.ca_file))
    api = connect(tmp_path)
    assert await asyncio.to_thread(api.get, "/v1/office") == {"code": 0, "items": []}
    api.close()
