"""Each alarm fires when it must, and stays silent otherwise, as promtool evaluates it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.deploy.monitoring.queries import MONITORING, list_alerts

_FILES = sorted(Path(__file__).parent.glob("*.test.yml"))


@pytest.fixture(scope="module")
def promtool() -> str:
    program = os.environ.get("CUIBAN_PROMTOOL") or shutil.which("promtool")
    if not program:
        pytest.skip(
            "no promtool on the path (Debian's package prometheus), and CUIBAN_PROMTOOL names none"
        )
    return program


def run(promtool: str, *arguments: str | Path) -> None:
    command = [promtool, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_alarms_fire_and_stay_silent(promtool: str, file: Path) -> None:
    run(promtool, "test", "rules", file)


def test_the_example_and_the_rules_that_it_names_are_valid(promtool: str) -> None:
    run(promtool, "check", "config", MONITORING / "prometheus.yml")


def test_every_alarm_has_both_cases() -> None:
    names = [
        case["name"] for file in _FILES for case in yaml.safe_load(file.read_text("utf-8"))["tests"]
    ]
    for alert in list_alerts():
        assert f"{alert} fires" in names
        assert any(name.startswith(f"{alert} is silent about ") for name in names)


def test_every_alarm_is_now_or_within_the_day() -> None:
    for alert, rule in list_alerts().items():
        assert rule["labels"]["severity"] in {"page", "ticket"}, alert
