"""What the chart promises of every pod."""

import re

import pytest

from tests.unit.deploy.helm.rendering import (
    CHART,
    NAMES,
    PODS,
    Object,
    get_pod,
    list_kind,
    list_variables_of,
    name,
    render,
)
from tests.unit.deploy.variables import list_variables

SERVICES = {f"cuiban-{each}" for each in ("ingest", "scheduler", "notifier", "console")}
_PROBED = ("startupProbe", "livenessProbe", "readinessProbe")


@pytest.fixture(params=NAMES)
def objects(request: pytest.FixtureRequest) -> tuple[Object, ...]:
    return render(str(request.param))


def test_there_is_a_pod_for_each_process(objects: tuple[Object, ...]) -> None:
    deployments = {name(each) for each in list_kind(objects, "Deployment")}
    assert deployments == SERVICES | {"cuiban-operator"}
    (job,) = list_kind(objects, "Job")
    assert name(job).startswith("cuiban-prepare-")
    (container,) = get_pod(job)["spec"]["containers"]
    assert container["command"] == ["python", "-m", "deploy.prepare"]


def test_a_pod_may_do_nothing_that_it_does_not_need(objects: tuple[Object, ...]) -> None:
    for each in list_kind(objects, *PODS):
        spec = get_pod(each)["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        writable = [mount for mount in container["volumeMounts"] if not mount.get("readOnly")]
        assert [mount["mountPath"] for mount in writable] == ["/tmp"]  # noqa: S108 - in the pod


def test_variables_that_kubernetes_makes_are_not_read_as_settings(
    objects: tuple[Object, ...],
) -> None:
    for each in list_kind(objects, *PODS):
        assert get_pod(each)["spec"]["enableServiceLinks"] is False


def test_every_pod_has_a_share_of_the_machine(objects: tuple[Object, ...]) -> None:
    for each in list_kind(objects, *PODS):
        spec = get_pod(each)["spec"]
        (container,) = spec["containers"]
        for bound in ("requests", "limits"):
            assert set(container["resources"][bound]) == {"cpu", "memory"}
        (disk,) = [volume["emptyDir"] for volume in spec["volumes"] if "emptyDir" in volume]
        assert disk["sizeLimit"]


def test_every_service_is_probed_on_ports_that_it_has(objects: tuple[Object, ...]) -> None:
    for each in list_kind(objects, "Deployment"):
        (container,) = get_pod(each)["spec"]["containers"]
        if name(each) == "cuiban-operator":
            continue
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        variables = list_variables_of(each)
        assert ports["metrics"] == int(variables["CUIBAN_METRICS_PORT"])
        served = variables.get("CUIBAN_HTTP_PORT") or variables.get("CUIBAN_CONSOLE_PORT")
        assert ports.get("http") == (int(served) if served else None)
        for probe in map(container.get, _PROBED):
            asked = probe.get("httpGet") or probe["tcpSocket"]
            assert asked["port"] in ports
        assert container["startupProbe"]["httpGet"]["path"] == "/health/live"
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"


def test_a_service_may_wait_for_its_engines_before_it_is_killed(
    objects: tuple[Object, ...],
) -> None:
    for each in list_kind(objects, "Deployment"):
        variables = list_variables_of(each)
        if name(each) in SERVICES and "CUIBAN_WAIT" in variables:
            (container,) = get_pod(each)["spec"]["containers"]
            probe = container["startupProbe"]
            assert variables["CUIBAN_WAIT"] == "PT5M"
            assert probe["periodSeconds"] * probe["failureThreshold"] > 300


def test_every_variable_of_ours_is_a_setting(objects: tuple[Object, ...]) -> None:
    known = list_variables() | {"DATABASE_PASSWORD"}
    for each in list_kind(objects, *PODS):
        assert set(list_variables_of(each)) - known == set()


def test_no_secret_is_in_the_chart(objects: tuple[Object, ...]) -> None:
    assert list_kind(objects, "Secret", "ConfigMap") == []
    secret = ("PASSWORD", "SECRET", "LINK_KEYS", "SMTP_URL", "SMS_URL")
    for each in list_kind(objects, *PODS):
        for variable, value in list_variables_of(each).items():
            if not variable.endswith(("_FILE", "_DIR", "_PASSWORDS")):
                assert not any(word in variable for word in secret) or value == ""
        url = list_variables_of(each).get("CUIBAN_DATABASE_URL", "")
        assert ":$(DATABASE_PASSWORD)@" in url or not url


def test_the_console_has_neither_engines_nor_secrets(objects: tuple[Object, ...]) -> None:
    (console,) = [
        each for each in list_kind(objects, "Deployment") if name(each) == "cuiban-console"
    ]
    assert [volume["name"] for volume in get_pod(console)["spec"]["volumes"]] == ["temporary"]
    assert not any("KAFKA" in each or "DATABASE" in each for each in list_variables_of(console))


def test_another_image_makes_another_job_and_the_same_values_the_same() -> None:
    (first,), (other,) = (
        list_kind(render("small", *changes), "Job") for changes in ((), ("image.tag=0.2.0",))
    )
    assert name(first) != name(other)
    (third,) = list_kind(render("small", "services.ingest.replicas=3"), "Job")
    assert name(first) == name(third)


def test_a_newer_chart_does_not_change_a_job_that_is_done() -> None:
    (job,) = list_kind(render("small"), "Job")
    assert set(get_pod(job)["metadata"]["labels"]) == {
        f"app.kubernetes.io/{label}" for label in ("name", "instance", "component")
    }


def test_the_keys_that_the_readme_asks_for_are_settings() -> None:
    text = (CHART / "README.md").read_text(encoding="utf-8")
    keys = set(re.findall(r"`(cuiban_[a-z_]+)`", text))
    assert {"cuiban_database_url", "cuiban_link_keys", "cuiban_smtp_url"} <= keys
    assert {key.upper() for key in keys} - list_variables() == set()
