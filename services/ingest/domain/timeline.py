"""An obligation's story as lines of text, in Chinese. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.ingest.domain import words
from services.ingest.domain.statuses import MessageState


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line: when, of which kind, by whom, and what happened.

    `details` holds what the text says, for programs.
    """

    at: datetime
    kind: str
    actor: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObligationState:
    """The state of an obligation from an instant on.

    `ends_report`: it was withdrawn when it was reported as done and not reviewed.
    """

    since: datetime
    due_on: date | None
    withdrawn: bool
    ends_report: bool = False


@dataclass(frozen=True, slots=True)
class NotedChange:
    """A change of the obligation, as the journal has it."""

    at: datetime
    actor: str
    action: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


_TEXTS = {
    "obligation.accepted": ("accepted", "签收"),
    "obligation.progressed": ("progressed", "报告进展"),
    "obligation.noted": ("noted", "补充说明"),
    "obligation.submitted": ("submitted", "报办结"),
    "obligation.completed": ("completed", "确认办结"),
    "obligation.returned": ("returned", "退回"),
    "obligation.reopened": ("reopened", "重新办理"),
    "obligation.taken-back": ("taken-back", "撤回填报"),
    "obligation.withdrawn": ("withdrawn", "撤回"),
    "obligation.assigned": ("assigned", "交办"),
    "obligation.leads": ("leads", "改为牵头"),
    "obligation.taken-over": ("taken-over", "承接报办结"),
    "extension.asked": ("extension-asked", "申请延期"),
    "extension.granted": ("extension-granted", "同意延期"),
    "extension.refused": ("extension-refused", "不同意延期"),
    "extension.withdrawn": ("extension-withdrawn", "撤回延期申请"),
    "extension.corrected": ("extension-corrected", "更正延期"),
    "extension.taken-back": ("extension-taken-back", "撤销延期"),
    "objection.raised": ("objection-raised", "提出异议"),
    "objection.rejected": ("objection-rejected", "异议不成立"),
    "objection.withdrawn": ("objection-withdrawn", "撤回异议"),
    "hearing.recorded": ("hearing-recorded", "登记听取汇报"),
    "hearing.taken-back": ("hearing-taken-back", "撤销听取汇报登记"),
    "evidence.added": ("evidence-added", "提交佐证材料"),
    "evidence.removed": ("evidence-removed", "撤回佐证材料"),
}
_REPORTED = {"open": "重新办理", "in-progress": "报告进展", "done": "报办结"}
"""The texts of reports in the journal of an earlier release, by their status."""


def name_change(action: str) -> str:
    """What an action of the journal is called in the story; one that is no part of it: 变更."""
    return _TEXTS.get(action, ("", "变更"))[1]


def describe_change(change: NotedChange) -> TimelineEntry | None:
    """A change of the journal as a line; None for one that is no part of the story."""
    if change.action == "status.reported":
        kind, text = "reported", _REPORTED.get(change.after.get("status", ""), "报告")
    elif change.action in _TEXTS:
        kind, text = _TEXTS[change.action]
    else:
        return None
    facts = _list_facts(change)
    line = f"{text}：{'；'.join(facts)}" if facts else text
    return TimelineEntry(change.at, kind, change.actor, line, dict(change.after))


def _list_facts(change: NotedChange) -> list[str]:
    """What a change gave, one text for each."""
    after = change.after
    facts: list[str] = []
    if "answer" in after:
        facts.append(name_change(after["answer"]))
    if "due_on" in after:
        facts.append(f"{change.before.get('due_on') or '无期限'} → {after['due_on']}")
    if "asked_due" in after:
        facts.append(f"申请延至 {after['asked_due']}")
    if "heard_on" in after:
        heard = (after["heard_on"], after.get("heard_by", ""), after.get("minutes", ""))
        facts.append(" ".join(filter(None, heard)))
    if "name" in after:
        facts.append(str(after["name"]))
    if after.get("reported") is not None:
        facts.append(f"完成数 {after['reported']}")
    if "leading" in after:
        facts.append(f"牵头单位{after['leading']}统一报送")
    if reason := after.get("note") or after.get("reason"):
        facts.append(str(reason))
    if after.get("ends_report"):
        facts.append(_ENDS_REPORT)
    return facts


def describe_states(
    states: Sequence[ObligationState], noted: Iterable[NotedChange], plan: Iterable[NotedChange]
) -> Iterator[TimelineEntry]:
    """The assignment, and the changes that came with changes of the plan.

    Args:
        states: the obligation's states, rising.
        noted: changes of the obligation's own, which have lines already.
        plan: changes of the plan: its publications, revisions and withdrawals.
    """
    causes = {change.at: change for change in plan}
    own = {change.at: change.action for change in noted}
    for place, state in enumerate(states):
        cause = causes.get(state.since)
        actor, why = (cause.actor, _name_cause(cause)) if cause else ("", _REVISED)
        if place == 0:
            if "obligation.assigned" not in own.values():
                due = state.due_on.isoformat() if state.due_on else "持续推进"
                text, details = f"交办，期限 {due}", {"due_on": _format_day(state.due_on)}
                yield TimelineEntry(state.since, "assigned", actor, text, details)
            continue
        if state.since in own:
            continue
        before = states[place - 1]
        if state.withdrawn != before.withdrawn:
            kind, text = ("withdrawn", "撤回") if state.withdrawn else ("assigned", "重新交办")
            ended = f"；{_ENDS_REPORT}" if state.ends_report else ""
            yield TimelineEntry(state.since, kind, actor, f"{text}：{why}{ended}")
        if state.due_on != before.due_on:
            was, now = _format_day(before.due_on), _format_day(state.due_on)
            text = f"期限调整：{was or '无期限'} → {now or '无期限'}；{why}"
            details = {"due_before": was, "due_on": now}
            yield TimelineEntry(state.since, "date-changed", actor, text, details)


_REVISED = "分解表修订"
_ENDS_REPORT = "报办结尚未审核，随之结束"


def _name_cause(change: NotedChange) -> str:
    """What of the plan changed an obligation, in a few words."""
    if change.action in {"plan.withdrawn", "measure.withdrawn"}:
        return str(change.after.get("note", ""))
    if change.action == "plan.directory-decided":
        return f"通讯录变动，{change.after.get('reason', '')}"
    return "分解表发布" if change.action == "plan.published" else _REVISED


def _format_day(day: date | None) -> str | None:
    return day.isoformat() if day else None


_STATES = {
    MessageState.PENDING: "待发送",
    MessageState.SENT: "已发送",
    MessageState.DELIVERED: "已送达",
    MessageState.FAILED: "发送失败",
    MessageState.SUPPRESSED: "未发送",
}


def describe_reminder(
    at: datetime, audience: str, overdue: int, reminder_id: object, *, to_unit: str = ""
) -> TimelineEntry:
    """A reminder that was due at `at`; `to_unit` names the other unit that heard it."""
    kind = f"第 {overdue} 次催办" if overdue else "提醒"
    text = f"{kind}：{to_unit}{words.AUDIENCES.get(audience, audience)}"
    details = {"reminder_id": str(reminder_id), "audience": audience, "overdue": overdue}
    if to_unit:
        details["to_unit"] = to_unit
    return TimelineEntry(at, "reminder", "", text, details)


def describe_message(
    at: datetime,
    state: MessageState,
    *,
    channel: str,
    address: str,
    reason: str = "",
    attempts: int = 1,
) -> TimelineEntry:
    """What became of one message of a reminder."""
    facts = [words.CHANNELS.get(channel, channel), address, words.REASONS.get(reason, reason)]
    if attempts > 1:
        facts.append(f"共尝试 {attempts} 次")
    line = f"{_STATES[state]}：{' '.join(filter(None, facts))}"
    details = {"channel": channel, "address": address, "reason": reason, "attempts": attempts}
    return TimelineEntry(at, f"message-{state.value}", "", line, details)


def describe_withdrawal(at: datetime, reason: str) -> TimelineEntry:
    """Reminders on their way that must not go out any more."""
    text = f"停止已生成的提醒：{words.REASONS.get(reason, reason)}"
    return TimelineEntry(at, "reminders-withdrawn", "", text, {"reason": reason})
