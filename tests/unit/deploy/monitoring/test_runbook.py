"""Every alarm has a section in the runbook whose commands exist, in both languages."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from deploy.command import build_command
from tests.unit.deploy.monitoring.queries import ROOT, list_alerts

_PAGES = {"runbook": "docs/zh/runbook.md", "runbook_en": "docs/runbook.md"}
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def command() -> Any:
    return build_command()


def read_sections(page: str) -> dict[str, str]:
    """The sections of a page by their headings."""
    text = (ROOT / Path(page)).read_text("utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("page", _PAGES.values())
def test_the_runbook_has_the_alarms_and_no_others(page: str) -> None:
    assert sorted(read_sections(page)) == sorted(list_alerts())


def test_an_alarm_points_to_its_section() -> None:
    for alert, rule in list_alerts().items():
        for annotation, page in _PAGES.items():
            assert rule["annotations"][annotation] == f"{page}#{alert.lower()}"


@pytest.mark.parametrize("page", _PAGES.values())
def test_every_section_has_commands_that_exist(page: str, command: Any) -> None:
    for alert, section in read_sections(page).items():
        lines = [line for block in _BLOCK.findall(section) for line in block.splitlines()]
        assert lines, alert
        for line in lines:
            assert find_fault(command, line) == "", f"{alert}: {line}"


def test_both_languages_name_the_same_commands() -> None:
    blocks = [
        {alert: _BLOCK.findall(text) for alert, text in read_sections(page).items()}
        for page in _PAGES.values()
    ]
    assert blocks[0] == blocks[1]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("cuiban ops stream", "no command stream"),
        ("cuiban ops resume --everything", "no option --everything"),
        ("cuiban gateways test", "an argument is missing"),
        ("cuiban ops streams EXTRA", "too many arguments"),
        ("kubectl get pods", "not a command of ours"),
    ],
)
def test_a_wrong_command_is_found(line: str, fault: str, command: Any) -> None:
    assert find_fault(command, line) == fault


def find_fault(command: Any, line: str) -> str:
    """What is wrong with a line of the runbook; empty when it can be typed."""
    program, *words = shlex.split(line)
    if program != "cuiban":
        return "not a command of ours"
    while subcommands := getattr(command, "commands", None):
        if not words and command.invoke_without_command:
            break
        if not words or words[0] not in subcommands:
            return f"no command {words[0] if words else ''}"
        command = subcommands[words.pop(0)]
    options = {name: each for each in command.params for name in each.opts if name[0] == "-"}
    wanted = [each for each in command.params if each.param_type_name == "argument"]
    arguments = 0
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            if word not in options:
                return f"no option {word}"
            if not options[word].is_flag:
                words.pop(0)
        else:
            arguments += 1
    if arguments < sum(each.required for each in wanted):
        return "an argument is missing"
    most = 1000 if any(each.nargs == -1 for each in wanted) else len(wanted)
    return "too many arguments" if arguments > most else ""
