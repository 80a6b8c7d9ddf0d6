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
