"""What the directory means for published plans, over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Line, Reason, Request


class MemberOut(Answer):
    """A unit that gains or loses duties of a plan: which measures, and how many obligations.

    `submitted` of these are reported as done and wait for their review. What a unit loses ends with
    its report; what it hands over takes the report along.
    """

    unit_id: UUID
    unit: str
    refs: list[str]
    obligations: int
    submitted: int = 0


class HandoverOut(MemberOut):
    """A retired unit whose open obligations its successor would owe, with their dates."""

    successor_id: UUID
    successor: str


class DirectoryChangeOut(Answer):
    """What the directory means for a published plan, and what waits for a decision.

    `digest` stands for the difference: a decision may name the one that its person saw.
    """

    plan_id: UUID
    title: str | None
    year: int | None
    gains: list[MemberOut]
    losses: list[MemberOut]
    handovers: list[HandoverOut] = Field(default_factory=list)
    digest: str


class MemberDecisionIn(Request):
    """Whether units gain and lose the duties that the directory says.

    `units` are those that it is about, by name or id; none are all.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"decision": "confirm", "reason": "已列入县级各部门"}]},
    )

    decision: Literal["confirm", "dismiss"]
    reason: Reason
    units: Annotated[tuple[Line, ...], Field(max_length=1000)] = ()
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
