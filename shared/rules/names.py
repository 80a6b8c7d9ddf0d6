"""The closed words of the rule language in Chinese and English. Pure."""

from collections.abc import Mapping

from shared.rules.phrases import Phrase
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind

KINDS: Mapping[str, Phrase] = {
    ObligationKind.DEADLINE: Phrase("限期", "Deadline"),
    ObligationKind.HEARING: Phrase("听取汇报", "Hearing"),
}
LIGHTS: Mapping[str, Phrase] = {
    Light.RED: Phrase("超期", "Overdue"),
    Light.YELLOW: Phrase("临期", "Near"),
    Light.GREEN: Phrase("正常", "On time"),
    Light.DONE: Phrase("办结", "Done"),
    Light.NONE: Phrase("无期限", "No date"),
}
STATUSES: Mapping[str, Phrase] = {
    ObligationStatus.ASSIGNED: Phrase("待签收", "To be accepted"),
    ObligationStatus.ACCEPTED: Phrase("已签收", "Accepted"),
    ObligationStatus.IN_PROGRESS: Phrase("办理中", "In progress"),
    ObligationStatus.SUBMITTED: Phrase("待审核", "To be reviewed"),
    ObligationStatus.RETURNED: Phrase("已退回", "Returned"),
    ObligationStatus.DONE: Phrase("已办结", "Done"),
    ObligationStatus.WITHDRAWN: Phrase("已撤回", "Withdrawn"),
}
POSTS: Mapping[str, Phrase] = {
    Audience.LIAISON: Phrase("联络员", "Liaison"),
    Audience.DEPUTY: Phrase("分管领导", "Deputy"),
    Audience.HEAD: Phrase("主要负责人", "Head"),
}
CHANNELS: Mapping[str, Phrase] = {
    Channel.EMAIL: Phrase("邮件", "Mail"),
    Channel.SMS: Phrase("短信", "Short message"),
}
CATCH_UPS: Mapping[str, Phrase] = {
    CatchUp.LATEST: Phrase("只补最近一次", "the latest one"),
    CatchUp.ALL: Phrase("全部补发", "all of them"),
    CatchUp.SKIP: Phrase("不补", "none"),
}
OWNERS: Mapping[str, Phrase] = {
    "unit": Phrase("本单位", "the unit"),
    "lead-unit": Phrase("牵头单位", "the leading unit"),
    "office": Phrase("本办公室", "the office"),
}
ENDS: Mapping[str, Phrase] = {
    "done": Phrase("办结", "it is done"),
    "submitted": Phrase("报办结", "it is submitted"),
    "progress": Phrase("有进展", "there is progress"),
    "accepted": Phrase("签收", "it is accepted"),
}
WEEKDAY_NAMES = (
    Phrase("周一", "Mon"),
    Phrase("周二", "Tue"),
    Phrase("周三", "Wed"),
    Phrase("周四", "Thu"),
    Phrase("周五", "Fri"),
    Phrase("周六", "Sat"),
    Phrase("周日", "Sun"),
)
"""Monday first."""
