"""A spreadsheet's numbers as its cells show them: dates, percentages, texts around a number."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

# Built-in formats (ECMA-376 part 1, 18.8.30), in their Chinese variants where they depend on the
# language: a Chinese Excel or WPS stores only the number 57 for 2025年6月.
_MONTH, _MONTH_DAY = 'yyyy"年"m"月"', 'm"月"d"日"'
_BUILT_IN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 14: "yyyy/m/d",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy/m/d h:mm", 27: _MONTH, 28: _MONTH_DAY, 29: _MONTH_DAY,
    30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"', 32: "h:mm", 33: "h:mm:ss", 34: "h:mm",
    35: "h:mm:ss", 36: _MONTH, 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss", 50: _MONTH,
    51: _MONTH_DAY, 52: _MONTH, 53: _MONTH_DAY, 54: _MONTH_DAY, 55: _MONTH, 56: _MONTH_DAY,
    57: _MONTH, 58: _MONTH_DAY,
}  # fmt: skip
BUILT_IN: Final[dict[str | None, str]] = {str(key): code for key, code in _BUILT_IN.items()}

_SECTION: Final = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')
_UNSEEN: Final = re.compile(r"\[[^\]]*\]|[_*].|am/pm|a/p|上午/下午", re.IGNORECASE)
_LITERAL: Final = re.compile(r'"([^"]*)"|\\(.)')
_DAY: Final = re.compile(r"(?<!d)d{1,2}(?!d)")
_YEAR: Final = re.compile(r"y|(?<![0#?])e(?![+-])")
_FIGURE: Final = re.compile(r"[0#?](?:[0#?,.]*[0#?])?")
_SAFE: Final = "\ue000"  # stands for a literal while the code is read
_MAX_DIGITS: Final = 11  # of a number in an unformatted cell
_LAST_DAY: Final = 2_958_465  # the year 9999


@dataclass(frozen=True, slots=True)
class Format:
    """What a number format shows: parts of a date, or a number between two texts."""

    year: bool = False
    month: bool = False
    day: bool = False
    clock: bool = False
    percent: bool = False
    decimals: int | None = None
    before: str = ""
    after: str = ""


@lru_cache(maxsize=512)
def parse_format(code: str) -> Format:
    """Read a format code's first section."""
    match = _SECTION.match(code)
    section = _UNSEEN.sub("", match.group() if match else "")
    literals = [a or b for a, b in _LITERAL.findall(section)]
    bare = _LITERAL.sub(_SAFE, section).lower()
    if bare.strip() in ("", "general", "g/通用格式", "@"):
        return Format()
    clock = "h" in bare or "s" in bare
    year, day = bool(_YEAR.search(bare)), bool(_DAY.search(bare))
    month = "m" in bare and (year or day or not clock)
    if year or day or month or clock:
        return Format(year=year, month=month, day=day, clock=clock)
    figure = _FIGURE.search(bare)
    if figure is None:
        return Format(percent="%" in bare)
    words = iter(literals)
    before, after = (
        "".join(next(words) if c == _SAFE else c if c in "()（）￥$" else "" for c in part)
        for part in (bare[: figure.start()], bare[figure.end() :].replace("%", ""))
    )
    decimals = len(figure.group().partition(".")[2])
    return Format(percent="%" in bare, decimals=decimals, before=before, after=after)


def format_number(value: float, code: str, *, from_1904: bool = False) -> str:
    """A number as a cell of this format shows it; dates with 年, 月 and 日.

    Parts that the format hides are left out: 6月30日 was typed without a year, and its cell
    stores the year of typing.
    """
    form = parse_format(code)
    if form.year or form.month or form.day or form.clock:
        day = _to_date(value, from_1904=from_1904)
        return _print_number(value, Format()) if day is None else _print_date(day, form)
    return _print_number(value, form)


def format_date(day: datetime, code: str) -> str:
    """A date that the file stores as a date, as a cell of this format shows it."""
    form = parse_format(code)
    dated = form.year or form.month or form.day or form.clock
    return _print_date(day, form if dated else Format(year=True, month=True, day=True))


def _to_date(value: float, *, from_1904: bool) -> datetime | None:
    if not 0 <= value <= _LAST_DAY:
        return None
    # The 1900 calendar of spreadsheets has a 29 February 1900: days after it are one less.
    base = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if value >= 60 else 31)  # noqa: DTZ001, PLR2004 - a calendar day
    return base + timedelta(days=value)


def _print_date(day: datetime, form: Format) -> str:
    text = f"{day.year}年" if form.year else ""
    text += f"{day.month}月" if form.month or form.day else ""
    text += f"{day.day}日" if form.day else ""
    return text or f"{day:%H:%M}"


def _print_number(value: float, form: Format) -> str:
    shown = value * 100 if form.percent else value
    if form.decimals is not None:
        shown = round(shown, form.decimals)
    whole = float(shown).is_integer() and abs(shown) < 10**15
    text = str(int(shown)) if whole else f"{shown:.{_MAX_DIGITS}g}"
    return f"{form.before}{text}{'%' if form.percent else ''}{form.after}"
