"""Lists in parts: an opaque cursor says after which entry to go on."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import BaseModel, TypeAdapter

from services.ingest.api.problems import ProblemError
from shared.api.fields import Page

S = TypeVar("S", bound=BaseModel)
P = TypeVar("P")

Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the part before.")
]
Limit = Annotated[int, Query(ge=1, le=500, description="How many entries at most.")]


def place(cursor: str | None, kind: str, adapter: TypeAdapter[P]) -> P | None:
    """Where a cursor of this kind of list points; None at its beginning.

    Raises:
        ProblemError: 422 for a cursor that this list did not give.
    """
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii"))
        named, _, where = raw.partition(b"\n")
        if named == kind.encode():
            return adapter.validate_json(where)
    except (ValueError, binascii.Error):
        pass
    raise ProblemError(
        422, "bad-cursor", "The cursor does not belong to this list.", "Begin without one."
    )


def page(
    rows: Sequence[Any],
    limit: int,
    kind: str,
    schema: type[S],
    where: Callable[[Any], Any],
) -> Page[S]:
    """The first `limit` of rows that were fetched with one more, and the cursor to the rest."""
    shown = rows[:limit]
    more = None
    if len(rows) > limit:
        text = f"{kind}\n{json.dumps(where(shown[-1]), default=str)}"
        more = base64.urlsafe_b64encode(text.encode()).decode()
    return Page[S](items=[schema.model_validate(row) for row in shown], next_cursor=more)
