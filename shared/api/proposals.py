"""Corrections of contacts that units propose, over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Prose, Request
from shared.schemas.rules import Audience


class ContactProposalIn(Request):
    """Who holds a post of the unit, as the directory should say it: all of it, not what differs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "post": "liaison",
                    "name": "李四",
                    "email": "lisi@fgj.yanting.example",
                    "mobile": "13800000004",
                    "note": "手机号已更换",
                }
            ]
        },
    )

    post: Audience
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    mobile: Annotated[str, Field(max_length=40)] = ""
    note: Prose = ""


class PersonOut(Answer):
    """A person in a post, and where messages reach them."""

    name: str
    email: str
    mobile: str


class ContactProposalOut(Answer):
    """A proposed correction. `state` is pending, accepted, declined or withdrawn.

    `present` is who holds the post today by the directory; None for nobody. `decision` is the note
    of who decided.
    """

    proposal_id: UUID
    unit_id: UUID
    unit: str
    post: Audience
    name: str
    email: str
    mobile: str
    note: str
    state: str
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None
    present: PersonOut | None
