"""Where this machine's stack keeps its state, and how to reach what runs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.terminal.errors import NotRunningError
from deploy.terminal.language import _

if TYPE_CHECKING:
    from shared.settings import Settings

_METRICS = "/metrics"
STATE = Path(".cuiban")
StateOption = Annotated[
    Path,
    typer.Option("--state", envvar="CUIBAN_STATE", help="Where the local stack keeps its state."),
]


@dataclass(frozen=True, slots=True)
class RunningStack:
    """How to reach a local stack: its API, its settings, and the first administrator's token.

    `health` are the addresses of health ports, without a path, by the part's name.
    """

    api: str
    environment: Mapping[str, str]
    token_file: Path
    health: Mapping[str, str] = field(default_factory=dict)


def find_stack(state: Path) -> RunningStack:
    """The local stack that keeps its state in a directory, as its supervisor wrote it down.

    Raises:
        NotRunningError: there is none, or its supervisor has ended.
    """
    place = state.expanduser().resolve()
    try:
        record = json.loads((place / "stack.json").read_bytes())
        os.kill(record["supervisor_pid"], 0)  # signal 0 only asks whether the process is there
    except (OSError, ValueError) as error:
        message = _("No stack runs in {place}.").format(place=place)
        raise NotRunningError(message, _("Start one with `cuiban up`.")) from error
    health = {
        part["name"]: part["address"].removesuffix(_METRICS)
        for part in record.get("parts", ())
        if part["address"].endswith(_METRICS)
    }
    return RunningStack(record["api"], record["environment"], place / "token", health)


def read_settings(environment: Mapping[str, str]) -> "Settings":
    """The settings with which a local stack's services reach its broker and database."""
    from shared.settings import Settings  # noqa: PLC0415 - with SQLAlchemy; most commands need none

    names = ("CUIBAN_KAFKA", "CUIBAN_DATABASE_URL", "CUIBAN_TOPIC_PREFIX", "CUIBAN_CLOCK_FILE")
    given = {name.removeprefix("CUIBAN_").lower(): environment.get(name) for name in names}
    return Settings.model_validate({name: value for name, value in given.items() if value})


def load_settings(state: Path) -> "Settings":
    """The environment's settings, or those of the stack in `state`.

    The environment's where CUIBAN_DATABASE_URL or CUIBAN_SECRETS_DIR is set.

    Raises:
        NotRunningError: nothing runs in `state`.
        CuibanError: a setting can't be read.
    """
    from shared.settings import Settings  # noqa: PLC0415 - as above

    if os.environ.get("CUIBAN_DATABASE_URL") or os.environ.get("CUIBAN_SECRETS_DIR"):
        return Settings.load()
    return read_settings(find_stack(state).environment)
