"""The examples of secured engines name settings that exist, and fit the roles that are made."""

from pathlib import Path

import pytest

from deploy.prepare import FoundingSettings
from deploy.roles import SERVICES, name_role
from services.console.settings import ConsoleSettings
from shared.settings import Settings

FOLDER = Path(__file__).parents[3] / "examples" / "secured"
KNOWN = {
    "engines": (Settings,),
    "prepare": (Settings, FoundingSettings),
    "console": (ConsoleSettings,),
    **dict.fromkeys(SERVICES, (Settings,)),
}


def read_variables(name: str) -> dict[str, str]:
    lines = (FOLDER / f"{name}.env").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {variable: value for variable, _, value in pairs}


def test_each_process_has_an_example() -> None:
    assert {file.stem for file in FOLDER.glob("*.env")} == set(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_variable_is_a_setting(name: str) -> None:
    fields = {field for settings in KNOWN[name] for field in settings.model_fields}
    named = {variable.removeprefix("CUIBAN_").lower() for variable in read_variables(name)}
    assert named - fields == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_signs_in_as_its_role_with_the_file_that_prepare_writes(service: str) -> None:
    url = read_variables(service)["CUIBAN_DATABASE_URL"]
    folder = read_variables("prepare")["CUIBAN_SERVICE_PASSWORDS"]
    assert url.startswith(f"postgresql://{name_role(service)}@")
    assert url.endswith(f"passfile={folder}/{service}/pgpass")
    assert "sslmode=verify-full" in url
    principal = read_variables("prepare")[f"CUIBAN_KAFKA_PRINCIPAL_{service.upper()}"]
    assert principal == f"User:{read_variables(service)['CUIBAN_KAFKA_SASL_USERNAME']}"
