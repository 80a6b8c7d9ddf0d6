"""Why a reminder was not sent: the closed list of reasons, each in a sentence. Pure."""

from collections.abc import Mapping
from enum import StrEnum


class WhyNot(StrEnum):
    """Why an occurrence of a rule was not sent to an audience."""

    MUTED = "muted"
    INHIBITED = "inhibited"
    """A higher post of the unit was told, and the rule then leaves this one out."""
    DONE = "done"
    SUBMITTED = "submitted"
    PAUSED = "paused"
    """In its status the office sends no reminders."""
    WITHDRAWN = "withdrawn"
    EXTENDED = "extended"
    """The date was moved: by the date before, there would have been a reminder."""
    CATCH_UP = "catch-up"
    NOT_SELECTED = "not-selected"
    STEP_NOT_BEGUN = "step-not-begun"
    STEP_ENDED = "step-ended"
    """What ends the step has happened: acceptance, progress or submission."""
    NO_UNIT = "no-unit"
    """There was no unit whose post the rule names, such as a lead unit."""
    STEPS_KEPT = "steps-kept"
    """It was overdue before these rules, and keeps the steps of earlier ones: not this post's."""
    NOT_PUBLISHED = "not-published"
    NOT_IN_BOOK = "not-in-book"
    """The rule book of that time did not have the rule, or not this moment of it."""
    CHANGED_MEANWHILE = "changed-meanwhile"
    """A fact, the rules or the calendar changed so close to the slot that it was not sent."""
    WAITING = "waiting"
    """Its time has just come; it may be under way."""
    NOT_RECORDED = "not-recorded"
    """The state of that time is not recorded."""
    UNEXPLAINED = "unexplained"


SENTENCES: Mapping[WhyNot, tuple[str, str]] = {
    WhyNot.MUTED: (
        "已静默（{actor}）：{note}",
        "It was muted by {actor}: {note}",
    ),
    WhyNot.INHIBITED: (
        "已提醒上一级负责人，按规则不再提醒此岗位",
        "A higher post of the unit was told, so the rule leaves this one out",
    ),
    WhyNot.DONE: (
        "此前已办结（{actor}，{at}）",
        "It was done before, by {actor} on {at}",
    ),
    WhyNot.SUBMITTED: (
        "此前已报办结，待审核（{actor}，{at}）",
        "It was submitted before, by {actor} on {at}",
    ),
    WhyNot.PAUSED: (
        "当时的办理状态不提醒（{actor}，{at}）",
        "No reminders are sent in the status that it had since {at} ({actor})",
    ),
    WhyNot.WITHDRAWN: (
        "此前已撤回（{actor}，{at}）",
        "It was withdrawn before, by {actor} on {at}",
    ),
    WhyNot.EXTENDED: (
        "期限已由 {due} 调整（{actor}，{at}）",
        "Its date, {due}, was moved by {actor} on {at}",
    ),
    WhyNot.CATCH_UP: (
        "系统中断期间错过，按规则的补发方式不再补发",
        "It fell into an outage, and the rule's catch-up left it out",
    ),
    WhyNot.NOT_SELECTED: (
        "不符合规则的条件（{condition}）",
        "A condition of the rule did not hold ({condition})",
    ),
    WhyNot.STEP_NOT_BEGUN: (
        "还未到提醒此岗位的次数",
        "The step of this post had not begun",
    ),
    WhyNot.STEP_ENDED: (
        "此岗位的提醒已终止",
        "The step of this post had ended",
    ),
    WhyNot.NO_UNIT: (
        "没有规则所指的单位，如牵头单位",
        "There was no unit whose post the rule names, such as a lead unit",
    ),
    WhyNot.STEPS_KEPT: (
        "沿用超期当时规则的提醒岗位，其中没有此岗位",
        "It keeps the posts of the rules in force when it became overdue, without this one",
    ),
    WhyNot.NOT_PUBLISHED: (
        "当时任务还未交办",
        "The obligation was not assigned yet",
    ),
    WhyNot.NOT_IN_BOOK: (
        "当时的规则没有这一次提醒",
        "The rules of that time did not have this reminder",
    ),
    WhyNot.CHANGED_MEANWHILE: (
        "临近该时点时事项、规则、日历或静默有变动",
        "The obligation, the rules, the calendar or a mute changed close to the time",
    ),
    WhyNot.WAITING: (
        "时点刚到，可能正在发出",
        "Its time has just come; it may be under way",
    ),
    WhyNot.NOT_RECORDED: (
        "当时的状态没有记录",
        "The state of that time is not recorded",
    ),
    WhyNot.UNEXPLAINED: (
        "应提醒而没有提醒，原因不明；请核对提醒",
        "It should have been sent and was not; compare the reminders with the ledger",
    ),
}
"""Each reason in Chinese and in English, with the names that it inserts."""


def describe(reason: WhyNot, values: Mapping[str, str]) -> tuple[str, str]:
    """A reason in Chinese and in English. A name without a value is a dash."""
    chinese, english = SENTENCES[reason]
    names = {name: values.get(name) or "—" for name in ("actor", "at", "note", "due", "condition")}
    return chinese.format(**names), english.format(**names)
