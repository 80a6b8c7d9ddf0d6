"""The operators' own definitions (CustomResourceDefinition), where a folder of them is named.

They are not in this repository. `CUIBAN_CRDS` names a folder with the YAML files of the operators'
releases; then each object is compared with them too, and not only with the part that the chart
uses.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.unit.deploy.helm.rendering import Object, name


@cache
def load_definitions() -> dict[tuple[str, str], Object]:
    """The schemas, by apiVersion and kind."""
    folder = os.environ.get("CUIBAN_CRDS")
    if not folder:
        pytest.skip("CUIBAN_CRDS names no folder with the operators' definitions")
    schemas = {}
    for file in sorted(Path(folder).glob("*.yaml")):
        for definition in filter(None, yaml.safe_load_all(file.read_text("utf-8"))):
            spec = definition["spec"]
            for version in spec["versions"]:
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                schemas[key] = close(version["schema"]["openAPIV3Schema"])
    return schemas


def close(schema: Any) -> Any:
    """The schema, so that it refuses fields that it does not know, which Kubernetes would drop."""
    if isinstance(schema, list):
        return [close(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close(each) for key, each in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and not open_ended:
        closed.setdefault("additionalProperties", False)
    return closed


def list_definition_faults(of: Object) -> Iterator[str]:
    schema = dict(load_definitions()[of["apiVersion"], of["kind"]])
    schema["properties"] = schema["properties"] | {"metadata": {"type": "object"}}
    for error in Draft202012Validator(schema).iter_errors(of):
        yield f"{of['kind']} {name(of)} {error.json_path}: {error.message}"
