"""Hostile texts in every field of every form: refused, or stored and shown as text; never run."""

import csv
import io
from collections.abc import Mapping

import openpyxl
import pytest
from lxml import html
from playwright.async_api import APIResponse, BrowserContext, Page

from tests.integration.console.desk import Desk, check_narrow
from tests.integration.console.form_fields import FoundForm, list_forms
from tests.integration.console.pages import PAGES
from tests.integration.console.world import World, build_world

pytestmark = pytest.mark.integration
HOSTILE = (
    "<img src=/hostile onerror=alert(1) data-hostile>'\"{{7*7}}%(a)s</textarea></title>"
    "<script>alert(2)</script>\u202e🧨👨\u200d👩\u200d👧"
)
LONG, WIDE = "W" * 10_000, "W" * 45
"""More than any field takes; wider than a phone, and without a place to break."""
SHORT = "<img src=/hostile onerror=alert(1) data-hostile>"
"""For fields that take a name."""
GRAVE = ("/delete", "/withdraw", "/retire", "/revise", "/complete", "/uphold", "/publish")
"""Ends of addresses whose form takes away what other forms need; they come last."""
UNTAKEN = (
    *("/bulk", "/codes", "/rules/forecast", "/rules/calendar/import"),
    *("/settings/templates", "/settings/templates/digest-mail/standard"),
)
"""Ends of pages whose form never takes any text: it is a code, or read as a book, a notice or a
template."""
BOOK = "/text"
"""The end of the address of the form that takes a whole rule book."""
_NOT_FOUND, _CONFLICT = 404, 409
_COLLECT = """() => [document.body.textContent,
  ...[...document.querySelectorAll('input, textarea')].map(each => each.value),
  ...[...document.querySelectorAll('[aria-label]')].map(each => each.getAttribute('aria-label'))
].join('\\n')"""


@pytest.fixture(scope="module")
async def world(desk: Desk) -> World:
    return await build_world(desk)


@pytest.fixture(scope="module")
async def forms(desk: Desk, world: World) -> list[FoundForm]:
    """Every form of the pages with a field to type in, each once, the grave ones last."""
    page, found = await desk.sign_in("admin"), []
    for path in [row.path.format_map(world.own) for row in PAGES if row.kind == "page"]:
        answer = await page.request.get(path)
        found += list(list_forms(path, await answer.text()))
    own = {"item": world.own["obligation"], "scope": "ticked", "deed": "complete", "list": ""}
    found += await collect_answer(page, "/ledger", "/ledger/bulk", own)
    found += await collect_answer(page, "/settings/account", "/settings/account/codes", {})
    return sorted(dict.fromkeys(found), key=lambda form: form.action.endswith(GRAVE))


async def collect_answer(
    page: Page, before: str, path: str, values: Mapping[str, str]
) -> list[FoundForm]:
    """The forms of the page with which another form answers."""
    shown = html.fromstring(await (await page.request.get(before)).text())
    token = shown.xpath("string(//input[@name='form-token']/@value)")
    answer = await page.request.post(path, form={"form-token": token, **values})
    assert answer.status == 200, await answer.text()
    forms = list(list_forms(path, await answer.text()))
    assert forms
    return forms


async def send(page: Page, form: FoundForm, texts: Mapping[str, str]) -> APIResponse:
    """Send a form with plain values, and these texts in some of its fields."""
    values = {**form.values, "form-key": "", **texts}
    if form.method == "get":
        return await page.request.get(form.action, params=values)
    return await page.request.post(form.action, form=values)  # type: ignore[arg-type]


async def send_anew(page: Page, form: FoundForm, texts: Mapping[str, str]) -> APIResponse | None:
    """Send a form; where another form came between, as its page now has it; None if it is gone."""
    answer = await send(page, form, texts)
    if answer.status not in {_NOT_FOUND, _CONFLICT}:
        return answer
    shown = await page.request.get(form.page)
    present = [each for each in list_forms(form.page, await shown.text()) if each == form]
    return await send(page, present[0], texts) if shown.ok and present else None


async def test_no_field_takes_a_nul(desk: Desk, forms: list[FoundForm]) -> None:
    page = await desk.sign_in("admin")
    assert len(forms) > 40
    faults, refused = [], 0
    for form in (form for form in forms if form.free):
        answer = await send(page, form, dict.fromkeys(form.free, "甲\0乙"))
        refused += 400 <= answer.status < 500
        if answer.status >= 500:
            faults.append((form.page, form.free, answer.status))
    assert faults == []
    assert refused > 30
    assert "\\u0000" not in await read_journal(desk)


async def test_no_form_takes_10000_characters(desk: Desk, forms: list[FoundForm]) -> None:
    page, faults = await desk.sign_in("admin"), []
    for form in (form for form in forms if form.free and not form.action.endswith(BOOK)):
        answer = await send(page, form, dict.fromkeys(form.free, LONG))
        if answer.status >= 500:
            faults.append((form.page, form.free, answer.status))
    assert faults == []
    assert LONG[:5000] not in await read_journal(desk)


async def read_journal(desk: Desk) -> str:
    """The newest entries, as JSON."""
    newest = {"newest": "true", "limit": 500}
    return (await desk.api.client.get("/v1/journal", params=newest)).text


async def test_a_refused_form_shows_hostile_texts_as_they_were_typed(
    desk: Desk, forms: list[FoundForm]
) -> None:
    """All fields at once, dates and numbers included, so that nearly every form is refused."""
    page = await desk.sign_in("admin")
    faults, tried = [], 0
    for form in forms:
        if form.free == form.typed or form.action.endswith(GRAVE):
            continue  # nothing that must be refused
        tried += 1
        answer = await send(page, form, {name: f"{HOSTILE}{name}" for name in form.typed})
        shown = html.fromstring(await answer.text())
        values = {str(each.value) for each in shown.xpath("//input | //textarea")}
        lost = [n for n in form.typed if n not in form.secret and f"{HOSTILE}{n}" not in values]
        if answer.status >= 500 or shown.xpath("//*[@data-hostile]") or lost:
            faults.append((form.page, answer.status, lost))
    assert faults == []
    assert tried > 10


async def test_exports_have_hostile_texts_as_text(
    desk: Desk, world: World, forms: list[FoundForm]
) -> None:
    page, path = await desk.sign_in("admin"), f"/units/{world.own['unit']}/edit"
    (form,) = [form for form in forms if form.action == path]
    answer = await send(page, form, {"name": f"={SHORT}"})
    assert SHORT in html.fromstring(await answer.text()).text_content()
    assert answer.url == f"{desk.address}/units/{world.own['unit']}", await answer.text()
    table = await (await page.request.get("/ledger.csv")).body()
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    hostile = [cell for row in rows for cell in row if "alert(1)" in cell]
    assert hostile
    assert [cell for cell in hostile if not cell.startswith("'=")] == []
    for export in ("/ledger.xlsx", "/reports.xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(await (await page.request.get(export)).body()))
        written = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert any(SHORT in str(cell.value) for cell in written), export
        assert [cell.coordinate for cell in written if cell.data_type == "f"] == []


async def test_texts_that_are_taken_are_shown_and_never_run(
    desk: Desk, world: World, forms: list[FoundForm]
) -> None:
    page = await desk.sign_in("admin")
    dialogs = watch_dialogs(page.context)
    sent: dict[str, str] = {}
    seen, refused = [], []
    for form in forms:
        if not (form.free and form.has_button) or form.page.endswith(UNTAKEN):
            continue
        for text in (f"{HOSTILE}{WIDE}", SHORT):
            marks = {name: f"§{len(sent) + place}§" for place, name in enumerate(form.free)}
            texts = {name: f"={mark}{text}" for name, mark in marks.items()}
            answer = await send_anew(page, form, texts)
            if answer is None:
                break
            body = html.fromstring(await answer.text())
            assert not body.xpath("//*[@data-hostile]"), form.page
            sent |= {f"{form.page} {name}": mark for name, mark in marks.items()}
            values = [str(each.value) for each in body.xpath("//input | //textarea")]
            seen += [body.text_content(), *values]
            if answer.status == 200:
                break
            refused.append((form.page, len(text), body.xpath("string(//*[@role='alert'])")))
    assert len(sent) > 25
    assert len(refused) < 30, "\n".join(f"{where} {size}" for where, size, _ in refused)
    pages = {row.route: row.path for row in PAGES if row.kind == "page"}
    for path in [path.format_map(world.own) for path in pages.values()]:
        shown = await page.goto(path)
        if shown is not None and shown.status == 200:
            assert await page.locator("[data-hostile]").count() == 0, path
            seen.append(await page.evaluate(_COLLECT))
            await check_narrow(page)
    seen.append(await read_journal(desk))
    everything = "\n".join(seen)
    assert [where for where, mark in sent.items() if mark not in everything] == []
    assert dialogs == []
    assert desk.faults == []
    assert [url for url in desk.requests if url.endswith("/hostile")] == []


def watch_dialogs(context: BrowserContext) -> list[str]:
    """The messages of dialogs that scripts open from now on."""
    opened: list[str] = []

    async def note(dialog: object) -> None:
        opened.append(dialog.message)  # type: ignore[attr-defined]
        await dialog.dismiss()  # type: ignore[attr-defined]

    context.on("dialog", note)
    return opened
