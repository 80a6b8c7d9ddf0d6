"""Named lists of the ledger over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Line, Request

_QUERY = r"^[!-~]*$"


class ViewIn(Request):
    """A name for a list: `query` has the filters and the order, as `GET /v1/ledger` takes them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "县级部门超期", "query": "light=red&sort=unit"}]},
    )

    name: Annotated[Line, Field(max_length=30)]
    query: Annotated[str, Field(max_length=2000, pattern=_QUERY)]


class ViewOut(Answer):
    """A named list, and who saved it last."""

    view_id: UUID
    name: str
    query: str
    saved_by: str
    saved_at: datetime
