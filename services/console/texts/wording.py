"""How pages write dates, counts and closed words. Pure.

Each language has one catalog, from which `Wording` takes the words; templates use its methods as
filters.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.console.texts.languages import N_
from shared.calendar import WorkingCalendar
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
LIGHTS: Mapping[str, str] = {
    Light.RED: N_("超期"),
    Light.YELLOW: N_("临期"),
    Light.GREEN: N_("正常"),
    Light.DONE: N_("办结"),
    Light.NONE: N_("无期限"),
}
STATUSES: Mapping[str, str] = {
    ObligationStatus.ASSIGNED: N_("待签收"),
    ObligationStatus.ACCEPTED: N_("已签收"),
    ObligationStatus.IN_PROGRESS: N_("办理中"),
    ObligationStatus.SUBMITTED: N_("待审核"),
    ObligationStatus.RETURNED: N_("已退回"),
    ObligationStatus.DONE: N_("已办结"),
    ObligationStatus.WITHDRAWN: N_("已撤回"),
}
ACTORS: Mapping[str, str] = {"command line": N_("命令行")}
"""Who is not a person: the name that the journal keeps."""
KINDS: Mapping[str, str] = {"deadline": N_("限期"), "hearing": N_("听取汇报")}
ROLES: Mapping[str, str] = {
    "admin": N_("管理员"),
    "editor": N_("经办人"),
    "approver": N_("审批人"),
    "viewer": N_("查阅人"),
    "unit": N_("单位账号"),
}
POSTS: Mapping[str, str] = {
    "liaison": N_("联络员"),
    "deputy": N_("分管领导"),
    "head": N_("主要负责人"),
}
OWNERS: Mapping[str, str] = {
    "unit": N_("本单位"),
    "lead-unit": N_("牵头单位"),
    "office": N_("本办公室"),
}
REASONS: Mapping[str, str] = {
    "withdrawn": N_("已不需提醒"),
    "no-address": N_("联系人没有地址"),
    "no-contact": N_("岗位没有联系人"),
    "channel-off": N_("渠道已停用"),
    "past-usefulness": N_("已过时效"),
    "earlier-channel": N_("前一渠道已送达"),
    "exhausted": N_("多次重试未成"),
    "unknown-outcome": N_("结果不明"),
    "gateway-gone": N_("原网关已不在网关文件中，结果不明"),
    "undelivered": N_("网关回执：未送达"),
    "cancelled": N_("已取消发送"),
    "gateway-busy": N_("网关正忙，稍后发送"),
    "gateway-limit": N_("达到网关的发送上限，稍后发送"),
    "gateway-held": N_("原网关已暂停，恢复后再发"),
    "held/no-gateway": N_("渠道未接通"),
    "unreachable": N_("网关无法连接"),
    "busy": N_("网关繁忙"),
    "rejected": N_("网关拒收"),
    "answered-failure": N_("网关回复失败"),
    "bad-address": N_("地址无效"),
    "unauthorised": N_("网关不认可本机账号"),
    "insecure": N_("网关未加密"),
    "refuses-us": N_("网关拒绝本机"),
    "forbidden": N_("网关禁止发送"),
    "gone": N_("网关已停用或对方退订"),
    "unrenderable": N_("正文无法生成"),
    "done": N_("已办结"),
    "revised": N_("任务表已修订"),
    "objection": N_("异议成立"),
    "submitted": N_("已报办结"),
    "heard": N_("已登记听取汇报"),
    "amended": N_("任务表已修订"),
    "extended": N_("期限已调整"),
}
"""Why a message was not sent, or failed: the codes of the notifier."""
CHANNELS: Mapping[str, str] = {
    "email": N_("邮件"),
    "sms": N_("短信"),
    "wecom": N_("企业微信"),
    "dingtalk": N_("钉钉"),
    "feishu": N_("飞书"),
}
SCOPES: Mapping[str, str] = {
    "read": N_("查看"),
    "report": N_("代单位办理"),
    "manage": N_("管理任务表、名录和台账"),
    "admin": N_("管理人员和令牌"),
}


def write_receipt_number(obligation_id: UUID, number: int) -> str:
    """The number of a receipt: the item, and which change of it this was, as 4F2A91C7-3."""
    return f"{obligation_id.hex[:8].upper()}-{number}"


class Wording:
    """The words of one language."""

    def __init__(self, language: str, translate: Callable[[str], str]) -> None:
        self.language = language
        self._translate, self._chinese = translate, language == "zh"

    def gettext(self, text: str, **values: object) -> str:
        """A text in this language, its `%(name)s` replaced by the values."""
        translated = self._translate(text) if text else ""
        return translated % values if values else translated

    def name_value(self, value: str, words: Mapping[str, str]) -> str:
        """A closed word; one that is not known is shown as it is stored."""
        return self.gettext(words[value]) if value in words else value

    def write_date(self, day: date | None) -> str:
        """2026-12-02（周三）; a dash without a date."""
        if day is None:
            return "—"
        weekday = self.name_weekday(day)
        return f"{day}（{weekday}）" if self._chinese else f"{day} ({weekday})"

    def name_weekday(self, day: date) -> str:
        """周三 or Wed."""
        return self.gettext(DAYS[day.weekday()])

    def write_moment(self, at: datetime | None) -> str:
        """An instant as 2026-12-02 14:05 in the office's zone; a dash without one."""
        return "—" if at is None else f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"

    def write_second(self, at: datetime) -> str:
        """An instant of today as 14:05:09 in the office's zone."""
        return f"{at.astimezone(ZONE):%H:%M:%S}"

    def write_distance(self, due: date | None, today: date, calendar: WorkingCalendar) -> str:
        """How far a due date is in working days, such as 还有 3 个工作日."""
        if due is None:
            return ""
        if due == today:
            return self.gettext("今天到期")
        days = calendar.count_between(today, due)
        if due > today:
            if days == 0:
                return self.gettext("到期前已无工作日")
            return self.gettext("还有 %(days)s 个工作日", days=days)
        if days == 0:
            return self.gettext("已超期，尚无工作日")
        return self.gettext("已超期 %(days)s 个工作日", days=-days)
