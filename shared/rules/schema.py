"""The JSON Schema of a rule book as a person writes it. Pure."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema
from typing_extensions import override

from shared.rules.book import RuleBook

ADDRESS = "https://cuiban.example/rules.schema.json"
"""The schema's name. It is no place to load it from."""


class _Strict(GenerateJsonSchema):
    """Refuses keys that are not known, as `cuiban rules check` does."""

    @override
    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        written = super().model_schema(schema)
        written["additionalProperties"] = False
        return written


def build_schema() -> dict[str, Any]:
    """The schema; the version, which the publication gives, is left out of what is required."""
    written = TypeAdapter(RuleBook).json_schema(schema_generator=_Strict)
    written["required"] = [name for name in written["required"] if name != "version"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        **written,
        "title": "催办规则 Rule book",
    }
