"""Forecasts what a rule book does in a period, on the office's ledger and directory.

What is past is taken from the history of the ledger: the forecast says what the book would have
done, given what was owed then. What is to come is planned from the present state.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.forecast import Counting, Forecast, ForecastUnit
from services.ingest.domain.forecast_messages import MessageCounter, Sending
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.forecast_units import Snapshot, build_units
from services.ingest.handlers.office.office_settings import get_settings
from services.ingest.handlers.office.rules import get_book, get_calendar
from services.ingest.settings import IngestSettings
from services.ingest.store import reminder_audit as store
from services.ingest.store.mutes import MuteFilter, list_mutes
from services.ingest.store.units import list_units
from shared.calendar import WorkingCalendar
from shared.messages.stages import apply_settings
from shared.planning.forecaster import Forecaster, has_conditions
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

    book, other = asked.book or live, live if asked.book else None
    selects = has_conditions(book) or has_conditions(live)

    stored = await list_mutes(db, act.office_id, MuteFilter(until_after=since))
    mutes = [each.to_mute() for each in stored]

    def make_forecaster(of: RuleBook) -> Forecaster:
        return Forecaster(Timetable(of, calendar), since, until, selects=selects, mutes=mutes)

    counting = Counting(
        make_forecaster(book),
        MessageCounter(_make_sending(installation, settings, zone)),
        None if other is None else make_forecaster(other),
    )
    result, after = Forecast(zone, asked.most), None
    while unit_ids := await store.list_unit_ids(db, act.office_id, after, _UNITS_AT_ONCE):
        after = unit_ids[-1]
        snapshot = Snapshot(
            await list_units(db, act.office_id, unit_ids),
            await store.list_current_states(db, act.office_id, unit_ids, since),
            await store.list_past_states(db, unit_ids, since),
        )
        units = build_units(snapshot, since, until)
        await asyncio.to_thread(_add_units, result, units, counting)
    version = live.version if asked.book is None else None
    years = tuple(_list_unknown_years(calendar, asked))
    return ForecastAnswer(result, version, settings, years)


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
