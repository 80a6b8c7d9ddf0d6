from pathlib import Path

import pytest

from shared.errors import CuibanError
from shared.settings import Settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_KAFKA", "broker:1")
    monkeypatch.setenv("CUIBAN_PARTITIONS", "12")
    settings = Settings.load()
    assert (settings.kafka, settings.partitions) == ("broker:1", 12)


def test_a_setting_that_cannot_be_read_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUIBAN_PARTITIONS", "s3cret")
    with pytest.raises(CuibanError) as caught:
        Settings.load()
    assert "CUIBAN_PARTITIONS" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_database_password_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", "postgresql://u:s3cret@h/d")
    assert "s3cret" not in repr(Settings.load())


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"SECURITY_PROTOCOL": "TLS"}, "CUIBAN_KAFKA_SECURITY_PROTOCOL"),
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "needs CUIBAN_KAFKA_SASL_USERNAME"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_USERNAME": "a"}, "CUIBAN_KAFKA_SASL_PASSWORD"),
        ({"SASL_USERNAME": "a", "SASL_PASSWORD": "s3cret"}, "use SASL_SSL"),
        ({"SSL_CA_LOCATION": "/etc/ca.pem"}, "does not encrypt"),
        (
            {
                "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "SASL_MECHANISM": "PLAIN",
                "SASL_USERNAME": "a",
                "SASL_PASSWORD": "s3cret",
            },
            "PLAIN without TLS",
        ),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CA_LOCATION": "/no/ca.pem"}, "/no/ca.pem can't be used"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_LOCATION": "/no/key"}, "key without"),
        ({"SASL_PASSWORD_FILE": "/no/password"}, "CUIBAN_KAFKA_SASL_PASSWORD_FILE"),
    ],
)
def test_a_broker_that_can_not_be_reached_so_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], wrong: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"CUIBAN_KAFKA_{name}", value)
    with pytest.raises(CuibanError) as caught:
        Settings.load()
    assert wrong in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_password_of_the_broker_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    monkeypatch.setenv("CUIBAN_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("CUIBAN_KAFKA_SASL_USERNAME", "a")
    monkeypatch.setenv("CUIBAN_KAFKA_SASL_PASSWORD_FILE", str(file))
    settings = Settings.load()
    assert settings.get_kafka_password() == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("sslmode=verified", "sslmode is one of these"),
        ("sslmode=verify-full", "needs sslrootcert"),
        ("sslmode=verify-ca&sslrootcert=system", "needs sslmode=verify-full"),
        ("sslrootcert=/etc/ca.pem", "needs sslmode=require"),
        ("sslmode=require&sslkey=/etc/key", "sslkey without sslcert"),
        ("sslmode=require&sslrootcert=/no/ca.pem", "/no/ca.pem can't be used"),
    ],
)
def test_a_url_that_contradicts_itself_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, query: str, wrong: str
) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", f"postgresql://u:s3cret@h/d?{query}")
    with pytest.raises(CuibanError) as refused:
        Settings.load()
    assert "CUIBAN_DATABASE_URL" in refused.value.message
    assert wrong in refused.value.message
    assert "s3cret" not in refused.value.message


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CUIBAN_DATABASE_URL", raising=False)
    monkeypatch.setenv("CUIBAN_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_secrets_come_from_the_files_of_a_folder(secrets: Path) -> None:
    (secrets / "cuiban_database_url").write_text("postgresql://u:from-file@h/d\n")
    url = Settings.load().database_url.get_secret_value()
    assert url == "postgresql://u:from-file@h/d"


def test_the_environment_goes_before_the_files(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "cuiban_kafka").write_text("file:1")
    monkeypatch.setenv("CUIBAN_KAFKA", "environment:1")
    assert Settings.load().kafka == "environment:1"


def test_a_wrong_file_is_named_without_its_content(secrets: Path) -> None:
    (secrets / "cuiban_database_url").write_text("hush-hush")
    with pytest.raises(CuibanError) as caught:
        Settings.load()
    assert "CUIBAN_DATABASE_URL" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_folder_of_secrets_that_is_missing_is_refused(secrets: Path) -> None:
    secrets.rmdir()
    with pytest.raises(CuibanError, match="CUIBAN_SECRETS_DIR"):
        Settings.load()
