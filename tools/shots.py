"""Which pages the documents have pictures of, and what an office has entered before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cli.client import Api
from lab.demo.office import TABLE
from lab.demo.script import ZONE

MOMENTS = tuple(
    datetime(2023, month, day, hour, 30, tzinfo=ZONE)
    for month, day, hour in ((6, 30, 17), (8, 31, 17), (10, 31, 17), (12, 8, 17), (12, 22, 9))
)
NOTICE = """国务院办公厅关于2024年部分节假日安排的通知
一、元旦：1月1日放假，与周末连休。
二、春节：2月10日至17日放假调休，共8天。2月4日（星期日）、2月18日（星期日）上班。
三、清明节：4月4日至6日放假调休，共3天。4月7日（星期日）上班。
四、劳动节：5月1日至5日放假调休，共5天。4月28日（星期日）、5月11日（星期六）上班。
五、端午节：6月10日放假，与周末连休。
六、中秋节：9月15日至17日放假调休，共3天。9月14日（星期六）上班。
七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。"""
"""The State Council's notice for 2024 (国办发明电〔2023〕7号), as people paste it."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, the address with names of `prepare` in braces, and what is opened.

    `above` is what is scrolled to the top; `signed_out` for pages of nobody.
    """

    name: str
    path: str
    above: str = ""
    signed_out: bool = False


PAGES = (
    Shot("login", "/login", signed_out=True),
    Shot("overview", "/overview"),
    Shot("waiting", "/overview/waiting"),
    Shot("plans", "/plans"),
    Shot("plan-doubts", "/plans/{draft}"),
    Shot("plan-publish", "/plans/{draft}/publish"),
    Shot("plan-measure", "/plans/{draft}/measures/1.1"),
    Shot("plan-revise", "/plans/{plan}/revise"),
    Shot("plan-revision", "/plans/{plan}/revisions/{revision}"),
    Shot("ledger", "/ledger"),
    Shot("ledger-overdue", "/ledger?light=red"),
    Shot("obligation", "/ledger/{asked}"),
    Shot("obligation-story", "/ledger/{late}", above="ol.story"),
    Shot("obligation-why", "/ledger/{late}/why"),
    Shot("obligation-return", "/ledger/{asked}/return"),
    Shot("units", "/units"),
    Shot("unit", "/units/{unit}"),
    Shot("unit-why", "/units/{unit}/why?day=2023-12-20"),
    Shot("unit-edit", "/units/{unit}/edit"),
    Shot("unit-proof", "/units/proof?unit_id={unit}"),
    Shot("unit-contact", "/units/{unit}/contacts/liaison"),
    Shot("units-import", "/units/import"),
    Shot("rules", "/rules"),
    Shot("rules-draft", "/rules/drafts/{rule_draft}"),
    Shot("rules-form", "/rules/drafts/{rule_draft}/form"),
    Shot("rules-text", "/rules/drafts/{rule_draft}/text"),
    Shot("rules-publish", "/rules/drafts/{rule_draft}/publish"),
    Shot("rules-forecast", "/rules/forecast?draft={rule_draft}"),
    Shot("rules-version", "/rules/versions/1"),
    Shot("rules-mutes", "/rules/mutes"),
    Shot("rules-mute", "/rules/mutes/new"),
    Shot("calendar", "/rules/calendar"),
    Shot("calendar-year", "/rules/calendar/2023"),
    Shot("calendar-import", "/rules/calendar/import"),
    Shot("calendar-draft", "/rules/calendar/draft"),
    Shot("messages", "/messages"),
    Shot("messages-causes", "/messages/causes"),
    Shot("messages-gateways", "/messages/gateways"),
    Shot("messages-phone-list", "/messages/phone-list"),
    Shot("message", "/messages/{message}"),
    Shot("reports", "/reports"),
    Shot("settings", "/settings"),
    Shot("setting", "/settings/office/lights"),
    Shot("templates", "/settings/templates"),
    Shot("template", "/settings/templates/digest-mail/standard"),
    Shot("template-sms", "/settings/templates/digest-sms/standard"),
    Shot("account", "/settings/account"),
    Shot("people", "/settings/people"),
    Shot("tokens", "/settings/tokens"),
    Shot("journal", "/settings/journal"),
    Shot("journal-proof", "/settings/journal/proof"),
)
PORTAL_PAGES = (
    Shot("portal-items", "/u/items"),
    Shot("portal-item", "/u/items/{owed}"),
    Shot("portal-submit", "/u/items/{owed}/submit"),
    Shot("portal-extend", "/u/items/{owed}/extend"),
    Shot("portal-accept", "/u/items/{owed}/accept"),
    Shot("portal-history", "/u/history"),
    Shot("portal-contacts", "/u/contacts"),
    Shot("portal-calendar", "/u/calendar"),
)
"""Of the unit that opened a mail's link. The other pages of the portal are in `take_portal`."""


def prepare(api: Api, folder: Path) -> dict[str, str]:
    """What else an office has at that time: a draft, a revision, people; the names of all."""
    plan = api.list_items("/v1/plans")[0]["plan_id"]
    text = TABLE.read_text("utf-8")
    revised, drafted = folder / "任务分解表（修订）.txt", folder / "2024年任务分解表.txt"
    earlier = text.replace("2023年年底", "2023年12月25日前", 3)
    revised.write_text(earlier.replace("加强业务交流培训", "加强业务交流和跟班培训"), "utf-8")
    drafted.write_text(text.replace("2023", "2024"), "utf-8")
    revision = api.upload(f"/v1/plans/{plan}/revisions", revised)["revision_id"]
    draft = api.upload("/v1/plans", drafted)["plan_id"]
    for name, role in (("王芳", "editor"), ("李建国", "approver"), ("陈静", "viewer")):
        password = "绿色 订书机 七月 河"  # noqa: S105 - of people of one picture
        api.post("/v1/users", {"name": name, "role": role, "password": password})
    rule_draft = _begin_rules(api)
    late = api.list_items("/v1/ledger", light="red", sort="due_on")
    asked = api.list_items("/v1/ledger", status="submitted") or late
    unit = late[0]["unit_id"]
    reason = "职责正在交接，月底前由政务公开办直接联系"
    until = f"{MOMENTS[-1].date() + timedelta(days=9)}"
    api.post("/v1/mutes", {"unit_id": unit, "until": until, "reason": reason})
    api.post("/v1/calendars/draft", {"text": NOTICE})
    owed = api.list_items("/v1/ledger", unit_id=unit, status="assigned", sort="due_on")
    failed = api.list_items("/v1/messages", status="failed")
    return {
        "plan": plan,
        "message": failed[0]["notification_id"],
        "draft": draft,
        "revision": revision,
        "late": late[0]["obligation_id"],
        "asked": asked[0]["obligation_id"],
        "unit": unit,
        "rule_draft": rule_draft,
        "owed": owed[0]["obligation_id"],
    }


def _begin_rules(api: Api) -> str:
    """A draft that reminds earlier, and of what is overdue less often."""
    version = api.list_items("/v1/rule-books")[0]["version"]
    note = "年底前提前一周多提醒一次"
    begun = api.post("/v1/rule-drafts", {"from_version": version, "note": note})
    text = begun["text"].replace("30, 15, 7, 3", "30, 20, 15, 7, 3")
    text = text.replace("every_working_days: 3", "every_working_days: 5")
    change = {"text": text, "note": note, "version": begun["version"]}
    return str(api.put(f"/v1/rule-drafts/{begun['draft_id']}", change)["draft_id"])
