"""Who may talk to whom: names, ports and network policies fit together."""

import pytest

from tests.unit.deploy.helm.rendering import (
    NAMES,
    PODS,
    VERSIONS,
    Object,
    get_pod,
    list_kind,
    list_kubernetes_faults,
    list_variables_of,
    matches,
    name,
    render,
)


@pytest.fixture(params=NAMES)
def objects(request: pytest.FixtureRequest) -> tuple[Object, ...]:
    return render(str(request.param))


def list_pods(objects: tuple[Object, ...]) -> dict[str, dict[str, str]]:
    """The labels of our pods, by component."""
    labels = (get_pod(each)["metadata"]["labels"] for each in list_kind(objects, *PODS))
    return {each["app.kubernetes.io/component"]: each for each in labels}


def list_allowed(objects: tuple[Object, ...], direction: str, component: str) -> set[int]:
    """The ports that policies open for a component; `direction` is ingress or egress."""
    labels = list_pods(objects)[component]
    return {
        port["port"]
        for policy in list_kind(objects, "NetworkPolicy")
        if matches(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get(direction, [])
        for port in rule["ports"]
    }


def test_every_selector_takes_pods_that_there_are(objects: tuple[Object, ...]) -> None:
    pods = list_pods(objects)
    for each in list_kind(objects, "Service", "PodDisruptionBudget"):
        selector = each["spec"]["selector"]
        taken = [
            component
            for component, labels in pods.items()
            if matches(selector if "matchLabels" in selector else {"matchLabels": selector}, labels)
        ]
        assert [f"cuiban-{component}" for component in taken] == [name(each)]


def test_the_pages_reach_the_api_and_the_ingress_reaches_both(objects: tuple[Object, ...]) -> None:
    services = {
        name(each): {port["name"]: port["port"] for port in each["spec"]["ports"]}
        for each in list_kind(objects, "Service")
    }
    (console,) = [
        each for each in list_kind(objects, "Deployment") if name(each) == "cuiban-console"
    ]
    api = list_variables_of(console)["CUIBAN_API"]
    assert api == f"http://cuiban-ingest:{services['cuiban-ingest']['http']}"
    (ingress,) = list_kind(objects, "Ingress")
    for rule in ingress["spec"]["rules"]:
        backend = rule["http"]["paths"][0]["backend"]["service"]
        assert backend["port"]["name"] in services[backend["name"]]
        assert rule["host"] in ingress["spec"]["tls"][0]["hosts"]


def test_what_no_policy_opens_is_shut(objects: tuple[Object, ...]) -> None:
    (deny,) = [each for each in list_kind(objects, "NetworkPolicy") if name(each) == "cuiban-deny"]
    assert set(deny["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    pods = list_pods(objects)
    assert set(pods) == {"ingest", "scheduler", "notifier", "console", "prepare", "operator"}
    assert all(matches(deny["spec"]["podSelector"], labels) for labels in pods.values())
    open_to = {component: list_allowed(objects, "ingress", component) for component in pods}
    assert open_to == {
        "ingest": {8000, 9100},
        "console": {8090, 9100},
        **{each: {9100} for each in ("scheduler", "notifier", "prepare", "operator")},
    }


def test_a_process_reaches_what_it_needs_and_no_more(objects: tuple[Object, ...]) -> None:
    engines = {53, 5432, 9093}
    assert list_allowed(objects, "egress", "scheduler") == engines
    assert list_allowed(objects, "egress", "prepare") == engines
    assert list_allowed(objects, "egress", "console") == {53, 8000}
    assert list_allowed(objects, "egress", "notifier") - engines <= {25, 80, 443, 465, 587, 993}
    assert list_allowed(objects, "egress", "ingest") - engines <= {443}
    assert {8000, 9100} <= list_allowed(objects, "egress", "operator")


def test_traces_reach_the_collector_only_where_one_is_named() -> None:
    endpoint = "http://collector.test:4318"
    for given in ("", endpoint):
        objects = render("operators", *([f"traces.endpoint={given}"] if given else []))
        pods = list_pods(objects)
        sending = {each for each in pods if 4318 in list_allowed(objects, "egress", each)}
        told = {
            name(each).removeprefix("cuiban-"): list_variables_of(each)["CUIBAN_OTLP_ENDPOINT"]
            for each in list_kind(objects, *PODS)
            if "CUIBAN_OTLP_ENDPOINT" in list_variables_of(each)
        }
        faults = [list_kubernetes_faults(each, VERSIONS[-1]) or [] for each in objects]
        assert not any(faults), faults
        expected = set(pods) - {"prepare", "operator"} if given else set()
        assert (sending, told) == (expected, dict.fromkeys(expected, given))


def test_a_policy_takes_some_pod_and_its_peers_are_named(objects: tuple[Object, ...]) -> None:
    ours = list_pods(objects).values()
    for policy in list_kind(objects, "NetworkPolicy"):
        selector = policy["spec"]["podSelector"]
        of_database = selector.get("matchLabels", {}).get("cnpg.io/cluster") == "cuiban-db"
        assert of_database or any(matches(selector, labels) for labels in ours)
        for direction, end in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(direction, []):
                assert rule["ports"], "a rule without ports opens all of them"
                assert rule.get(end) != [], "an empty list of peers means everybody"


@pytest.mark.parametrize("example", ["operators", "province"])
def test_engines_are_reached_by_the_processes_that_use_them(example: str) -> None:
    objects = render(example)
    pods = list_pods(objects)
    (database,) = [
        each for each in list_kind(objects, "NetworkPolicy") if name(each) == "cuiban-db"
    ]
    peer = database["spec"]["ingress"][0]["from"][0]["podSelector"]
    assert {each for each, labels in pods.items() if matches(peer, labels)} == set(pods) - {
        "console"
    }
    (kafka,) = list_kind(objects, "Kafka")
    (listener,) = kafka["spec"]["kafka"]["listeners"]
    assert (listener["port"], listener["tls"]) == (9093, True)
    for each in list_kind(objects, *PODS):
        variables = list_variables_of(each)
        if "CUIBAN_KAFKA" in variables:
            assert variables["CUIBAN_KAFKA"] == "cuiban-kafka-bootstrap:9093"


def test_without_the_policies_there_are_none() -> None:
    assert list_kind(render("small", "networkPolicy.enabled=false"), "NetworkPolicy") == []
