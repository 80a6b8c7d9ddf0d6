"""A calendar as a map of squares: a column for each week, a row for each day of the week. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

SIDE = 17
"""Pixels from one square to the next."""
LEVELS = 4
"""Shades of squares that have something."""
_WEEKS = 27
"""Columns of a part: half a year fits the page and the paper."""
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Square:
    """A day: its place in pixels, its number, and the shade from 0 (nothing) to `LEVELS`."""

    day: date
    x: int
    y: int
    number: int
    level: int


@dataclass(frozen=True, slots=True)
class Month:
    """The name of a month stands above the column of its first square."""

    x: int
    first: date


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A part of the calendar, `_WEEKS` long at most."""

    squares: tuple[Square, ...]
    months: tuple[Month, ...]
    width: int


def draw_heat_maps(first: date, last: date, numbers: Mapping[date, int]) -> Iterator[HeatMap]:
    """The parts of a calendar from one day to another, both included."""
    greatest = max(numbers.values(), default=0)
    monday = first - first.weekday() * _DAY
    while monday <= last:
        end = min(last, monday + _WEEKS * _WEEK - _DAY)
        yield _draw(max(first, monday), end, monday, numbers, greatest)
        monday += _WEEKS * _WEEK


def _draw(
    first: date, last: date, monday: date, numbers: Mapping[date, int], greatest: int
) -> HeatMap:
    squares, months = [], []
    for place in range((last - first).days + 1):
        day = first + place * _DAY
        x, number = (day - monday).days // 7 * SIDE, numbers.get(day, 0)
        level = ceil(LEVELS * number / greatest) if greatest else 0
        squares.append(Square(day, x, day.weekday() * SIDE, number, level))
        if day.day == 1 or (place == 0 and day.day < 20):  # noqa: PLR2004 - room for the name
            months.append(Month(x, day))
    return HeatMap(tuple(squares), tuple(months), ((last - monday).days // 7 + 1) * SIDE)
