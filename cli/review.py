"""`cuiban plan review`: one question after the other, until nothing of a plan is left to settle.

Each answer is stored at once: after `q`, Ctrl-C or the end of the input the review continues
later where it stopped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import typer

from cli.asking import (
    Quit,
    Skip,
    ask_action,
    ask_reason,
    ask_until_read,
    check_leaving,
    read_choice,
    read_count,
    read_dates,
    read_line,
    read_names,
    read_units,
    require_names,
)
from cli.client import Api, PlanArgument, connect, find_open_plan
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, print_json, say
from deploy.terminal.language import N_, _, get_language
from services.ingest.extraction.models import ReviewCode
from services.ingest.extraction.review import SENTENCES
from shared.api.plans import MeasureOut, PlanOut, UnknownNameOut
from shared.api.revisions import DoubtOut, RevisionOut
from shared.errors import CuibanError

_PERIODS = {
    "year": N_("each year"),
    "half-year": N_("each half-year"),
    "quarter": N_("each quarter"),
    "month": N_("each month"),
    "week": N_("each week"),
}
_ACTIONS = {
    "a": N_("accept it as it is"),
    "d": N_("give its date(s)"),
    "c": N_("it is continuous"),
    "r": N_("it recurs"),
    "u": N_("name the units"),
    "x": N_("drop it"),
}
PLAN_DOUBTS = {
    "no-title": N_("The document's title was not recognised. What is it called?"),
    "no-year": N_("The document's year was not recognised. Which year is it of?"),
}
_NO_UNIT = N_("No unit is named; add who is responsible.")


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """Something to settle: what is shown of it, and how it is asked."""

    key: tuple[str, ...]
    show: Callable[[], None]
    ask: Callable[[], None]


def review(
    plan_id: PlanArgument = "latest", as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Settle what is doubtful, one question at a time; every answer is stored at once.

    With --json nothing is asked: it lists what is left to settle.
    """
    api = connect(state)
    session = Review(api, find_open_plan(api, plan_id))
    if as_json:
        print_json([{"kind": kind, "about": about} for kind, *about in session.list_open()])
        return
    try:
        session.ask_all()
    except (EOFError, Quit):
        session.summarize()
    except KeyboardInterrupt:
        session.summarize()
        raise typer.Exit(130) from None


@dataclass
class Review:
    """The questions about a plan, or about a revision of one."""

    api: Api
    plan_id: str
    skipped: set[tuple[str, ...]] = field(default_factory=set)
    answered: int = 0

    @property
    def _path(self) -> str:
        return f"/v1/plans/{self.plan_id}"

    def _fetch_plan(self) -> PlanOut:
        return PlanOut.model_validate(self.api.get(self._path))

    def list_open(self) -> list[tuple[str, ...]]:
        """What is left to settle: `measure`, `name` or `pair`, and which one."""
        return [question.key for question in self._list_questions(self._fetch_plan())]

    def ask_all(self) -> None:
        """Ask until nothing is left but what was skipped."""
        while True:
            plan = self._fetch_plan()
            left = list(self._list_questions(plan))
            questions = [question for question in left if question.key not in self.skipped]
            if not questions:
                break
            say("\n── " + _("{number} left").format(number=len(questions)) + " ──")
            questions[0].show()
            try:
                self._ask_until_stored(questions[0].ask)
            except Skip:
                self.skipped.add(questions[0].key)
        self.summarize(plan, len(left))

    def summarize(self, plan: PlanOut | None = None, left: int | None = None) -> None:
        """Print how many answers are stored and how many items are left."""
        if plan is None:
            plan = self._fetch_plan()
            left = len(list(self._list_questions(plan)))
        message = _("{answered} answers are stored; {left} items are left.")
        say("\n" + message.format(answered=self.answered, left=left))
        if left:
            say(_("Continue at any time: cuiban plan review {plan}").format(plan=self.plan_id))
        else:
            command = "cuiban plan revise FILE" if plan.revises else "cuiban plan publish"
            say(_("Nothing is left to settle. Continue with: {command}").format(command=command))

    def _ask_until_stored(self, ask: Callable[[], None]) -> None:
        while True:
            try:
                ask()
            except CuibanError as error:
                say(f"! {error.message} {error.hint}")
            else:
                self.answered += 1
                return

    def _list_questions(self, plan: PlanOut) -> Iterator[ReviewQuestion]:
        if plan.revises:
            path = f"/v1/plans/{plan.revises}/revisions/{self.plan_id}"
            revision = RevisionOut.model_validate(self.api.get(path))
            for doubt in revision.ambiguous:
                yield self._make_pair_question(path, doubt)
            changed = {change.ref for change in (*revision.added, *revision.changed)}
            unknown_names = revision.unknown_names
        else:
            changed = {measure.ref for measure in plan.measures}
            unknown_names = plan.unknown_names
        if not plan.revises:
            yield from (self._make_plan_question(code) for code in plan.doubts)
        for measure in plan.measures:
            if measure.open and measure.ref in changed:
                yield self._make_measure_question(measure, plan.year)
        for name in unknown_names:
            yield self._make_name_question(name)

    def _make_plan_question(self, code: str) -> ReviewQuestion:
        """What the document as a whole lacks: its title or its year."""

        def ask() -> None:
            typed = read_line(_("Type it; s skip, q quit: "))
            check_leaving(typed)
            if not typed:
                raise CuibanError(_("Type something, s or q."))
            details = {"title": typed} if code == "no-title" else {"year": typed}
            self.api.post(f"{self._path}/details", details | {"reason": _("read by a person")})

        return ReviewQuestion(("plan", code), lambda: say("? " + _(PLAN_DOUBTS[code])), ask)

    def _make_measure_question(self, measure: MeasureOut, year: int | None) -> ReviewQuestion:
        def ask() -> None:
            action = ask_action({letter: _(text) for letter, text in _ACTIONS.items()})
            changes = _ask_changes(action, year)
            kind = {"a": "accept", "x": "drop"}.get(action, "change")
            body = {"ref": measure.ref, "action": kind, **changes, "reason": ask_reason()}
            self.api.post(f"{self._path}/settlements", body)

        key = ("measure", measure.ref, *measure.open)
        return ReviewQuestion(key, lambda: _show_measure(measure), ask)

    def _make_name_question(self, name: UnknownNameOut) -> ReviewQuestion:
        def show() -> None:
            say(_("{name}  (in {refs})").format(name=name.name, refs=" ".join(name.refs[:20])))
            say("  ? " + _("The directory does not know this unit."))
            for number, unit in enumerate(name.near, 1):
                say(f"  {number}  {unit.name}")

        def ask() -> None:
            typed = read_line(_("Number(s) or unit name(s); i none of ours, s skip, q quit: "))
            check_leaving(typed)
            if not typed:
                raise CuibanError(_("Type a number, a name, i, s or q."))
            means = {"ignore": True} if typed == "i" else {"units": read_units(typed, name.near)}
            body = {"name": name.name, **means, "reason": ask_reason()}
            self.api.post(f"{self._path}/names", body)

        return ReviewQuestion(("name", name.name), show, ask)

    def _make_pair_question(self, path: str, doubt: DoubtOut) -> ReviewQuestion:
        """Whether a measure of a revision is one of the plan's, or new."""

        def show() -> None:
            say(f"{doubt.ref}  {doubt.text}")
            say("  ? " + _("Is it one of these in other words, or is it new?"))
            for number, candidate in enumerate(doubt.candidates, 1):
                say(f"  {number}  {candidate.ref}  {candidate.text}")

        def ask() -> None:
            typed = read_line(_("Number; n it is new, s skip, q quit: "))
            check_leaving(typed)
            refs = [candidate.ref for candidate in doubt.candidates]
            old = None if typed == "n" else read_choice(typed, refs)
            self.api.post(f"{path}/pairs", {"ref": doubt.ref, "with": old})

        return ReviewQuestion(("pair", doubt.ref), show, ask)


def _show_measure(measure: MeasureOut) -> None:
    say(f"{measure.ref}  {measure.task_name}")
    say(f"    {measure.text}")
    say("    " + _("units: {names}").format(names="、".join(measure.names) or _("none")))
    if measure.lead:
        say("    " + _("leading: {names}").format(names="、".join(measure.lead)))
    say("    " + _("when: {when}").format(when=describe_dates(measure)))
    for code in measure.open:
        say(f"  ? {code}: {explain_code(code)}")


def _ask_changes(action: str, year: int | None) -> dict[str, Any]:
    match action:
        case "d":
            prompt = _("Date(s), such as 2023-09-30: ")
            return {"due": ask_until_read(lambda: read_dates(read_line(prompt), year))}
        case "c":
            return {"continuous": True}
        case "r":
            for number, text in enumerate(_PERIODS.values(), 1):
                say(f"  {number}  {_(text)}")
            per = ask_until_read(lambda: read_choice(read_line("> "), tuple(_PERIODS)))
            prompt = _("How often in each [1]: ")
            times = ask_until_read(lambda: read_count(read_line(prompt)))
            return {"recurrence": {"per": per, "at_least": times}}
        case "u":
            prompt = _("Units, separated by 、: ")
            names = ask_until_read(lambda: require_names(read_line(prompt)))
            return {"names": names, "lead": read_names(read_line(_("Who leads, or nothing: ")))}
        case _:
            return {}


def describe_dates(measure: MeasureOut) -> str:
    """A measure's dates and recurrence in words."""
    parts = [str(day) for day in measure.due]
    if measure.recurrence:
        recurrence = measure.recurrence
        parts.append(describe_recurrence(recurrence["per"], recurrence.get("at_least", 1)))
    if measure.continuous:
        parts.append(_("continuous"))
    return "; ".join(parts) or _("no date")


def describe_recurrence(per: str, times: int) -> str:
    """How often in which period, in words."""
    return f"{_(_PERIODS.get(per, per))} × {times}"


def explain_code(code: str) -> str:
    """What a review code means and what to do."""
    if code in SENTENCES:
        sentence = SENTENCES[ReviewCode(code)]
        return sentence.zh if get_language() == "zh" else sentence.en
    return _(_NO_UNIT) if code == "no-unit" else code
