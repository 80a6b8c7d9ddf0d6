"""A document to a plan: headers found, rows assembled, duties read, the rest reported."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from services.ingest.documents.grid import Document, Paragraph
from services.ingest.extraction.duties import Setting, read_duties
from services.ingest.extraction.grammar.labels import Role
from services.ingest.extraction.grammar.prose import tidy
from services.ingest.extraction.grammar.quantities import read_goal
from services.ingest.extraction.models import Measure, ParsedPlan, PlanWarning, Responsible, Task
from services.ingest.extraction.review import ReviewCode
from services.ingest.extraction.rules import Rules, read_rules, rules_for_all, unread_items
from services.ingest.extraction.table.drafts import Draft
from services.ingest.extraction.table.flattened import unflattened
from services.ingest.extraction.table.outlines import read_outline
from services.ingest.extraction.table.parts import newest, part_at, parts_of
from services.ingest.extraction.table.tables import Heading, TableReader, habits_of
from services.ingest.extraction.titles import read_frame
from services.ingest.extraction.units import UnitList, merged, read_units

_CLAUSE: Final = re.compile(
    r"^(?:[（(]?[\d一二三四五六七八九十]{1,3}[)）.、．](?!\d)|[①-⑳])?(?P<clause>.*?)(?=[。；：:;\n]|$)"
)
_COMMA: Final = re.compile("[，,]")
_MAX_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class _Reading:
    """The drafts of a document, the paragraphs around them, and what went unread."""

    drafts: Sequence[Draft]
    before: Sequence[Paragraph]
    after: Sequence[Paragraph]
    warnings: Sequence[PlanWarning]
    closes: bool
    headings: Sequence[Heading] = ()


def plan_of(document: Document) -> ParsedPlan | None:
    """The plan that the document's tables or paragraphs hold, or None for another document."""
    reading = _read(document)
    if not reading.drafts:
        return None
    frame = read_frame(reading.before, reading.after, document.name)
    parts = list(parts_of(reading.headings, frame))
    frame = newest(parts, frame)
    around = [*reading.before, *reading.after]
    rules = read_rules(around)
    warnings = [_warning(each.place, each.text) for each in document.left_out]
    warnings += [*rules_for_all(around), *reading.warnings]
    if reading.headings:
        warnings += unread_items(around)
    warnings += [_warning(part.place, part.doubt(frame)) for part in parts if part.is_old(frame)]
    tasks = []
    for index, draft in enumerate(reading.drafts):
        part = part_at(parts, index)
        own = part.frame if part else frame
        setting = Setting(None if own.spans else own.year, frame.issued, reading.closes)
        units = _units(draft, own.year, rules)
        warnings.extend(_doubts(draft, units))
        task = _task(draft, units, setting)
        old = part is not None and part.is_old(frame)
        tasks.append(_doubted(task, ReviewCode.BEFORE_DOCUMENT) if old else task)
    return ParsedPlan(
        title=frame.title,
        year=frame.year,
        issuer=frame.issuer,
        tasks=tuple(tasks),
        warnings=tuple(warnings),
    )


def _read(document: Document) -> _Reading:
    """The task table, or the document's paragraphs, with those in its other tables."""
    reader = _table(document)
    if reader.drafts:
        return _around(reader)
    prose = [*reader.before, *reader.after]
    again = _table(Document(document.name, tuple(unflattened(prose) or ())))
    if again.drafts:
        return _around(again)
    outline = read_outline(prose)
    first = next((i for i, each in enumerate(prose) if each.place == outline.start), 0)
    closes = reader.habits.closes
    return _Reading(outline.drafts, prose[:first], prose[first:], outline.warnings, closes)


def _table(document: Document) -> TableReader:
    reader = TableReader(habits_of(document))
    for block, following in zip_longest(document.blocks, document.blocks[1:]):
        reader.read(block, following)
    return reader


def _around(reader: TableReader) -> _Reading:
    return _Reading(
        reader.drafts,
        reader.before,
        reader.after,
        reader.warnings,
        reader.habits.closes,
        reader.headings,
    )


def _units(draft: Draft, year: int | None, rules: Rules) -> UnitList:
    """A task's units in the order of their columns, and who leads them."""
    lists = []
    for role, text in draft.units.items():
        units = read_units(text, year, starred=rules.stars_lead)
        if role is Role.LEAD:
            units.lead = list(units.names)
        lists.append(units)
    whole = merged(lists)
    if rules.first_leads and not whole.lead:
        whole.lead = whole.names[:1]
    if rules.owners_lead and not whole.lead and Role.UNITS in draft.units:
        whole.lead = read_units(draft.units[Role.UNITS], year).names
    return whole


def _task(draft: Draft, units: UnitList, setting: Setting) -> Task:
    for row in draft.rows:
        if units.dates and not row.cells.get(Role.DEADLINE):
            row.cells[Role.DEADLINE] = "\n".join(units.dates)
    measures = tuple(read_duties(draft, units.names, setting))
    if not units.names and Role.UNITS in draft.units:
        measures = _with(measures, ReviewCode.NOT_UNDERSTOOD)
    name = draft.name or draft.name_above or (_first_clause(measures[0].text) if measures else "")
    responsible = Responsible(
        printed=units.printed,
        names=tuple(units.names),
        lead=tuple(units.lead),
        open_ended=units.open_ended,
    )
    return Task(
        number=draft.number,
        category=draft.category.text or None,
        name=name,
        responsible=responsible,
        measures=measures,
    )


def _with(measures: Sequence[Measure], code: ReviewCode) -> tuple[Measure, ...]:
    """The measures, each with one more review code."""
    return tuple(
        each.model_copy(
            update={"review": tuple(c for c in ReviewCode if c in each.review or c is code)}
        )
        for each in measures
    )


def _doubted(task: Task, code: ReviewCode) -> Task:
    return task.model_copy(update={"measures": _with(task.measures, code)})


def _first_clause(text: str) -> str:
    """A table without a name column: the duty's first clause stands for the name."""
    found = _CLAUSE.match(text)
    clause = found["clause"] if found else text
    if len(clause) > _MAX_NAME:
        clause = _COMMA.split(clause, maxsplit=1)[0]
    return clause.strip() or text


def _doubts(draft: Draft, units: UnitList) -> Iterator[PlanWarning]:
    for row in draft.rows:
        target = row.cells.get(Role.TARGET, "")
        if target.strip() and read_goal(target) is None:
            yield _warning(row.place, f"未读取：目标：{tidy(target)}")
    for item in units.stray:
        yield _warning(draft.place, f"这不像责任单位：{item}")
    told = any(row.cells.get(Role.DEADLINE) for row in draft.rows)
    for item in units.dates if told else ():
        yield _warning(draft.place, f"责任单位栏中的时限：{item}")
    if not units.names:
        yield _warning(draft.place, f"任务{draft.number}没有写明责任单位")


def _warning(where: str, message: str) -> PlanWarning:
    return PlanWarning(code=ReviewCode.NOT_UNDERSTOOD, where=where, message=message)
