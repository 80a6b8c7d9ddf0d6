"""docs/asyncapi.yaml, generated from the events and topics: `python -m deploy.asyncapi`.

Format: AsyncAPI 3.0.0. A test compares the file with what this module gives.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from shared.kafka.broker.codec import build_type_name
from shared.schemas.topics import TOPIC_OF, TOPICS

PLACE = Path(__file__).parent.parent / "docs" / "asyncapi.yaml"


def build_document() -> dict[str, Any]:
    """The whole description, as plain data."""
    models = [(event, "validation") for event in TOPIC_OF]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    channels: dict[str, Any] = {}
    for topic in TOPICS:
        kept = "The last event of each key is kept." if topic.compacted else "A log."
        channels[topic.name] = {
            "address": topic.name,
            "description": kept,
            "messages": {
                event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
                for event in topic.events
            },
        }
    messages = {
        event.__name__: {
            "name": build_type_name(event),
            "summary": (event.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/CloudEvents"},
            "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        }
        for event in TOPIC_OF
    }
    text = {"type": "string"}
    cloud_events = {
        "type": "object",
        "description": "CloudEvents 1.0 attributes, binary mode.",
        "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"],
        "properties": {
            f"ce_{name}": text
            for name in (
                "specversion",
                "id",
                "type",
                "source",
                "time",
                "subject",
                "officeid",
                "correlationid",
            )
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Cuiban", "version": "1", "description": "The events on Kafka."},
        "defaultContentType": "application/json",
        "channels": channels,
        "components": {
            "messages": messages,
            "schemas": {"CloudEvents": cloud_events, **schemas["$defs"]},
        },
    }


def render() -> str:
    """The file's text."""
    return yaml.safe_dump(build_document(), allow_unicode=True, sort_keys=False, width=100)


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
