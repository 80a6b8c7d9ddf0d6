"""The doctor looks at the certificates with which services sign in, and says why one is refused."""

from pathlib import Path

import trustme

from deploy.doctor.certificates import check_own_certificates
from deploy.doctor.checking import CheckState, report_refusal
from deploy.doctor.secrets import list_engine_secrets
from deploy.terminal.language import use_language
from shared.clock import read_machine_time
from shared.errors import EngineRefusedError
from shared.settings import Settings


def write(folder: Path, name: str) -> Path:
    file = folder / f"{name}.pem"
    leaf = trustme.CA().issue_cert("service@cuiban.example", not_after=read_machine_time())
    leaf.private_key_and_cert_chain_pem.write_to_path(str(file))
    return file


async def test_the_end_of_each_own_certificate_is_told(tmp_path: Path) -> None:
    broker, database = write(tmp_path, "broker"), write(tmp_path, "database")
    settings = Settings(
        kafka_security_protocol="SSL",
        kafka_ssl_certificate_location=broker,
        database_url=f"postgresql://u@h/d?sslmode=require&sslcert={database}",
    )
    findings = await check_own_certificates(settings)
    assert [(each.about, each.state) for each in findings] == [
        (str(broker), CheckState.FAILED),
        (str(database), CheckState.FAILED),
    ]
    assert list_engine_secrets(settings) == [broker, database]
    assert await check_own_certificates(Settings()) == []
    assert list_engine_secrets(Settings()) == []


def test_files_with_passwords_and_keys_are_secrets(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("hush")
    settings = Settings(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_username="ingest",
        kafka_sasl_password_file=password,
        database_url="postgresql://u@h/d?passfile=/run/secrets/pgpass",
    )
    assert list_engine_secrets(settings) == [password, Path("/run/secrets/pgpass")]


def test_a_refusal_is_told_in_the_language_in_use() -> None:
    error = EngineRefusedError("证书不可信。It is not trusted.", "请核对。Check it.")
    for language, saw, todo in (
        ("zh", "证书不可信。", "请核对。"),
        ("en", "It is not trusted.", "Check it."),
    ):
        use_language(language)
        finding = report_refusal("kafka", error)
        assert (finding.saw, finding.todo, finding.away) == (saw, todo, True)
