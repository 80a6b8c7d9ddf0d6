"""Counts a report (通报): what was due in a period, by unit, category or task."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.report import DueCount, Report, ReportRow, add_up
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.selecting import LedgerQuery, make_filter
from services.ingest.handlers.office.rules import get_calendar, get_office_day
from services.ingest.store import reports as store
from services.ingest.store import selecting
from services.ingest.store.reading_rows import DueCounts, MeasureLabel
from services.ingest.store.reports import CountedBy
from shared.api.reports import DueDayOut, DueDaysOut, ReportBy

K = TypeVar("K", bound=Hashable)
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """A period, by default the present year; the kind of rows; which obligations are counted."""

    first: date | None
    last: date | None
    by: ReportBy
    among: LedgerQuery


async def summarise(db: AsyncConnection, act: Act, query: ReportQuery) -> Report:
    """Count the obligations that are due in a period. Those without a date are in no period.

    Raises:
        RefusedError: the period ends before it begins, or the query names what does not exist or
            the actor may not see.
    """
    day = await get_office_day(db, act.office_id, act.now)
    first = query.first or date((query.last or day.today).year, 1, 1)
    last = query.last or date(first.year, 12, 31)
    if last < first:
        raise RefusedError(
            Fault.INVALID,
            f"起止日期颠倒：{first} 至 {last}。The period ends before it begins.",
            "请检查起止日期（`from`、`to`）。Check the two days (`from`, `to`).",
        )
    among = replace(query.among, due_from=first, due_to=last)
    wanted = await make_filter(db, act, among, day)
    key = CountedBy.UNIT if query.by is ReportBy.UNIT else CountedBy.MEASURE
    counted = await store.count_due(db, act.office_id, wanted, key, day.zone)
    rows = await _make_rows(db, query.by, counted)
    total = add_up(row.counts for row in rows)
    return Report(first, last, query.by, day.today, tuple(rows), total)


async def list_due_days(
    db: AsyncConnection, act: Act, query: LedgerQuery, first: date, last: date
) -> DueDaysOut:
    """Each day of a period with what is due on it.

    Raises:
        RefusedError: the period ends before it begins or is longer than a year, or the query names
            what does not exist or the actor may not see.
    """
    if not 0 <= (last - first).days < _MOST_DAYS:
        raise RefusedError(
            Fault.INVALID,
            "起止日期颠倒，或超过一年。The period ends before it begins, or is longer than a year.",
            "请检查起止日期（`from`、`to`）。Check the two days (`from`, `to`).",
        )
    day = await get_office_day(db, act.office_id, act.now)
    wanted = await make_filter(db, act, replace(query, due_from=first, due_to=last), day)
    counted = {row.due_on: row for row in await store.count_by_day(db, act.office_id, wanted)}
    calendar = await get_calendar(db, act.office_id)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return DueDaysOut(
        today=day.today,
        days=[
            DueDayOut(
                day=each,
                working=calendar.is_working_day(each),
                due=counted[each].due if each in counted else 0,
                done=counted[each].done if each in counted else 0,
            )
            for each in days
        ],
    )


async def _make_rows(
    db: AsyncConnection, by: ReportBy, counted: Sequence[DueCounts]
) -> list[ReportRow]:
    counts = {row.key: DueCount(row.due, row.done, row.on_time, row.overdue) for row in counted}
    match by:
        case ReportBy.UNIT:
            names = await selecting.map_unit_names(db, counts)
            return [
                ReportRow(name, counts[unit_id], unit_id=unit_id) for unit_id, name in names.items()
            ]
        case ReportBy.CATEGORY:
            labels = await selecting.list_labels(db, counts)
            categories = _group(labels, counts, lambda label: label.category or "")
            return [ReportRow(category, added) for category, added in categories.items()]
        case ReportBy.TASK:
            labels = await selecting.list_labels(db, counts)
            return [
                ReportRow(name, added, plan_id=plan_id, number=number)
                for (plan_id, number, name), added in _group(labels, counts, _name_task).items()
            ]


def _name_task(label: MeasureLabel) -> tuple[UUID, str, str]:
    """A task's plan, number and name: refs begin with the number."""
    return label.plan_id, label.ref.partition(".")[0], label.task_name


def _group(
    labels: Iterable[MeasureLabel],
    counts: Mapping[UUID, DueCount],
    get_key: Callable[[MeasureLabel], K],
) -> dict[K, DueCount]:
    """The counts of measures, added up by a key, in the order of the measures."""
    groups: dict[K, list[DueCount]] = defaultdict(list)
    for label in labels:
        groups[get_key(label)].append(counts[label.measure_id])
    return {key: add_up(each) for key, each in groups.items()}
