"""规则 → 预测: the rules in force, and a text that is pasted."""

import json

import pytest
from playwright.async_api import expect

from services.console.pages import rule_forecast
from shared.rules.defaults import make_default_rule_book
from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration
PERIOD = "/rules/forecast?from=2023-06-01&to=2024-05-31"


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_rules_in_force_are_forecast(desk: Desk, javascript: bool) -> None:
    await desk.api.publish_plan()
    page = await desk.sign_in("viewer", javascript=javascript)
    await page.goto(PERIOD)
    await expect(page.locator(".tally")).to_contain_text("封")
    await expect(page.locator("svg.heat")).to_have_count(2)
    await expect(page.locator("svg.heat rect.level-4").first).to_be_visible()
    await expect(page.get_by_role("heading", name="按单位")).to_be_visible()
    await expect(page.get_by_role("row", name="县财政局").last).to_be_visible()
    await expect(page.get_by_text("没有设置短信单价")).to_be_visible()
    if javascript:
        await check_page(page)
        await take_picture(page, "rules-forecast")
    else:
        await page.get_by_role("button", name="下一部分").first.click()
        await expect(page.get_by_role("button", name="从头看").first).to_be_visible()


async def test_a_text_is_compared_and_what_is_wrong_is_named(desk: Desk) -> None:
    await desk.api.publish_plan()
    page = await desk.sign_in("editor", language="en")
    await page.goto(PERIOD)
    book = make_default_rule_book().model_dump(mode="json", exclude={"version"})
    for rule in book["rules"]:
        rule["at"] = "10:00:00"
    text = page.locator("textarea")
    await expect(text).to_be_hidden()
    await page.get_by_text("Forecast another rule book").click()
    await text.fill(json.dumps(book))
    await page.get_by_role("button", name="Forecast").click()
    await expect(page.get_by_text("0 reminders added, 0 dropped")).to_be_visible()
    await expect(page.get_by_role("row", name="moved").first).to_contain_text("10:00")
    await check_page(page)
    await text.fill("rules: []\nzone: x")
    await page.get_by_role("button", name="Forecast").click()
    await expect(page.get_by_text("line 2, column 1")).to_contain_text("There is no key zone.")
    await expect(text).to_have_value("rules: []\nzone: x")


async def test_a_wrong_period_is_refused_beside_the_form(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    answer = await page.goto("/rules/forecast?from=2023-06-02&to=2023-06-01")
    assert answer is not None
    assert answer.status == 422
    await expect(page.get_by_role("alert")).to_contain_text("截止日早于起始日")


async def test_a_draft_is_forecast_from_its_page(desk: Desk) -> None:
    await desk.api.publish_plan()
    live = (await desk.api.client.get("/v1/rule-books")).json()["items"][0]["version"]
    begun = await desk.api.client.post("/v1/rule-drafts", json={"from_version": live})
    draft = begun.json()
    changed = draft["text"].replace("at: 09:00", "at: 10:00")
    body = {"text": changed, "version": draft["version"]}
    path = f"/v1/rule-drafts/{draft['draft_id']}"
    assert (await desk.api.client.put(path, json=body)).is_success
    page = await desk.sign_in("editor")
    await page.goto(f"/rules/drafts/{draft['draft_id']}")
    await page.get_by_role("link", name="预测").click()
    await expect(page.get_by_role("heading", name="与现行规则相比")).to_be_visible()
    assert (await page.locator("textarea").input_value()).split() == changed.split()


async def test_much_is_forecast_only_when_that_is_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.api.publish_plan()
    total = (await desk.api.client.get("/v1/ledger/counts")).json()["total"]
    monkeypatch.setattr(rule_forecast, "_AT_ONCE", total - 1)
    page = await desk.sign_in("viewer")
    await page.goto("/rules/forecast")
    await expect(page.get_by_text("推算需要一些时间")).to_contain_text(f"{total} 项")
    await expect(page.locator(".tally")).to_have_count(0)
    await check_page(page)
    await page.get_by_role("button", name="预测").click()
    await expect(page.locator(".tally")).to_contain_text("封")
