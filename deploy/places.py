"""Where this machine's stack keeps its state."""

from pathlib import Path
from typing import Annotated

import typer

StateOption = Annotated[
    Path,
    typer.Option("--state", envvar="CUIBAN_STATE", help="Where the local stack keeps its state."),
]
