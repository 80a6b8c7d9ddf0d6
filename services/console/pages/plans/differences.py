"""What a revision changes, in sentences that an office reads out. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.console.texts.languages import N_
from services.console.texts.plan_words import DOUBTS, describe_value, name_some
from services.console.texts.wording import Wording
from shared.api.revisions import ChangeOut, MovedOut, RevisionOut

_FIELDS = {
    "task_name": N_("任务名称由“%(before)s”改为“%(after)s”。"),
    "lead": N_("牵头单位由%(before)s改为%(after)s。"),
    "recurrence": N_("办理频次由%(before)s改为%(after)s。"),
    "continuous": N_("长期任务：由%(before)s改为%(after)s。"),
    "ref": N_("编号由 %(before)s 改为 %(after)s。"),
}
"""A sentence for each field; dates, units and texts have sentences of their own."""


@dataclass(frozen=True, slots=True)
class DescribedChange:
    """A measure, what happens to it, and what is still to be settled about it."""

    ref: str
    text: str
    sentences: Sequence[str]
    doubts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Changes of one kind: changed, added, removed, renumbered."""

    kind: str
    changes: Sequence[DescribedChange]


def describe_revision(words: Wording, revision: RevisionOut) -> list[ChangeGroup]:
    """The difference from the plan, what changes first."""
    renumbered = [change for change in revision.changed if set(change.fields) == {"ref"}]
    changed = [change for change in revision.changed if change not in renumbered]
    kinds = {
        "changed": changed,
        "added": revision.added,
        "removed": revision.removed,
        "renumbered": renumbered,
    }
    return [
        ChangeGroup(kind, [_describe_change(words, change, kind) for change in changes])
        for kind, changes in kinds.items()
        if changes
    ]


def count_open(revision: RevisionOut) -> int:
    """How much is to be settled before the revision may be confirmed."""
    doubts = sum(len(change.open) for change in (*revision.added, *revision.changed))
    return doubts + len(revision.ambiguous) + len(revision.unknown_names)


def _describe_change(words: Wording, change: ChangeOut, kind: str) -> DescribedChange:
    sentences = list(_list_sentences(words, change, kind))
    doubts = [words.gettext(DOUBTS.get(code, code)) for code in change.open]
    doubts += [words.gettext("单位名单里没有“%(name)s”。", name=name) for name in change.unknown]
    return DescribedChange(change.ref, change.text, sentences, doubts)


def _list_sentences(words: Wording, change: ChangeOut, kind: str) -> Iterator[str]:
    if kind == "removed":
        yield from _list_unit_sentences(words, change)
        return
    for name, field in change.fields.items():
        before, after = describe_value(words, field.before), describe_value(words, field.after)
        if name == "text":
            yield words.gettext("内容原为：%(before)s", before=before)
        elif name in _FIELDS:
            yield words.gettext(_FIELDS[name], before=before, after=after)
        elif name == "due" and not change.dates:
            text = N_("完成时限由 %(before)s 改为 %(after)s。")
            yield words.gettext(text, before=before, after=after)
    for moved in change.dates:
        yield _describe_move(words, moved)
    yield from _list_unit_sentences(words, change)


def _describe_move(words: Wording, moved: MovedOut) -> str:
    if moved.before is None:
        return words.gettext("增加时限 %(after)s。", after=words.write_date(moved.after))
    if moved.after is None:
        return words.gettext("取消时限 %(before)s。", before=words.write_date(moved.before))
    text = (
        N_("完成时限由 %(before)s 推迟到 %(after)s，原来的提醒取消，按新日期提醒。")
        if moved.after > moved.before
        else N_("完成时限由 %(before)s 提前到 %(after)s，原来的提醒取消，按新日期提醒。")
    )
    dates = {"before": words.write_date(moved.before), "after": words.write_date(moved.after)}
    return words.gettext(text, **dates)


def _list_unit_sentences(words: Wording, change: ChangeOut) -> Iterator[str]:
    if change.units_added:
        names = name_some(words, [unit.name for unit in change.units_added])
        yield words.gettext("由%(names)s承担，会收到通知。", names=names)
    if change.units_removed:
        names = name_some(words, [unit.name for unit in change.units_removed])
        yield words.gettext("%(names)s不再承担，提醒停止；已办结的保留。", names=names)
    for report in change.reports_ending:
        text = N_("%(name)s已报办结待审核（期限 %(day)s），将随撤回结束。")
        yield words.gettext(text, name=report.name, day=words.write_date(report.due_on))
    for unit in change.units_keeping:
        text = N_("%(name)s仍按已同意延期的 %(day)s 办理。")
        yield words.gettext(text, name=unit.name, day=words.write_date(unit.due_on))
