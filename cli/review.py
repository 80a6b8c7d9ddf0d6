"""`cuiban plan review`: one question after the other, until nothing of a plan is left to settle.

Each answer is stored at once, so that whoever stops, by `q`, Ctrl-C or the end of the input,
goes on later where they stopped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import typer

from cli.asking import (
    Quit,
    Skip,
    again,
    choice,
    count,
    dates,
    leave_on,
    line,
    names,
    one_of,
    out,
    reason,
    some_names,
    units,
)
from cli.client import Api, PlanArgument, connect, find_open_plan
from deploy.places import STATE, StateOption
from services.ingest.extraction.review import SENTENCES
from shared.errors import CuibanError

_PERIODS = ("year", "half-year", "quarter", "month", "week")
_NO_UNIT = "没有写明责任单位，请补充。 No unit is named; say who owes it."
_ACTIONS = {
    "a": "照原样 accept it as it is",
    "d": "日期 give its date(s)",
    "c": "长期 it is continuous",
    "r": "周期 it recurs",
    "u": "单位 say which units",
    "x": "不发布 drop it",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Something to settle: what is shown of it, and how it is asked."""

    key: tuple[str, ...]
    show: Callable[[], None]
    ask: Callable[[], None]


def review(plan_id: PlanArgument = "latest", state: StateOption = STATE) -> None:
    """Settle what is doubtful, one question at a time; every answer is stored at once."""
    api = connect(state)
    desk = Desk(api, find_open_plan(api, plan_id))
    try:
        desk.work()
    except (EOFError, Quit):
        desk.leave()
    except KeyboardInterrupt:
        desk.leave()
        raise typer.Exit(130) from None


@dataclass
class Desk:
    """A plan, or a revision of one, in front of a person."""

    api: Api
    plan_id: str
    skipped: set[tuple[str, ...]] = field(default_factory=set)
    answered: int = 0

    @property
    def _path(self) -> str:
        return f"/v1/plans/{self.plan_id}"

    def work(self) -> None:
        """Ask until nothing is left but what was skipped."""
        while True:
            plan = self.api.get(self._path)
            left = list(self._questions(plan))
            asked = [question for question in left if question.key not in self.skipped]
            if not asked:
                break
            out.print(f"\n── {len(asked)} left ──")
            asked[0].show()
            try:
                self._until_it_holds(asked[0].ask)
            except Skip:
                self.skipped.add(asked[0].key)
        self.leave(plan, len(left))

    def leave(self, plan: dict[str, Any] | None = None, left: int | None = None) -> None:
        """Say what is stored and what is left."""
        if plan is None:
            plan = self.api.get(self._path)
            left = len(list(self._questions(plan)))
        out.print(f"\n{self.answered} answers are stored; {left} points are left.")
        if left:
            out.print(f"Go on whenever you like: cuiban plan review {self.plan_id}")
        else:
            then = "cuiban plan revise FILE" if plan["revises"] else "cuiban plan publish"
            out.print(f"Nothing is left to settle. Go on with: {then}")

    def _until_it_holds(self, ask: Callable[[], None]) -> None:
        """Ask again until the answer can be stored."""
        while True:
            try:
                ask()
            except CuibanError as error:
                out.print(f"! {error.message} {error.hint}")
            else:
                self.answered += 1
                return

    def _questions(self, plan: dict[str, Any]) -> Iterator[Question]:
        if plan["revises"]:
            path = f"/v1/plans/{plan['revises']}/revisions/{self.plan_id}"
            revision = self.api.get(path)
            for doubt in revision["ambiguous"]:
                yield Question(("pair", doubt["ref"]), *self._pairing(path, doubt))
            changed = {one["ref"] for one in (*revision["added"], *revision["changed"])}
            lost = revision["unknown_names"]
        else:
            changed, lost = {one["ref"] for one in plan["measures"]}, plan["unknown_names"]
        for measure in plan["measures"]:
            if measure["open"] and measure["ref"] in changed:
                key = ("measure", measure["ref"], *measure["open"])
                yield Question(key, *self._measuring(measure, plan["year"]))
        for name in lost:
            yield Question(("name", name["name"]), *self._naming(name))

    # --- a measure

    def _measuring(
        self, measure: dict[str, Any], year: int | None
    ) -> tuple[Callable[[], None], Callable[[], None]]:
        def show() -> None:
            out.print(f"{measure['ref']}  {measure['task_name']}")
            out.print(f"    {measure['text']}")
            out.print(f"    units: {'、'.join(measure['names']) or 'none'}")
            if measure["lead"]:
                out.print(f"    lead: {'、'.join(measure['lead'])}")
            out.print(f"    when: {when(measure)}")
            for code in measure["open"]:
                out.print(f"  ? {code}: {why(code)}")

        def ask() -> None:
            action = choice(_ACTIONS)
            changes = self._changes(action, year)
            kind = {"a": "accept", "x": "drop"}.get(action, "change")
            body = {"ref": measure["ref"], "action": kind, **changes, "reason": reason()}
            self.api.post(f"{self._path}/settlements", body)

        return show, ask

    @staticmethod
    def _changes(action: str, year: int | None) -> dict[str, Any]:
        match action:
            case "d":
                return {"due": again(lambda: dates(line("Date(s), such as 2023-09-30: "), year))}
            case "c":
                return {"continuous": True}
            case "r":
                named = " ".join(f"{n} {name}" for n, name in enumerate(_PERIODS, 1))
                per = again(lambda: one_of(line(f"Each {named}: "), _PERIODS))
                times = again(lambda: count(line("How often in each [1]: ")))
                return {"recurrence": {"per": per, "at_least": times}}
            case "u":
                owing = again(lambda: some_names(line("Units, separated by 、: ")))
                lead = names(line("Who leads, or nothing: "))
                return {"names": owing, "lead": lead}
            case _:
                return {}

    # --- a name

    def _naming(self, name: dict[str, Any]) -> tuple[Callable[[], None], Callable[[], None]]:
        near = name["near"]

        def show() -> None:
            out.print(f"{name['name']}  (in {' '.join(name['refs'][:20])})")
            out.print("  ? 名录中没有这个单位。 The directory does not know this unit.")
            for number, unit in enumerate(near, 1):
                out.print(f"  {number}  {unit['name']}")

        def ask() -> None:
            told = line("Number(s) or unit name(s); i none of ours, s skip, q quit: ")
            leave_on(told)
            if not told:
                raise CuibanError("Say a number, a name, i, s or q.")
            if told == "i":
                means: dict[str, Any] = {"ignore": True}
            else:
                means = {"units": units(told, near)}
            body = {"name": name["name"], **means, "reason": reason()}
            self.api.post(f"{self._path}/names", body)

        return show, ask

    # --- a measure of a revision that may be one of several

    def _pairing(
        self, path: str, doubt: dict[str, Any]
    ) -> tuple[Callable[[], None], Callable[[], None]]:
        candidates = doubt["candidates"]

        def show() -> None:
            out.print(f"{doubt['ref']}  {doubt['text']}")
            out.print("  ? 是否为原有事项？ Is it one of these, in other words, or new?")
            for number, one in enumerate(candidates, 1):
                out.print(f"  {number}  {one['ref']}  {one['text']}")

        def ask() -> None:
            told = line("Number; n it is new, s skip, q quit: ")
            leave_on(told)
            refs = [one["ref"] for one in candidates]
            old = None if told == "n" else one_of(told, refs)
            self.api.post(f"{path}/pairs", {"ref": doubt["ref"], "with": old})

        return show, ask


def when(measure: dict[str, Any]) -> str:
    """A measure's dates and recurrence in words."""
    said = list(measure["due"])
    if measure["recurrence"]:
        every = measure["recurrence"]
        said.append(f"{every.get('at_least', 1)} × each {every['per']}")
    if measure["continuous"]:
        said.append("continuous 长期")
    return "; ".join(said) or "no date"


def why(code: str) -> str:
    """Why a point is doubtful, in both languages."""
    for known, sentence in SENTENCES.items():
        if known == code:
            return f"{sentence.zh} {sentence.en}"
    return _NO_UNIT if code == "no-unit" else code
