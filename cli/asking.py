"""Questions on a plain terminal: one line is read, and asked for again until it can be used."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Protocol, TypeVar
from uuid import UUID

from deploy.terminal.answers import say
from deploy.terminal.language import _
from shared.errors import CuibanError

T = TypeVar("T")
_SEPARATOR = re.compile(r"[、,，;；]+")
_DATE = re.compile(r"(?:(\d{4})\D{1,2})?(\d{1,2})\D{1,2}(\d{1,2})日?")


class Candidate(Protocol):
    """A unit that a name may mean; a group has no id."""

    unit_id: UUID | None
    name: str


class Quit(Exception):  # noqa: N818 - no error: the person stops for today
    """The person stops."""


class Skip(Exception):  # noqa: N818 - no error: the person passes on
    """The person leaves this question for later."""


def read_line(prompt: str) -> str:
    """A line as it was typed, without surrounding spaces.

    Raises:
        EOFError: the input has ended.
    """
    return input(prompt).strip()


def check_leaving(typed: str) -> None:
    """Raise Quit on `q` and Skip on `s`."""
    if typed == "q":
        raise Quit
    if typed == "s":
        raise Skip


def ask_action(actions: Mapping[str, str]) -> str:
    """One of the letters that `actions` explains; `s` and `q` skip and quit."""
    for letter, text in {**actions, "s": _("skip"), "q": _("quit")}.items():
        say(f"  {letter}  {text}")
    typed = read_line("> ")
    check_leaving(typed)
    if typed not in actions:
        message = _("{typed} is none of {letters} s q.")
        raise CuibanError(message.format(typed=typed or _("Nothing"), letters=" ".join(actions)))
    return typed


def ask_until_read(ask: Callable[[], T]) -> T:
    """Ask one question until its answer can be read."""
    while True:
        try:
            return ask()
        except CuibanError as error:
            say(f"! {error.message}")


def ask_reason() -> str:
    """Ask for the reason, until it is not empty. `q` and `s` leave, as at every question."""
    return ask_until_read(lambda: _read_reason(_("Reason (it is recorded); s skip, q quit: ")))


def _read_reason(prompt: str) -> str:
    typed = read_line(prompt)
    check_leaving(typed)
    return require_reason(typed)


def ask_yes(question: str) -> bool:
    """Whether the person types yes (是) in full; anything else, or the end of the input, is no."""
    try:
        return read_line(question).lower() in {"yes", "是"}
    except (EOFError, KeyboardInterrupt):
        say("")
        return False


def require_reason(typed: str) -> str:
    """The typed reason.

    Raises:
        CuibanError: it is empty.
    """
    if not typed:
        raise CuibanError(_("A reason is needed."))
    return typed


def read_names(typed: str) -> list[str]:
    """Names, separated by 、 or another comma."""
    return [name.strip() for name in _SEPARATOR.split(typed) if name.strip()]


def require_names(typed: str) -> list[str]:
    """At least one name."""
    if not (names := read_names(typed)):
        raise CuibanError(_("Name at least one unit."))
    return names


def read_dates(typed: str, year: int | None) -> list[str]:
    """Dates as people write them: 2023-09-30, 2023.9.30, 2023年9月30日.

    Without a year, as in 9月30日, it is the plan's.
    """
    return [_read_date(part, year) for part in re.split(r"[、,，;；\s]+", typed)]


def _read_date(typed: str, year: int | None) -> str:
    match = _DATE.fullmatch(typed)
    try:
        if match:
            return date(int(match[1] or year or 0), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        pass
    message = _("{typed} is no date; write 2023-09-30.")
    raise CuibanError(message.format(typed=typed or _("Nothing")))


def read_count(typed: str) -> int:
    """How often a duty recurs in its period; an empty line means once."""
    if not typed:
        return 1
    if not typed.isdecimal() or not 1 <= int(typed) <= 366:  # noqa: PLR2004 - days of a year
        raise CuibanError(_("{typed} is no number from 1 to 366.").format(typed=typed))
    return int(typed)


def read_choice(typed: str, choices: Sequence[str]) -> str:
    """One of `choices`, typed as its number from 1 or in full."""
    if typed in choices:
        return typed
    if typed.isdecimal() and 1 <= int(typed) <= len(choices):
        return choices[int(typed) - 1]
    message = _("{typed} is none of 1 to {last}.")
    raise CuibanError(message.format(typed=typed or _("Nothing"), last=len(choices)))


def read_units(typed: str, candidates: Sequence[Candidate]) -> list[str]:
    """Units by the numbers of the candidates, or by name."""
    return [_read_unit(part, candidates) for part in re.split(r"[、,，\s]+", typed) if part]


def _read_unit(typed: str, candidates: Sequence[Candidate]) -> str:
    if not typed.isdecimal():
        return typed
    if not 1 <= int(typed) <= len(candidates):
        raise CuibanError(_("There is no number {number}.").format(number=typed))
    unit = candidates[int(typed) - 1]
    return str(unit.unit_id or unit.name)
