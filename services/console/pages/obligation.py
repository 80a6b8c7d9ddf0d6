"""One obligation: its facts, what may be done, what is asked for, evidence, and its whole story."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from services.console.client import fetch_together
from services.console.pages.deed_kinds import ACTIONS, DEEDS, MAIN, choose_label, list_actions
from services.console.pages.ledger_address import find_back
from services.console.pages.mutes import fetch_mutes
from services.console.pages.stories import fetch_timeline
from services.console.shell.downloads import answer_file
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from services.console.texts.mute_words import name_muted
from services.console.texts.wording import (
    CHANNELS,
    POSTS,
    STATUSES,
    ZONE,
    write_receipt_number,
)
from shared.api.obligations import ObligationOut, TimelineEntryOut

ROUTER = APIRouter()
_SHOWN = 60
"""Lines of a story that a page shows at once; older ones are behind a link."""
_PROOF = {
    "due_before": N_("原期限"),
    "due_on": N_("期限"),
    "asked_due": N_("申请延至"),
    "status": N_("状态"),
    "note": N_("说明"),
    "reason": N_("理由"),
    "reported": N_("完成数"),
    "heard_on": N_("听取日期"),
    "heard_by": N_("听取人"),
    "minutes": N_("纪要"),
    "name": N_("材料"),
    "sha256": N_("文件指纹（SHA-256）"),
    "leading": N_("牵头单位"),
    "audience": N_("对象"),
    "overdue": N_("第几次催办"),
    "channel": N_("渠道"),
    "address": N_("地址"),
    "attempts": N_("尝试次数"),
    "reminder_id": N_("提醒编号"),
    "extension_id": N_("延期编号"),
    "objection_id": N_("异议编号"),
    "hearing_id": N_("汇报编号"),
    "evidence_id": N_("材料编号"),
    "number": N_("回执编号"),
}
"""What the details of a line are called; others are not shown."""
_CLOSED = {"status": STATUSES, "audience": POSTS, "channel": CHANNELS}


@dataclass(frozen=True, slots=True)
class StoryDay:
    """A day of a story with its lines, the newest first."""

    day: date
    lines: list[TimelineEntryOut]


def make_address(obligation_id: UUID, back: str) -> str:
    """The address of an obligation; `back` is the query of the list from which one came."""
    return f"/ledger/{obligation_id}" + (f"?list={quote(back, safe='')}" if back else "")


@ROUTER.get("/ledger/{obligation_id}")
async def show_obligation(
    visit: SignedIn,
    obligation_id: UUID,
    back: Annotated[str, Query(alias="list", max_length=4000)] = "",
    story: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """One obligation; `story=all` shows all lines of it."""
    visit.require("read")
    obligation, lines, mutes = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        fetch_timeline(visit, obligation_id),
        fetch_mutes(visit, obligation_id=str(obligation_id)),
    )
    names = list_actions(visit, obligation)
    shown = lines if story == "all" else lines[-_SHOWN:]
    is_unit = visit.person.me.unit_id is not None
    main = [name for name in names if is_unit or name in MAIN]
    return visit.render(
        "ledger/obligation.html",
        item=obligation,
        main=sorted(main, key=list(ACTIONS).index) if not is_unit else main,
        others=[name for name in names if name not in main],
        deeds=DEEDS,
        label=lambda name: choose_label(visit, DEEDS[name]),
        days=_group_by_day(shown),
        hidden=len(lines) - len(shown),
        prove=lambda line: _list_proof(visit, obligation_id, line.details),
        mutes=mutes,
        name_mute=lambda mute: name_muted(visit.words, mute),
        back=back,
        back_path=find_back(back),
        address=make_address(obligation_id, back),
    )


def _group_by_day(lines: Sequence[TimelineEntryOut]) -> list[StoryDay]:
    newest_first = reversed(lines)
    return [
        StoryDay(day, list(group))
        for day, group in groupby(newest_first, lambda line: line.at.astimezone(ZONE).date())
    ]


def _list_proof(
    visit: Visit, obligation_id: UUID, details: dict[str, Any]
) -> list[tuple[str, str]]:
    """The details of a line in words."""
    proof = []
    for name, label in _PROOF.items():
        value = details.get(name)
        if value not in (None, "", 0, False) and not isinstance(value, dict | list):
            if name == "number":
                value = write_receipt_number(obligation_id, value)
            words = _CLOSED.get(name, {})
            proof.append((visit.gettext(label), visit.words.name_value(str(value), words)))
    return proof


@ROUTER.get("/evidence/{evidence_id}")
async def download_evidence(visit: SignedIn, evidence_id: UUID) -> StreamingResponse:
    """A file of evidence, as it was sent."""
    visit.require("read")
    return await answer_file(visit, f"/v1/evidence/{evidence_id}/file")
