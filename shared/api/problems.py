"""Problem details for HTTP APIs (RFC 9457), which every error is told as."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """What is wrong and what to do about it.

    `type` is stable and made for programs; `hint` is for people. `errors` holds one entry for
    each thing that is wrong, where there are several. `allowed` names the actions that are
    possible, where the present state refuses one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:cuiban:problem:conflict",
                    "title": "The state of the resource does not allow it",
                    "status": 409,
                    "detail": "A hearing is fulfilled by its record, not by a status.",
                    "hint": "Record it: POST /v1/units/{unit_id}/hearings.",
                    "errors": [],
                    "allowed": ["accept", "progress", "object"],
                    "correlation_id": "0c4b7a50-7e41-4c0e-8d6f-4a1c7c0f3a11",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: list[dict[str, Any]] = []
    allowed: list[str] = []
    correlation_id: str = ""
