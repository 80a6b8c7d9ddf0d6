"""Rules and dashboards ask for metrics that exist, with labels that they have."""

import json
import re

import pytest

from tests.unit.deploy.monitoring.queries import (
    MONITORING,
    ROOT,
    collect_metrics,
    list_faults,
    list_modules,
    list_queries,
)

_DEFINES = re.compile(r"^\w+ = (?:Counter|Gauge|Histogram)\(", re.MULTILINE)
_QUERIES = dict(list_queries())


def test_the_modules_with_metrics_are_known() -> None:
    defining = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if _DEFINES.search(path.read_text("utf-8"))
    }
    assert defining == set(list_modules())


@pytest.mark.parametrize("place", _QUERIES)
def test_a_query_asks_for_what_the_services_show(place: str) -> None:
    assert list_faults(_QUERIES[place]) == []


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("cuiban_no_such_metric", ["nothing shows cuiban_no_such_metric"]),
        ('cuiban_events_parked{topic="t"}', ["cuiban_events_parked has no label topic"]),
        (
            "sum by (gateway) (rate(cuiban_attempts_total[5m]))",
            ["cuiban_attempts_total has no label gateway"],
        ),
        ("cuiban_batch_seconds", ["nothing shows cuiban_batch_seconds"]),
    ],
)
def test_a_wrong_query_is_found(query: str, faults: list[str]) -> None:
    assert list_faults(query) == faults


def test_every_metric_of_ours_is_on_a_dashboard() -> None:
    shown = " ".join(_QUERIES.values())
    ours = {name for name in collect_metrics() if not name.endswith(("_count", "_sum"))}
    assert sorted(name for name in ours if name not in shown) == []


def test_dashboards_are_told_apart() -> None:
    boards = [json.loads(file.read_text("utf-8")) for file in MONITORING.glob("dashboards/*.json")]
    assert len({board["uid"] for board in boards}) == len(boards)
    for board in boards:
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
