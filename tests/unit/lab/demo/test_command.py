"""The demo's figures are readable in a narrow terminal."""

import io

import pytest
from rich.console import Console

from deploy.terminal.language import use_language
from lab.demo.command import _build_table
from lab.demo.figures import Conservation, Figures


@pytest.mark.parametrize("width", [60, 80])
def test_no_figure_is_cut_off(width: int) -> None:
    use_language("zh")
    conservation = Conservation(2638, 2633, 5, 0, 0, 0)
    figures = Figures(2023, 1453, {}, {}, {}, {"email": 1319}, conservation, {"sms": 1314}, 60.0)
    printed = io.StringIO()
    Console(file=printed, width=width).print(_build_table(figures))
    assert "…" not in printed.getvalue()
    for part in ("2638", "2633", "失败 0", "待发 0"):
        assert part in printed.getvalue()
