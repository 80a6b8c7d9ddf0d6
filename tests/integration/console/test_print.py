"""Printed pages: without what only a screen needs, nothing cut, on A4."""

import re

import pypdfium2
import pytest
from playwright.async_api import Page, expect

from tests.integration.console.portal import UNIT, Portal

pytestmark = pytest.mark.integration
_WIDTH = 680
"""Pixels of a line: 210 mm less the margins of 15 mm."""
_FIND_CUT = """() => {
  const shown = [...document.querySelectorAll('body *')].filter(each => each.checkVisibility());
  const read = shown.filter(each => !each.closest('.hidden, .away, svg'));
  return read.filter(each => {
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    return box.right > innerWidth + 1 || box.left < -1
      || (style.overflowX !== 'visible' && each.scrollWidth > each.clientWidth + 1)
      || (style.overflowY !== 'visible' && each.scrollHeight > each.clientHeight + 1);
  }).map(each => each.outerHTML.slice(0, 120));
}"""
"""What is wider than the paper, or shows a part of what is in it."""
_FIND_SCREEN_ONLY = """() => [...document.querySelectorAll(
  'nav, button, input, select, textarea, .skip, .account, .foot, a.button'
)].filter(each => each.checkVisibility()).map(each => each.outerHTML.slice(0, 120))"""


async def print_page(page: Page) -> list[str]:
    """Check a page as it is printed; returns the text of each sheet, without spaces."""
    await page.wait_for_load_state()
    await page.set_viewport_size({"width": _WIDTH, "height": 900})
    await page.emulate_media(media="print")
    assert await page.evaluate(_FIND_SCREEN_ONLY) == [], page.url
    assert await page.evaluate(_FIND_CUT) == [], page.url
    await expect(page.locator(".brand")).to_be_visible()
    document = pypdfium2.PdfDocument(await page.pdf(prefer_css_page_size=True))
    sheets = []
    for sheet in document:
        assert [round(length) for length in sheet.get_size()] == [595, 842], page.url
        sheets.append(re.sub(r"\s", "", sheet.get_textpage().get_text_bounded()))
    return sheets


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/overview", "main li"),
        ("/plans/{plan}", "main table tr"),
        ("/plans/{plan}/measures/1.1", "main table tr"),
        ("/ledger", "main table tr"),
        ("/ledger/{obligation}", ".story li"),
        ("/units", "main table tr"),
        ("/units/{unit}", "main table tr"),
        ("/reports", "tfoot tr"),
        ("/rules", "main p"),
        ("/rules/forecast?from=2023-06-01&to=2024-05-31", "main table tr"),
        ("/settings/journal", "main table tr"),
    ],
)
async def test_a_page_of_the_office_prints_whole(portal: Portal, path: str, last: str) -> None:
    row = portal.find(0)
    names = {"plan": row["plan_id"], "obligation": row["obligation_id"], "unit": row["unit_id"]}
    page = await portal.desk.sign_in("admin")
    answer = await page.goto(path.format_map(names))
    assert answer is not None
    assert answer.ok
    heading = re.sub(r"\s", "", await page.locator("h1").inner_text())
    sheets = await print_page(page)
    assert heading[:12] in sheets[0]
    end = re.sub(r"\s", "", await page.locator(f"{last}:visible").last.inner_text())
    assert end[:12] in "".join(sheets)
    assert "退出" not in "".join(sheets)


async def test_what_a_unit_owes_and_a_receipt_print_whole(portal: Portal) -> None:
    row = portal.find(0)
    page = await portal.enter()
    cards = await page.locator(".card h2").all_inner_texts()
    sheets = "".join(await print_page(page))
    assert [card for card in cards if re.sub(r"\s", "", card)[:12] not in sheets] == []
    await page.emulate_media(media="screen")
    await page.goto(f"/u/items/{row['obligation_id']}/submit")
    await page.get_by_label("办理情况").fill("已在网站公开" * 40)
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认报办结").click()
    number = await page.locator(".receipt .number").inner_text()
    (sheet,) = await print_page(page)
    for text in (number, UNIT, "已在网站公开" * 40):
        assert text in sheet
    for path in (f"/u/items/{row['obligation_id']}", "/u/history", "/u/contacts"):
        await page.goto(path)
        assert "".join(await print_page(page))
