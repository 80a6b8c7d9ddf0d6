"""Forecasts what a rule book does in a period, on the office's ledger and directory.

What is past is taken from the history of the ledger: the forecast says what the book would have
done, given what was owed then. What is to come is planned from the present state.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.forecast import Counting, Forecast, ForecastUnit
from services.ingest.domain.forecast_messages import MessageCounter, Sending
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.audited_times import read_asked
from services.ingest.handlers.ledger.forecast_units import Snapshot, build_units
from services.ingest.handlers.ledger.timelines import BEFORE_ALL
from services.ingest.handlers.office.office_settings import get_settings
from services.ingest.handlers.office.rules import get_book, get_calendar, list_published
from services.ingest.settings import IngestSettings
from services.ingest.store import reminder_audit as store
from services.ingest.store.mutes import MuteFilter, list_mutes
from services.ingest.store.units import list_units
from shared.calendar import WorkingCalendar
from shared.messages.limits import apply_settings
from shared.planning.forecaster import Forecaster
from shared.planning.keeping import PublishedBook, has_kept_steps
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.occurrences import make_slot
from shared.schemas.office import OfficeSettings

LONGEST = timedelta(days=731)
"""Two years, with a leap day."""
_UNITS_AT_ONCE = 200
_INSTANT, _DAY = timedelta(microseconds=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ForecastQuestion:
    """The days, both included; the book, None for the one in force; how many reminders to list."""

    first: date
    last: date
    book: RuleBook | None
    most: int


@dataclass(frozen=True, slots=True)
class ForecastAnswer:
    """A forecast, with what it depends on.

    `live` is the version in force when that is what was forecast. `unknown_years` have no notice of
    holidays.
    """

    forecast: Forecast
    live: int | None
    settings: OfficeSettings
    unknown_years: Sequence[int]


async def forecast(
    db: AsyncConnection, act: Act, asked: ForecastQuestion, installation: IngestSettings
) -> ForecastAnswer:
    """What a book does in a period, compared with the book in force.

    Args:
        db: a connection with one snapshot for all its statements (REPEATABLE READ).
        act: who asks, for which office.
        asked: the period and the book.
        installation: what it says of messages; the office's settings go before it.

    Raises:
        RefusedError: the days are in the wrong order, or more than two years.
    """
    _check_period(asked)
    live = await get_book(db, act.office_id)
    calendar = await get_calendar(db, act.office_id)
    settings = await get_settings(db, act.office_id)
    zone = ZoneInfo(live.timezone)
    since = make_slot(asked.first, datetime.min.time(), zone) - _INSTANT
    until = make_slot(asked.last + _DAY, datetime.min.time(), zone) - _INSTANT

    begun = since if asked.first < act.now.astimezone(zone).date() else None
    kept = await _list_compared(db, act, live, asked.book, begun)
    tables = [Timetable(each[-1].book, calendar, published=each) for each in kept]

    mutes = await list_mutes(db, act.office_id, MuteFilter(until_after=since))
    muted = [each.to_mute() for each in mutes]
    forecasters = [
        Forecaster(each, since, until, grouped_by=tables, mutes=muted) for each in tables
    ]
    counting = Counting(
        forecasters[0],
        MessageCounter(_make_sending(installation, settings, zone)),
        forecasters[1] if asked.book is not None else None,
    )
    asks = frozenset[str]().union(*(each.asked for each in tables))
    told_since = BEFORE_ALL if any(map(has_kept_steps, kept)) else since
    reading = _Reading(act.office_id, asks, since, told_since)
    result, after = Forecast(zone, asked.most), None
    while unit_ids := await store.list_unit_ids(db, act.office_id, after, _UNITS_AT_ONCE):
        after = unit_ids[-1]
        units = build_units(await _read_snapshot(db, reading, unit_ids), since, until)
        await asyncio.to_thread(_add_units, result, units, counting)
    version = live.version if asked.book is None else None
    years = tuple(_list_unknown_years(calendar, asked))
    return ForecastAnswer(result, version, settings, years)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read of units: states that lasted beyond `told_since`, and the traits in `asked`."""

    office_id: UUID
    asked: frozenset[str]
    since: datetime
    told_since: datetime


async def _read_snapshot(db: AsyncConnection, of: _Reading, unit_ids: Sequence[UUID]) -> Snapshot:
    asked = await read_asked(db, of.office_id, unit_ids, of.asked, of.since)
    others = asked.list_other_units()
    return Snapshot(
        await list_units(db, of.office_id, unit_ids),
        await store.list_current_states(db, of.office_id, unit_ids, of.since),
        await store.list_past_states(db, unit_ids, of.told_since),
        asked,
        await list_units(db, of.office_id, others) if others else (),
    )


async def _list_compared(
    db: AsyncConnection, act: Act, live: RuleBook, book: RuleBook | None, begun: datetime | None
) -> list[list[PublishedBook]]:
    """For the book that is asked about, if any, and the one in force, as `_list_books` says."""
    published = await list_published(db, act.office_id)
    books = [published[-1] if published else PublishedBook(act.now, live)]
    if book is not None:
        books.insert(0, PublishedBook(act.now, book))
    return [_list_books(published, each, begun) for each in books]


def _list_books(
    published: Sequence[PublishedBook], book: PublishedBook, begun: datetime | None
) -> list[PublishedBook]:
    """The books up to one that is forecast, whose steps may be kept.

    In a period that began before today it was in force from the beginning, so it counts as
    published then (`begun`). Otherwise it was published when it was, a draft now.
    """
    at = book.at if begun is None else min(book.at, begun)
    return [*(each for each in published if each.at < at), replace(book, at=at)]


def _add_units(result: Forecast, units: Sequence[ForecastUnit], counting: Counting) -> None:
    for unit in units:
        result.add_unit(unit, counting)


def _check_period(asked: ForecastQuestion) -> None:
    if asked.last < asked.first:
        raise RefusedError(
            Fault.INVALID,
            "截止日早于起始日。The last day lies before the first.",
            "请对调两个日期（`from`、`to`）。Swap the two days (`from`, `to`).",
        )
    if asked.last - asked.first >= LONGEST:
        raise RefusedError(
            Fault.INVALID,
            "一次最多预测两年（731 天）。At most two years (731 days) are forecast.",
            "请缩短时段（`from`、`to`）。Give fewer days (`from`, `to`).",
        )


def _make_sending(
    installation: IngestSettings, settings: OfficeSettings, zone: ZoneInfo
) -> Sending:
    has_links = installation.portal_url and installation.link_keys.get_secret_value()
    return Sending(
        policy=apply_settings(installation.make_policy(), settings),
        signature=settings.signature or installation.sms_signature,
        portal=f"{installation.portal_url}/u" if has_links else "",
        zone=zone,
    )


def _list_unknown_years(calendar: WorkingCalendar, asked: ForecastQuestion) -> Iterator[int]:
    for year in range(asked.first.year, asked.last.year + 1):
        if calendar.is_uncovered(year):
            yield year
