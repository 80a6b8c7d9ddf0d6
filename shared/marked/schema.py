"""JSON Schemas of files that a person writes, as their readers check them. Pure."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema
from typing_extensions import override


class StrictSchema(GenerateJsonSchema):
    """Refuses keys that are not known, as the readers do."""

    @override
    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        written = super().model_schema(schema)
        written["additionalProperties"] = False
        return written
