"""How fast a year of a rule book is forecast, and whether memory stays bounded. Without I/O."""

import asyncio
import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.bench.figures import Figure, Goal
from lab.bench.world.engines import ITEMS, BenchRun
from services.ingest.domain.forecast import Counting, Forecast, ForecastUnit, UnitName
from services.ingest.domain.forecast_messages import MessageCounter, Sending
from shared.calendar import WorkingCalendar
from shared.messages.limits import Policy
from shared.messages.recipients import Recipient
from shared.planning.forecaster import Forecaster
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import ReminderMeasure
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas.rules import Audience, ObligationKind

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = timedelta(days=365)
_UNITS, _QUICK_UNITS = 4_000, 200
"""Units of the sample; the country has 284,000."""
_COUNTRY = 284_000
_COUNTY = 100
_SORTS = 23
"""Units whose obligations differ: they lead other measures."""
_HEARING_EVERY = 23
_MEGABYTE = 2**20


async def measure_forecast(run: BenchRun) -> list[Figure]:
    """A year of the default rules, when nothing is ever reported as done: the most reminders."""
    units = _QUICK_UNITS if run.quick else _UNITS
    run.say(f"forecasting a year for {units:,} units")
    seconds, reminders = await asyncio.to_thread(_forecast, units, compared=False)
    county, _ = await asyncio.to_thread(_forecast, _COUNTY, compared=True)
    first, last = await asyncio.to_thread(_measure_memory, units // 4)
    hours = _COUNTRY / (units / seconds) / 3600
    return [
        Figure(
            "forecast of a year",
            units * ITEMS / seconds,
            "obligations/s",
            size=units * ITEMS,
            note=f"{units / seconds:,.0f} units/s, {reminders / seconds:,.0f} reminders/s: "
            f"{_COUNTRY:,} units of {ITEMS} take {hours:.1f} h on one core",
        ),
        Figure(
            "forecast of a year for a county, compared with another book",
            county,
            "s",
            goal=Goal("<", 1),
            size=_COUNTY * ITEMS,
        ),
        Figure(
            "memory of a forecast, twice as many units",
            last / first,
            "times",
            goal=Goal("<", 1.2),
            note=f"{first / _MEGABYTE:.1f} MB, then {last / _MEGABYTE:.1f} MB at most",
        ),
    ]


def _forecast(units: int, *, compared: bool) -> tuple[float, int]:
    """Seconds of processor time, and how many reminders."""
    made = [_make_unit(number) for number in range(units)]
    forecast = Forecast(ZoneInfo("Asia/Shanghai"), most=0)
    counting = _make_counting(_make_forecaster(_make_other_book()) if compared else None)
    began = time.process_time()
    for unit in made:
        forecast.add_unit(unit, counting)
    return time.process_time() - began, forecast.totals.reminders


def _measure_memory(units: int) -> tuple[int, int]:
    """The most bytes that a forecast of some units has at once, and of twice as many."""
    forecast = Forecast(ZoneInfo("Asia/Shanghai"), most=0)
    counting = _make_counting()
    peaks = []
    tracemalloc.start()
    for number in range(2 * units):
        forecast.add_unit(_make_unit(number), counting)
        if number + 1 in {units, 2 * units}:
            peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    return peaks[0], peaks[1]


def _make_counting(live: Forecaster | None = None) -> Counting:
    return Counting(_make_forecaster(make_default_rule_book()), MessageCounter(_SENDING), live)


_SENDING = Sending(Policy(), "政务公开", "", ZoneInfo("Asia/Shanghai"))


def _make_forecaster(book: RuleBook) -> Forecaster:
    return Forecaster(Timetable(book, WorkingCalendar()), _BEGIN, _BEGIN + _YEAR)


def _make_other_book() -> RuleBook:
    book = make_default_rule_book()
    later = book.rules[0].model_copy(update={"at": book.rules[0].at.replace(hour=10)})
    return book.model_copy(update={"rules": (later, *book.rules[1:])})


def _make_unit(number: int) -> ForecastUnit:
    unit_id = UUID(int=number + 1)
    owed = [
        ForecastObligation(
            unit_id,
            unit_id,
            UUID(int=(number + 1) * ITEMS + place),
            Dates(
                ObligationKind.DEADLINE if place % _HEARING_EVERY else ObligationKind.HEARING,
                date(2026, place % 12 + 1, 28),
                date(2025, 12, 20),
            ),
            lead=place % _SORTS == number % _SORTS,
            measure=ReminderMeasure(f"{place // 3 + 1}.{place % 3 + 1}", "", "", ""),
        )
        for place in range(ITEMS)
    ]
    posts = tuple(
        Recipient(UUID(int=place), post, "a@b.example", "13800000001", None, None)
        for place, post in enumerate(Audience)
    )
    return ForecastUnit(UnitName(unit_id, f"第{number}号单位"), posts, owed, {}, owes=True)
