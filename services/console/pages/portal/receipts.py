"""The receipt of an answer: what was recorded, when, by whom, under which number."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import fetch_together
from services.console.pages.portal.answer_kinds import ANSWERS, BY_KIND
from services.console.pages.stories import fetch_timeline
from services.console.shell.visits import OfUnit, Visit
from services.console.texts.languages import N_
from services.console.texts.wording import write_receipt_number
from shared.api.obligations import ObligationOut, TimelineEntryOut

ROUTER = APIRouter()
_NOT_FOUND = 404
_RECORDED = {
    "asked_due": N_("申请延至"),
    "heard_on": N_("听取日期"),
    "heard_by": N_("听取人"),
    "minutes": N_("会议纪要"),
    "reported": N_("完成数"),
    "note": N_("说明"),
    "reason": N_("理由"),
}
"""What a receipt shows of the record, by the names that the timeline has."""


def make_receipt_path(obligation_id: UUID, number: int) -> str:
    """The address of a receipt; `number` counts the changes of the obligation."""
    return f"/u/items/{obligation_id}/receipts/{number}"


@ROUTER.get("/u/items/{obligation_id}/receipts/{number}")
async def show_receipt(visit: OfUnit, obligation_id: UUID, number: int) -> Response:
    """What was recorded by the change of this number, as the ledger has it."""
    item, lines = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        fetch_timeline(visit, obligation_id),
    )
    line = find_line(lines, number)
    answer = BY_KIND[line.kind]
    return visit.render(
        "portal/receipt.html",
        item=item,
        line=line,
        answer=answer,
        answers=ANSWERS,
        number=write_receipt_number(obligation_id, number),
        recorded=_list_recorded(visit, line),
        present=[each for each in item.evidence if each.removed_at is None]
        if answer.takes_evidence
        else [],
        may_take_back=item.last_answer is not None
        and (item.last_answer.kind, item.last_answer.at) == (line.kind, line.at),
    )


def find_line(lines: list[TimelineEntryOut], number: int) -> TimelineEntryOut:
    """The line of an answer.

    Raises:
        HTTPException: 404 when the change of this number is no answer.
    """
    for line in lines:
        if line.kind in BY_KIND and line.details.get("number") == number:
            return line
    raise HTTPException(_NOT_FOUND)


def _list_recorded(visit: Visit, line: TimelineEntryOut) -> list[tuple[str, str]]:
    answer = BY_KIND[line.kind]
    labels = _RECORDED | {"note": answer.note}
    return [
        (visit.gettext(label), str(line.details[name]))
        for name, label in labels.items()
        if line.details.get(name) not in (None, "")
    ]
