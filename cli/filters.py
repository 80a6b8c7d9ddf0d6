"""The filters of the ledger as options of a command."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

_DATES = ["%Y-%m-%d"]
Units = Annotated[
    list[str] | None,
    typer.Option("--unit", help="Of this unit; may be repeated, like all filters."),
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Of the units in this group of the directory.")
]
UnitKinds = Annotated[
    list[str] | None, typer.Option("--unit-kind", help="Of the units of this kind.")
]
Plans = Annotated[
    list[str] | None, typer.Option("--plan", help="Of this plan: its year, title or id.")
]
Years = Annotated[list[int] | None, typer.Option("--year", help="Of the plans of this year.")]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="Of tasks in this category, as printed.")
]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", help="Of this task: its number, or its name.")
]
Kinds = Annotated[list[ObligationKind] | None, typer.Option("--kind", help="Of this kind.")]
Statuses = Annotated[
    list[ObligationStatus] | None, typer.Option("--status", help="With this status.")
]
Lights = Annotated[
    list[Light] | None, typer.Option("--light", help="With this light today; red is overdue.")
]
DueFrom = Annotated[
    datetime | None, typer.Option("--from", formats=_DATES, help="Due on this day or later.")
]
DueTo = Annotated[
    datetime | None, typer.Option("--to", formats=_DATES, help="Due on this day or earlier.")
]
Words = Annotated[
    str, typer.Option("--text", help="With this text in the task, the duty or the unit's name.")
]


def make_query(options: Mapping[str, object]) -> dict[str, object]:
    """The query parameters for options: what was not given is left out, a day is an ISO date."""
    return {
        name: value.date().isoformat() if isinstance(value, datetime) else value
        for name, value in options.items()
        if value not in (None, "", [])
    }
