"""Every page as a table: its address, what it shows, and who may see it.

A page without a row fails `tests/unit/console/test_routes.py`. The walks of `test_doors.py` and
`test_portal_doors.py` go through all rows. Names in braces in a path are those of `world.World`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from playwright.async_api import Page

from services.console.pages.deed_kinds import DEEDS
from services.console.pages.office_settings import SETTINGS
from services.console.pages.portal.answer_kinds import ANSWERS
from services.console.shell.visits import is_portal

ANYBODY, SIGNED_IN = "", "identify"


@dataclass(frozen=True, slots=True)
class Row:
    """One page.

    Attributes:
        route: as the application has it.
        path: with names of the world in braces.
        shows: a text of its main content.
        needs: the permission; `ANYBODY` for pages without sign-in.
        kind: page, file (a download), lead (a redirect), stream (of events) or calendar.
        status: of the answer.
        stranger: the status with another office's names in the path.
    """

    route: str
    path: str
    shows: str
    needs: str = "read-drafts"
    kind: str = "page"
    status: int = 200
    stranger: int = 404


_PLAN = "/plans/{plan_id}"
_MEASURE = f"{_PLAN}/measures/{{ref}}"
_UNIT = "/units/{unit_id}"
_NOTICE = "/rules/calendar/draft"
_OBLIGATION = "/ledger/{obligation_id}"
_DEED = f"{_OBLIGATION}/{{name}}"
_DRAFT = "/rules/drafts/{rule_draft_id}"
_SETTING = "/settings/office/{name}"
_MESSAGE, _LETTERS = "/messages/{notification_id}", "/messages/dead-letters"
_TEMPLATE = "/settings/templates/{kind}/{template}"
_VERSION = f"{_TEMPLATE}/versions/{{version}}"


def _make_deed_rows() -> Iterator[Row]:
    """Each form about an obligation; some are about a part of it."""
    parts = {"extensions": "extension", "objections": "objection", "hearings": "hearing"}
    for name, deed in DEEDS.items():
        path = f"/ledger/{{obligation}}/{name}"
        if "{part}" in deed.path:
            kind = deed.path.split("/")[2]
            path += f"?part={{{parts.get(kind, kind)}}}"
        yield Row(_DEED, path, deed.effect, deed.needs)


PAGES = (
    Row("/", "/", "总览", ANYBODY, "lead", 303),
    Row("/login", "/login", "用户名", ANYBODY),
    Row("/login/openid", "/login/openid", "用户名", ANYBODY, status=401),
    Row("/overview", "/overview", "未来 14 天到期"),
    Row("/overview/waiting", "/overview/waiting", "异议"),
    Row("/overview/replies/{reply_id}", "/overview/replies/{reply}", "收到，谢谢"),
    Row("/plans", "/plans", "要点分解表"),
    Row(_PLAN, "/plans/{draft}", "开展培训。"),
    Row(_PLAN, "/plans/{plan}", "公开预算。"),
    Row(f"{_PLAN}/publish", "/plans/{draft}/publish", "发布前看一看", "publish-plans"),
    Row(f"{_PLAN}/revise", "/plans/{plan}/revise", "上传修订稿", "edit-plans"),
    Row(f"{_PLAN}/revisions/{{revision_id}}", "/plans/{plan}/revisions/{revision}", "提前到"),
    Row(f"{_PLAN}/details", "/plans/{draft}/details", "标题和反馈方式", "edit-plans"),
    Row(f"{_PLAN}/withdraw", "/plans/{plan}/withdraw", "撤回的理由", "publish-plans"),
    Row(f"{_PLAN}/delete", "/plans/{draft}/delete", "同一个文件可以再上传", "edit-plans"),
    Row(_MEASURE, "/plans/{draft}/measures/2.1", "开展培训。"),
    Row(f"{_MEASURE}/withdraw", "/plans/{plan}/measures/2.1/withdraw", "撤回要求", "publish-plans"),
    Row("/ledger", "/ledger", "县财政局", "read"),
    Row("/ledger", "/ledger?unit={unit_name}", "公开预算。", "read"),
    Row("/ledger", "/ledger?unit_id={unit}", "公开预算。", "read"),
    Row("/ledger.xlsx", "/ledger.xlsx", "", "read", "file"),
    Row("/ledger.csv", "/ledger.csv", "", "read", "file"),
    Row(_OBLIGATION, "/ledger/{obligation}", "不属于本单位", "read"),
    Row(f"{_OBLIGATION}/why", "/ledger/{obligation}/why", "接下来", "read"),
    *_make_deed_rows(),
    Row("/evidence/{evidence_id}", "/evidence/{evidence}", "", "read", "file"),
    Row("/reports", "/reports", "县财政局"),
    Row("/reports.xlsx", "/reports.xlsx", "", kind="file"),
    Row("/reports.docx", "/reports.docx", "", kind="file"),
    Row("/units", "/units", "县财政局"),
    Row("/units/missing", "/units/missing", "县新设局"),
    Row("/units/new", "/units/new", "新增单位", "edit-units"),
    Row("/units/import", "/units/import", "表格怎么写", "edit-units"),
    Row("/units/changes", "/units/changes", "要点分解表"),
    Row("/units/changes/{plan_id}", "/units/changes/{plan}", "县新设局"),
    Row(_UNIT, "/units/{unit}", "czj@yanting.example"),
    Row(f"{_UNIT}/why", "/units/{unit}/why", "前一天"),
    Row(f"{_UNIT}/edit", "/units/{unit}/edit", "修改单位", "edit-units"),
    Row(f"{_UNIT}/contacts/{{post}}", "/units/{unit}/contacts/liaison", "更换联络员", "edit-units"),
    Row(f"{_UNIT}/retire", "/units/{unit}/retire", "撤销单位", "edit-units"),
    Row("/units/proof", "/units/proof?unit_id={unit}", "证明县财政局", "read-journal"),
    Row("/units/proof.zip", "/units/proof.zip?unit_id={unit}", "", "read-journal", "file"),
    Row(f"{_UNIT}/links", "/units/{unit}/links", "作废办理链接", "edit-units"),
    Row("/units/proposals/{proposal_id}", "/units/proposals/{proposal}", "换了号码"),
    Row("/rules", "/rules", "限期"),
    Row("/rules/calendar", "/rules/calendar", "本办公室自定的日期"),
    Row("/rules/calendar/import", "/rules/calendar/import", "通知全文", "publish-rules"),
    Row("/rules/calendar/draft", "/rules/calendar/draft", "读到的安排"),
    Row(f"{_NOTICE}/publish", f"{_NOTICE}/publish", "处存疑", "publish-rules"),
    Row(f"{_NOTICE}/discard", f"{_NOTICE}/discard", "现行日历不变", "publish-rules"),
    Row(
        "/rules/calendar/own-days",
        "/rules/calendar/own-days?first=2090-10-11",
        "与现行日历不同",
        "publish-rules",
    ),
    Row("/rules/calendar/{year}", "/rules/calendar/2026", "调休上班"),
    Row("/rules/compare", "/rules/compare?before=1&after=2", "临期由到期前 15 个工作日改为"),
    Row("/rules/versions/{version}", "/rules/versions/1", "限期"),
    Row(
        "/rules/versions/{version}/roll-back",
        "/rules/versions/1/roll-back",
        "第 3 版",
        "publish-rules",
    ),
    Row(_DRAFT, "/rules/drafts/{rule_draft}", "试行半年"),
    Row(f"{_DRAFT}/form", "/rules/drafts/{rule_draft}/form", "新增一条规则", "draft-rules"),
    Row(f"{_DRAFT}/text", "/rules/drafts/{rule_draft}/text", "检查结果", "draft-rules"),
    Row(f"{_DRAFT}/publish", "/rules/drafts/{rule_draft}/publish", "第 3 版", "publish-rules"),
    Row(f"{_DRAFT}/approve", "/rules/drafts/{rule_draft}/approve", "您批准后", "approve-rules"),
    Row(f"{_DRAFT}/discard", "/rules/drafts/{rule_draft}/discard", "将作废", "draft-rules"),
    Row("/rules/forecast", "/rules/forecast", "今后 90 天"),
    Row("/rules/mutes", "/rules/mutes", "职责交接"),
    Row("/rules/mutes/new", "/rules/mutes/new", "截止日", "publish-rules"),
    Row("/rules/mutes/{mute_id}/end", "/rules/mutes/{mute}/end", "结束的理由", "publish-rules"),
    Row("/messages", "/messages", "发送失败"),
    Row("/messages/causes", "/messages/causes", "网关拒收"),
    Row("/messages/gateways", "/messages/gateways", "最近七天"),
    Row("/messages/phone-list", "/messages/phone-list", "请打电话"),
    Row("/messages/phone-list.xlsx", "/messages/phone-list.xlsx", "", kind="file"),
    Row("/messages/holds", "/messages/holds", "签名待报备"),
    Row(
        "/messages/holds/{hold_id}/release",
        "/messages/holds/{hold}/release",
        "恢复的理由",
        "handle-messages",
    ),
    Row(_LETTERS, _LETTERS, "notifier-reminders", "handle-dead-letters"),
    Row(f"{_LETTERS}/{{letter_id}}", f"{_LETTERS}/{{letter}}", "记录", "handle-dead-letters"),
    Row(
        f"{_LETTERS}/{{letter_id}}/{{decision}}",
        f"{_LETTERS}/{{letter}}/replay",
        "重放死信",
        "handle-dead-letters",
    ),
    Row("/messages/group/{action}", "/messages/group/resend", "确认，共", "handle-messages"),
    Row(_MESSAGE, "/messages/{notification}", "经过"),
    Row(f"{_MESSAGE}/{{action}}", "/messages/{notification}/resend", "理由", "handle-messages"),
    Row("/settings", "/settings", "本人账号", "use-account"),
    *(Row(_SETTING, f"/settings/office/{s.name}", s.label, "change-settings") for s in SETTINGS),
    Row("/settings/templates", "/settings/templates", "办理链接邮件"),
    Row(_TEMPLATE, "/settings/templates/digest-mail/standard", "可以用的名称"),
    Row(f"{_TEMPLATE}/preview", "/settings/templates/digest-sms/standard/preview", "这条短信计"),
    Row(_VERSION, "/settings/templates/digest-mail/standard/versions/0", "{% for line in lines %}"),
    Row(
        f"{_VERSION}/roll-back",
        "/settings/templates/digest-mail/standard/versions/0/roll-back",
        "内置模板",
        "publish-rules",
    ),
    Row("/settings/account", "/settings/account", "已登录的设备", "use-account"),
    Row("/settings/account/password", "/settings/account/password", "新密码", "use-account"),
    Row(
        "/settings/account/codes/disable",
        "/settings/account/codes/disable",
        "停用一次性验证码",
        "use-account",
    ),
    Row("/settings/people", "/settings/people", "各角色可以做什么", "manage-users"),
    Row("/settings/people/new", "/settings/people/new", "新增人员", "manage-users"),
    Row("/settings/people/{user_id}", "/settings/people/{user}", "重置密码", "manage-users"),
    Row("/settings/tokens", "/settings/tokens", "新令牌", "manage-tokens"),
    Row("/settings/journal", "/settings/journal", "unit.imported", "read-journal"),
    Row("/settings/journal/proof", "/settings/journal/proof", "没有被改动", "read-journal"),
    # Last, because they load themselves anew, which would break off the way to the next page.
    Row("/progress/{task_id}", "/progress/{task}", "正在核对", SIGNED_IN),
    Row("/progress/{task_id}/events", "/progress/{task}/events", "", SIGNED_IN, "stream"),
)
"""The pages of the console."""

_ITEM = "/u/items/{obligation_id}"
PORTAL_PAGES = (
    Row("/u", "/u", "八位办理码", ANYBODY),
    Row("/u/{token}", "/u/{token}", "不需要账号和密码", ANYBODY),
    Row("/u/items", "/u/items", "项未办结"),
    Row(_ITEM, "/u/items/{obligation}", "不属于本单位"),
    *(
        Row(f"{_ITEM}/{{name}}", f"/u/items/{{obligation}}/{n}", a.label)
        for n, a in ANSWERS.items()
    ),
    Row(f"{_ITEM}/receipts/{{number}}", "/u/items/{obligation}/receipts/{receipt}", "回执编号"),
    Row("/u/evidence/{evidence_id}", "/u/evidence/{evidence}", "", kind="file"),
    Row("/u/history", "/u/history", "收到的消息"),
    Row("/u/contacts", "/u/contacts", "换了号码"),
    Row("/u/contacts/{post}", "/u/contacts/liaison", "请写全"),
    Row("/u/calendar", "/u/calendar", "订阅日历"),
    Row("/u/feeds/{secret}.ics", "/u/feeds/{secret}.ics", "", ANYBODY, "calendar"),
)
"""The pages of the portal, which has no roles: `needs` is `ANYBODY` where nobody has to enter."""


def pick_by_door(rows: Iterable[Row]) -> list[Row]:
    """One row of each address and permission: the others have the same door before them."""
    return list({(row.route, row.needs): row for row in rows}.values())


def list_routes(app: FastAPI, method: str, *, portal: bool = False) -> Iterator[str]:
    """The addresses of an application that take a method: those of the console, or the portal."""
    pending: list[Any] = list(app.routes)
    while pending:
        route = pending.pop()
        if not isinstance(route, APIRoute):
            inner = getattr(route, "original_router", route)
            pending += getattr(inner, "routes", [])
        elif method in (route.methods or ()) and is_portal(route.path) is portal:
            yield route.path


async def list_faults(page: Page, row: Row, names: Mapping[str, str]) -> list[str]:
    """Open a row's page; what is wrong with its status, its only heading or its content."""
    answer = await page.goto(row.path.format_map(names))
    assert answer is not None
    shown = await page.locator("main").inner_text()
    headings = await page.locator("h1").count()
    if (answer.status, headings) == (row.status, 1) and row.shows in shown:
        return []
    return [f"{row.path}: {answer.status}, {headings} headings, {shown[:200]}"]
