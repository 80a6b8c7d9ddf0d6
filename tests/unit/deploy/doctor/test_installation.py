"""What the doctor looks at: the environment, or the stack that runs."""

import json
import os
from pathlib import Path

import pytest

from deploy.doctor.installation import find_installation
from deploy.doctor.secrets import check_secrets, list_secret_files
from deploy.terminal.errors import NotRunningError, WrongUseError

URL = "postgresql://cuiban:hush@127.0.0.1:9/cuiban"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CUIBAN_")]:
        monkeypatch.delenv(name)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", URL)
    monkeypatch.setenv("CUIBAN_TOKEN_FILE", str(tmp_path / "token"))
    named = ["ingest=http://host:9100/", "http://other:9100"]
    found = find_installation(tmp_path, named)
    assert found.settings.database_url.get_secret_value() == URL
    assert found.health == {"ingest": "http://host:9100", "other:9100": "http://other:9100"}
    assert found.secrets == (tmp_path / "token",)


def test_else_the_stack_that_runs_with_its_health_ports(tmp_path: Path) -> None:
    parts = [
        {"name": "scheduler-1", "address": "http://127.0.0.1:5/metrics"},
        {"name": "kafka", "address": "127.0.0.1:6"},
    ]
    record = {
        "supervisor_pid": os.getpid(),
        "api": "",
        "environment": {"CUIBAN_DATABASE_URL": URL, "CUIBAN_SMTP_URL": "smtp://127.0.0.1:25"},
        "parts": parts,
    }
    (tmp_path / "stack.json").write_text(json.dumps(record))
    found = find_installation(tmp_path, [])
    assert found.settings.smtp_url.get_secret_value() == "smtp://127.0.0.1:25"
    assert found.health == {"scheduler-1": "http://127.0.0.1:5"}
    assert tmp_path / "token" in found.secrets


def test_without_either_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError):
        find_installation(tmp_path, [])


@pytest.mark.parametrize("written", ["host:9100", "a=ftp://host", "http://", "http://host:x"])
def test_what_is_no_address_is_refused(written: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="health port"):
        find_installation(tmp_path, [written])


def test_a_setting_that_cant_be_read_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", "mysql://host/db")
    with pytest.raises(WrongUseError, match="CUIBAN_DATABASE_URL"):
        find_installation(tmp_path, [])


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "warning"), (0o604, "failed")])
async def test_only_the_owner_may_read_a_secret(mode: int, state: str, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("hush")
    secret.chmod(mode)
    (finding,) = await check_secrets([secret, tmp_path / "missing"], None)
    assert (finding.about, finding.state) == (str(secret), state)
    assert "hush" not in finding.saw


async def test_the_files_that_the_gateways_name_are_secrets_too(tmp_path: Path) -> None:
    secret, file = tmp_path / "key", tmp_path / "gateways.yaml"
    secret.write_text("hush")
    secret.chmod(0o644)
    file.write_text(f"gateways:\n- key: {{file: {secret}}}\n- key: {{env: KEY}}\n")
    (finding,) = await check_secrets([], file)
    assert (finding.about, finding.state) == (str(secret), "failed")
    assert list_secret_files(tmp_path / "missing") == []
