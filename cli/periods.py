"""The first and the last day that a question is about, as options of a command."""

from datetime import datetime
from typing import Annotated

import typer

_DATES = ["%Y-%m-%d"]
FirstDay = Annotated[
    datetime, typer.Option("--from", formats=_DATES, metavar="DATE", help="The first day.")
]
LastDay = Annotated[
    datetime, typer.Option("--to", formats=_DATES, metavar="DATE", help="The last day.")
]
