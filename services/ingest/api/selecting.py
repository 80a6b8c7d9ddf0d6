"""The filters that all readings of the ledger take as query parameters."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.ledger.selecting import LedgerQuery
from shared.api.fields import Day, Line
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

_MOST = 100


def _describe(text: str) -> Any:  # noqa: ANN401 - as FastAPI types its own
    return Query(description=f"{text} May be repeated.", max_length=_MOST)


Year = Annotated[int, Query(ge=1900, le=2199)]


def parse_selection(
    *,
    unit: Annotated[list[Line] | None, _describe("A unit's name, alias or id.")] = None,
    unit_id: Annotated[list[UUID] | None, _describe("A unit's id.")] = None,
    unit_kind: Annotated[list[Line] | None, _describe("A kind of unit in the directory.")] = None,
    group: Annotated[list[Line] | None, _describe("A group of units in the directory.")] = None,
    plan: Annotated[list[UUID] | None, _describe("A plan's id.")] = None,
    plan_id: Annotated[list[UUID] | None, _describe("The same as `plan`.")] = None,
    year: Annotated[list[Year] | None, _describe("A plan's year.")] = None,
    category: Annotated[list[Line] | None, _describe("A task's category as printed.")] = None,
    task: Annotated[list[Line] | None, _describe("A task's name as printed, or number.")] = None,
    kind: Annotated[list[ObligationKind] | None, _describe("What sort of duty.")] = None,
    status: Annotated[
        list[ObligationStatus] | None,
        _describe("How it stands; withdrawn ones are listed only so."),
    ] = None,
    light: Annotated[list[Light] | None, _describe("How urgent it is today.")] = None,
    in_time: Annotated[
        bool | None,
        Query(description="Only what was done by its due date; false: only what was done after."),
    ] = None,
    text: Annotated[
        str, Query(max_length=200, description="In the words of task or unit; or a whole ref.")
    ] = "",
) -> LedgerQuery:
    """The query without a range of dates."""
    return LedgerQuery(
        units=(*(unit or ()), *map(str, unit_id or ())),
        unit_kinds=tuple(unit_kind or ()),
        groups=tuple(group or ()),
        plans=(*(plan or ()), *(plan_id or ())),
        years=tuple(year or ()),
        categories=tuple(category or ()),
        tasks=tuple(task or ()),
        kinds=tuple(kind or ()),
        statuses=tuple(status or ()),
        lights=tuple(light or ()),
        in_time=in_time,
        text=text.strip(),
    )


Selection = Annotated[LedgerQuery, Depends(parse_selection)]


def parse_query(
    selection: Selection,
    due_from: Annotated[Day | None, Query(description="The first due date.")] = None,
    due_to: Annotated[Day | None, Query(description="The last due date.")] = None,
) -> LedgerQuery:
    """The query with its range of due dates; what has no date is in no range.

    Raises:
        RefusedError: the range ends before it begins.
    """
    if due_from and due_to and due_to < due_from:
        raise RefusedError(
            Fault.INVALID,
            f"起止日期颠倒：{due_from} 至 {due_to}。The range of dates ends before it begins.",
            "请检查起止日期（`due_from`、`due_to`）。Check the two days (`due_from`, `due_to`).",
        )
    return replace(selection, due_from=due_from, due_to=due_to)


LedgerFilters = Annotated[LedgerQuery, Depends(parse_query)]
