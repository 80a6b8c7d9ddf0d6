"""How a unit enters the portal: by a mail's link, by a code; and what a scanner may not cause."""

import re
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import expect

from tests.integration.console.desk import check_page, take_picture
from tests.integration.console.portal import OTHER, UNIT, Portal
from tests.integration.ingest.people import (
    PASSWORD,
    create_user,
    forget_failures,
    prolong_pauses,
)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_link_shows_a_button_which_leads_to_what_the_unit_owes(
    portal: Portal, javascript: bool
) -> None:
    page = await portal.desk.open_browser(width=390, javascript=javascript)
    token = portal.sign()
    answer = await page.goto(f"/u/{token}")
    assert answer is not None
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert UNIT not in await page.content(), "the page tells nothing before the button"
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-link")
    await page.get_by_role("button", name="进入办理").click()
    await expect(page).to_have_url(f"{portal.desk.address}/u/items")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(UNIT)
    assert token not in await page.content()
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-items")


async def test_the_session_is_a_cookie_that_scripts_cannot_read(portal: Portal) -> None:
    page = await portal.enter()
    cookies = {each["name"]: each for each in await page.context.cookies()}
    kept = cookies["cuiban-portal"]
    assert kept["httpOnly"]
    assert kept["sameSite"] == "Lax"
    assert "cuiban-session" not in cookies
    answer = await page.request.get("/u/items")
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_behind_tls_the_cookie_is_secure(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = {"console_url": "https://portal.example"}
    settings = portal.desk.context.settings.model_copy(update=public)
    monkeypatch.setattr(portal.desk.context, "settings", settings)
    async with httpx.AsyncClient(base_url=portal.desk.address) as client:
        shown = await client.get(f"/u/{portal.sign()}")
        found = re.search(r'name="form-token" value="([^"]+)"', shown.text)
        assert found
        visitor = shown.headers["set-cookie"].partition(";")[0]
        assert visitor.startswith("__Host-cuiban-visitor=")
        headers = {"Cookie": visitor, "Origin": "null"}
        form = {"form-token": found[1]}
        opened = await client.post(f"/u/{portal.sign()}", data=form, headers=headers)
    assert opened.status_code == 303
    cookies = opened.headers.get_list("set-cookie")
    cookie = next(each for each in cookies if each.startswith("__Host-cuiban-portal="))
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert opened.headers["referrer-policy"] == "no-referrer"


async def test_a_scanner_changes_nothing(portal: Portal) -> None:
    """It asks by HEAD and GET, runs the scripts, and submits what a script can submit."""
    before = await portal.count_rows()
    token = portal.sign()
    async with httpx.AsyncClient(base_url=portal.desk.address) as client:
        assert (await client.head(f"/u/{token}")).status_code == 200
        assert (await client.get(f"/u/{token}")).status_code == 200
    page = await portal.desk.open_browser()
    await page.goto(f"/u/{token}", wait_until="networkidle")
    await page.clock.install()
    await page.reload(wait_until="networkidle")
    await page.clock.run_for(30_000)
    await expect(page.get_by_role("button", name="进入办理")).to_be_visible()
    assert await portal.count_rows() == before
    assert [each["name"] for each in await page.context.cookies()] == ["cuiban-visitor"]


async def test_a_form_of_another_site_opens_nothing(portal: Portal) -> None:
    before = await portal.count_rows()
    async with httpx.AsyncClient(base_url=portal.desk.address) as client:
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert (await client.post(f"/u/{portal.sign()}", headers=foreign)).status_code == 403
        blind = await client.post(f"/u/{portal.sign()}", headers={"Origin": "null"})
        assert blind.status_code == 200
        assert "请再按一次按钮" in blind.text
        assert "cuiban-portal" not in blind.headers.get("set-cookie", "")
    assert await portal.count_rows() == before


async def test_a_link_can_be_opened_again(portal: Portal) -> None:
    token = portal.sign()
    for _ in range(2):
        page = await portal.desk.open_browser(width=390)
        await page.goto(f"/u/{token}")
        await page.get_by_role("button", name="进入办理").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text(UNIT)


async def test_whatever_is_wrong_with_a_link_the_page_is_the_same(portal: Portal) -> None:
    token = portal.sign()
    altered = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    gone = portal.sign(digest=b"12345678")
    pages = []
    for wrong in ("guessed", altered, "x" * 4500, gone):
        page = await portal.desk.open_browser(width=390)
        await page.goto(f"/u/{wrong}")
        async with page.expect_navigation() as navigation:
            await page.get_by_role("button", name="进入办理").click()
        answer = await navigation.value
        assert answer is not None
        assert answer.status == 404
        assert answer.headers["referrer-policy"] == "no-referrer"
        await expect(page.get_by_role("heading", level=1)).to_have_text("链接或办理码无效。")
        pages.append(await page.locator("main").inner_html())
    assert len(set(pages)) == 1
    await check_page(page)
    await take_picture(page, "portal-wrong")
    await forget_failures(portal.desk.api)


async def test_an_expired_link_offers_a_new_one(portal: Portal) -> None:
    now = portal.desk.api.clock.now()
    token = portal.sign(issued_at=now - timedelta(days=31), expires_at=now - timedelta(days=1))
    page = await portal.desk.open_browser(width=390)
    await page.goto(f"/u/{token}")
    async with page.expect_navigation() as navigation:
        await page.get_by_role("button", name="进入办理").click()
    answer = await navigation.value
    assert answer is not None
    assert answer.status == 410
    await check_page(page)
    await take_picture(page, "portal-expired")
    await page.get_by_role("button", name="发送新链接").click()
    await expect(page.get_by_role("status")).to_contain_text("新链接会发送到登记的邮箱")
    assert token not in page.url
    rows = await portal.desk.api.fetch_rows(
        "SELECT count(*) FROM ingest.outbox WHERE CAST(headers AS text) LIKE '%LinkRequested%'"
    )
    assert rows[0][0] == 1


async def test_a_number_and_its_code_enter_and_a_wrong_code_says_so(portal: Portal) -> None:
    page = await portal.desk.open_browser(width=390, javascript=False)
    mobile, code = portal.make_code()
    await page.goto("/u")
    await page.get_by_label("手机号").fill(mobile)
    await page.get_by_label("八位办理码").fill("00000000" if code != "00000000" else "11111111")
    await page.get_by_role("button", name="进入办理").click()
    await expect(page.get_by_role("alert")).to_contain_text("链接或办理码无效。")
    await expect(page.get_by_label("手机号")).to_have_value(mobile)
    await page.get_by_label("八位办理码").fill(f"{code[:4]} {code[4:]}")
    await page.get_by_role("button", name="进入办理").click()
    await expect(page).to_have_url(f"{portal.desk.address}/u/items")


async def test_the_page_for_codes_is_like_every_page(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await portal.desk.open_browser(width=390)
    await page.goto("/u")
    await check_page(page)
    await take_picture(page, "portal-code")
    prolong_pauses(monkeypatch)
    for _ in range(5):
        await page.get_by_label("手机号").fill("13899999999")
        await page.get_by_label("八位办理码").fill("12345678")
        async with page.expect_navigation():
            await page.get_by_role("button", name="进入办理").click()
    await expect(page.get_by_role("alert")).to_contain_text("尝试次数过多")
    await check_page(page)
    await forget_failures(portal.desk.api)


async def test_who_has_not_entered_is_told_how(portal: Portal) -> None:
    page = await portal.desk.open_browser(width=390)
    await page.goto("/u/items")
    await expect(page).to_have_url(f"{portal.desk.address}/u")
    await expect(page.get_by_role("status")).to_contain_text("请打开邮件中的链接")


async def test_leaving_ends_the_session_in_the_browser(portal: Portal) -> None:
    page = await portal.enter()
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("status")).to_have_text("您已退出。")
    await page.goto("/u/items")
    await expect(page).to_have_url(f"{portal.desk.address}/u")


async def test_the_language_is_chosen_and_stays(portal: Portal) -> None:
    page = await portal.enter()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("What you owe")
    await check_page(page)
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("要办的事项")


async def test_another_units_address_is_not_found(portal: Portal) -> None:
    row = portal.find(0, OTHER)
    page = await portal.enter()
    for path in (f"/u/items/{row['obligation_id']}", f"/u/items/{row['obligation_id']}/submit"):
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 404
        assert OTHER not in await page.content()
    await check_page(page)


async def test_a_link_opens_no_page_of_the_office(portal: Portal) -> None:
    page = await portal.enter()
    for path in ("/overview", "/ledger", "/units", "/settings"):
        await page.goto(path)
        assert "/login" in page.url, path


async def test_an_office_person_is_told_that_the_page_is_for_units(portal: Portal) -> None:
    page = await portal.desk.sign_in("viewer")
    answer = await page.goto("/u/items")
    assert answer is not None
    assert answer.status == 403
    await expect(page.get_by_role("heading", level=1)).to_have_text("这一页供责任单位办理。")
    await page.goto("/overview")
    assert page.url.endswith("/overview"), "the person is still signed in"


async def test_who_is_signed_in_may_open_a_link_beside_it(portal: Portal) -> None:
    page = await portal.desk.sign_in("viewer")
    await page.goto(f"/u/{portal.sign()}")
    await page.get_by_role("button", name="进入办理").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(UNIT)
    await page.get_by_role("button", name="退出").click()
    await page.goto("/overview")
    assert page.url.endswith("/overview"), "leaving the portal does not sign out"


async def test_the_account_of_a_unit_has_the_same_pages(portal: Portal) -> None:
    page = await portal.desk.sign_in("unit", unit_id=portal.units[UNIT]["unit_id"])
    await page.goto("/")
    await expect(page).to_have_url(f"{portal.desk.address}/u/items")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(UNIT)
    await check_page(page)
    await page.get_by_role("link", name="设置").click()
    await page.get_by_role("link", name="要办的事项").click()
    await expect(page).to_have_url(f"{portal.desk.address}/u/items")
    await page.get_by_role("button", name="退出").click()
    await page.goto("/ledger")
    assert "/login" in page.url, "the session of the account has ended"


async def test_signing_in_with_the_account_of_a_unit_leads_to_its_items(portal: Portal) -> None:
    await create_user(portal.desk.api, "caizheng", "unit", unit_id=portal.units[UNIT]["unit_id"])
    page = await portal.desk.open_browser(width=390)
    await page.goto("/")
    await page.get_by_label("用户名").fill("caizheng")
    await page.get_by_label("密码", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page).to_have_url(f"{portal.desk.address}/u/items")
