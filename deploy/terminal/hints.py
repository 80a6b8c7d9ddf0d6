"""Says a refusal of the API as the command does: a field is an option, an address a command."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.api.problems import replace_marks

COMMANDS = {
    "GET /v1/units": "cuiban units list",
    "GET /v1/users": "cuiban users list",
    "GET /v1/office/settings": "cuiban settings show",
    "PUT /v1/office/settings": "cuiban settings set NAME=VALUE",
    "GET /v1/calendars/draft": "cuiban calendars show YEAR --draft",
    "POST /v1/calendars/draft": "cuiban calendars import FILE",
    "GET /v1/plans": "cuiban plan list",
    "GET /v1/plans/{}": "cuiban plan show {}",
    "GET /v1/plans/{}/directory-changes": "cuiban plan directory {}",
    "GET /v1/plans/{}/revisions/{}": "cuiban plan review {1}",
    "POST /v1/plans/{}/revisions/{}/confirm": "cuiban plan revise FILE --plan {}",
    "POST /v1/plans/{}/withdraw": "cuiban plan withdraw {}",
    "DELETE /v1/plans/{}": "cuiban plan delete {}",
    "GET /v1/obligations/{}": "cuiban obligation {}",
    "GET /v1/mutes": "cuiban mute list",
    "GET /v1/holds": "cuiban hold list",
    "GET /v1/messages": "cuiban messages list",
    "GET /v1/dead-letters": "cuiban dead-letters list",
    "GET /v1/templates": "cuiban templates list",
    "POST /v1/templates/{}/{}": "cuiban templates publish FILE",
    "GET /v1/contact-proposals": "cuiban proposals list",
    "GET /v1/replies": "cuiban replies list",
    "GET /v1/rule-books": "cuiban rules list",
    "GET /v1/rule-drafts": "cuiban rules list",
    "GET /v1/rule-drafts/{}": "cuiban rules show {}",
    "POST /v1/rule-drafts": "cuiban rules draft FILE",
    "POST /v1/rule-drafts/{}/approve": "cuiban rules approve {}",
    "POST /v1/units/{}/hearings": "cuiban hearing {} --on DATE --by NAME",
    "POST /v1/hearings/{}/take-back": "cuiban hearing --take-back {}",
    "POST /v1/obligations/{}/files": "cuiban evidence add {} --file FILE",
    "Authorization: Bearer …": "CUIBAN_TOKEN",
}
"""What an address of the API is as a command; `{}` stands for an id, `{1}` for the second one."""
OPTIONS = {"names": "unit"}
"""Fields that a command has under another name."""
_PATTERNS = [
    (re.compile(re.escape(address).replace(r"\{\}", r"([^/?`]+)") + r"(?:\?.*)?"), command)
    for address, command in COMMANDS.items()
]


class _Running:
    """The options of the command that runs, one for a process, by what they are called."""

    options: Mapping[str, str] = {}


def use_command(command: Any, words: Sequence[str]) -> None:  # noqa: ANN401 - Typer does not export the class
    """Say all later texts of the API in the terms of the subcommand that some words run."""
    for word in words:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command = inner
    names = [name for parameter in command.params for name in parameter.opts]
    _Running.options = {
        name.removeprefix("--").replace("-", "_"): name for name in names if name.startswith("--")
    }


def say_as_command(text: str) -> str:
    """A text of the API, told to who runs the command."""
    return replace_marks(text, _translate)


def _translate(mark: str) -> str | None:
    for pattern, command in _PATTERNS:
        if match := pattern.fullmatch(mark):
            return command.format(*match.groups())
    if mark.startswith(("cuiban ", "CUIBAN_")):
        return mark
    names = (mark, mark.removesuffix("_id"), mark.removesuffix("s"), OPTIONS.get(mark, ""))
    return next((_Running.options[name] for name in names if name in _Running.options), None)
