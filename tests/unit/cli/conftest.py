"""The command in this process, in English, 80 columns wide."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from deploy.command import run


@dataclass(frozen=True, slots=True)
class Run:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def cuiban(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run the command with some arguments."""

    def call(*arguments: str) -> Run:
        status = run(arguments)
        printed = capsys.readouterr()
        return Run(status, printed.out, printed.err)

    return call
