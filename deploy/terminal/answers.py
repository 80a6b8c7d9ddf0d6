"""How a command prints its answer: for people, or with `--json` for programs."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console

from deploy.terminal.errors import get_exit_status
from shared.errors import CuibanError

T = TypeVar("T")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def show_answer(answer: T, as_json: bool, show: Callable[[T], None]) -> None:
    """Print an answer as JSON, or let `show` print it for people."""
    if as_json:
        print_json(answer)
    else:
        show(answer)


def print_json(answer: object) -> None:
    """Print models, dataclasses, dates and so on as JSON; dates and times in ISO 8601."""
    plain = to_jsonable_python(answer, by_alias=True, fallback=str)
    print(json.dumps(plain, ensure_ascii=False, indent=1))


def say(line: str, style: str = "", *, error: bool = False) -> None:
    """Print a line as it is: texts may hold what Rich would take for its markup."""
    Console(stderr=error).print(line, style=style, markup=False, highlight=False, soft_wrap=True)


_CHINA = ZoneInfo("Asia/Shanghai")


def format_instant(instant: datetime) -> str:
    """An instant in this machine's time zone, to the minute, with its offset.

    A machine that runs in UTC, as servers do, shows China's time.
    """
    local = instant.astimezone()
    shown = local if local.utcoffset() else instant.astimezone(_CHINA)
    return shown.isoformat(" ", "minutes")


def show_error(error: CuibanError, *, as_json: bool) -> int:
    """Print an error on standard error; the exit status that stands for it."""
    status = get_exit_status(error)
    console = Console(stderr=True)
    if as_json:
        report = {"error": error.message, "hint": error.hint, "status": status}
        console.print(
            json.dumps(report, ensure_ascii=False), markup=False, highlight=False, soft_wrap=True
        )
        return status
    console.print(error.message, style="red", markup=False, highlight=False, soft_wrap=True)
    if error.hint:
        console.print(error.hint, markup=False, highlight=False, soft_wrap=True)
    return status
