"""The squares of a calendar."""

from datetime import date, timedelta

from services.console.texts.heat_map import SIDE, draw_heat_maps


def test_each_day_has_one_square_in_the_column_of_its_week() -> None:
    first, last = date(2026, 1, 1), date(2027, 12, 31)
    maps = list(draw_heat_maps(first, last, {}))
    days = [square.day for each in maps for square in each.squares]
    assert days == [first + timedelta(days=n) for n in range(730)]
    thursday = maps[0].squares[0]
    assert (thursday.x, thursday.y) == (0, 3 * SIDE)
    monday = maps[0].squares[4]
    assert (monday.day.weekday(), monday.x, monday.y) == (0, SIDE, 0)
    assert all(square.x < each.width <= 27 * SIDE for each in maps for square in each.squares)
    months = [month.first for each in maps for month in each.months]
    assert {(day.year, day.month) for day in days} == {(m.year, m.month) for m in months}


def test_shades_rise_with_the_number_and_the_greatest_is_darkest() -> None:
    first = date(2026, 3, 2)
    numbers = {first + timedelta(days=n): n * 10 for n in range(5)}
    (drawn,) = draw_heat_maps(first, first + timedelta(days=5), numbers)
    assert [square.level for square in drawn.squares] == [0, 1, 2, 3, 4, 0]
    assert [square.number for square in drawn.squares] == [0, 10, 20, 30, 40, 0]
