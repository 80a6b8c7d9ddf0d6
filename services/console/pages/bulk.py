"""The same deed for many obligations: what will happen, in numbers; then what happened."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError, Unread, fetch_together
from services.console.pages.deed_kinds import ACTIONS, Deed, choose_label
from services.console.pages.ledger_address import LedgerAddress, find_back
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.ledger import ItemOut
from shared.api.obligations import ObligationOut
from shared.schemas.life import ObligationStatus as S

ROUTER = APIRouter()
_MOST = 500
"""Obligations of one form."""
_AT_ONCE = 4
_BAD_REQUEST, _FAULTY = 400, 500
_OPEN = frozenset({S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS, S.RETURNED})
POSSIBLE: Mapping[str, frozenset[S]] = {
    "complete": _OPEN | {S.SUBMITTED},
    "return": frozenset({S.SUBMITTED, S.DONE}),
    "extend": _OPEN,
    "withdraw": _OPEN | {S.SUBMITTED},
    "accept": frozenset({S.ASSIGNED}),
}
"""The deeds, with the statuses in which they are expected to be possible. The API decides."""
_NOT_FOR_HEARINGS = {"complete", "return"}


@dataclass(frozen=True, slots=True)
class Skipped:
    """An obligation that was not changed, and why."""

    item: ItemOut
    why: str


def list_bulk_deeds(visit: Visit) -> list[tuple[str, str]]:
    """The deeds that the person may do with many at once, with their labels; units have none."""
    if visit.person.me.unit_id is not None:
        return []
    return [
        (name, choose_label(visit, ACTIONS[name]))
        for name in POSSIBLE
        if visit.may(ACTIONS[name].needs)
    ]


def _find_deed(visit: Visit, form: Form) -> Deed:
    """The deed that a form names.

    Raises:
        ApiError: 403 where the person may not do it, or there is none.
    """
    deed = ACTIONS.get(form["deed"]) if form["deed"] in POSSIBLE else None
    visit.require(deed.needs if deed else "")
    assert deed is not None  # noqa: S101 - nobody has the permission ""
    return deed


@ROUTER.post("/ledger/bulk")
async def preview(visit: SignedIn, form: Posted) -> Response:
    """Before anything is changed: how many, of which units, and what follows."""
    deed, back = _find_deed(visit, form), find_back(form["list"])
    items = await _select(visit, form)
    if items is None:
        text = visit.gettext("一次最多办理 %(most)s 项，请先缩小筛选范围。", most=_MOST)
        return visit.redirect(back, text, "warning")
    if not items:
        return visit.redirect(back, visit.gettext("请先勾选要办理的事项。"), "warning")
    return _render(visit, deed, items, form)


async def _select(visit: Visit, form: Form) -> list[ItemOut] | None:
    """What is ticked, or what the filters select, without what is ticked; None if too many."""
    ticked = set(form.get_all("item"))
    if form["scope"] not in {"all", "others"}:
        return await _fetch_items(visit, ticked)
    address = LedgerAddress.parse_text(form["list"])
    items: list[ItemOut] = []
    cursor: str | None = None
    while len(items) <= _MOST:
        page = await visit.api.list_page(
            ItemOut, "/v1/ledger", **address.filters, sort=address.sort, cursor=cursor, limit=500
        )
        items += page.items
        if (cursor := page.next_cursor) is None:
            break
    if form["scope"] == "others":
        items = [item for item in items if str(item.obligation_id) not in ticked]
    return items if len(items) <= _MOST and cursor is None else None


async def _fetch_items(visit: Visit, ids: set[str]) -> list[ItemOut]:
    """Obligations by their ids; one that is not there any more is left out."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def fetch(name: str) -> ItemOut | None:
        async with gate:
            try:
                path = f"/v1/obligations/{UUID(name)}"
                return await visit.api.get(ObligationOut, path)
            except ValueError:
                return None
            except ApiError as error:
                if error.status >= _FAULTY:
                    raise
                return None

    fetched = await fetch_together(*(fetch(name) for name in sorted(ids)[:_MOST]))
    items = [item for item in fetched if item is not None]
    return sorted(items, key=lambda item: (item.unit, item.ref))


def _is_possible(name: str, item: ItemOut) -> bool:
    if item.kind == "hearing" and name in _NOT_FOR_HEARINGS:
        return False
    if name == "extend" and item.due_on is None:
        return False
    return item.status in POSSIBLE[name]


def _render(
    visit: Visit, deed: Deed, items: Sequence[ItemOut], form: Form, status: int = 200
) -> Response:
    name = form["deed"]
    meant = [item for item in items if _is_possible(name, item)]
    return visit.render(
        "ledger/bulk.html",
        status,
        deed=deed,
        label=choose_label(visit, deed),
        form=form,
        meant=meant,
        units=len({item.unit_id for item in meant}),
        ending=sum(name == "withdraw" and item.status is S.SUBMITTED for item in meant),
        others=[item for item in items if not _is_possible(name, item)],
        back=find_back(form["list"]),
    )


@ROUTER.post("/ledger/bulk/done")
async def carry_out(visit: SignedIn, form: Posted) -> Response:
    """Carry out what the preview showed; what changed since is skipped, and said."""
    deed = _find_deed(visit, form)
    seen = dict(pair.split(":", 1) for pair in form.get_all("seen")[:_MOST] if ":" in pair)
    items = await _fetch_items(visit, set(seen))
    form = _check(visit, deed, form)
    if form.errors:
        return _render(visit, deed, items, form, _BAD_REQUEST)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def change(item: ItemOut) -> Skipped | None:
        body = deed.make_body(form)
        path = deed.path.format(obligation_id=item.obligation_id)
        version = seen[str(item.obligation_id)]
        async with gate:
            try:
                key = f"{form.key}.{item.obligation_id}"
                await visit.api.post(Unread, path, {**body, "version": version}, key)
            except ApiError as error:
                if error.status >= _FAULTY:
                    raise
                return Skipped(item, visit.describe(error).text)
        return None

    skipped = [each for each in await fetch_together(*map(change, items)) if each is not None]
    done, back = len(items) - len(skipped), find_back(form["list"])
    label = choose_label(visit, deed)
    text = visit.gettext("%(label)s：已办 %(done)s 项。", label=label, done=done)
    if not skipped:
        return visit.redirect(back, text)
    return visit.render(
        "ledger/bulk_done.html", label=label, text=text, skipped=skipped, done=done, back=back
    )


def _check(visit: Visit, deed: Deed, form: Form) -> Form:
    """The form with what is missing; the API checks the rest of each obligation."""
    required = [
        name for name in deed.fields if name == "due_on" or (name == "note" and deed.reason)
    ]
    missing = {name: visit.gettext("请填写这一项。") for name in required if not form[name]}
    return form.mark(**missing) if missing else form
