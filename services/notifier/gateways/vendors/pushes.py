"""Bodies that platforms push, in the forms that they come in."""

import json
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl

from services.notifier.gateways.vendors.bodies import parse_json


def decode_push(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """What was pushed as JSON, as base64 of JSON, or as a form."""
    if (parsed := parse_json(body)) is not None:
        return parsed
    try:
        return json.loads(b64decode(body, validate=True))
    except (ValueError, RecursionError):
        return dict(parse_qsl(body.decode("utf-8", "replace")))
