"""Questions on a plain terminal: one line is read, and asked for again until it can be used."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from rich.console import Console

from shared.errors import CuibanError

T = TypeVar("T")
out = Console(soft_wrap=True, highlight=False, markup=False)
_SPLIT = re.compile(r"[、,，;；]+")
_DATE = re.compile(r"(?:(\d{4})\D{1,2})?(\d{1,2})\D{1,2}(\d{1,2})日?")


class Quit(Exception):  # noqa: N818 - no error: the person has enough for today
    """The person stops."""


class Skip(Exception):  # noqa: N818 - no error: the person passes on
    """The person leaves this question for later."""


def line(prompt: str) -> str:
    """A line as it was typed, without what surrounds it.

    Raises:
        EOFError: the input has ended.
    """
    return input(prompt).strip()


def leave_on(told: str) -> None:
    """Raise Quit on `q` and Skip on `s`."""
    if told == "q":
        raise Quit
    if told == "s":
        raise Skip


def choice(actions: Mapping[str, str]) -> str:
    """One of the letters that `actions` explains; `s` and `q` skip and quit."""
    for letter, words in {**actions, "s": "跳过 skip", "q": "退出 quit"}.items():
        out.print(f"  {letter}  {words}")
    told = line("> ")
    leave_on(told)
    if told not in actions:
        raise CuibanError(f"{told or 'Nothing'} is none of {' '.join(actions)} s q.")
    return told


def again(ask: Callable[[], T]) -> T:
    """Ask one thing until it can be read."""
    while True:
        try:
            return ask()
        except CuibanError as error:
            out.print(f"! {error.message}")


def reason() -> str:
    """Why; never nothing."""
    return again(lambda: some(line("理由 Why? (it is kept) ")))


def some(told: str) -> str:
    """What was told, if it was anything."""
    if not told:
        raise CuibanError("A reason is needed.")
    return told


def names(told: str) -> list[str]:
    """Names, separated by 、 or another comma."""
    return [name.strip() for name in _SPLIT.split(told) if name.strip()]


def some_names(told: str) -> list[str]:
    """At least one name."""
    if not (found := names(told)):
        raise CuibanError("Name at least one unit.")
    return found


def dates(told: str, year: int | None) -> list[str]:
    """Dates as people write them: 2023-09-30, 2023.9.30, 2023年9月30日.

    Without a year, as in 9月30日, it is the plan's.
    """
    return [_date(part, year) for part in re.split(r"[、,，;；\s]+", told)]


def _date(told: str, year: int | None) -> str:
    found = _DATE.fullmatch(told)
    try:
        if found:
            return date(int(found[1] or year or 0), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        pass
    raise CuibanError(f"{told or 'Nothing'} is no date; write 2023-09-30.")


def count(told: str) -> int:
    """How often; once if nothing is said."""
    if not told:
        return 1
    if not told.isdecimal() or not 1 <= int(told) <= 366:  # noqa: PLR2004 - days of a year
        raise CuibanError(f"{told} is no number from 1 to 366.")
    return int(told)


def one_of(told: str, known: Sequence[str]) -> str:
    """One of some names, by its number from 1, or as it is."""
    if told in known:
        return told
    if told.isdecimal() and 1 <= int(told) <= len(known):
        return known[int(told) - 1]
    raise CuibanError(f"{told or 'Nothing'} is none of 1 to {len(known)}.")


def units(told: str, near: Sequence[Mapping[str, Any]]) -> list[str]:
    """Units by the numbers of those that are near, or by name."""
    return [_unit(part, near) for part in re.split(r"[、,，\s]+", told) if part]


def _unit(told: str, near: Sequence[Mapping[str, Any]]) -> str:
    if not told.isdecimal():
        return told
    if not 1 <= int(told) <= len(near):
        raise CuibanError(f"There is no number {told}.")
    chosen = near[int(told) - 1]
    return str(chosen["unit_id"] or chosen["name"])  # a group has no id
