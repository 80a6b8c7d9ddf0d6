"""设置 › 日志: who changed what and when, and the proof that no entry was altered."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.audit import EntryOut, VerifiedOut

ROUTER = APIRouter()
_PART = 50
_FAULTY = 500
_LONGEST = 300
_Text = Annotated[str, Query(max_length=200)]
AREAS: Mapping[str, str] = {
    "plan.": N_("任务表"),
    "measure.": N_("任务"),
    "name.": N_("单位名的认定"),
    "revision.": N_("修订"),
    "obligation.": N_("事项办理"),
    "extension.": N_("延期"),
    "objection.": N_("异议"),
    "hearing.": N_("听取汇报"),
    "evidence.": N_("佐证材料"),
    "unit.": N_("单位"),
    "link": N_("办理链接"),
    "feed.": N_("日历"),
    "user.": N_("账号"),
    "session": N_("登录"),
    "sign-in.": N_("登录失败"),
    "token.": N_("令牌"),
    "settings.": N_("设置"),
    "rule-book.": N_("规则"),
    "calendar.": N_("工作日历"),
    "template.": N_("消息模板"),
    "office.": N_("办公室"),
    "texts.": N_("正文清除"),
    "proof.": N_("送达证明"),
}
"""What entries are about, by the beginning of their action."""
FLAWS: Mapping[str, str] = {
    "altered": N_("记录被改动"),
    "missing": N_("记录缺失"),
    "outside": N_("有未入链的记录"),
    "cut": N_("链尾被截断"),
    "unknown-head": N_("没有您填写的校验值"),
}


@ROUTER.get("/settings/journal")
async def show_journal(
    visit: SignedIn,
    actor: _Text = "",
    about: _Text = "",
    subject: _Text = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The journal, the newest entry first."""
    visit.require("read-journal")
    query = {"actor": actor.strip(), "about": about, "subject": subject.strip()}
    page = await visit.api.list_page(
        EntryOut,
        "/v1/journal",
        newest="true",
        actor=query["actor"],
        action=about if about in AREAS else "",
        subject=query["subject"],
        cursor=cursor,
        limit=_PART,
    )
    first = f"/settings/journal?{urlencode(query)}"
    return visit.render(
        "settings/journal.html",
        entries=page.items,
        areas=AREAS,
        name_action=lambda action: name_action(visit, action),
        write_facts=write_facts,
        first=first if cursor else "",
        following=f"{first}&{urlencode({'cursor': page.next_cursor})}" if page.next_cursor else "",
        query=query,
    )


@ROUTER.get("/settings/journal/proof")
async def show_proof(visit: SignedIn, expect: _Text = "") -> Response:
    """Whether the journal is whole; `expect` is a value that was noted down earlier."""
    visit.require("read-journal")
    form, status = Form.begin(expect=expect.strip()), 200
    try:
        proof = await visit.api.get(VerifiedOut, "/v1/audit/verify", expect=form["expect"])
    except ApiError as error:
        if not form["expect"] or error.status >= _FAULTY:
            raise
        form, status = form.refuse(visit, error), error.status
        proof = await visit.api.get(VerifiedOut, "/v1/audit/verify")
    return visit.render("settings/proof.html", status, form=form, proof=proof, flaws=FLAWS)


def name_action(visit: Visit, action: str) -> str:
    """What an action is about, in the person's language."""
    area = next((area for area in AREAS if action.startswith(area)), "")
    return visit.gettext(AREAS[area]) if area else action


def write_facts(facts: Mapping[str, Any]) -> str:
    """The content of an entry, on one line."""
    text = json.dumps(facts, ensure_ascii=False, default=str)[1:-1]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
