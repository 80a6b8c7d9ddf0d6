"""Figures beside ceilings and goals."""

import pytest

from lab.bench.figures import (
    BEGIN,
    END,
    Figure,
    Goal,
    calculate_growth,
    draw_bars,
    format_number,
    replace_marked,
    to_cells,
    to_markdown,
)


def test_a_ratio_is_the_share_of_the_ceiling() -> None:
    assert Figure("x", 30, "mails/s", 40).ratio == 0.75
    assert Figure("x", 30, "mails/s").ratio is None


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal("≥", 30), True),
        (Goal("≥", 31), False),
        (Goal("<", 31), True),
        (Goal("<", 30), False),
        (Goal("≤", 30), True),
        (Goal("≥", 0.75, "ratio"), True),
        (Goal("≥", 0.76, "ratio"), False),
        (None, None),
    ],
)
def test_a_goal_is_about_the_rate_or_the_ratio(goal: Goal | None, met: bool | None) -> None:
    assert Figure("x", 30, "mails/s", 40, goal).met is met


def test_a_goal_of_a_ratio_is_not_met_without_a_ceiling() -> None:
    assert Figure("x", 30, "mails/s", goal=Goal("≥", 0.7, "ratio")).met is False


def test_a_rate_may_fall_by_half_and_a_time_may_double() -> None:
    rates = [Figure("rate", 100, "mails/s", size=10), Figure("rate", 51, "mails/s", size=1000)]
    times = [Figure("time", 1, "ms", size=10), Figure("time", 2.1, "ms", size=1000)]
    alone = [Figure("alone", 1, "ms", size=10)]
    found = calculate_growth([*rates, *times, *alone])
    assert [(one.name, one.rate, one.met) for one in found] == [
        ("rate: growth", 0.51, True),
        ("time: growth", 2.1, False),
    ]
    assert found[0].note == "10 → 1,000: 100 → 51 mails/s"


def test_a_table_names_the_machine_once_and_each_note() -> None:
    figure = Figure("x", 12_345, "mails/s", 20_000, Goal("≥", 0.7, "ratio"), 46, "the note")
    text = to_markdown([figure], "2 cores")
    assert text.startswith("2 cores\n")
    assert "| x (46) | 12,345 mails/s | 20,000 mails/s | 62% | ≥ 70% of the ceiling | no |" in text
    assert text.endswith("- x: the note\n")
    assert len(to_cells(figure)) == 6


@pytest.mark.parametrize(
    ("value", "text"), [(12_345.6, "12,346"), (67.84, "67.8"), (0.1234, "0.123"), (2.0, "2")]
)
def test_numbers_have_as_many_digits_as_they_are_worth(value: float, text: str) -> None:
    assert format_number(value) == text


def test_bars_show_the_share_of_each_rate_at_its_largest_size() -> None:
    small = Figure("a", 1, "mails/s", 10, size=10)
    large = Figure("a", 5, "mails/s", 10, size=1000)
    lines = draw_bars([small, large, Figure("time", 1, "ms", 2)])
    assert lines == ["```text", f"a  {'█' * 20}{'░' * 20}  50%", "```"]
    assert draw_bars([]) == []


def test_only_the_marked_part_of_a_document_is_renewed() -> None:
    document = f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n"
    assert replace_marked(document, "new\n") == f"# Title\n\n{BEGIN}\nnew\n{END}\n\nThe end.\n"
    assert replace_marked("no marks", "new\n") == "new\n"
