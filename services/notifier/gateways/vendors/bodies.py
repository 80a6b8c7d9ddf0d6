"""Reads what a vendor answers or pushes: status and JSON."""

import json
from http import HTTPStatus
from typing import Any

from services.notifier.domain.verdicts import Reading, Verdict
from services.notifier.gateways.exchange import (
    VendorAnswer,
)


def read_status(answer: VendorAnswer) -> Reading | None:
    """What the HTTP status says; None for 2xx, where the body decides.

    A proxy may answer 5xx after the vendor accepted the message. 503 and 429 are from before.
    """
    status, detail = answer.status, f"HTTP {answer.status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    match status:
        case 408 | 425 | 429 | 503:
            return Reading(Verdict.THROTTLED, detail)
        case 401:
            return Reading(Verdict.UNAUTHORISED, detail)
        case 409:  # it may answer a repeat
            return Reading(Verdict.UNKNOWN, detail)
        case _ if 400 <= status < 500:  # noqa: PLR2004 - HTTP 4xx
            return Reading(Verdict.ALARM, detail)
        case _:
            return Reading(Verdict.UNKNOWN, detail)


def read_object(answer: VendorAnswer) -> dict[str, Any] | None:
    """The JSON object in a body; None when it is none."""
    parsed = parse_json(answer.body)
    return parsed if isinstance(parsed, dict) else None


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """A body as JSON; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_unclear(answer: VendorAnswer) -> Reading:
    """The reading of a body that is not understood: the status decides, else it is unknown."""
    shown = answer.body[:200].decode("utf-8", "replace")
    return read_status(answer) or Reading(Verdict.UNKNOWN, f"not understood: {shown}")


def get_objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list, or the object alone."""
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, dict)]
