"""How the measures, the names and the details of a plan are settled, over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Day, Line, Prose, Reason, Request
from shared.schemas.life import Joint


class RecurrenceIn(Request):
    """`at_least` times in each period."""

    per: Literal["year", "half-year", "quarter", "month", "week"]
    at_least: int = Field(default=1, ge=1, le=366)


class SettlementIn(Request):
    """How a measure is settled. With `change`, the fields that are sent are replaced.

    A change settles the doubtful points that its fields are about: dates, recurrence and
    `continuous` those about when, `names` and `lead` those about who. `accept` waives what is
    left as it was read: all of it, or the `codes` that are named.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"ref": "8.2", "action": "accept", "reason": "每季度自查时一并清理"},
                {
                    "ref": "4.3",
                    "action": "change",
                    "reason": "办公会议定：每季度检查一次",
                    "recurrence": {"per": "quarter", "at_least": 1},
                },
            ]
        },
    )

    ref: Line
    action: Literal["accept", "change", "drop"]
    reason: Reason
    version: int | None = None
    codes: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    due: Annotated[list[Day], Field(max_length=400)] | None = None
    recurrence: RecurrenceIn | None = None
    continuous: bool | None = None
    text: Annotated[Prose, Field(min_length=1)] | None = None
    names: Annotated[list[Line], Field(max_length=1000)] | None = None
    lead: Annotated[list[Line], Field(max_length=1000)] | None = None

    def collect_changes(self) -> dict[str, Any]:
        """The new values of the fields that were sent, as they are stored, by field."""
        sent = self.model_dump(mode="json", exclude_unset=True)
        changes = {
            name: sent[name]
            for name in ("continuous", "text", "names", "lead")
            if sent.get(name) is not None
        }
        if "recurrence" in sent:  # null ends a recurrence
            often = self.recurrence
            changes["recurrence"] = None if often is None else often.model_dump(mode="json")
        if sent.get("due") is not None:
            changes["due"] = sorted(set(sent["due"]))
        return changes


class PlanDetailsIn(Request):
    """What a plan is called, of which year it is, and who issued it; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"title": "2023年政务公开任务分解表", "reason": "标题为图片，未能读出"}]
        },
    )

    title: Line | None = None
    year: Annotated[int, Field(ge=2000, le=2199)] | None = None
    issuer: Line | None = None
    reason: Reason


class NameDecisionIn(Request):
    """What a name in a plan means: `units` by name or id, or `ignore`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "县经合局", "units": ["县经济合作局"], "reason": "简称"},
                {"name": "经济运行专班", "ignore": True, "reason": "临时机构，不单独考核"},
            ]
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    units: Annotated[tuple[Line, ...], Field(max_length=1000)] = ()
    ignore: bool = False
    reason: Reason


class JointIn(Request):
    """Who reports for duties of several units: each unit, or the leading one for all.

    `ref` names one measure; without it the plan's other measures are meant. Null is as the plan
    says, and of the plan as the office's settings say.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"joint": "lead", "ref": "1.2"}]}
    )

    joint: Joint | None
    ref: Line | None = None


class JointOut(Answer):
    """Who reports, as the plan or the measure now says."""

    plan_id: UUID
    ref: str | None
    joint: Joint | None
