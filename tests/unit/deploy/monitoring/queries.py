"""What the queries of rules and dashboards ask for, and the metrics that the services define."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import promql_parser
import yaml
from prometheus_client import REGISTRY, Counter, Gauge, Histogram

ROOT = Path(__file__).parents[4]
MONITORING = ROOT / "deploy" / "monitoring"
FROM_PROMETHEUS = frozenset({"instance", "job"})
_MODULES = (
    "shared.metrics",
    "services.ingest.nightly",
    "services.notifier.dispatch.gauges",
    "services.notifier.dispatch.texts",
    "services.notifier.handlers",
    "services.notifier.settling",
    "services.scheduler.firing",
    "services.scheduler.handlers.tasks",
    "services.scheduler.ticking",
)
"""The modules that define metrics; a test compares the list with the sources."""


def list_modules() -> tuple[str, ...]:
    return _MODULES


@cache
def collect_metrics() -> dict[str, frozenset[str]]:
    """The labels of every series that the services show, by its name."""
    for module in _MODULES:
        import_module(module)
    series: dict[str, frozenset[str]] = {"up": FROM_PROMETHEUS}
    for collector in set(REGISTRY._names_to_collectors.values()):
        name, labels = (
            getattr(collector, "_name", ""),
            frozenset(getattr(collector, "_labelnames", ())),
        )
        match collector:
            case Counter():
                series[f"{name}_total"] = labels | FROM_PROMETHEUS
            case Gauge():
                series[name] = labels | FROM_PROMETHEUS
            case Histogram():
                series[f"{name}_bucket"] = labels | FROM_PROMETHEUS | {"le"}
                for end in ("count", "sum"):
                    series[f"{name}_{end}"] = labels | FROM_PROMETHEUS
            case _:
                pass  # those of Python and of the process
    return series


def load_rules() -> list[dict[str, Any]]:
    """Every rule of every file."""
    files = sorted((MONITORING / "rules").glob("*.yml"))
    return [
        rule
        for file in files
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]


def list_alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in load_rules() if "alert" in rule}


def list_queries() -> Iterator[tuple[str, str]]:
    """The query of each rule and each panel, with its place."""
    for rule in load_rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for file in sorted((MONITORING / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem} {panel['title']} {target['refId']}", target["expr"]


def list_faults(query: str) -> list[str]:
    """What is wrong with a query: series that nothing shows, labels that its series lack."""
    known = dict(collect_metrics())
    known |= {rule["record"]: frozenset() for rule in load_rules() if "record" in rule}
    faults: list[str] = []

    def visit(expression: Any) -> None:
        match expression:
            case promql_parser.VectorSelector():
                name = expression.name
                if name not in known:
                    faults.append(f"nothing shows {name}")
                faults.extend(
                    f"{name} has no label {matcher.name}"
                    for matcher in expression.matchers.matchers
                    if matcher.name not in known.get(name, frozenset())
                )
            case promql_parser.AggregateExpr() if expression.modifier:
                labels = set(expression.modifier.labels)
                for name in list_series(expression):
                    lacking = labels - known.get(name, frozenset())
                    faults.extend(f"{name} has no label {label}" for label in sorted(lacking))
            case _:
                pass

    promql_parser.walk(promql_parser.parse(query), visit)
    return faults


def list_series(expression: Any) -> list[str]:
    names: list[str] = []

    def visit(part: Any) -> None:
        if isinstance(part, promql_parser.VectorSelector):
            names.append(part.name)

    promql_parser.walk(expression, visit)
    return names
