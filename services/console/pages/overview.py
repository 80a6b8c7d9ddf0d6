"""总览: the office at a glance. Every number leads to its list."""

from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.ledger import LedgerCountsOut, SummaryOut
from shared.api.reports import DueDaysOut
from shared.api.waiting import NotificationOut, WaitingOut, WaitingPlanOut
from shared.schemas.lights import Light

ROUTER = APIRouter()
_MOST_BEHIND = 8
_DAYS = 14
_LIGHTS = (Light.RED, Light.YELLOW, Light.GREEN, Light.NONE, Light.DONE)
_LIST = "/overview/waiting"


@ROUTER.get("/overview")
async def show_overview(visit: SignedIn) -> Response:
    """Lights by count, the next fourteen days, units behind, what waits for a decision."""
    visit.require("read-drafts")
    api, today = visit.api, visit.person.today
    counts, days, units, waiting, plans, messages = await fetch_together(
        api.get(LedgerCountsOut, "/v1/ledger/counts"),
        api.get(
            DueDaysOut,
            "/v1/reports/days",
            **{"from": today, "to": today + timedelta(days=_DAYS - 1)},
        ),
        api.list_page(SummaryOut, "/v1/ledger/summary", sort="-overdue", limit=_MOST_BEHIND),
        api.get(WaitingOut, "/v1/waiting"),
        api.list_page(WaitingPlanOut, "/v1/waiting/plans"),
        api.list_page(NotificationOut, "/v1/notifications", limit=1),
    )
    return visit.render(
        "overview/overview.html",
        lights=[(light, counts.lights.get(light, 0)) for light in _LIGHTS],
        total=counts.total,
        days=days.days,
        behind=[unit for unit in units.items if unit.overdue],
        waiting=_list_waiting(visit, waiting, plans.items),
        message=next(iter(messages.items), None),
    )


def _list_waiting(
    visit: Visit, waiting: WaitingOut, plans: list[WaitingPlanOut]
) -> list[tuple[str, int, str]]:
    """What waits for a decision: its name, how much of it, and where it is decided."""
    doubts = sum(plan.open + len(plan.doubts) for plan in plans)
    unknown = sum(plan.unknown_names for plan in plans)
    changed = sum(plan.gains + plan.losses + plan.handovers for plan in plans)
    rows = (
        (N_("待审核的报办结"), waiting.submitted, "/ledger?status=submitted"),
        (N_("延期申请"), waiting.extensions, f"{_LIST}#extensions"),
        (N_("异议"), waiting.objections, f"{_LIST}#objections"),
        (N_("联系人更正"), waiting.contact_proposals, f"{_LIST}#contacts"),
        (N_("短信回复"), waiting.replies, f"{_LIST}#replies"),
        (N_("任务表中的存疑之处"), doubts, f"{_LIST}#plans"),
        (N_("任务表中不认识的单位名称"), unknown, f"{_LIST}#plans"),
        (N_("名录变动待确认的单位"), changed, f"{_LIST}#directory"),
        (N_("未发布的规则草稿"), waiting.rule_drafts, "/rules#drafts"),
        (N_("发送失败的消息"), waiting.undeliverable, f"{_LIST}#failed"),
    )
    return [(visit.gettext(name), count, path) for name, count, path in rows]
