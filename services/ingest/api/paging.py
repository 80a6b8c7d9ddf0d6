"""Lists in pages: an opaque cursor holds the place after which the next page begins."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import BaseModel, TypeAdapter

from services.ingest.api.problems import ProblemError
from shared.api.fields import Page

S = TypeVar("S", bound=BaseModel)
P = TypeVar("P")
R = TypeVar("R")

Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the part before.")
]
Limit = Annotated[int, Query(ge=1, le=500, description="How many entries at most.")]


def parse_cursor(cursor: str | None, kind: str, adapter: TypeAdapter[P]) -> P | None:
    """The place that a cursor of this kind of list holds; None at its beginning.

    Raises:
        ProblemError: 422 for a cursor that this list did not give.
    """
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii"))
        written_kind, _, written_place = raw.partition(b"\n")
        if written_kind == kind.encode():
            return adapter.validate_json(written_place)
    except (ValueError, binascii.Error):
        pass
    raise ProblemError(
        422,
        "bad-cursor",
        "翻页参数 cursor 不属于这个列表。The cursor does not belong to this list.",
        "请去掉它，从头读取。Begin without one.",
    )


def make_page(
    rows: Sequence[R],
    limit: int,
    kind: str,
    schema: type[S],
    get_place: Callable[[R], object],
) -> Page[S]:
    """The first `limit` rows, and the cursor to the rest; `rows` were fetched with one more."""
    shown = rows[:limit]
    more = None
    if len(rows) > limit:
        text = f"{kind}\n{json.dumps(get_place(shown[-1]), default=str)}"
        more = base64.urlsafe_b64encode(text.encode()).decode()
    return Page[S](items=[schema.model_validate(row) for row in shown], next_cursor=more)
