"""The inbox of the sinks: its pages, and the list of messages."""

import asyncio

import pytest
from aiohttp import ClientSession

from lab.sinks.listing import BATCH
from tests.integration.lab.stack.sink_requests import Sinks, got, mail, offer_mail, post_sms

pytestmark = pytest.mark.integration


async def page(http: ClientSession, path: str) -> str:
    async with http.get(path) as answer:
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return await answer.text()


async def test_the_inbox_groups_by_unit_and_escapes(sinks: Sinks, http: ClientSession) -> None:
    assert "尚未收到提醒" in await page(http, "/")
    nasty = "<script>alert(1)</script>"
    await offer_mail(sinks, mail(unit=f"某局{nasty}", html=f'"><p>{nasty}</p>'))
    await post_sms(http)

    inbox = await page(http, "/")
    assert inbox.index("县水利局") < inbox.index("某局")
    assert nasty not in inbox
    unit = await page(http, "/unit?name=县水利局")
    assert "请及时办理" in unit
    (kept,) = await got(http, channel="email")
    shown = await page(http, f"/message/{kept['seq']}")
    assert nasty not in shown
    assert '<iframe sandbox="allow-same-origin" ' in shown
    async with http.get("/unit?name=no") as answer:
        assert answer.status == 404


async def test_the_links_of_a_message_can_be_opened(sinks: Sinks, http: ClientSession) -> None:
    address = "http://127.0.0.1:8090/u/abc.DEF-1_2"
    await offer_mail(sinks, mail(text=f"进入办理：\n{address}\n某办公室", html="<p>x</p>"))
    (kept,) = await got(http, channel="email")
    shown = await page(http, f"/message/{kept['seq']}")
    assert f'<a rel="noreferrer" href="{address}">' in shown


async def list_distinct(http: ClientSession, **query: str) -> list[dict[str, object]]:
    async with http.get("/messages.json", params=query) as answer:
        assert answer.status == 200
        messages: list[dict[str, object]] = await answer.json()
        return messages


async def test_each_message_is_listed_once_with_its_repeats(
    sinks: Sinks, http: ClientSession
) -> None:
    assert await list_distinct(http) == []
    await offer_mail(sinks, mail())
    await post_sms(http)
    await post_sms(http)
    by_mail, by_sms = await list_distinct(http)
    assert by_mail["id"] == "<one@cuiban.example>"
    assert by_mail["unit"] == "县财政局"
    assert by_mail["to"] == "caizheng@yanting.example"
    assert by_mail["subject"] == "工作提醒：2项工作即将到期"
    assert str(by_mail["html"]).strip() == "<p>正文</p>"
    assert isinstance(by_mail["headers"], dict)
    assert by_mail["headers"]["X-Cuiban-Unit"] == "县财政局"
    assert by_mail["repeats"] == 0
    assert (by_sms["id"], by_sms["channel"], by_sms["repeats"]) == ("sms-1", "sms", 1)
    assert by_sms["text"] == "【盐亭政务】请及时办理"


async def test_the_list_is_narrowed_by_unit_channel_and_time(
    sinks: Sinks, http: ClientSession
) -> None:
    await offer_mail(sinks, mail(ident="first"))
    await offer_mail(sinks, mail(unit="县水利局", ident="second"))
    await post_sms(http)
    all_messages = await list_distinct(http)
    assert len(all_messages) == 3
    assert [each["id"] for each in await list_distinct(http, unit="县水利局")] == [
        "<second@cuiban.example>",
        "sms-1",
    ]
    assert [each["id"] for each in await list_distinct(http, channel="sms")] == ["sms-1"]
    second = str(all_messages[1]["received_at"])
    assert await list_distinct(http, since=second) == all_messages[1:]
    async with http.get(f"/messages.json?since={second}") as answer:  # its `+` arrives as a space
        assert await answer.json() == all_messages[1:]
    for wrong in ({"since": "yesterday"}, {"channel": "fax"}):
        async with http.get("/messages.json", params=wrong) as answer:
            assert answer.status == 400
            assert next(iter(wrong.values())) in (await answer.json())["error"]


async def test_a_list_longer_than_a_batch_is_whole(http: ClientSession) -> None:
    await asyncio.gather(*(post_sms(http, f"sms-{number}") for number in range(2 * BATCH + 1)))
    listed = await list_distinct(http)
    assert len({str(each["id"]) for each in listed}) == len(listed) == 2 * BATCH + 1
