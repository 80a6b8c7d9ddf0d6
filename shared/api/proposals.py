"""Corrections of contacts that units propose, over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict

from shared.api.fields import Answer, Prose
from shared.api.units import HolderIn
from shared.schemas.rules import Audience


class ContactProposalIn(HolderIn):
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
