"""A document to a plan: headers found, rows assembled, duties read, the rest reported."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.ingest.documents.grid import Document, Paragraph
from services.ingest.extraction.assembly import UNIT_ROLES
from services.ingest.extraction.drafts import Draft
from services.ingest.extraction.duties import Setting, read_duties
from services.ingest.extraction.headers import Role
from services.ingest.extraction.models import ParsedPlan, PlanWarning, Responsible, Task
from services.ingest.extraction.outlines import read_outline, unassigned
from services.ingest.extraction.review import ReviewCode
from services.ingest.extraction.tables import TableReader, habits_of
from services.ingest.extraction.titles import Frame, read_frame
from services.ingest.extraction.units import UnitList, merged, read_units

_CLAUSE: Final = re.compile(
    r"^(?:[（(]?[\d一二三四五六七八九十]{1,3}[)）.、．])?.*?(?=[。；：:;\n]|$)"
)
_MAX_NAME: Final = 40


def plan_of(document: Document) -> ParsedPlan | None:
    """The plan that the document's tables hold, or None when no table is a task table."""
    reader = TableReader(habits_of(document))
    for block in document.blocks:
        reader.read(block)
    drafts, unread = reader.drafts, reader.warnings
    if not drafts:
        prose = [block for block in document.blocks if isinstance(block, Paragraph)]
        drafts = read_outline(prose)
        if not drafts:
            return None
        unread = unassigned(prose, drafts)
    frame = read_frame(reader.before, reader.after, document.name)
    setting = Setting(frame.year, frame.issued, reader.habits.closes)
    warnings = [_warning(each.place, each.text) for each in document.left_out]
    warnings.extend(unread)
    tasks = []
    for draft in drafts:
        units = _units(draft, frame)
        tasks.append(_task(draft, units, setting))
        warnings.extend(_doubts(draft, units))
    return ParsedPlan(
        title=frame.title,
        year=frame.year,
        issuer=frame.issuer,
        tasks=tuple(tasks),
        warnings=tuple(warnings),
    )


def _units(draft: Draft, frame: Frame) -> UnitList:
    lists = []
    for role in UNIT_ROLES:
        if role not in draft.units:
            continue
        units = read_units(draft.units[role], frame.year)
        if role is Role.LEAD:
            units.lead = list(units.names)
        lists.append(units)
    whole = merged(lists)
    if frame.first_leads and not whole.lead:
        whole.lead = whole.names[:1]
    return whole


def _task(draft: Draft, units: UnitList, setting: Setting) -> Task:
    for row in draft.rows:
        if units.dates and not row.cells.get(Role.DEADLINE):
            row.cells[Role.DEADLINE] = "\n".join(units.dates)
    measures = tuple(read_duties(draft, units.names, setting))
    if not units.names and Role.UNITS in draft.units:
        measures = tuple(
            m.model_copy(update={"review": _with(m.review, ReviewCode.NOT_UNDERSTOOD)})
            for m in measures
        )
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


def _with(review: Sequence[ReviewCode], code: ReviewCode) -> tuple[ReviewCode, ...]:
    return tuple(each for each in ReviewCode if each in review or each is code)


def _first_clause(text: str) -> str:
    """A table without a name column: the duty's first clause stands for the name."""
    found = _CLAUSE.match(text)
    clause = found.group() if found else text
    if len(clause) > _MAX_NAME and "，" in clause:
        clause = clause.split("，", 1)[0]
    return clause.strip() or text


def _doubts(draft: Draft, units: UnitList) -> Iterator[PlanWarning]:
    for item in units.stray:
        yield _warning(draft.place, f"这不像责任单位：{item}")
    for item in units.dates:
        yield _warning(draft.place, f"责任单位栏中的时限：{item}")
    if not units.names:
        yield _warning(draft.place, f"任务{draft.number}没有写明责任单位")


def _warning(where: str, message: str) -> PlanWarning:
    return PlanWarning(code=ReviewCode.NOT_UNDERSTOOD, where=where, message=message)
