"""Kafka, PostgreSQL and the autoscaling fit what the services do."""

from typing import Any

import pytest

from deploy.broker_access import GROUPS, list_rules
from services.ingest.store import dead_letter_tables, gateway_tables, history_tables
from services.notifier.app import TOPICS
from services.scheduler.store.tables import RULES_CONSUMER, TASKS_CONSUMER
from shared.kafka.broker.access import Operation, Resource
from tests.unit.deploy.helm.rendering import Object, list_kind, list_variables_of, name, render
from tests.unit.deploy.monitoring.queries import list_faults

OPERATORS = ("operators", "province")
_WORDS = {
    Operation.READ: "Read",
    Operation.WRITE: "Write",
    Operation.DESCRIBE_CONFIGS: "DescribeConfigs",
}


def pick(objects: tuple[Object, ...], kind: str, wanted: str) -> Object:
    (found,) = [each for each in list_kind(objects, kind) if name(each) == wanted]
    return found


@pytest.mark.parametrize("service", GROUPS)
@pytest.mark.parametrize("example", OPERATORS)
def test_the_broker_allows_a_service_what_prepare_would_allow(example: str, service: str) -> None:
    user = pick(render(example), "KafkaUser", f"cuiban-{service}")
    allowed = {
        (acl["resource"]["type"], acl["resource"]["name"], operation)
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }
    types = {Resource.TOPIC: "topic", Resource.GROUP: "group"}
    assert allowed == {
        (types[rule.resource], rule.name, _WORDS[rule.operation]) for rule in list_rules(service)
    }


@pytest.mark.parametrize("example", OPERATORS)
def test_there_are_three_brokers_and_an_event_is_on_two_before_it_counts(example: str) -> None:
    objects = render(example)
    config = pick(objects, "Kafka", "cuiban")["spec"]["kafka"]["config"]
    pools = {name(each): each["spec"] for each in list_kind(objects, "KafkaNodePool")}
    brokers = pools["cuiban-brokers"]
    assert (brokers["replicas"], config["min.insync.replicas"]) == (3, 2)
    assert config["auto.create.topics.enable"] is config["unclean.leader.election.enable"] is False
    controllers = [each for each in pools.values() if "controller" in each["roles"]]
    assert sum(each["replicas"] for each in controllers) == 3
    variables = list_variables_of(*list_kind(objects, "Job"))
    assert variables["CUIBAN_REPLICATION"] == str(config["default.replication.factor"])
    assert variables["CUIBAN_MIN_IN_SYNC"] == "2"


@pytest.mark.parametrize("example", OPERATORS)
def test_there_are_three_databases_and_a_commit_is_on_two_before_it_counts(example: str) -> None:
    spec = pick(render(example), "Cluster", "cuiban-db")["spec"]
    assert spec["instances"] == 3
    assert spec["postgresql"]["synchronous"]["dataDurability"] == "required"
    assert spec["bootstrap"]["initdb"]["postInitSQL"] == ["ALTER ROLE cuiban CREATEROLE"]


@pytest.mark.parametrize("example", OPERATORS)
def test_all_processes_together_have_enough_connections(example: str) -> None:
    objects = render(example)
    parameters = pick(objects, "Cluster", "cuiban-db")["spec"]["postgresql"]["parameters"]
    most = {
        name(each): each["spec"]["maxReplicaCount"] for each in list_kind(objects, "ScaledObject")
    }
    used = 0
    for each in list_kind(objects, "Deployment"):
        pool = int(list_variables_of(each).get("CUIBAN_DATABASE_POOL", 0))
        pods = most.get(name(each)) or each["spec"]["replicas"]
        used += pool * (pods + 1)  # one more while they are replaced
    assert used + 20 <= int(parameters["max_connections"])


@pytest.mark.parametrize("example", OPERATORS)
def test_what_holds_data_is_left_when_the_release_is_removed(example: str) -> None:
    for each in list_kind(render(example), "Kafka", "KafkaNodePool", "Cluster"):
        assert each["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_without_an_operator_the_engines_are_those_that_are_named() -> None:
    job = list_variables_of(*list_kind(render("small"), "Job"))
    assert job["CUIBAN_KAFKA"].count(":9093") == 3
    assert job["CUIBAN_KAFKA_SASL_USERNAME"] == "cuiban-operator"
    assert job["CUIBAN_KAFKA_PRINCIPAL_NOTIFIER"] == "User:cuiban-notifier"
    assert "CUIBAN_DATABASE_URL" not in job  # a file of the Secret


def list_triggers() -> dict[str, dict[str, Any]]:
    return {
        f"{name(each)} {trigger['name']}": trigger
        for each in list_kind(
            render("province", "autoscaling.prometheus.matchers="), "ScaledObject"
        )
        for trigger in each["spec"]["triggers"]
    }


def test_pods_are_counted_by_metrics_that_the_services_show() -> None:
    triggers = list_triggers()
    services = ("ingest", "scheduler", "notifier")
    expected = {f"cuiban-{service} records-behind" for service in services}
    assert set(triggers) == expected | {"cuiban-notifier oldest-due"}
    for trigger in triggers.values():
        assert list_faults(trigger["metadata"]["query"]) == []


def test_consumers_have_names_by_which_the_lag_of_a_service_is_found() -> None:
    assert TOPICS  # the notifier's consumers are named in `list_handlers`
    assert {TASKS_CONSUMER.partition("-")[0], RULES_CONSUMER.partition("-")[0]} == {"scheduler"}
    for tables in (history_tables, dead_letter_tables, gateway_tables):
        assert tables.CONSUMER.startswith("ingest-")


def test_a_service_that_is_scaled_has_no_number_of_pods_beside_it() -> None:
    objects = render("province")
    scaled = {name(each) for each in list_kind(objects, "ScaledObject")}
    for each in list_kind(objects, "Deployment"):
        assert ("replicas" in each["spec"]) == (name(each) not in scaled)
    assert list_kind(render("operators"), "ScaledObject") == []
