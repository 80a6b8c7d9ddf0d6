"""Which rows of a long report its charts show."""

from services.console.pages.reports import choose_bars
from shared.api.reports import ReportRowOut

SHOWN = 24


def make_row(number: int, *, due: int, overdue: int) -> ReportRowOut:
    counts = {"done": 0, "on_time": 0, "late": 0, "open": due - overdue, "rate": 0.0}
    return ReportRowOut(name=f"县第{number}局", due=due, overdue=overdue, **counts)


def test_most_that_is_overdue_goes_before_most_that_is_due_in_the_order_of_the_report() -> None:
    rows = [make_row(number, due=100 - number, overdue=0) for number in range(40)]
    rows[39] = make_row(39, due=2, overdue=2)
    rows[30] = make_row(30, due=1, overdue=1)
    chosen = choose_bars(rows)
    assert [row.name for row in chosen] == [
        *(f"县第{number}局" for number in range(SHOWN - 2)),
        "县第30局",
        "县第39局",
    ]


def test_of_equal_rows_the_first_are_shown() -> None:
    rows = [make_row(number, due=5, overdue=1) for number in range(40)]
    assert choose_bars(rows) == rows[:SHOWN]


def test_a_short_report_is_shown_whole() -> None:
    rows = [make_row(number, due=number, overdue=0) for number in range(3)]
    assert choose_bars(rows) == rows
