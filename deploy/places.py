"""Where this machine's stack keeps its state, and how to reach what runs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from shared.settings import Settings

STATE = Path(".cuiban")
StateOption = Annotated[
    Path,
    typer.Option("--state", envvar="CUIBAN_STATE", help="Where the local stack keeps its state."),
]


def settings_in(environment: Mapping[str, str]) -> Settings:
    """The settings with which a local stack's services reach its broker and database."""
    names = ("CUIBAN_KAFKA", "CUIBAN_DATABASE_URL", "CUIBAN_TOPIC_PREFIX", "CUIBAN_CLOCK_FILE")
    given = {name.removeprefix("CUIBAN_").lower(): environment.get(name) for name in names}
    return Settings.model_validate({name: value for name, value in given.items() if value})


def settings_for(state: Path) -> Settings:
    """The environment's settings, or without CUIBAN_DATABASE_URL those of the stack in `state`.

    Raises:
        LocalStackError: nothing runs in `state`.
        CuibanError: a setting can't be read.
    """
    if os.environ.get("CUIBAN_DATABASE_URL"):
        return Settings.load()
    from lab.stack.stack import Stack  # noqa: PLC0415 - not installed in production

    return settings_in(Stack(state).info().environment)
