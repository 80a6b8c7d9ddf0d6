"""The command where some packages are missing, as in a production image."""

import sys

import pytest
from typer.testing import CliRunner

from deploy.command import command_line
from shared.errors import CuibanError


def forget(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """As if some packages were not installed."""
    for name in [name for name in sys.modules if name.startswith(("deploy.", "cli", "lab"))]:
        if name != "deploy.command":
            monkeypatch.delitem(sys.modules, name)
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> None:
    """With services, shared and deploy alone."""
    forget(monkeypatch, "cli", "lab")


@pytest.mark.usefixtures("image")
def test_help_lists_what_can_run_there() -> None:
    shown = CliRunner().invoke(command_line(), ["--help"])
    assert shown.exit_code == 0
    for there in ("topics", "migrate", "ops"):
        assert there in shown.output
    for elsewhere in (" up ", "ledger", "demo"):
        assert elsewhere not in shown.output


@pytest.mark.usefixtures("image")
def test_an_operators_command_needs_neither_the_offices_nor_the_lab() -> None:
    shown = CliRunner().invoke(command_line("ops"), ["ops", "--help"])
    assert shown.exit_code == 0
    assert "conservation" in shown.output


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(("name", "hint"), [("ledger", "CUIBAN_API"), ("up", "whole package")])
def test_a_command_that_is_not_in_the_image_says_where_it_is(name: str, hint: str) -> None:
    with pytest.raises(CuibanError, match="not installed here") as raised:
        command_line(name)
    assert hint in raised.value.hint


def test_a_command_that_lacks_a_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "psutil")
    with pytest.raises(CuibanError, match="psutil") as raised:
        command_line("up")
    assert "requirements/local.txt" in raised.value.hint
