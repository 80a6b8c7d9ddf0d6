"""Without the setting nothing of OpenTelemetry's SDK is loaded, and no span is made."""

import subprocess
import sys

import pytest

from services.notifier.settings import NotifierSettings
from shared.errors import CuibanError
from shared.tracing import spans

_LIST = """
import os, sys
import {service}
from shared.tracing.spans import is_traced
from shared.tracing.starting import start_tracing
start_tracing("tried", os.environ.get("CUIBAN_OTLP_ENDPOINT", ""))
print(is_traced(), *(name for name in sys.modules if name.startswith({names})))
"""
_SDK = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "google.protobuf")


def list_loaded(service: str, names: tuple[str, ...], **environment: str) -> list[str]:
    """Whether a process that imports a service traces, and which modules of these names it has."""
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-c", _LIST.format(service=service, names=names)],
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", **environment},
    )
    return done.stdout.split()


@pytest.mark.parametrize("service", ["services.scheduler.app", "services.notifier.app"])
def test_a_worker_loads_nothing_of_opentelemetry(service: str) -> None:
    assert list_loaded(service, ("opentelemetry", *_SDK)) == ["False"]


@pytest.mark.parametrize("service", ["services.ingest.app", "services.console.app"])
def test_a_service_of_fastapi_loads_only_the_interface_that_fastapi_loads(service: str) -> None:
    assert list_loaded(service, _SDK) == ["False"]


def test_a_variable_that_other_programs_share_turns_nothing_on() -> None:
    shared = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    assert list_loaded("services.scheduler.app", ("opentelemetry",), **shared) == ["False"]


def test_with_the_setting_the_sdk_is_loaded() -> None:
    given = {"CUIBAN_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    traced, *modules = list_loaded("shared.settings", ("opentelemetry.sdk",), **given)
    assert traced == "True"
    assert modules


def test_without_a_tracer_a_span_is_nothing() -> None:
    with spans.open_span("tried", spans.Kind.SERVER, {}) as span:
        span.note({"a": 1})
        span.rename("other")
        span.fail("no")
        assert span.traceparent == spans.get_traceparent() == ""


@pytest.mark.parametrize(
    "refused", ["collector:4318", "ftp://collector", "http://user:s3cret@collector", "http://a b"]
)
def test_an_address_that_is_none_is_refused_without_its_value(
    refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUIBAN_OTLP_ENDPOINT", refused)
    with pytest.raises(CuibanError) as caught:
        NotifierSettings.load()
    assert "CUIBAN_OTLP_ENDPOINT" in str(caught.value)
    assert refused not in str(caught.value)


@pytest.mark.parametrize(
    "accepted", ["http://127.0.0.1:4318", "https://collector.example/cuiban/", ""]
)
def test_a_base_address_is_accepted(accepted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_OTLP_ENDPOINT", accepted)
    assert NotifierSettings.load().otlp_endpoint == accepted
