"""A document to a plan: find the task table, read its tasks, report what is not read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from services.ingest.documents.grid import Document, Paragraph
from services.ingest.extraction.actors.units import UnitList, merge_unit_lists, read_units
from services.ingest.extraction.models import (
    ParsedMeasure,
    ParsedPlan,
    PlanWarning,
    Responsible,
    ReviewCode,
    Task,
)
from services.ingest.extraction.plans.duties import PlanContext, read_duties
from services.ingest.extraction.plans.rules import (
    LeadRules,
    list_general_rules,
    list_unread_items,
    read_lead_rules,
)
from services.ingest.extraction.plans.targets import read_goal
from services.ingest.extraction.table.flattened import rebuild_table
from services.ingest.extraction.table.outlines import read_outline
from services.ingest.extraction.table.parts import choose_newest_frame, get_part_at, list_parts
from services.ingest.extraction.table.rows.drafts import DraftRow, TaskDraft
from services.ingest.extraction.table.tables import Heading, TableReader, detect_habits
from services.ingest.extraction.titles import read_frame
from services.ingest.extraction.vocabulary.characters import (
    CIRCLED,
    CLAUSE_ENDS,
    COLONS,
    LIST_NUMBER,
)
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import tidy

_CLAUSE: Final = re.compile(
    rf"^(?:{LIST_NUMBER}(?!\d)|[{CIRCLED}])?(?P<clause>.*?)(?=[{CLAUSE_ENDS}{COLONS}\n]|$)"
)
_COMMA: Final = re.compile("[，,]")
_MAX_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class _DocumentContent:
    """The tasks of a document, the paragraphs around them, and the warnings."""

    drafts: Sequence[TaskDraft]
    before: Sequence[Paragraph]
    after: Sequence[Paragraph]
    warnings: Sequence[PlanWarning]
    closes: bool
    headings: Sequence[Heading] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """A plan, and the rows that each of its measures was read from, in order."""

    plan: ParsedPlan
    origins: Sequence[tuple[TaskDraft, DraftRow]]


def extract_plan(document: Document) -> ParsedPlan | None:
    """Extract the plan from the document's tables or paragraphs; None if it holds no task."""
    extraction = extract_with_origins(document)
    return extraction.plan if extraction else None


def extract_with_origins(document: Document) -> Extraction | None:
    """Extract the plan with the rows that its measures come from; None if it holds no task."""
    content = _read(document)
    if not content.drafts:
        return None
    frame = read_frame(content.before, content.after, document.name)
    parts = list(list_parts(content.headings, frame))
    frame = choose_newest_frame(parts, frame)
    around = [*content.before, *content.after]
    rules = read_lead_rules(around)
    warnings = [_warn(each.place, each.text) for each in document.left_out]
    warnings += [*list_general_rules(around), *content.warnings]
    if content.headings:
        warnings += list_unread_items(around)
    warnings += [
        _warn(part.place, part.describe_doubt(frame)) for part in parts if part.is_old(frame)
    ]
    tasks: list[Task] = []
    origins: list[tuple[TaskDraft, DraftRow]] = []
    for index, draft in enumerate(content.drafts):
        part = get_part_at(parts, index)
        own = part.frame if part else frame
        context = PlanContext(None if own.spans else own.year, frame.issued, content.closes)
        units = _read_unit_list(draft, own.year, rules)
        warnings.extend(_list_warnings(draft, units))
        task, rows = _build_task(draft, units, context)
        origins.extend((draft, row) for row in rows)
        old = part is not None and part.is_old(frame)
        tasks.append(_add_task_review_code(task, ReviewCode.BEFORE_DOCUMENT) if old else task)
    plan = ParsedPlan(
        title=frame.title,
        year=frame.year,
        issuer=frame.issuer,
        tasks=tuple(tasks),
        warnings=tuple(warnings),
    )
    return Extraction(plan, origins)


def _read(document: Document) -> _DocumentContent:
    """Read the task table; without one a table flattened to lines, else an outline."""
    reader = _read_tables(document)
    if reader.drafts:
        return _collect_tables(reader)
    prose = [*reader.before, *reader.after]
    again = _read_tables(Document(document.name, tuple(rebuild_table(prose) or ())))
    if again.drafts:
        return _collect_tables(again)
    outline = read_outline(prose)
    first = next((i for i, each in enumerate(prose) if each.place == outline.start), 0)
    closes = reader.habits.closes
    return _DocumentContent(outline.drafts, prose[:first], prose[first:], outline.warnings, closes)


def _read_tables(document: Document) -> TableReader:
    reader = TableReader(detect_habits(document))
    for block, following in zip_longest(document.blocks, document.blocks[1:]):
        reader.read(block, following)
    return reader


def _collect_tables(reader: TableReader) -> _DocumentContent:
    return _DocumentContent(
        reader.drafts,
        reader.before,
        reader.after,
        reader.warnings,
        reader.habits.closes,
        reader.headings,
    )


def _read_unit_list(draft: TaskDraft, year: int | None, rules: LeadRules) -> UnitList:
    """A task's units in the order of their columns, and who leads them."""
    lists = []
    for role, text in draft.units.items():
        units = read_units(text, year, starred=rules.stars_lead)
        if role is Role.LEAD:
            units.lead = list(units.names)
        lists.append(units)
    whole = merge_unit_lists(lists)
    if rules.first_leads and not whole.lead:
        whole.lead = whole.names[:1]
    if rules.owners_lead and not whole.lead and Role.UNITS in draft.units:
        whole.lead = read_units(draft.units[Role.UNITS], year).names
    return whole


def _build_task(
    draft: TaskDraft, units: UnitList, context: PlanContext
) -> tuple[Task, list[DraftRow]]:
    """The task, and the row of each of its measures."""
    for row in draft.rows:
        if units.dates and not row.cells.get(Role.DEADLINE):
            row.cells[Role.DEADLINE] = "\n".join(units.dates)
    duties = list(read_duties(draft, units.names, context))
    measures = tuple(measure for measure, _ in duties)
    if not units.names and Role.UNITS in draft.units:
        measures = _add_review_code(measures, ReviewCode.NOT_UNDERSTOOD)
    name = (
        draft.name or draft.name_above or (_take_first_clause(measures[0].text) if measures else "")
    )
    responsible = Responsible(
        printed=units.printed,
        names=tuple(units.names),
        lead=tuple(units.lead),
        open_ended=units.open_ended,
    )
    task = Task(
        number=draft.number,
        category=draft.category.text or None,
        name=name,
        responsible=responsible,
        measures=measures,
    )
    return task, [row for _, row in duties]


def _add_review_code(
    measures: Sequence[ParsedMeasure], code: ReviewCode
) -> tuple[ParsedMeasure, ...]:
    """The measures with the review code added to each."""
    return tuple(
        each.model_copy(
            update={"review": tuple(c for c in ReviewCode if c in each.review or c is code)}
        )
        for each in measures
    )


def _add_task_review_code(task: Task, code: ReviewCode) -> Task:
    return task.model_copy(update={"measures": _add_review_code(task.measures, code)})


def _take_first_clause(text: str) -> str:
    """The first clause of a duty: the name of a task in a table without a name column."""
    match = _CLAUSE.match(text)
    clause = match["clause"] if match else text
    if len(clause) > _MAX_NAME:
        clause = _COMMA.split(clause, maxsplit=1)[0]
    return clause.strip() or text


def _list_warnings(draft: TaskDraft, units: UnitList) -> Iterator[PlanWarning]:
    for row in draft.rows:
        target = row.cells.get(Role.TARGET, "")
        if target.strip() and read_goal(target) is None:
            yield _warn(row.place, f"未读取：目标：{tidy(target)}")
    for item in units.stray:
        yield _warn(draft.place, f"这不像责任单位：{item}")
    has_deadline = any(row.cells.get(Role.DEADLINE) for row in draft.rows)
    for item in units.dates if has_deadline else ():
        yield _warn(draft.place, f"责任单位栏中的时限：{item}")
    if not units.names:
        yield _warn(draft.place, f"任务{draft.number}没有写明责任单位")


def _warn(where: str, message: str) -> PlanWarning:
    return PlanWarning(code=ReviewCode.NOT_UNDERSTOOD, where=where, message=message)
