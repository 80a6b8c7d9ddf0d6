"""A task's printed cells to its measures, each with its dates and review codes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.ingest.extraction.actors.other_actors import has_other_actor
from services.ingest.extraction.dates.cells import (
    DueCell,
    fold_without_list_numbers,
    is_split_expression,
    join_wrapped_lines,
    read_due,
)
from services.ingest.extraction.dates.dates import ProseDates, read_prose
from services.ingest.extraction.dates.events import is_event_relative
from services.ingest.extraction.dates.recurrences import Repeats, read_repeats
from services.ingest.extraction.models import ParsedMeasure, ReviewCode
from services.ingest.extraction.plans.targets import read_goal, read_target
from services.ingest.extraction.table.rows.drafts import DraftRow, TaskDraft
from services.ingest.extraction.vocabulary.characters import HAN, LIST_NUMBER
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import split_paragraphs, tidy

_CONTINUOUS_IN_TEXT: Final = re.compile(
    r"持续(?:推进|推动|开展|进行|实施|落实)|长期(?:坚持|推进|开展|保持)|常态化|常态长效|贯穿(?:全年|始终)"
)
# 常态化疫情防控, 常态化机制: what is done, not how long.
_AS_NOUN: Final = re.compile(
    f"常态化(?=疫情|核酸|防控|监管|管理|(?:[{HAN}]{{0,4}})(?:机制|制度|体系))"
)
_CONTEXT: Final = 24  # characters beside a line break that can be one expression's
_LIST_MARK: Final = re.compile(f"^{LIST_NUMBER}")


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What holds for the whole plan: its year, its document's date, whether sentences close."""

    year: int | None
    issued: date | None
    closes: bool


def read_duties(
    draft: TaskDraft, names: Sequence[str], context: PlanContext
) -> Iterator[tuple[ParsedMeasure, DraftRow]]:
    """The measures of a task with the row of each, in printed order. `names` are its units."""
    duties = [duty for row in draft.rows for duty in _read_row(row, context)]
    for duty in duties:
        yield _measure(duty, _remove_claimed_dates(duty, duties), names, context), duty.row


@dataclass(frozen=True, slots=True)
class _Duty:
    """One paragraph of a row, its dates and repetitions, and the deadline cell beside it."""

    text: str
    printed: str
    frequency: str
    cell: DueCell
    folded: str
    repeats: Repeats
    prose: ProseDates
    target: str
    row: DraftRow

    @property
    def named(self) -> list[date]:
        """The dates that the paragraph itself gives."""
        return [*self.prose.own.dates, *self.repeats.dates]


def _read_row(row: DraftRow, context: PlanContext) -> Iterator[_Duty]:
    lines = split_paragraphs(_join_split_expressions(row.text), habit=context.closes)
    for line, deadline in zip(lines, _assign_deadlines(row, lines), strict=True):
        folded = fold_without_list_numbers(line)
        repeats = read_repeats(folded, context.year, prose=True)
        prose = read_prose(repeats.rest, context.year)
        frequency = row.cells.get(Role.FREQUENCY, "")
        cell = read_due(deadline, frequency, context.year)
        target = row.cells.get(Role.TARGET, "")
        yield _Duty(line, deadline, frequency, cell, folded, repeats, prose, target, row)


def _join_split_expressions(text: str) -> str:
    """The text without line breaks inside an expression of time."""
    lines: list[str] = []
    for line in text.split("\n"):
        if (
            lines
            and line
            and lines[-1]
            and is_split_expression(lines[-1][-_CONTEXT:], line[:_CONTEXT])
        ):
            lines[-1] += line.lstrip()
        else:
            lines.append(line)
    return "\n".join(lines)


def _assign_deadlines(row: DraftRow, lines: Sequence[str]) -> list[str]:
    """The deadline of each duty: the whole cell, or its line where both are numbered alike."""
    cell = join_wrapped_lines(row.cells.get(Role.DEADLINE, ""))
    parts = split_paragraphs(cell, habit=False)
    marks = [_LIST_MARK.match(part) for part in parts]
    ours = [_LIST_MARK.match(line) for line in lines]
    if len(parts) == len(lines) > 1 and all(marks) and all(ours):
        return [
            part[mark.end() :] if mark else part for part, mark in zip(parts, marks, strict=True)
        ]
    return [cell] * len(lines)


def _remove_claimed_dates(duty: _Duty, duties: Sequence[_Duty]) -> DueCell:
    """The cell without the dates that other duties beside the same cell name as their own.

    If no date remains, the cell is marked `not-understood`.
    """
    cell = duty.cell
    if len(cell.dates) < 2 or duty.named:  # noqa: PLR2004 - nothing to share out
        return cell
    beside = [each for each in duties if each.printed == duty.printed]
    claimed = {day for each in beside for day in each.named}
    left = tuple(day for day in cell.dates if day not in claimed)
    if not left:
        return replace(cell, problems=(*cell.problems, ReviewCode.NOT_UNDERSTOOD))
    return replace(cell, dates=left)


def _measure(
    duty: _Duty, cell: DueCell, names: Sequence[str], context: PlanContext
) -> ParsedMeasure:
    due, problems = _choose_dates(duty, cell)
    recurrence = duty.repeats.recurrence or cell.recurrence
    continuous = cell.continuous or bool(_CONTINUOUS_IN_TEXT.search(_AS_NOUN.sub("", duty.folded)))
    problems.extend([*duty.repeats.problems, *duty.prose.own.problems])
    if is_event_relative(duty.folded, dated=bool(due)):
        problems.append(ReviewCode.EVENT_RELATIVE)
    if (not due and not continuous and recurrence is None and not problems) or (
        cell.empty and not due and not continuous and recurrence is None and not cell.problems
    ):
        problems.append(ReviewCode.NO_DEADLINE)
    if has_other_actor(duty.text, names):
        problems.append(ReviewCode.ACTOR_IN_TEXT)
    if _is_past(due, [*duty.repeats.dates, *cell.repeating], context):
        problems.append(ReviewCode.BEFORE_DOCUMENT)
    return ParsedMeasure(
        text=duty.text,
        due=tuple(sorted(set(due))),
        continuous=continuous,
        recurrence=recurrence,
        target=read_target(duty.folded) or read_goal(duty.target),
        review=tuple(code for code in ReviewCode if code in problems),
        printed_due=tidy("；".join(filter(None, (duty.frequency, duty.printed)))),
    )


def _choose_dates(duty: _Duty, cell: DueCell) -> tuple[list[date], list[ReviewCode]]:
    """The duty's dates, from its text or its cell, and the problems of that choice."""
    printed = [*cell.repeating, *cell.dates]
    named = duty.named
    if named and printed and named == duty.prose.loose and max(named) > max(printed):
        # 年底前 in the sentence, 10月底前 in the column: the column's deadline is kept.
        return printed, [*cell.problems, ReviewCode.NOT_UNDERSTOOD]
    if named:
        return named, []
    problems = list(cell.problems)
    if duty.prose.unsure:
        problems.append(ReviewCode.NOT_UNDERSTOOD)
        printed = printed or (duty.prose.unsure if cell.empty else [])
    return printed, problems


def _is_past(due: Sequence[date], repeating: Sequence[date], context: PlanContext) -> bool:
    """Whether a date lies before the document; of repeating days the last one counts."""
    first = max(context.issued or date.min, date(context.year or 1, 1, 1))
    single = [day for day in due if day not in repeating]
    return any(day < first for day in single) or bool(due and max(due) < first)
