"""docs/asyncapi.yaml, generated from the events and topics: `python -m deploy.asyncapi`.

Format: AsyncAPI 3.0.0. A test compares the file with what this module gives.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from shared.kafka.broker.codec import build_type_name
from shared.schemas.base_events import Event
from shared.schemas.topics import TOPIC_OF, TOPICS, Topic

PLACE = Path(__file__).parent.parent / "docs" / "asyncapi.yaml"
_REQUIRED = ("specversion", "id", "type", "source", "time")
_OPTIONAL = ("subject", "officeid", "correlationid", "traceparent")
_TEXT = {"type": "string"}
_CLOUD_EVENTS = {
    "type": "object",
    "description": "CloudEvents 1.0 attributes, binary mode.",
    "required": [f"ce_{name}" for name in _REQUIRED],
    "properties": {f"ce_{name}": _TEXT for name in (*_REQUIRED, *_OPTIONAL)},
}


def build_document() -> dict[str, Any]:
    """The whole description, as plain data."""
    models = [(event, "validation") for event in TOPIC_OF]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Cuiban", "version": "1", "description": "The events on Kafka."},
        "defaultContentType": "application/json",
        "channels": {topic.name: _describe_channel(topic) for topic in TOPICS},
        "components": {
            "messages": {event.__name__: _describe_message(event) for event in TOPIC_OF},
            "schemas": {"CloudEvents": _CLOUD_EVENTS, **schemas["$defs"]},
        },
    }


def _describe_channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": "The last event of each key is kept." if topic.compacted else "A log.",
        "messages": {
            event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
            for event in topic.events
        },
    }


def _describe_message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": build_type_name(event),
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/CloudEvents"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
    }


def render() -> str:
    """The file's text."""
    return yaml.safe_dump(build_document(), allow_unicode=True, sort_keys=False, width=100)


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
