"""Every object of the chart follows the schemas of Kubernetes and of the operators."""

import pytest

from tests.unit.deploy.helm.definitions import list_definition_faults, load_definitions
from tests.unit.deploy.helm.rendering import (
    CHART,
    NAMES,
    VERSIONS,
    list_kind,
    list_kubernetes_faults,
    list_operator_faults,
    render,
    run_helm,
    try_values,
)

_OPERATORS = {
    "small": set(),
    "operators": {"Kafka", "KafkaNodePool", "KafkaUser", "Cluster", "ScheduledBackup"},
}
_OPERATORS["operators"] |= {"PodMonitor"}
_OPERATORS["province"] = _OPERATORS["operators"] | {"ScaledObject"}


@pytest.mark.parametrize("example", NAMES)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_follows_its_schema(example: str, version: str) -> None:
    of_operators, wrong = set(), []
    for each in render(example, version=version):
        faults = list_kubernetes_faults(each, version)
        if faults is None:
            of_operators.add(each["kind"])
            faults = list_operator_faults(each)
        assert faults is not None, f"no schema knows {each['apiVersion']} {each['kind']}"
        wrong += faults
    assert wrong == []
    assert of_operators == _OPERATORS[example]


@pytest.mark.parametrize("example", ["operators", "province"])
def test_every_object_of_an_operator_follows_its_definition(example: str) -> None:
    load_definitions()
    objects = list_kind(render(example), *_OPERATORS[example])
    assert [fault for each in objects for fault in list_definition_faults(each)] == []


def test_a_wrong_field_is_found() -> None:
    (job,) = list_kind(render("small"), "Job")
    wrong = job | {"spec": job["spec"] | {"backOffLimit": 3}}
    assert "backOffLimit" in "".join(list_kubernetes_faults(wrong, VERSIONS[0]) or [])
    (kafka,) = list_kind(render("operators"), "Kafka")
    wrong = kafka | {"spec": kafka["spec"] | {"zookeeper": {}}}
    assert "zookeeper" in "".join(list_operator_faults(wrong) or [])


@pytest.mark.parametrize("example", NAMES)
def test_helm_finds_nothing_wrong(example: str) -> None:
    done = run_helm("lint", "--strict", CHART, "-f", CHART.parent / f"examples/{example}.yaml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("example", "setting", "words"),
    [
        ("small", "image.repository=", "image.repository"),
        ("small", "office.slug=", "office.slug"),
        ("small", "publicUrl=", "publicUrl"),
        ("small", "kafka.bootstrap=", "kafka.bootstrap"),
        ("small", "kafka.users.notifier=", "kafka.users.notifier"),
        ("small", "services.scheduler.secret=", "services.scheduler.secret"),
        ("small", "prepare.secret=", "prepare.secret"),
        ("small", "ingress.tlsSecret=", "ingress.tlsSecret"),
        ("small", "settings.CUIBAN_LINK_KEYS=k:x", "CUIBAN_LINK_KEYS"),
        ("small", "services.notifier.settings.CUIBAN_SMTP_URL=x", "CUIBAN_SMTP_URL"),
        ("small", "settings.CUIBAN_KAFKA=x:1", "CUIBAN_KAFKA"),
        ("small", "services.ingest.replica=2", "replica"),
        ("operators", "settings.CUIBAN_TOPIC_PREFIX=a.", "CUIBAN_TOPIC_PREFIX"),
        ("operators", "services.ingest.secret=", "services.ingest.secret"),
        ("operators", "kafka.kind=zookeeper", "kafka"),
        ("province", "autoscaling.scheduler.max=13", "autoscaling.scheduler.max"),
        ("province", "autoscaling.prometheus.address=", "autoscaling.prometheus.address"),
        ("province", "autoscaling.notifier.min=0", "min"),
    ],
)
def test_values_that_cannot_work_are_refused(example: str, setting: str, words: str) -> None:
    assert words in try_values(example, setting)


def test_a_cluster_that_is_too_old_is_refused() -> None:
    done = run_helm(
        *("template", "cuiban", CHART, "-f", CHART.parent / "examples/small.yaml"),
        *("--kube-version", "1.30"),
    )
    assert "1.31" in done.stderr
