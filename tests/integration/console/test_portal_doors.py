"""Walks through every page of the portal: without a script, by axe, as a stranger."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest
from lxml import html
from playwright.async_api import Browser, Page

from lab.stack.testing import Engines
from tests.integration.console.conftest import open_desk
from tests.integration.console.desk import Desk, check_narrow, check_page
from tests.integration.console.form_fields import list_forms
from tests.integration.console.pages import ANYBODY, PORTAL_PAGES, Row, list_faults
from tests.integration.console.portal import KEY, UNIT, Portal
from tests.integration.console.test_hostile_texts import HOSTILE, WIDE, watch_dialogs
from tests.integration.console.world import World, build_world, remove_names

pytestmark = pytest.mark.integration
_SHOWN = [row for row in PORTAL_PAGES if row.kind == "page"]


@dataclass(frozen=True, slots=True)
class Place:
    """A portal, and the names in its addresses."""

    portal: Portal
    world: World
    names: Mapping[str, str]

    async def enter(self, *, javascript: bool = True) -> Page:
        """A phone's page on which a unit has opened its link. One of its own also for `{token}`."""
        return await self.portal.enter(UNIT, javascript=javascript)


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, create_database: Callable[[str | None], str], chromium: Browser
) -> AsyncIterator[Desk]:
    url = await asyncio.to_thread(create_database, "ingest")
    async with open_desk(engines, url, chromium, link_keys=KEY) as opened:
        yield opened


@pytest.fixture(scope="module")
async def place(desk: Desk) -> Place:
    world = await build_world(desk)
    client, item = desk.api.client, world.own["obligation"]
    rows = (await client.get("/v1/units", params={"limit": 500})).json()["items"]
    portal = Portal(desk, {row["name"]: row for row in rows}, await desk.api.list_ledger())
    unit = desk.api.open(await desk.open_session("unit", world.own["unit"]))
    feed = (await unit.post(f"/v1/units/{world.own['unit']}/feed")).json()
    lines = (await client.get(f"/v1/obligations/{item}/timeline")).json()
    (raised,) = [line for line in lines if line["kind"] == "objection-raised"]
    own = {
        "token": portal.sign(),
        "secret": feed["path"].rpartition("/")[2].removesuffix(".ics"),
        "receipt": str(raised["details"]["number"]),
    }
    return Place(portal, world, {**world.own, **own})


async def test_every_page_shows_its_content_without_a_script(desk: Desk, place: Place) -> None:
    entered, faults = await place.enter(javascript=False), []
    outside = await desk.open_browser(width=390, javascript=False)
    for row in _SHOWN:
        page = outside if row.needs == ANYBODY else entered
        faults += await list_faults(page, row, place.names)
    assert faults == []


async def test_every_page_is_free_of_barriers_and_fits_a_phone(desk: Desk, place: Place) -> None:
    page, faults = await place.enter(), []
    for row in _SHOWN:
        await page.goto(row.path.format_map(place.names))
        try:
            await check_page(page)
        except AssertionError as error:
            faults.append(f"{row.path}: {error}")
    assert faults == []


async def test_a_file_is_a_download_and_a_calendar_is_for_its_program(
    desk: Desk, place: Place
) -> None:
    page = await place.enter()
    wanted = {
        "file": ("content-disposition", "attachment"),
        "calendar": ("content-type", "text/calendar"),
    }
    for row in (row for row in PORTAL_PAGES if row.kind in wanted):
        answer = await page.request.get(row.path.format_map(place.names))
        header, begins = wanted[row.kind]
        assert answer.status == 200, row.path
        assert answer.headers[header].startswith(begins), row.path


async def test_who_has_not_entered_sees_nothing_of_it(desk: Desk, place: Place) -> None:
    page = await desk.open_browser(width=390)
    for row in (row for row in PORTAL_PAGES if row.needs != ANYBODY):
        answer = await page.request.get(row.path.format_map(place.names), max_redirects=0)
        assert answer.status == 303, row.path
        assert answer.headers["location"] == "/u", row.path


async def test_another_offices_address_answers_as_one_that_is_not_there(
    desk: Desk, place: Place
) -> None:
    page, faults = await place.enter(), []
    foreign = {**place.names, **place.world.foreign}
    unknown = {**place.names, **place.world.make_unknown()}
    rows = [row for row in PORTAL_PAGES if _names_something(row)]
    assert len(rows) > 8
    for row in rows:
        theirs = await page.request.get(row.path.format_map(foreign))
        nobodys = await page.request.get(row.path.format_map(unknown))
        alike = remove_names(await theirs.text(), place.world.foreign) == remove_names(
            await nobodys.text(), place.world.make_unknown()
        )
        if not alike or (theirs.status, nobodys.status) != (404, 404):
            faults.append((row.path, theirs.status, nobodys.status))
    assert faults == []


def _names_something(row: Row) -> bool:
    return "{obligation}" in row.path or "{evidence}" in row.path


async def test_hostile_texts_of_a_unit_are_shown_and_never_run(desk: Desk, place: Place) -> None:
    """Each form twice: every field, which many refuse, and those alone that take any text."""
    page = await place.enter()
    dialogs, sent = watch_dialogs(page.context), 0
    items = [row for row in place.portal.ledger if row["unit"] == UNIT]
    names = [{**place.names, "obligation": row["obligation_id"]} for row in items]
    paths = [row.path.format_map(each) for each in names for row in _SHOWN]
    text = f"={HOSTILE}{WIDE}"
    for path in sorted(dict.fromkeys(paths), key=lambda path: path.endswith("/submit")):
        for only_free in (False, True):
            for form in list_forms(path, await (await page.request.get(path)).text()):
                fields = form.free if only_free else form.typed
                hostile = {"form-key": "", "step": "send", **dict.fromkeys(fields, text)}
                values = {**form.values, **hostile}
                answer = await page.request.post(form.action, form=values)  # type: ignore[arg-type]
                body = html.fromstring(await answer.text())
                assert answer.status < 500, path
                assert not body.xpath("//*[@data-hostile]"), path
                assert HOSTILE in "".join(
                    [body.text_content(), *map(str, body.xpath("//@value"))]
                ), (path, fields)
                sent += 1
    assert sent > 10
    for row in _SHOWN:
        path = row.path.format_map(place.names)
        await page.goto(path)
        assert await page.locator("[data-hostile]").count() == 0, path
        await check_narrow(page)
    await page.goto(f"/u/items/{place.names['obligation']}")
    assert f"={HOSTILE}" in str(await page.locator("main").text_content())
    assert dialogs == []
    assert desk.faults == []
