"""A task's printed cells to its duties, each with its dates and with what stays doubtful."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.ingest.extraction.actors import names_actor
from services.ingest.extraction.dates import Found, fold, read_cell, read_prose
from services.ingest.extraction.drafts import Draft, DraftRow
from services.ingest.extraction.labels import Role
from services.ingest.extraction.models import Measure, Recurrence
from services.ingest.extraction.prose import paragraphs
from services.ingest.extraction.quantities import read_goal, read_target
from services.ingest.extraction.recurrences import Repeats, read_repeats
from services.ingest.extraction.review import ReviewCode

_LASTS_IN_CELL: Final = re.compile(
    r"持续|长期|常态|长效|不间断|贯穿|一直|始终|经常|日常|全年(?!至少|不少)|永久|坚持"
)
_LASTS_IN_TEXT: Final = re.compile(
    r"持续(?:推进|推动|开展|进行|实施|落实)|长期(?:坚持|推进|开展|保持)|常态化|常态长效|贯穿(?:全年|始终)"
)
# 常态化疫情防控, 常态化机制: what is done, not how long.
_AS_NOUN: Final = re.compile(
    r"常态化(?=疫情|核酸|防控|监管|管理|(?:[\u4e00-\u9fff]{0,4})(?:机制|制度|体系))"
)
_OPEN_CELL: Final = re.compile(r"不?定期|适时|及时|实时|即时|随时|动态")
_EVENT: Final = re.compile(
    r"(?:之日起?|以?后|起|收到|接到|批复|通过|变更|形成)[^。；;，]{0,10}?,?，?\d{1,3}个?(?:工作日|自然日|日|天|月|周|小时|年)(?:之|以)?内"
    r"|(?:会|事|次)[前后]\d{1,3}个?(?:工作日|日|天|周)|(?:提|时限|[^\d月日]{2})前\d{1,3}个?(?:工作日|日|天|月)"
    r"|(?<![\d月.])\d{1,3}个?(?:工作日|自然日|日|天|小时|分钟)(?:之|以)?内"
)
_EVENT_CELL: Final = re.compile(
    r"\d{1,3}个?(?:工作日|自然日|日|天|小时)(?:之|以)?内|(?:会|印发|下发|形成|变更|批复|发布|收到|结束|完成|作出)(?:之|以)?后"
    r"|(?:节|会)前$|之日|(?:召开|举办|开工|验收|检查|考核|活动|会议|[^\d年月日底末之以班]{2})(?:之|以)?前$"
)
_NOTHING: Final = re.compile(r"^[-—/\\无、.·*]*$")
_DOUBT: Final = re.compile(
    r"[\d日月年周旬季期节]|视|待|另行|根据|按(?!时完成|期完成|时$|期$)|如[果有遇]"
)
_FILLER: Final = re.compile(
    r"\d+(?:\.\d+)?(?:余)?[所个座项家户篇场名件处亿万元人栋套公里%]+|第[1-9]阶段|(?:\d{4}年)?(?:\d{1,2}月)?(?:份)?起|即日起|任务|项目|年度|本年|全年|日常|长期|常态|持续|坚持|按时|按期|定期|工作日常|时间节点要求|取得|阶段性|成果|之?前|[底末]前?|并|且|每年"
)
# 1、6月底前: a list's number is no month.
_LIST_NUMBER: Final = re.compile(r"(?:^|(?<=[。;!?:\0]))[(]?\d{1,2}[)、.](?=\D|\d{1,2}月|\d{4}年)")
_MARK: Final = re.compile(r"^(?:[（(]?(\d{1,2})[)）.、．]|([①-⑳]))")


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for the whole plan: its year, its document's date, the writer's habit."""

    year: int | None
    issued: date | None
    closes: bool


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a deadline cell says to each duty beside it."""

    dates: tuple[date, ...]
    repeating: tuple[date, ...]
    recurrence: Recurrence | None
    continuous: bool
    problems: tuple[ReviewCode, ...]
    empty: bool


def read_duties(draft: Draft, names: Sequence[str], setting: Setting) -> Iterator[Measure]:
    """The measures of a task, in printed order. `names` are its units."""
    for row in draft.rows:
        lines = paragraphs(row.text, habit=setting.closes)
        deadlines = _deadlines(row, lines)
        for line, deadline in zip(lines, deadlines, strict=True):
            cell = _read_cell(deadline, row.cells.get(Role.FREQUENCY, ""), setting)
            yield _measure(line, cell, names, row, setting)


def _deadlines(row: DraftRow, lines: Sequence[str]) -> list[str]:
    """The cell for every duty, or, where both are numbered alike, to each duty its own line."""
    cell = row.cells.get(Role.DEADLINE, "")
    parts = paragraphs(cell, habit=False)
    marks = [_MARK.match(part) for part in parts]
    ours = [_MARK.match(line) for line in lines]
    if len(parts) == len(lines) > 1 and all(marks) and all(ours):
        return [
            part[mark.end() :] if mark else part for part, mark in zip(parts, marks, strict=True)
        ]
    return [cell] * len(lines)


def _read_cell(text: str, frequency: str, setting: Setting) -> _Cell:
    folded = _read("；".join(part for part in text.split("\n") if part.strip()))
    serial = _serial(folded, setting.year)
    if serial is not None:
        return _Cell((serial,), (), None, continuous=False, problems=(), empty=False)
    repeats = read_repeats(folded, setting.year)
    found = read_cell(repeats.rest, setting.year)
    lasts = bool(_LASTS_IN_CELL.search(folded))
    problems = [*repeats.problems, *found.problems]
    if _EVENT.search(folded) or (_EVENT_CELL.search(found.rest) and not found.dates):
        problems.append(ReviewCode.EVENT_RELATIVE)
    recurrence = repeats.recurrence
    if frequency.strip():
        often = read_repeats(fold(frequency), setting.year)
        recurrence = recurrence or often.recurrence
        repeats.dates.extend(often.dates)
        problems.extend(often.problems)
    said = bool(found.dates or repeats.dates or recurrence or lasts or problems)
    empty = bool(_NOTHING.match(folded)) and not frequency.strip()
    if not said and not empty:
        is_open = _OPEN_CELL.search(folded)
        problems.append(ReviewCode.PERIOD_OPEN if is_open else ReviewCode.NOT_UNDERSTOOD)
    elif _leftover(found, repeats) and not problems:
        problems.append(ReviewCode.NOT_UNDERSTOOD)
    return _Cell(
        tuple(found.dates), tuple(repeats.dates), recurrence, lasts, tuple(problems), empty
    )


def _read(text: str) -> str:
    """The text as the grammar reads it, without the numbers of lists."""
    return _LIST_NUMBER.sub("", fold(text))


def _leftover(found: Found, repeats: Repeats) -> bool:
    """Whether words about time or conditions remain beside what was read."""
    if not (found.dates or repeats.dates or repeats.recurrence):
        return False
    rest = re.sub(r"[(（]?\d{1,2}[)）.、．](?=\0|$)", "", found.rest.replace("\0", ""))
    return bool(_DOUBT.search(_FILLER.sub("", rest)))


def _serial(folded: str, year: int | None) -> date | None:
    """A spreadsheet's day number (days since 1899-12-30) if it falls near the plan's year."""
    if year is None or not re.fullmatch(r"[34567]\d{4}(?:\.0+)?", folded):
        return None
    day = date(1899, 12, 30) + timedelta(days=int(float(folded)))
    return day if year <= day.year <= year + 1 else None


def _measure(
    text: str, cell: _Cell, names: Sequence[str], row: DraftRow, setting: Setting
) -> Measure:
    folded = _read(text)
    repeats = read_repeats(folded, setting.year)
    own = read_prose(repeats.rest, setting.year)
    named = [*own.dates, *repeats.dates]
    due = named or [*cell.repeating, *_last(cell, setting.year)]
    recurrence = repeats.recurrence or cell.recurrence
    continuous = cell.continuous or bool(_LASTS_IN_TEXT.search(_AS_NOUN.sub("", folded)))
    problems = [*repeats.problems, *own.problems]
    if _EVENT.search(folded):
        problems.append(ReviewCode.EVENT_RELATIVE)
    if not named:
        problems.extend(cell.problems)
    if (not due and not continuous and recurrence is None and not problems) or (
        cell.empty and not due and not continuous and recurrence is None and not cell.problems
    ):
        problems.append(ReviewCode.NO_DEADLINE)
    if names_actor(text, names):
        problems.append(ReviewCode.ACTOR_IN_TEXT)
    repeating = repeats.dates if named else cell.repeating
    if _is_past(due, repeating, setting):
        problems.append(ReviewCode.BEFORE_DOCUMENT)
    return Measure(
        text=text,
        due=tuple(sorted(set(due))),
        continuous=continuous,
        recurrence=recurrence,
        target=read_target(folded) or read_goal(row.cells.get(Role.TARGET, "")),
        review=tuple(code for code in ReviewCode if code in problems),
    )


def _last(cell: _Cell, year: int | None) -> list[date]:
    """A cell's several dates give a duty that names none the last of the plan's year."""
    if not cell.dates:
        return []
    within = [day for day in cell.dates if day.year == year]
    return [max(within or cell.dates)]


def _is_past(due: Sequence[date], repeating: Sequence[date], setting: Setting) -> bool:
    """Whether a date lies before the document; a day that repeats may have begun before it."""
    first = max(setting.issued or date.min, date(setting.year or 1, 1, 1))
    single = [day for day in due if day not in repeating]
    return any(day < first for day in single) or bool(due and max(due) < first)
