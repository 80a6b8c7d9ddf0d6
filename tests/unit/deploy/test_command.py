"""The command where some packages are missing, as in a production image."""

import sys

import pytest

from deploy.command import build_command, run
from shared.errors import CuibanError


def forget(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """As if some packages were not installed."""
    for name in [name for name in sys.modules if name.startswith(("deploy.", "cli", "lab"))]:
        if name != "deploy.command" and not name.startswith("deploy.terminal"):
            monkeypatch.delitem(sys.modules, name)
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> None:
    """With services, shared and deploy alone."""
    forget(monkeypatch, "cli", "lab")


@pytest.mark.usefixtures("image")
def test_help_lists_what_can_run_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", "en", "--help"]) == 0
    shown = capsys.readouterr().out
    for there in ("topics", "migrate", "prepare", "ops"):
        assert there in shown
    for elsewhere in (" up ", "ledger", "demo"):
        assert elsewhere not in shown


@pytest.mark.usefixtures("image")
def test_an_operators_command_needs_neither_the_offices_nor_the_lab(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--lang", "en", "ops", "--help"]) == 0
    assert "conservation" in capsys.readouterr().out


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(("name", "hint"), [("ledger", "CUIBAN_API"), ("up", "whole package")])
def test_a_command_that_is_not_in_the_image_says_where_it_is(name: str, hint: str) -> None:
    with pytest.raises(CuibanError, match="not installed here") as raised:
        build_command(name)
    assert hint in raised.value.hint


def test_a_command_that_lacks_a_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "psutil")
    with pytest.raises(CuibanError, match="psutil") as raised:
        build_command("up")
    assert "requirements/local.txt" in raised.value.hint
