"""docker-compose.yml holds to the Compose specification and to what we promise of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[3]
OURS = ("ingest", "scheduler", "notifier", "console")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_it_follows_the_schema(compose: Any) -> None:
    schema = json.loads(Path(__file__).with_name("compose.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    wrong = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(compose)
    ]
    assert wrong == []


def test_every_name_that_is_used_is_defined(compose: Any) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        used = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert used <= set(compose["volumes"])
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_no_image_floats(compose: Any) -> None:
    assert not any(service["image"].endswith(":latest") for service in compose["services"].values())


def test_services_wait_for_the_preparation_and_it_for_the_engines(compose: Any) -> None:
    services = compose["services"]
    for name in OURS:
        assert services[name]["depends_on"] == {
            "prepare": {"condition": "service_completed_successfully"}
        }
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["command"] == ["python", "-m", f"services.{name}.app"]
    assert services["prepare"]["restart"] == "no"
    assert services["prepare"]["depends_on"] == {
        "kafka": {"condition": "service_healthy"},
        "postgres": {"condition": "service_healthy"},
    }


def test_one_image_serves_all_and_its_addresses_are_those_of_the_parts(compose: Any) -> None:
    services = compose["services"]
    assert len({services[name]["image"] for name in (*OURS, "prepare")}) == 1
    environment = services["scheduler"]["environment"]
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert advertised == f"INTERNAL://{environment['CUIBAN_KAFKA']}"
    assert environment["CUIBAN_DATABASE_URL"].endswith("@postgres:5432/cuiban")


@pytest.mark.parametrize("file", ["Makefile", "deploy/Dockerfile"])
def test_what_is_locked_is_installed_without_resolving_it_anew(file: str) -> None:
    """pip would take the newest of what is asked for with an extra, and miss its hash."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    locked = [line for line in lines if "--require-hashes" in line]
    assert locked
    assert all("--no-deps" in line for line in locked)


def test_the_image_is_locked_by_hash_and_does_not_run_as_root() -> None:
    lines = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").splitlines()
    assert any("--require-hashes" in line and "requirements/base.txt" in line for line in lines)
    assert "USER cuiban" in lines
    assert all(":latest" not in line for line in lines if line.startswith("FROM"))
