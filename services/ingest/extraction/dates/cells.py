"""A deadline cell: its dates, repetitions, continuous duties, and review codes."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.ingest.extraction.dates.dates import DatesRead, read_cell
from services.ingest.extraction.dates.events import is_counted_from_event
from services.ingest.extraction.dates.expressions import find_tokens
from services.ingest.extraction.dates.recurrences import read_repeats
from services.ingest.extraction.models import Recurrence, ReviewCode
from services.ingest.extraction.vocabulary.characters import (
    BLANK_CELL,
    COLONS,
    LIST_NUMBER,
    NUMBER_POINTS,
    ROUND_CLOSING,
    ROUND_OPENING,
    SENTENCE_ENDS,
)
from services.ingest.extraction.vocabulary.prose import fold_text
from services.ingest.extraction.vocabulary.time_words import CONTINUOUS, ENDS, SHORT_UNIT, WITHIN

_CONTINUOUS: Final = re.compile(f"{CONTINUOUS}|长效|不间断|经常|日常|全年(?!至少|不少)|永久|坚持")
_PERIOD_OPEN: Final = re.compile(r"不?定期|适时|及时|实时|即时|随时|动态")
_EVENT_DEADLINE: Final = re.compile(
    rf"\d{{1,3}}个?{SHORT_UNIT}{WITHIN}|(?:会|印发|下发|形成|变更|批复|发布|收到|结束|完成|作出)(?:之|以)?后"
    r"|(?:节|会)前$|之日|(?:召开|举办|开工|验收|检查|考核|活动|会议|[^\d年月日底末之以班]{2})(?:之|以)?前$"
)
_DOUBT: Final = re.compile(
    r"[\d日月年周旬季期节前后初汛冬夏春秋]|视|待|另行|根据|按(?!时完成|期完成|时$|期$)|如[果有遇]|适时|假"
)
_FILLER: Final = re.compile(
    r"\d+(?:\.\d+)?(?:余)?[所个座项家户篇场名件处亿万元人栋套公里%]+|第[1-9]阶段|(?:\d{4}年)?(?:\d{1,2}月)?(?:份)?起|即日起|任务|项目|年度|本年|全年"
    f"|日常|长期|常态|持续|坚持|按时|按期|定期|工作日常|时间节点要求|取得|阶段性|成果|[{ENDS}]|并|且|每年|提前|前期|初步|初稿|年内"
)
_ORDINAL: Final = re.compile(LIST_NUMBER)


_CONTEXT: Final = 24  # characters beside a line break that are examined


@dataclass(frozen=True, slots=True)
class DueCell:
    """What a deadline cell says about each duty beside it."""

    dates: tuple[date, ...] = ()
    repeating: tuple[date, ...] = ()
    recurrence: Recurrence | None = None
    continuous: bool = False
    problems: tuple[ReviewCode, ...] = ()
    empty: bool = False


def join_wrapped_lines(text: str) -> str:
    """The cell without the line breaks of a narrow column; breaks between statements are kept."""
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        if lines and _is_wrapped(lines[-1][-_CONTEXT:], line[:_CONTEXT]):
            lines[-1] += line
        else:
            lines.append(line)
    return "\n".join(lines)


def is_split_expression(above: str, below: str) -> bool:
    """Whether a line break is inside an expression of time: 2024年 ｜ 6月底前."""
    apart = [*_list_expressions(fold_text(above)), *_list_expressions(fold_text(below))]
    whole = _list_expressions(fold_text(above + below))
    return whole != apart and sum(map(len, whole)) >= sum(map(len, apart))


def _is_wrapped(above: str, below: str) -> bool:
    if _ORDINAL.match(below) and not is_split_expression(above, below):
        return False
    if is_split_expression(above, below) or above.endswith("年"):
        return True
    first, second = fold_text(above), fold_text(below)
    ended = any(first.endswith(span) for span in _list_expressions(first)[-1:])
    begins = any(second.startswith(span) for span in _list_expressions(second)[:1])
    return not (ended or begins)


def _list_expressions(text: str) -> list[str]:
    """The expressions of time in a folded text, repetitions first."""
    rest = read_repeats(text, 2000).rest
    taken = [text[match.start() : match.end()] for match in re.finditer("\0+", rest)]
    return taken + [rest[token.start : token.end] for token in find_tokens(rest)]


def read_due(text: str, frequency: str, year: int | None) -> DueCell:
    """Read a deadline cell and the frequency cell beside it; `year` is the plan's."""
    folded = fold_without_list_numbers("；".join(join_wrapped_lines(text).split("\n")))
    serial = _read_serial_date(folded, year)
    if serial is not None:
        return DueCell((serial,))
    repeats = read_repeats(folded, year)
    cell = read_cell(repeats.rest, year)
    is_continuous = bool(_CONTINUOUS.search(folded))
    problems = [*repeats.problems, *cell.problems]
    if is_counted_from_event(folded) or (_EVENT_DEADLINE.search(cell.rest) and not cell.dates):
        problems.append(ReviewCode.EVENT_RELATIVE)
    recurrence = repeats.recurrence
    if frequency.strip():
        frequency_repeats = read_repeats(fold_text(frequency), year)
        recurrence = recurrence or frequency_repeats.recurrence
        repeats.dates.extend(frequency_repeats.dates)
        problems.extend(frequency_repeats.problems)
    is_understood = bool(cell.dates or repeats.dates or recurrence or is_continuous or problems)
    empty = bool(BLANK_CELL.fullmatch(folded)) and not frequency.strip()
    dates = cell.dates
    if not is_understood and not empty:
        is_open = _PERIOD_OPEN.search(folded)
        problems.append(ReviewCode.PERIOD_OPEN if is_open else ReviewCode.NOT_UNDERSTOOD)
    elif is_understood and _has_unread_words(cell):
        # A year beside words that are not understood is not a date (2024年国庆前).
        dates = [] if cell.only_years else dates
        if not problems:
            problems.append(ReviewCode.NOT_UNDERSTOOD)
    return DueCell(
        tuple(dates), tuple(repeats.dates), recurrence, is_continuous, tuple(problems), empty
    )


# 1、6月底前: the number of a list item is not a month.
_ITEM_NUMBER: Final = re.compile(
    rf"(?:^|(?<=[{SENTENCE_ENDS}{COLONS}\0]))[{ROUND_OPENING}]?\d{{1,2}}[{ROUND_CLOSING}{NUMBER_POINTS}](?=\D|\d{{1,2}}月|\d{{4}}年)"
)


def fold_without_list_numbers(text: str) -> str:
    """The folded text without the numbers of list items."""
    return _ITEM_NUMBER.sub("", fold_text(text))


def _has_unread_words(cell: DatesRead) -> bool:
    """Whether words about time or conditions remain that were not read."""
    rest = re.sub("\0+(?:之|以)?前?", "", cell.rest)
    rest = re.sub(f"{LIST_NUMBER}$", "", rest)
    return bool(_DOUBT.search(_FILLER.sub("", rest)))


def _read_serial_date(folded: str, year: int | None) -> date | None:
    """A spreadsheet's day number (days since 1899-12-30) if it falls near the plan's year."""
    if year is None or not re.fullmatch(r"[34567]\d{4}(?:\.0+)?", folded):
        return None
    day = date(1899, 12, 30) + timedelta(days=int(float(folded)))
    return day if year <= day.year <= year + 1 else None
