"""Walks through every page of the table: without a script, by axe, as a stranger, as each role."""

import re
from collections.abc import Iterable, Mapping

import pytest
from lxml import html
from playwright.async_api import APIResponse

from services.console.application import create_application
from services.console.shell import progress
from services.console.shell.cookies import make_form_token
from services.console.texts.navigation import ITEMS, NAVIGATION
from services.ingest.api.permissions import BY_ROLE
from services.ingest.domain.accounts import AccountRole
from tests.integration.console.desk import Desk, check_page
from tests.integration.console.pages import (
    ANYBODY,
    PAGES,
    SIGNED_IN,
    list_faults,
    list_routes,
    pick_by_door,
)
from tests.integration.console.world import World, build_world, remove_names

pytestmark = pytest.mark.integration
_SHOWN = [row for row in PAGES if row.kind == "page"]
_DOORS = pick_by_door(PAGES)
_FORM = {
    "reason": "理由", "note": "说明", "version": "1", "decision": "confirm", "role": "viewer",
    "change": "disable", "choice": "new", "title": "标题", "name": "名称", "joint": "each",
    "unit": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
"""Enough for every form, so that none is refused for what is missing."""


@pytest.fixture(scope="module")
async def world(desk: Desk) -> World:
    return await build_world(desk)


def check_requests(desk: Desk, seen: int) -> None:
    """All requests since then went to the console's own origin."""
    since = desk.requests[seen:]
    assert since
    assert [url for url in since if not url.startswith(f"{desk.address}/")] == []


async def test_every_page_shows_its_content_without_a_script(desk: Desk, world: World) -> None:
    page, seen = await desk.sign_in("admin", javascript=False), len(desk.requests)
    faults: list[str] = []
    for row in _SHOWN:
        faults += await list_faults(page, row, world.own)
    assert faults == []
    check_requests(desk, seen)


async def test_every_page_is_free_of_barriers_and_fits_a_phone(desk: Desk, world: World) -> None:
    page, seen = await desk.sign_in("admin"), len(desk.requests)
    faults = []
    for row in _SHOWN:
        await page.goto(row.path.format_map(world.own))
        try:
            await check_page(page)
        except AssertionError as error:
            faults.append(f"{row.path}: {error}")
    assert faults == []
    check_requests(desk, seen)


async def test_files_are_downloads(desk: Desk, world: World) -> None:
    page = await desk.sign_in("admin")
    for row in (row for row in PAGES if row.kind == "file"):
        answer = await page.request.get(row.path.format_map(world.own))
        assert answer.status == 200, row.path
        assert answer.headers["content-disposition"].startswith("attachment"), row.path
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_another_offices_address_answers_as_one_that_is_not_there(
    desk: Desk, world: World
) -> None:
    page, unknown = await desk.sign_in("admin"), world.make_unknown()
    faults = []
    for row in (row for row in _DOORS if row.path.format_map(unknown) != row.path):
        theirs = await page.request.get(row.path.format_map(world.foreign))
        nobodys = await page.request.get(row.path.format_map(unknown))
        if not await is_same(theirs, nobodys, world.foreign, unknown, {row.stranger}):
            faults.append((row.path, theirs.status, nobodys.status, await theirs.text()))
    assert faults == []


async def is_same(
    theirs: APIResponse,
    nobodys: APIResponse,
    foreign: Mapping[str, str],
    unknown: Mapping[str, str],
    statuses: Iterable[int],
) -> bool:
    """Whether two answers are the same but for the names that were asked for."""
    alike = remove_names(await theirs.text(), foreign) == remove_names(
        await nobodys.text(), unknown
    )
    return alike and theirs.status == nobodys.status and theirs.status in statuses


async def test_a_form_about_another_offices_things_changes_nothing_and_tells_nothing(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SHORT", 100.0)  # a slow machine shows no page of progress
    page, unknown = await desk.sign_in("admin"), world.make_unknown()
    token = make_form_token(await desk.open_session("admin"))
    before = (await world.stranger.get("/v1/audit/verify")).json()
    faults, tried = [], 0
    for route in sorted(set(list_routes(create_application(desk.context), "POST"))):
        if "_id}" not in route:
            continue
        tried += 1
        theirs, nobodys = [
            await page.request.post(
                fill_route(route, names), multipart=make_form(token, route, world.document)
            )
            for names in (world.foreign, unknown)
        ]
        if not await is_same(theirs, nobodys, world.foreign, unknown, {404}):
            faults.append((route, theirs.status, nobodys.status, await theirs.text()))
    assert faults == []
    assert tried > 20
    assert (await world.stranger.get("/v1/audit/verify")).json() == before


def fill_route(route: str, names: Mapping[str, str]) -> str:
    """The address of a form: ids of an office, and fixed values for the rest."""
    fixed = {"name": "complete", "ref": "1.1", "post": "liaison"}
    fixed |= {"action": "resend", "decision": "replay"}
    return re.sub(r"\{(\w+)\}", lambda found: fixed.get(found[1]) or names[found[1][:-3]], route)


def make_form(
    token: str, route: str, document: bytes
) -> dict[str, str | bytes | float | dict[str, object]]:
    fields: dict[str, object] = {"form-token": token, "form-key": "", **_FORM}
    if route.endswith(("/files", "/revise")):
        fields["file"] = {"name": "任务表.txt", "mimeType": "text/plain", "buffer": document}
    return fields  # type: ignore[return-value]


@pytest.mark.parametrize("role", list(AccountRole))
async def test_each_role_sees_what_it_may_and_the_refusal_of_the_rest(
    desk: Desk, world: World, role: AccountRole
) -> None:
    unit_id = world.own["unit"] if role is AccountRole.UNIT else None
    page = await desk.sign_in(role.value, unit_id=unit_id)
    may = {*map(str, BY_ROLE[role]), SIGNED_IN}
    every = (ITEMS, *NAVIGATION) if unit_id else NAVIGATION
    areas = [area.path for area in every if area.needs in may]
    faults = []
    for row in (row for row in _DOORS if row.needs != ANYBODY and "{task}" not in row.path):
        answer = await page.request.get(row.path.format_map(world.own))
        if answer.status != (row.status if row.needs in may else 403):
            faults.append((row.path, answer.status))
        if row.needs not in may:
            shown = html.fromstring(await answer.text())
            assert shown.xpath("//nav//@href") == areas, row.path
            assert row.shows not in shown.xpath("string(//main)") or not row.shows, row.path
    assert faults == []


async def test_every_page_leads_to_the_sign_in_page_first(desk: Desk, world: World) -> None:
    page = await desk.open_browser()
    for row in (row for row in _DOORS if row.needs != ANYBODY):
        answer = await page.request.get(row.path.format_map(world.own), max_redirects=0)
        assert answer.status == 303, row.path
        assert answer.headers["location"].startswith("/login?next="), row.path
