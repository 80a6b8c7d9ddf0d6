"""The settings of an office's identity provider."""

import json

import pytest
from pydantic import ValidationError

from services.ingest.domain.identity_providers import IdentityProvider
from services.ingest.settings import IngestSettings

PROVIDER = {
    "issuer": "https://sso.yanting.example",
    "client_id": "cuiban",
    "client_secret": "geheim",
    "redirect_uri": "https://cuiban.yanting.example/login/openid",
}


def test_providers_come_from_the_environment_by_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_IDENTITY_PROVIDERS", json.dumps({"yanting": PROVIDER}))
    settings = IngestSettings()
    assert settings.identity_providers == {"yanting": IdentityProvider.model_validate(PROVIDER)}
    assert settings.identity_providers["yanting"].create is None, "no account is made"
    assert "geheim" not in repr(settings)


def test_without_the_setting_no_office_has_a_provider() -> None:
    assert IngestSettings().identity_providers == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://sso.yanting.example"},
        {"issuer": "sso.yanting.example"},
        {"redirect_uri": "http://cuiban.yanting.example/"},
        {"scope": "profile"},
        {"create": "unit"},
        {"client_id": ""},
        {"secret": "misspelt"},
    ],
)
def test_settings_that_can_not_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        IdentityProvider.model_validate(PROVIDER | wrong)


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "[::1]:9000"])
def test_a_provider_on_this_machine_needs_no_tls(host: str) -> None:
    provider = IdentityProvider.model_validate(PROVIDER | {"issuer": f"http://{host}"})
    assert provider.issuer == f"http://{host}"
