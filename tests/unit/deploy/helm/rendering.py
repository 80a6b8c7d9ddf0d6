"""Renders the chart with helm, and checks objects against schemas."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).parents[4]
CHART, EXAMPLES = ROOT / "deploy/helm/cuiban", ROOT / "deploy/helm/examples"
NAMES = ("small", "operators", "province")
VERSIONS = ("1.31", "1.37")
"""Of Kubernetes: the oldest that the chart accepts, and the newest of which there are schemas."""
PODS = ("Deployment", "Job")

Object = dict[str, Any]


def find_helm() -> str:
    """The program; tests that need it are skipped without it."""
    program = os.environ.get("CUIBAN_HELM") or shutil.which("helm")
    if not program:
        pytest.skip("no helm on the path, and CUIBAN_HELM names none (CONTRIBUTING.md says how)")
    return program


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [find_helm(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def try_values(example: str, *settings: str) -> str:
    """What helm says when the values of an example are changed; empty when it renders them."""
    changes = (word for setting in settings for word in ("--set", setting))
    done = run_helm("template", "cuiban", CHART, "-f", EXAMPLES / f"{example}.yaml", *changes)
    return done.stderr if done.returncode else ""


@cache
def render(example: str, *settings: str, version: str = VERSIONS[-1]) -> tuple[Object, ...]:
    """The objects of an example, in the namespace `cuiban`."""
    changes = (word for setting in settings for word in ("--set", setting))
    where = ("-f", EXAMPLES / f"{example}.yaml", "--namespace", "cuiban", "--kube-version", version)
    done = run_helm("template", "cuiban", CHART, *where, *changes)
    assert done.returncode == 0, done.stderr
    return tuple(each for each in yaml.safe_load_all(done.stdout) if each)


def list_kind(objects: tuple[Object, ...], *kinds: str) -> list[Object]:
    return [each for each in objects if each["kind"] in kinds]


def name(of: Object) -> str:
    return str(of["metadata"]["name"])


def get_pod(of: Object) -> Object:
    """The pod that a Deployment or a Job makes."""
    pod: Object = of["spec"]["template"]
    return pod


def list_variables_of(of: Object) -> dict[str, str]:
    """The environment of its container; a variable from a Secret is empty."""
    (container,) = get_pod(of)["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector of Kubernetes takes an object with these labels."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return wanted.items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


@cache
def _load_kubernetes(version: str) -> tuple[Path, Registry[Any]]:
    """The schemas of a version, which refuse unknown fields."""
    everywhere = Path(str(files("kubernetes_validate").joinpath("kubernetes-json-schema")))
    (folder,) = everywhere.glob(f"v{version}.*-local-strict")
    definitions = json.loads((folder / "_definitions.json").read_text("utf-8"))
    resource = Resource.from_contents(definitions, default_specification=DRAFT202012)
    return folder, Registry().with_resource(resource.id() or "_definitions.json", resource)


def list_kubernetes_faults(of: Object, version: str) -> list[str] | None:
    """What Kubernetes would refuse; None for a kind that is not Kubernetes' own."""
    folder, registry = _load_kubernetes(version)
    group, _, api = of["apiVersion"].rpartition("/")
    words = (of["kind"].lower(), group.partition(".")[0], api)
    file = folder / f"{'-'.join(filter(None, words))}.json"
    if not file.is_file() or ("." in group and not group.endswith("k8s.io")):
        return None
    schema = json.loads(file.read_text("utf-8"))
    registry = registry.with_resource(schema["$id"], Resource.from_contents(schema))
    return list(_list_faults(Draft202012Validator(schema, registry=registry), of))


@cache
def _load_parts() -> Object:
    parts: Object = json.loads(Path(__file__).with_name("operators.schema.json").read_text("utf-8"))
    return parts


def list_operator_faults(of: Object) -> list[str] | None:
    """What is not in the part of the operators' schemas that the chart uses; None for others."""
    parts = _load_parts()
    key = f"{of['apiVersion']} {of['kind']}"
    if key not in parts["objects"]:
        return None
    schema = {"$ref": parts["objects"][key], "$defs": parts["$defs"]}
    return list(_list_faults(Draft202012Validator(schema), of))


def _list_faults(validator: Draft202012Validator, of: Object) -> Iterator[str]:
    for error in validator.iter_errors(of):
        yield f"{of['kind']} {name(of)} {error.json_path}: {error.message}"
