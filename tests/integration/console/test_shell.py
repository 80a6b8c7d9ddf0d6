"""Sign-in and sign-out, the navigation, languages, errors, and what protects forms."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.integration.console.desk import Desk, check_axe, check_page, take_picture
from tests.integration.ingest.people import PASSWORD, create_user

pytestmark = pytest.mark.integration
AREAS = ["总览", "任务表", "台账", "单位", "规则", "投递", "通报", "设置"]


async def enter(page: Page, name: str, password: str) -> None:
    await page.get_by_label("用户名").fill(name)
    await page.get_by_label("密码", exact=True).fill(password)
    await page.get_by_role("button", name="登录").click()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_person_signs_in_where_they_wanted_to_go_and_out(
    desk: Desk, javascript: bool
) -> None:
    name = f"zhangsan-{javascript}"
    await create_user(desk.api, name, "admin")
    page = await desk.open_browser(javascript=javascript)
    await page.goto("/units?x=1")
    await expect(page).to_have_title("登录 - 催办")
    if javascript:
        await check_page(page)
        await take_picture(page, "login")
    await enter(page, name, PASSWORD)
    await expect(page).to_have_url(f"{desk.address}/units?x=1")
    navigation = page.get_by_role("navigation", name="主导航")
    assert await navigation.get_by_role("link").all_inner_texts() == AREAS
    await expect(navigation.get_by_role("link", name="单位")).to_have_attribute(
        "aria-current", "page"
    )
    token = await read_cookie(page, "cuiban-session")
    async with page.expect_response("**/logout") as left:
        await page.get_by_role("button", name="退出").click()
    answered = await left.value
    assert await answered.header_value("clear-site-data") == '"cache"'
    await expect(page.get_by_role("status")).to_have_text("您已退出。")
    await page.goto("/overview")
    await expect(page).to_have_title("登录 - 催办")
    assert (await desk.api.open(token["value"]).get("/v1/me")).status_code == 401


async def read_cookie(page: Page, name: str) -> dict[str, Any]:
    return next(dict(each) for each in await page.context.cookies() if each["name"] == name)


async def test_a_wrong_password_is_told_in_chinese_and_the_name_stays(desk: Desk) -> None:
    page = await desk.open_browser()
    await page.goto("/login")
    await enter(page, "nobody", "wrong password")
    await expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确。")
    await expect(page.get_by_label("用户名")).to_have_value("nobody")
    await expect(page.get_by_label("密码", exact=True)).to_have_value("")
    await check_page(page)


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/ledger")
    await page.context.clear_cookies()
    await create_user(desk.api, "lisi", "viewer")
    await page.goto("/login")
    await enter(page, "lisi", PASSWORD)
    cookie = await read_cookie(page, "cuiban-session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    assert cookie["value"] not in await page.content()


async def test_a_unit_account_sees_what_units_may(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    page = await desk.sign_in("unit", unit_id=units[0]["unit_id"])
    await page.goto("/ledger")
    links = page.get_by_role("navigation", name="主导航").get_by_role("link")
    assert await links.all_inner_texts() == ["要办的事项", "台账", "设置"]
    answer = await page.goto("/overview")
    assert answer is not None
    assert answer.status == 403
    await expect(page.get_by_role("heading")).to_have_text("您的账号没有这项权限。")
    await check_page(page)


async def test_an_unknown_address_says_what_to_do(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    answer = await page.goto("/nowhere")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("link", name="回到总览")).to_be_visible()
    await check_page(page)


async def test_the_pages_speak_the_language_that_a_person_chooses(desk: Desk) -> None:
    page = await desk.sign_in("admin", language="en")
    await page.goto("/overview")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Overview")
    await check_axe(page)
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("总览")
    await page.goto("/ledger")
    await expect(page.get_by_role("button", name="English")).to_be_visible()


async def test_a_form_with_an_old_token_is_shown_again_with_what_was_typed(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/overview")
    await page.context.clear_cookies()
    other = await desk.open_session("viewer")
    await page.context.add_cookies(
        [{"name": "cuiban-session", "value": other, "url": desk.address}]
    )
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading")).to_have_text("还没有提交")
    await expect(page.locator("main input[name=back]")).to_have_value("/overview")
    await check_page(page)
    await page.get_by_role("button", name="再次提交").click()
    await expect(page).to_have_url(f"{desk.address}/overview")


async def test_a_form_after_the_session_ended_can_be_sent_once_signed_in_again(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/overview")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("link", name="在新标签页登录")).to_be_visible()


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, {}],
)
async def test_a_form_of_another_site_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    token = await desk.open_session("admin")
    cookies = {"cuiban-session": token}
    async with httpx.AsyncClient(base_url=desk.address, cookies=cookies) as client:
        answer = await client.post("/language", data={"language": "en"}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert "再次提交" not in answer.text, "another site's text is not sent by one click"


async def test_sign_in_leads_nowhere_else(desk: Desk) -> None:
    page = await desk.open_browser()
    await create_user(desk.api, "wangwu", "viewer")
    await page.goto("/login?next=//evil.example/")
    await enter(page, "wangwu", PASSWORD)
    await expect(page).to_have_url(f"{desk.address}/overview")


async def test_every_answer_has_the_headers_that_protect_it(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.address) as client:
        for path in ("/login", "/overview", "/nowhere", "/static/console.css"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "object-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["referrer-policy"] == "same-origin"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["permissions-policy"]
        assert (await client.get("/login")).headers["cache-control"] == "no-store"
        page = (await client.get("/login")).text
        address = re.search(r'href="(/static/console\.css\?v=\w+)"', page)
        assert address
        assert "immutable" in (await client.get(address[1])).headers["cache-control"]
        assert (await client.post("/login", content=b"x" * 2**21)).status_code == 413


async def test_without_the_api_a_page_says_so(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    http = desk.context.http
    desk.context.http = httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False)
    try:
        answer = await page.goto("/overview")
        assert answer is not None
        assert answer.status == 503
        await expect(page.get_by_role("heading")).to_have_text("暂时连不上催办服务。")
        await check_page(page)
    finally:
        await desk.context.http.aclose()
        desk.context.http = http


async def test_a_fault_of_the_program_shows_its_number_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret inner text")

    page = await desk.sign_in("viewer")
    monkeypatch.setattr(type(desk.context.people), "get", fail)
    answer = await page.goto("/overview")
    assert answer is not None
    assert answer.status == 500
    number = answer.headers["x-correlation-id"]
    await expect(page.get_by_text(number)).to_be_visible()
    assert "secret inner text" not in await page.content()


async def test_the_overview_of_a_new_office_says_what_to_do(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/overview")
    await expect(page.get_by_role("link", name="去上传任务表")).to_be_visible()
    await check_page(page)
    await take_picture(page, "overview-empty")


async def test_the_keyboard_reaches_the_content_first(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/overview")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
