"""The two files of Compose hold to its specification and to what we promise of them.

Docker is not needed: the files are read, and not run.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.unit.deploy.variables import list_variables

ROOT = Path(__file__).parents[3]
EVALUATION, ONE_SERVER = "docker-compose.yml", "deploy/one-server/compose.yml"
OURS = ("ingest", "scheduler", "notifier", "console")


@pytest.fixture(scope="module", params=[EVALUATION, ONE_SERVER])
def file(request: pytest.FixtureRequest) -> Path:
    return ROOT / str(request.param)


@pytest.fixture(scope="module")
def compose(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_it_follows_the_schema(compose: Any) -> None:
    schema = json.loads(Path(__file__).with_name("compose.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    wrong = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(compose)
    ]
    assert wrong == []


def test_every_name_that_is_used_is_defined(compose: Any, file: Path) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service.get("networks", [])) <= set(compose.get("networks", {}))
        assert set(service.get("secrets", [])) <= set(compose.get("secrets", {}))
        sources = {volume.split(":")[0] for volume in service.get("volumes", [])}
        named = {source for source in sources if not source.startswith("./")}
        assert named <= set(compose["volumes"])
        for script in (source for source in sources if source.endswith(".sh")):
            assert (file.parent / script).is_file()
        if "build" in service:
            context = file.parent / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()


def test_every_variable_of_ours_is_a_setting(compose: Any) -> None:
    known = list_variables()
    for service in compose["services"].values():
        ours = {name for name in service.get("environment", {}) if name.startswith("CUIBAN_")}
        assert ours <= known


def test_every_part_has_a_health_check_and_limits(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"].get("disable", False) is (name == "prepare")
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


@pytest.mark.parametrize("name", [*OURS, "prepare"])
def test_our_containers_can_change_nothing(compose: Any, name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_image_floats(compose: Any) -> None:
    assert not any(service["image"].endswith(":latest") for service in compose["services"].values())


def test_services_wait_for_the_preparation_and_it_for_the_engines(compose: Any) -> None:
    services = compose["services"]
    for name in OURS:
        assert services[name]["depends_on"] == {
            "prepare": {"condition": "service_completed_successfully"}
        }
        assert services[name]["restart"] in {"unless-stopped", "always"}
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


def test_the_evaluation_says_what_it_is() -> None:
    text = (ROOT / EVALUATION).read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    assert compose["name"] == "cuiban-evaluation"
    head = text.partition("name:")[0]
    assert all(word in head for word in ("试用", "EVALUATE", "Not for production", ONE_SERVER))
    environment = compose["services"]["notifier"]["environment"]
    default = environment["CUIBAN_SMTP_URL"].removeprefix("${CUIBAN_SMTP_URL:-").removesuffix("}")
    assert default == f"smtp://{environment['CUIBAN_MAIL_CATCHER']}"


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
    assert "USER 10001:10001" in lines  # a number: Kubernetes checks that it is not root
    assert all(":latest" not in line for line in lines if line.startswith("FROM"))


def test_what_installs_packages_is_not_in_the_image() -> None:
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    build, _, image = text.rpartition("FROM ")
    assert "venv --without-pip" in build
    assert "pip uninstall" in image
    assert "COPY --from=build /opt/cuiban /opt/cuiban" in image
    assert "COPY . " not in text


def test_no_secret_of_the_example_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert rules.index("deploy/one-server") > rules.index("!deploy")
