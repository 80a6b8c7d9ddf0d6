"""What the API says of its fields and addresses, the command says of its options and commands."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import client
from deploy.command import build_command
from deploy.terminal.hints import COMMANDS, say_as_command, use_command

_INGEST = Path(__file__).parents[3] / "services" / "ingest"
_ADDRESS = re.compile(r"`((?:GET|POST|PUT|DELETE) /v1/[^`]*)`")
_NOT_IN_THE_COMMAND = {
    "DELETE /v1/sessions/current",
    "GET /v1/openapi.json",
    "GET /v1/ledger/views",
    "POST /v1/links/renew",
    "POST /v1/me/totp",
    "POST /v1/me/totp/disable",
    "POST /v1/sessions",
}
"""What only a program or a page calls; its name is left out."""


def list_addresses() -> set[str]:
    """The addresses that texts of ingest name, with `{}` for each inserted value."""
    sources = [path.read_text("utf-8") for path in _INGEST.rglob("*.py")]
    named = {address for source in sources for address in _ADDRESS.findall(source)}
    return {re.sub(r"{[^}]*}", "{}", address) for address in named if " …" not in address}


def test_every_address_that_a_text_names_is_a_command_or_left_out() -> None:
    named = list_addresses()
    assert "POST /v1/units/{}/hearings" in named
    assert sorted(named - COMMANDS.keys() - _NOT_IN_THE_COMMAND) == []
    assert sorted(_NOT_IN_THE_COMMAND - named) == []


@pytest.mark.parametrize("written", sorted(set(COMMANDS.values()) - {"CUIBAN_TOKEN"}))
def test_what_stands_for_an_address_is_a_command(written: str) -> None:
    command = build_command()
    words = written.split()[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not getattr(command, "commands", None)
    options = {name for parameter in command.params for name in parameter.opts}
    assert [word for word in words if word.startswith("-") and word not in options] == []


@pytest.mark.parametrize(
    ("typed", "text", "expected"),
    [
        ("obligation 7", "请改写日期（`due_on`）。", "请改写日期（`--due-on`）。"),
        ("objection 7 uphold", "Name it (`unit_id`).", "Name it (`--unit`)."),
        ("plan settle 4.3", "Name its units (`names`).", "Name its units (`--unit`)."),
        ("plan settle 4.3", "Named alone (`codes`).", "Named alone (`--code`)."),
        ("plan withdraw", "再试（`Retry-After`：秒数）。", "再试。"),
        (
            "ledger",
            "Read it (`GET /v1/plans/7`), then go.",
            "Read it (`cuiban plan show 7`), then go.",
        ),
        ("ledger", "Look again (`GET /v1/ledger/views`).", "Look again."),
        ("ledger", "It is called `note`.", "It is called `note`."),
    ],
)
def test_names_of_the_api_are_said_as_the_running_command_knows_them(
    typed: str, text: str, expected: str
) -> None:
    use_command(build_command(), typed.split())
    assert say_as_command(text) == expected


def test_a_refusal_of_a_field_names_the_option(
    cuiban: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {
        "type": "urn:cuiban:problem:invalid",
        "title": "请求有误。The request is not valid.",
        "status": 422,
        "detail": "请求有误。The request is not valid.",
        "hint": "请修改列出的每一处（`errors`）。Correct each place that is named (`errors`).",
        "errors": [{"where": "query.from", "message": "不符合要求。Input is no date"}],
    }
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    answer = client.httpx.Response(422, json=problem)
    monkeypatch.setattr(client.httpx.Client, "request", lambda *_, **__: answer)
    assert cuiban("report", "summary").err == (  # type: ignore[attr-defined]
        "The request is not valid. (HTTP 422)\n`--from`: Input is no date\n"
        "Correct each place that is named.\n"
    )
