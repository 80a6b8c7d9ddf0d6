"""What `cuiban doctor` looks at: the environment's installation, or the local stack's."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.places import find_stack
from deploy.prepare import FoundingSettings
from deploy.terminal.errors import NotRunningError, WrongUseError
from deploy.terminal.language import N_, _
from services.notifier.settings import NotifierSettings
from shared.errors import CuibanError

_PREFIX = "CUIBAN_"


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation of Cuiban.

    Attributes:
        settings: those of the notifier, which include what all services share.
        health: the addresses of health ports, such as `http://host:9100`, by the process's name.
        folders: where this machine's processes write, by purpose.
        secrets: files that only their owner may read.
    """

    settings: NotifierSettings
    health: Mapping[str, str]
    folders: Mapping[str, Path]
    secrets: tuple[Path, ...] = ()


def find_installation(state: Path, health: Sequence[str]) -> Installation:
    """The installation of the environment, or without CUIBAN_DATABASE_URL the stack in `state`.

    Args:
        state: where a local stack keeps its state.
        health: addresses of health ports, as `http://host:9100` or `NAME=http://host:9100`.

    Raises:
        NotRunningError: nothing runs in `state`.
        WrongUseError: a setting or an address can't be read.
    """
    named = dict(map(_read_address, health))
    folders = {N_("temporary files"): Path(tempfile.gettempdir())}
    try:
        if os.environ.get("CUIBAN_DATABASE_URL"):
            founding = FoundingSettings()
            files = filter(None, (founding.token_file, founding.admin_file))
            return Installation(NotifierSettings.load(), named, folders, tuple(files))
        stack = find_stack(state)
        given = {
            name.removeprefix(_PREFIX).lower(): value
            for name, value in stack.environment.items()
            if name.startswith(_PREFIX) and value
        }
        settings = NotifierSettings.model_validate(given)
    except NotRunningError:
        raise
    except CuibanError as error:
        raise WrongUseError(error.message, error.hint) from error
    place = state.expanduser().resolve()
    secrets = (stack.token_file, stack.token_file.with_name("admin-password"))
    return Installation(
        settings, {**stack.health, **named}, folders | {N_("state of the stack"): place}, secrets
    )


def _read_address(written: str) -> tuple[str, str]:
    """A health port's name and address."""
    name, equals, address = written.partition("=")
    if not equals:
        name, address = "", written
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WrongUseError(
            _("{written} is no address of a health port.").format(written=written),
            _("Write it like http://host:9100 or scheduler=http://host:9100."),
        )
    base = f"{parts.scheme}://{parts.netloc}"
    return name or (f"{parts.hostname}:{port}" if port else parts.hostname), base
