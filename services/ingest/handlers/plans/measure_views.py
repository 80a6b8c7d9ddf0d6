"""A measure as people see it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.ingest.domain.lifecycle import derive_obligations
from services.ingest.domain.statuses import SettlementAction
from services.ingest.extraction.plans.quantities import Quantity, find_target
from services.ingest.handlers.plans.doubts import list_open_codes, to_duty
from services.ingest.store.rows import StoredMeasure
from shared.schemas.life import Joint


@dataclass(frozen=True, slots=True)
class MeasureView:
    """A measure as it is now; `open` holds the codes for which it can't be published yet.

    `printed_due` is the deadline as the table prints it; None: it was not kept. `joint` says who
    reports for several units; None: as the plan says.
    """

    ref: str
    task_name: str
    text: str
    due: tuple[date, ...]
    printed_due: str | None
    continuous: bool
    recurrence: Mapping[str, Any] | None
    names: tuple[str, ...]
    lead: tuple[str, ...]
    codes: tuple[str, ...]
    settled: tuple[str, ...]
    open: tuple[str, ...]
    settlement: SettlementAction | None
    settled_by: str | None
    settled_at: datetime | None
    settled_why: str | None
    published: bool
    target: Quantity | None
    joint: Joint | None


def view_measure(measure: StoredMeasure, year: int | None) -> MeasureView:
    """A stored measure, with the codes for which it can't be published."""
    return MeasureView(
        ref=measure.ref,
        task_name=measure.task_name,
        text=measure.text,
        due=tuple(date.fromisoformat(day) for day in measure.due),
        printed_due=measure.printed_due,
        continuous=measure.continuous,
        recurrence=measure.recurrence,
        names=tuple(measure.names),
        lead=tuple(measure.lead),
        codes=tuple(measure.codes),
        settled=tuple(measure.settled),
        open=list_open_codes(measure, derive_obligations(to_duty(measure, year))),
        settlement=measure.settlement,
        settled_by=measure.settled_by,
        settled_at=measure.settled_at,
        settled_why=measure.settled_why,
        published=measure.published_at is not None,
        target=find_target(measure.text, measure.target),
        joint=measure.joint,
    )


def restrict_measure(measure: MeasureView) -> MeasureView:
    """A measure without its codes and how they were settled."""
    return replace(
        measure,
        codes=(),
        settled=(),
        open=(),
        settlement=None,
        settled_by=None,
        settled_at=None,
        settled_why=None,
    )
