"""The words of rules that events and messages use too."""

from enum import StrEnum


class ObligationKind(StrEnum):
    """What sort of duty: something to finish by a date, or a hearing to hold in a period."""

    DEADLINE = "deadline"
    HEARING = "hearing"


class ReminderKind(StrEnum):
    """Why an item is in a reminder."""

    DEADLINE = "deadline"
    OVERDUE = "overdue"
    HEARING = "hearing"
    HEARING_OVERDUE = "hearing-overdue"


class Audience(StrEnum):
    """The post that receives it: 联络员, 分管领导, 主要负责人."""

    LIAISON = "liaison"
    DEPUTY = "deputy"
    HEAD = "head"


class Post(StrEnum):
    """Whose post it is: of the unit that owes it, of a lead unit of its measure, of the office."""

    UNIT = "unit"
    LEAD_UNIT = "lead-unit"
    OFFICE = "office"


class Channel(StrEnum):
    """A way to reach a contact."""

    EMAIL = "email"
    SMS = "sms"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


class CatchUp(StrEnum):
    """What to do with occurrences that an outage missed (practice of Temporal, Quartz)."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"
