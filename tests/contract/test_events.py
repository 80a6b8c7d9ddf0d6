"""One golden JSON for each event version: what was once written can be read for ever."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy import asyncapi
from shared.kafka.broker.codec import build_type_name
from shared.schemas.base_events import Event
from shared.schemas.topics import TOPIC_OF

GOLDEN = Path(__file__).parent / "events"


def golden(event_class: type[Event]) -> Path:
    return GOLDEN / f"{build_type_name(event_class).removeprefix('cuiban.')}.json"


@pytest.mark.parametrize("event_class", TOPIC_OF, ids=lambda event_class: event_class.__name__)
def test_the_golden_event_is_read_and_written_back_the_same(event_class: type[Event]) -> None:
    text = golden(event_class).read_text()
    event = event_class.model_validate_json(text)
    assert json.loads(event.model_dump_json()) == json.loads(text)


@pytest.mark.parametrize("event_class", TOPIC_OF, ids=lambda event_class: event_class.__name__)
def test_no_required_field_was_added_within_the_version(event_class: type[Event]) -> None:
    """The golden holds every field, so a new field must have a default to be readable."""
    fields = json.loads(golden(event_class).read_text())
    required = {name for name, field in event_class.model_fields.items() if field.is_required()}
    assert required <= fields.keys()
    for name in required:
        with pytest.raises(ValidationError):
            event_class.model_validate({k: v for k, v in fields.items() if k != name})


def test_every_golden_file_has_an_event_type() -> None:
    assert set(GOLDEN.iterdir()) == {golden(event_class) for event_class in TOPIC_OF}


def test_the_asyncapi_document_is_the_one_the_events_give() -> None:
    assert asyncapi.PLACE.read_text() == asyncapi.render(), "run `make asyncapi`"
