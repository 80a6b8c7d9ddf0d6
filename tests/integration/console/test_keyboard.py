"""The main pages by keyboard and at 200 % zoom."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.desk import Desk
from tests.integration.console.world import World, build_world

pytestmark = pytest.mark.integration
MAIN_PAGES = (
    "/overview",
    "/plans/{draft}",
    "/ledger",
    "/ledger/{obligation}",
    "/ledger/{obligation}/progress",
    "/units",
    "/units/{unit}/contacts/liaison",
    "/reports",
    "/settings",
)
_FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
_LIST_ORDER = """selector => {
  const shown = each => each.checkVisibility({visibilityProperty: true});
  const chosen = each => each.type !== 'radio' || each.checked
    || !document.querySelector(`input[type=radio][name="${each.name}"]:checked`);
  const seen = new Set();
  return [...document.querySelectorAll(selector)].filter(each => {
    if (!shown(each) || each.disabled || !chosen(each)) return false;
    const group = each.type === 'radio' ? each.name : '';
    if (group && seen.has(group)) return false;
    seen.add(group);
    each.setAttribute('data-order', '');
    return true;
  }).map((each, place) => { each.setAttribute('data-order', String(place)); return place; });
}"""
"""Numbers what the tab key should reach, in the order of the page; of a group of radios, one."""
_LOOK = """() => {
  const each = document.activeElement, style = getComputedStyle(each);
  const box = each.getBoundingClientRect();
  return {
    order: each.getAttribute('data-order'),
    name: each.outerHTML.slice(0, 120),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    within: box.width > 0 && box.bottom > 0 && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.fixture(scope="module")
async def world(desk: Desk) -> World:
    return await build_world(desk)


async def walk_by_tab(page: Page, count: int) -> list[dict[str, Any]]:
    """What gets the focus, one after another, by the tab key. A date has a stop for each part."""
    seen: list[dict[str, Any]] = []
    while len(seen) < count:
        await page.keyboard.press("Tab")
        look = await page.evaluate(_LOOK)
        if not seen or look["order"] is None or look["order"] != seen[-1]["order"]:
            seen.append(look)
    return seen


@pytest.mark.parametrize("path", MAIN_PAGES)
async def test_the_tab_key_goes_through_the_page_in_its_order(
    desk: Desk, world: World, path: str
) -> None:
    page = await desk.sign_in("admin")
    await page.goto(path.format_map(world.own))
    expected = await page.evaluate(_LIST_ORDER, _FOCUSABLE)
    assert len(expected) > 12
    seen = await walk_by_tab(page, len(expected))
    assert [each["order"] for each in seen] == [str(place) for place in expected]
    assert [each for each in seen if not each["outlined"] or not each["within"]] == []


@pytest.mark.parametrize("path", MAIN_PAGES)
async def test_the_skip_link_comes_first_and_leads_to_the_content(
    desk: Desk, world: World, path: str
) -> None:
    page = await desk.sign_in("admin")
    await page.goto(path.format_map(world.own))
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="跳到正文")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("path", MAIN_PAGES)
async def test_nothing_is_cut_off_at_200_percent(desk: Desk, world: World, path: str) -> None:
    """A window of 1280 px shows 640 px of a page at 200 %, each of them doubled."""
    page = await desk.sign_in("admin")
    await page.set_viewport_size({"width": 640, "height": 450})
    await page.goto(path.format_map(world.own))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 640
    cut = await page.evaluate(_LIST_CUT)
    assert cut == []


_LIST_CUT = """() => [...document.querySelectorAll('main *, header *')].filter(each => {
  const style = getComputedStyle(each), box = each.getBoundingClientRect();
  const hides = ['hidden', 'clip'].includes(style.overflowX) || style.textOverflow === 'ellipsis';
  return box.width > 1 && hides && each.scrollWidth > each.clientWidth + 1;
}).map(each => each.outerHTML.slice(0, 120))"""
"""What hides a part of its own text."""
