"""Every process accepts the environment and the files that the chart gives it."""

import os
from pathlib import Path

import pytest
import trustme

from deploy.prepare import FoundingSettings
from deploy.roles import SERVICES
from services.console.settings import ConsoleSettings
from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.scheduler.settings import SchedulerSettings
from shared.settings import Settings
from tests.unit.deploy.helm.rendering import (
    NAMES,
    PODS,
    Object,
    list_kind,
    list_variables_of,
    name,
    render,
)

_SETTINGS = {
    "ingest": IngestSettings,
    "scheduler": SchedulerSettings,
    "notifier": NotifierSettings,
    "console": ConsoleSettings,
    "prepare": Settings,
    "operator": Settings,
}
_URL = "postgresql://cuiban_role:PASSWORD@db:5432/cuiban?sslmode=verify-full&sslrootcert="


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the files of the pods are here, by their paths in the pods."""
    folder, authority = tmp_path_factory.mktemp("pod"), trustme.CA()
    certificate = authority.issue_cert("cuiban-ingest")
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "user.crt"))
    certificate.private_key_pem.write_to_path(str(folder / "user.key"))
    mount_secret(folder / "secrets", _URL + str(folder / "ca.crt"))
    return {
        "/etc/cuiban/database-ca/ca.crt": str(folder / "ca.crt"),
        "/etc/cuiban/kafka-ca/ca.crt": str(folder / "ca.crt"),
        "/etc/cuiban/kafka-user/": f"{folder}/",
        "/run/secrets/cuiban": str(folder / "secrets"),
        "$(DATABASE_PASSWORD)": "PASSWORD",
    }


def mount_secret(folder: Path, url: str) -> None:
    """A Secret as Kubernetes mounts it: links to a folder that is exchanged as a whole."""
    (folder / "..2026").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026")
    keys = {"cuiban_database_url": url, "cuiban_kafka_sasl_password": "PASSWORD", "pgpass": "x"}
    for key, text in keys.items():
        (folder / "..data" / key).write_text(text, encoding="utf-8")
        (folder / key).symlink_to(f"..data/{key}")


def enter(of: Object, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Take the environment of an object's container; returns its process."""
    for variable in [each for each in os.environ if each.startswith("CUIBAN_")]:
        monkeypatch.delenv(variable)
    for variable, value in list_variables_of(of).items():
        here = value
        for there, path in files.items():
            here = here.replace(there, path)
        monkeypatch.setenv(variable, here)
    return name(of).split("-")[1]


def allow_password(of: Object, files: dict[str, str]) -> None:
    """A password of Kafka's user is refused where Kafka takes certificates."""
    uses = "CUIBAN_KAFKA_SASL_USERNAME" in list_variables_of(of)
    file = Path(files["/run/secrets/cuiban"]) / "..data" / "cuiban_kafka_sasl_password"
    file.write_text("PASSWORD" if uses else "", encoding="utf-8")


@pytest.mark.parametrize("example", NAMES)
def test_a_process_starts_with_what_the_chart_gives_it(
    example: str, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in list_kind(render(example), *PODS):
        allow_password(each, files)
        process = enter(each, files, monkeypatch)
        settings = _SETTINGS[process].load()
        if isinstance(settings, Settings):
            assert settings.kafka_uses_tls
            assert "sslmode=verify-full" in settings.database_url.get_secret_value()
            assert (settings.replication, settings.in_sync) == (3, 2)
        else:
            assert (settings.api, settings.metrics_port) == ("http://cuiban-ingest:8000", 9100)


def test_the_job_makes_the_office_and_the_roles(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = list_kind(render("operators"), "Job")
    enter(job, files, monkeypatch)
    founding = FoundingSettings()
    assert (founding.office, founding.office_name[:2]) == ("yanting", "盐亭")
    assert founding.service_roles
    assert founding.token_file is founding.admin_file is None
    volumes = job["spec"]["template"]["spec"]["volumes"]
    (passwords,) = [each["projected"] for each in volumes if "projected" in each]
    paths = {item["path"] for each in passwords["sources"] for item in each["secret"]["items"]}
    assert paths == {f"{service}/pgpass" for service in SERVICES}
