"""The command where some packages are missing, as in a production image."""

import sys

import pytest
from typer.testing import CliRunner

from deploy.command import command_line
from shared.errors import CuibanError


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psutil, which only the stack on one machine needs."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    for name in [name for name in sys.modules if name.startswith(("deploy.", "lab."))]:
        if name != "deploy.command":
            monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("production")
def test_help_lists_what_can_run_there() -> None:
    shown = CliRunner().invoke(command_line(), ["--help"])
    assert shown.exit_code == 0
    assert "topics" in shown.output
    assert "ledger" in shown.output
    assert " up " not in shown.output


@pytest.mark.usefixtures("production")
def test_a_command_that_lacks_a_package_names_it() -> None:
    with pytest.raises(CuibanError, match="psutil") as raised:
        command_line("up")
    assert "requirements/local.txt" in raised.value.hint
