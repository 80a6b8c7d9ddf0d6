"""A unit answers from its mail or short message: the stack as `cuiban up` starts it."""

import re
from html import unescape

import httpx
import pytest

pytestmark = pytest.mark.e2e
_TOKEN = re.compile(r'name="form-token" value="([^"]+)"')


async def send(
    client: httpx.AsyncClient, page: httpx.Response, path: str, **fields: str
) -> httpx.Response:
    """Send a form of a page, as a browser does."""
    token = _TOKEN.search(page.text)
    assert token, page.text
    body = {"form-token": unescape(token[1])} | fields
    return await client.post(path, data=body, headers={"Origin": "null"}, follow_redirects=True)


async def test_the_link_of_a_mail_and_the_code_of_a_short_message_lead_to_the_portal(world) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    (row,) = world.assign([name], due)
    await world.step_to(due)
    mail, text = world.list_messages(name)[0], world.list_messages(name, "sms")[0]
    (link,) = re.findall(r"http://\S+/u/[\w.-]+", mail["text"])
    assert link.startswith(world.record.console)
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        inbox = await client.get(f"{world.sinks}/message/{mail['seq']}")
        assert f'<a rel="noreferrer" href="{link}">' in inbox.text
        items = await send(client, await client.get(link), link)
        assert str(items.url) == f"{world.record.console}u/items"
        assert name in items.text
        form = await client.get(f"{world.record.console}u/items/{row['obligation_id']}/accept")
        version = re.search(r'name="version" value="(\d+)"', form.text)
        assert version
        receipt = await send(client, form, str(form.url), version=version[1], step="send", note="")
        assert "回执编号" in receipt.text
    (shown,) = world.api.list_items("/v1/ledger", unit_id=world.units[name])
    assert shown["status"] == "accepted"
    address, code = re.findall(r"(http://\S+/u) 办理码(\d{8})", text["text"])[0]
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        entry = await client.get(address)
        items = await send(client, entry, address, mobile=text["to"], code=code)
        assert name in items.text
