"""What the example of one server promises: no default passwords, backups, bounded logs."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.links import LinkKeys
from shared.settings import Settings

PLACE = Path(__file__).parents[3] / "deploy" / "one-server"


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((PLACE / "compose.yml").read_text(encoding="utf-8"))


def test_every_part_starts_again_and_its_log_is_bounded(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["restart"] == ("no" if name == "prepare" else "always")
        assert service["logging"] == {
            "driver": "local",
            "options": {"max-size": "20m", "max-file": "10"},
        }


def test_no_secret_stands_in_the_environment(compose: Any) -> None:
    secret = ("PASSWORD", "SECRET", "KEY", "DATABASE_URL", "SMTP_URL", "SMS_URL")
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            named = name.endswith(("_FILE", "_DIR", "PGPASSFILE"))
            assert named or not any(word in name for word in secret)


def test_what_an_office_must_decide_has_no_default(compose: Any) -> None:
    environment = compose["services"]["prepare"]["environment"]
    must = ("CUIBAN_OFFICE", "CUIBAN_OFFICE_NAME", "CUIBAN_PORTAL_URL", "CUIBAN_MAIL_FROM")
    for name in must:
        assert environment[name].startswith("${" + name + ":?")
    example = (PLACE / "example.env").read_text(encoding="utf-8").splitlines()
    assert {f"{name}=" for name in must} <= set(example)


def test_engines_are_reached_from_inside_alone(compose: Any) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("kafka", "postgres", "backup", "prepare", "scheduler"):
        assert compose["services"][name]["networks"] == ["inside"]
        assert "ports" not in compose["services"][name]


def test_the_state_is_kept_in_volumes(compose: Any) -> None:
    mounts = {name: each.get("volumes", []) for name, each in compose["services"].items()}
    assert mounts["kafka"] == ["kafka:/var/lib/kafka/data"]
    assert mounts["postgres"] == ["postgres:/var/lib/postgresql"]
    assert "./backups:/backups" in mounts["backup"]
    assert mounts["console"] == []  # it needs no secret


def make_secrets(folder: Path) -> dict[str, str]:
    (folder / "make-secrets.sh").write_bytes((PLACE / "make-secrets.sh").read_bytes())
    environment = {"PATH": os.environ["PATH"]}
    subprocess.run(["/bin/sh", folder / "make-secrets.sh"], check=True, env=environment)
    made = (path for path in (folder / "secrets").rglob("*") if path.is_file())
    return {str(path.relative_to(folder / "secrets")): path.read_text() for path in made}


def test_secrets_are_drawn_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = make_secrets(tmp_path)
    assert set(first) == {
        "postgres_password",
        "pgpass",
        "cuiban/cuiban_database_url",
        "cuiban/cuiban_link_keys",
    }
    for name in first:
        assert stat.S_IMODE((tmp_path / "secrets" / name).stat().st_mode) == 0o600
    assert make_secrets(tmp_path) == first
    (tmp_path / "other").mkdir()
    other = make_secrets(tmp_path / "other")
    assert all(other[name] != first[name] for name in first)


def test_the_services_accept_the_secrets_that_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_secrets(tmp_path)
    monkeypatch.delenv("CUIBAN_DATABASE_URL", raising=False)
    monkeypatch.setenv("CUIBAN_SECRETS_DIR", str(tmp_path / "secrets" / "cuiban"))
    settings = Settings.load()
    password = made["postgres_password"].strip()
    assert f":{password}@postgres:5432/" in settings.database_url.get_secret_value()
    assert made["pgpass"].strip().endswith(f":cuiban:{password}")
    assert LinkKeys.parse(settings.link_keys.get_secret_value())
