"""The JSON Schema of a rule book as a person writes it. Pure."""

from typing import Any

from pydantic import TypeAdapter

from shared.marked.schema import StrictSchema
from shared.rules.book import RuleBook

ADDRESS = "https://cuiban.example/rules.schema.json"
"""The schema's name. It is no place to load it from."""


def build_schema() -> dict[str, Any]:
    """The schema; the version, which the publication gives, is left out of what is required."""
    written = TypeAdapter(RuleBook).json_schema(schema_generator=StrictSchema)
    written["required"] = [name for name in written["required"] if name != "version"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        **written,
        "title": "催办规则 Rule book",
    }
