"""`cuiban gateways check` and `test`, on files."""

import json
import sys
from pathlib import Path

import pytest

from deploy.command import run
from deploy.gateways import gateways

ROBOT = """\
gateways:
  - name: liaisons
    vendor: wecom-robot
    url: http://127.0.0.1:9/send
    key: {env: ROBOT_KEY}
"""


@pytest.fixture(autouse=True)
def speak_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "gateways.yaml"
    path.write_text(ROBOT)
    monkeypatch.setenv("ROBOT_KEY", "hush")
    monkeypatch.setenv("CUIBAN_GATEWAYS", str(path))
    return path


def test_a_sound_file_lists_its_gateways(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gateways", "check", "--json"]) == 0
    check = json.loads(capsys.readouterr().out)
    assert check["passed"] is True
    assert check["gateways"] == [{"name": "liaisons", "vendor": "wecom-robot", "channel": "wecom"}]


def test_a_wrong_file_is_told_with_line_and_column(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(ROBOT.replace("name:", "nmae:"))
    assert run(["--lang", "en", "gateways", "check", str(file), "--json"]) == 1
    (first, second) = json.loads(capsys.readouterr().out)["problems"]
    assert (first["line"], first["code"]) == (2, "missing")
    assert (second["line"], second["column"], second["hint"]) == (2, 5, "Did you mean name?")


def test_without_a_file_the_use_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CUIBAN_GATEWAYS", raising=False)
    assert run(["gateways", "check", "--json"]) == 2
    assert "CUIBAN_GATEWAYS" in capsys.readouterr().err


def test_a_gateway_that_is_away_does_not_accept(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["gateways", "test", "liaisons", "--to", "13800000000", "--json"]) == 1
    trial = json.loads(capsys.readouterr().out)
    assert (trial["outcome"], trial["reason"]) == ("refused", "unreachable")


def test_a_name_that_no_gateway_has_is_wrong_use(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["gateways", "test", "other", "--to", "13800000000", "--json"]) == 2
    assert "liaisons" in capsys.readouterr().err


def test_the_cases_of_a_gateway_that_is_not_there_are_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CUIBAN_GATEWAYS", raising=False)
    assert run(["gateways", "conform", "other", "--json"]) == 2
    assert "tencent" in capsys.readouterr().err


def test_where_the_simulator_is_not_installed_the_other_commands_remain(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setattr(gateways, "registered_commands", gateways.registered_commands[:2])
    monkeypatch.setitem(sys.modules, "lab.simulator.command", None)
    assert run(["gateways", "conform"]) == 2
    assert run(["gateways", "check"]) == 0
