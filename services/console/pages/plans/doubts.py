"""What a person settles about a plan, in order, and the answers that are offered. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.console.shell.forms import Form
from services.console.texts.languages import N_
from services.console.texts.plan_words import describe_when, read_dates, read_names
from services.console.texts.wording import Wording
from shared.api.plans import MeasureOut, PlanOut, UnknownNameOut
from shared.api.revisions import DoubtOut, RevisionOut

CONFIRMED = N_("经核对原文确认")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that a person must settle. `key` names it in addresses.

    Attributes:
        codes: why; for a title or a year of the plan its own code.
    """

    key: str
    kind: str
    label: str
    codes: Sequence[str] = ()
    measure: MeasureOut | None = None
    name: UnknownNameOut | None = None
    pair: DoubtOut | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that is offered. `asks` names the field that it needs."""

    value: str
    label: str
    asks: str = ""


def list_doubts(plan: PlanOut, revision: RevisionOut | None = None) -> list[Doubt]:
    """All that is left to settle, in the order in which it is asked."""
    doubts: list[Doubt] = []
    if revision is None:
        doubts += [Doubt(code, code.removeprefix("no-"), "", (code,)) for code in plan.doubts]
        changed = {measure.ref for measure in plan.measures}
    else:
        doubts += [
            Doubt(f"p-{each.ref}", "pair", each.ref, pair=each) for each in revision.ambiguous
        ]
        changed = {change.ref for change in (*revision.added, *revision.changed)}
    for measure in plan.measures:
        if measure.open and measure.ref in changed and not measure.published:
            doubts.append(make_doubt(measure))
    names = plan.unknown_names if revision is None else revision.unknown_names
    doubts += [Doubt(f"n-{each.name}", "name", each.name, name=each) for each in names]
    return doubts


def make_doubt(measure: MeasureOut) -> Doubt:
    """A measure as something to settle; also one that is not doubtful."""
    return Doubt(f"m-{measure.ref}", "measure", measure.ref, measure.open, measure=measure)


def list_alike(doubt: Doubt, doubts: Sequence[Doubt]) -> list[Doubt]:
    """The other doubts of the same kind and codes."""
    return [
        each
        for each in doubts
        if each.key != doubt.key and (each.kind, each.codes) == (doubt.kind, doubt.codes)
    ]


def list_choices(words: Wording, plan: PlanOut, measure: MeasureOut) -> list[Choice]:
    """How a measure may be settled, the likeliest first."""
    return list(_offer(words, plan, measure))


def _offer(words: Wording, plan: PlanOut, measure: MeasureOut) -> Iterator[Choice]:
    when = describe_when(words, measure)
    if when and measure.names:
        yield Choice("accept", words.gettext("按读取的办理：%(when)s", when=when))
    elif measure.due == [] and plan.year and "no-deadline" in measure.open:
        last = f"{plan.year}-12-31"
        yield Choice("year-end", words.gettext("年底前：%(day)s", day=last))
    yield Choice("due", words.gettext("完成日期"), "due")
    if not measure.continuous:
        yield Choice("continuous", words.gettext("长期任务，没有截止日期"))
    yield Choice("per", words.gettext("定期办理"), "per")
    yield Choice("units", words.gettext("责任单位"), "units")
    yield Choice("text", words.gettext("更正任务内容"), "text")
    yield Choice("drop", words.gettext("不作为任务发布"))


def read_settlement(words: Wording, form: Form, year: int | None) -> Mapping[str, Any] | Form:
    """The body of a settlement that a form asks for; the marked form when something is missing."""
    choice = form["choice"]
    if choice in {"accept", "drop"}:
        return {"action": choice}
    missing = words.gettext("请填写这一项。")
    try:
        changes = _read_changes(form, choice, year)
    except ValueError:
        return form.mark(due=words.gettext("请写成 2026-12-02 这样的日期。"))
    if changes is None:
        return form.mark(choice=words.gettext("请选择一项。"))
    if empty := [name for name, value in changes.items() if value in ("", [])]:
        return form.mark(**{"units" if "names" in empty else empty[0]: missing})
    return {"action": "change", **changes}


def _read_changes(form: Form, choice: str, year: int | None) -> dict[str, Any] | None:
    """The fields that a choice changes; None for an unknown choice. Raises ValueError."""
    changes: dict[str, Any] | None = None
    match choice:
        case "year-end":
            changes = {"due": [f"{year}-12-31"]}
        case "due":
            changes = {"due": read_dates(form["due"], year)}
        case "continuous":
            changes = {"continuous": True}
        case "per":
            times = int(form["times"]) if form["times"].isdecimal() else 1
            changes = {"recurrence": {"per": form["per"], "at_least": times}}
        case "units":
            lead = read_names(form["lead"])
            changes = {"names": read_names(form["units"])} | ({"lead": lead} if lead else {})
        case "text":
            changes = {"text": form["text"]}
        case _:
            pass
    return changes


def choose_next(doubts: Sequence[Doubt], key: str) -> str:
    """The key of the doubt after this one, else of the first; empty when nothing is left."""
    keys = [doubt.key for doubt in doubts]
    if key in keys and keys.index(key) + 1 < len(keys):
        return keys[keys.index(key) + 1]
    return next((each for each in keys if each != key), "")
