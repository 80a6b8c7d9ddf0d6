"""Tables in reading order: headers, sections, notes and footers separated from the tasks' rows."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from services.ingest.documents.grid import Block, Document, Paragraph, Row, Table
from services.ingest.extraction.actors.owners import split_by_owner
from services.ingest.extraction.models import PlanWarning, ReviewCode
from services.ingest.extraction.table.asides import get_section, is_aside, is_section
from services.ingest.extraction.table.columns.headers import Header, find_header, may_head
from services.ingest.extraction.table.columns.layout import Layout, fit_layout, realign
from services.ingest.extraction.table.rows.assembly import Assembly, Habits
from services.ingest.extraction.table.rows.drafts import TaskDraft
from services.ingest.extraction.table.rows.wraps import take_wrapped_line
from services.ingest.extraction.titles import is_note, is_title
from services.ingest.extraction.vocabulary.labels import Role, get_role
from services.ingest.extraction.vocabulary.prose import has_closing_habit, tidy
from services.ingest.extraction.vocabulary.time_words import ENDS, PERIOD_CHARACTERS

_TIMED: Final = re.compile(f"时限|期限|[{ENDS}日月年]前|牵头|完成时间|每[{PERIOD_CHARACTERS}]")
_JUDGED: Final = 200
"""The number of rows from which a page's layout is determined."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The paragraphs above a table, and the number of tasks before it."""

    paragraphs: tuple[Paragraph, ...]
    start: int


@dataclass(slots=True)
class TableReader:
    """Reads blocks in order. A table without a header continues the one before it."""

    habits: Habits
    before: list[Paragraph] = field(default_factory=list)
    after: list[Paragraph] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)
    _assembly: Assembly | None = None
    headings: list[Heading] = field(default_factory=list)
    _header: Header | None = None
    _after_break: bool = False
    _since_table: list[Paragraph] = field(default_factory=list)
    _last_role: Role | None = None

    @property
    def drafts(self) -> list[TaskDraft]:
        """The tasks read so far."""
        return self._assembly.drafts if self._assembly else []

    def read(self, block: Block, following: Block | None = None) -> None:
        """Read the next block; `following` is the one after it."""
        if isinstance(block, Table):
            self._read_table(block)
            return
        last, self._last_role = self._last_role, None
        if self._header is None:
            self.before.append(block)
        elif last is not None and take_wrapped_line(self.drafts[-1], last, block.text, following):
            return
        elif is_section(block.text) and not any(owner for _, owner in split_by_owner(block.text)):
            self._get_assembly().begin_section(block.text)
        else:
            self.after.append(block)
            self._since_table.append(block)
            self._report_rule(block)

    def _get_assembly(self) -> Assembly:
        if self._assembly is None:
            self._assembly = Assembly(self.habits)
        return self._assembly

    def _report_rule(self, block: Paragraph) -> None:
        """Report a note about deadlines or lead units: such a rule is in no row."""
        if is_note(block.text) and _TIMED.search(block.text):
            self._warn(block.place, f"附注可能含有规则：{tidy(block.text)}")

    def _warn(self, where: str, message: str) -> None:
        self.warnings.append(
            PlanWarning(code=ReviewCode.NOT_UNDERSTOOD, where=where, message=message)
        )

    def _read_table(self, table: Table) -> None:
        start = 0
        header = find_header(table.rows)
        if header is None and self._header is None:
            self._as_paragraphs(table.rows)
            return
        if header is not None and (self._header is None or _is_banner(table.rows[: header.start])):
            self._as_paragraphs(table.rows[: header.start])
            self._begin_table()
            self._header = header
            # 责任单位（列第一位的为牵头单位）: a rule in the header
            rules = [label for label in header.labels if "(" in label]
            self.after.extend(Paragraph(label, table.place) for label in rules)
            start = header.start + header.height
            self._after_break = self._after_break or any(
                row.after_break for row in table.rows[:start]
            )
        body = table.rows[start:]
        for run in self._split_runs(body, exact=table.exact):
            self._read_run(run, exact=table.exact)

    def _begin_table(self) -> None:
        """Record the heading of the table; a table with a title of its own continues no task."""
        over = self.before if self._header is None else self._since_table
        self.headings.append(Heading(tuple(over), len(self.drafts)))
        if self._header is not None and any(is_title(each.text) for each in over):
            self._get_assembly().close()
        self._since_table = []

    def _as_paragraphs(self, rows: Iterable[Row]) -> None:
        """Keep rows that are not of a task table as paragraphs: banners, forms, other tables."""
        for row in rows:
            texts = list(dict.fromkeys(c.text.strip() for c in row.cells if c.text.strip()))
            for text in texts:
                paragraph = Paragraph(text, row.place)
                if self._header is None:
                    self.before.append(paragraph)
                else:
                    self.after.append(paragraph)
                    self._since_table.append(paragraph)

    def _split_runs(self, rows: Iterable[Row], *, exact: bool) -> Iterator[list[Row]]:
        """Split rows into runs of one layout: the same width, no page break between."""
        run: list[Row] = []
        for row in rows:
            if run and not exact and (row.after_break or len(row.cells) != len(run[-1].cells)):
                yield run
                run = []
            run.append(row)
        if run:
            yield run

    def _read_run(self, run: list[Row], *, exact: bool) -> None:
        """Read a run of rows; after a repeated header the layout is determined again."""
        layout = self._fit_layout(run, exact=exact)
        index = 0
        while index < len(run):
            row = run[index]
            self._after_break = self._after_break or row.after_break
            again = find_header(run, index, 1) if may_head(row) else None
            if again is not None:
                self._header = again
                index += again.height
                layout = self._fit_layout(run[index : index + _JUDGED], exact=exact)
                continue
            index += 1
            if layout is None:
                self._report_unread(row)
            else:
                self._read_row(realign(layout, row), layout)

    def _fit_layout(self, rows: list[Row], *, exact: bool) -> Layout | None:
        return fit_layout(self._header, rows, exact=exact) if self._header else None

    def _report_unread(self, row: Row) -> None:
        text = "｜".join(tidy(cell.text) for cell in row.cells if cell.text.strip())
        if text:
            self._warn(row.place, f"未读取的行：{text}")

    def _read_row(self, row: Row, layout: Layout) -> None:
        section = get_section(row, layout)
        if is_aside(row):
            self._keep_aside(row)
            return
        if section is not None:
            self._get_assembly().begin_section(section)
            return
        self._get_assembly().add(row, layout, after_break=self._after_break)
        self._after_break = False
        full = not layout.exact and bool(row.cells) and bool(row.cells[-1].text.strip())
        self._last_role = layout.roles[-1] if full and len(row.cells) == len(layout.roles) else None
        labels = self._header.labels if self._header else ()
        for index, (role, cell) in enumerate(zip(layout.roles, row.cells, strict=False)):
            if role is Role.OTHER and cell.text.strip() and not (cell.above or cell.left):
                label = labels[index] if index < len(labels) else ""
                where = f"{row.place}, column {index + 1}"
                self._warn(
                    where,
                    f"未读取：{label}：{tidy(cell.text)}"
                    if label
                    else f"未读取：{tidy(cell.text)}",
                )

    def _keep_aside(self, row: Row) -> None:
        texts = dict.fromkeys(cell.text.strip() for cell in row.cells if cell.text.strip())
        paragraph = Paragraph("　".join(texts), row.place)
        self.after.append(paragraph)
        self._report_rule(paragraph)


def _is_banner(rows: Sequence[Row]) -> bool:
    """Whether rows above a header are titles and remarks: at most one text in each."""
    return all(len({cell.text.strip() for cell in row.cells} - {""}) <= 1 for row in rows)


def detect_habits(document: Document) -> Habits:
    """Detect the writer's habits from all tables of the document."""
    texts: list[str] = []
    repeats = merges = False
    for table in (block for block in document.blocks if isinstance(block, Table)):
        header = find_header(table.rows)
        if header is None:
            texts.extend(max((c.text for c in r.cells), key=len, default="") for r in table.rows)
            continue
        body = table.rows[header.start + header.height :]
        texts.extend(_list_column_texts(body, header, Role.CONTENT))
        shown = [text for text in _list_column_texts(body, header, Role.CATEGORY) if text]
        repeats = repeats or any(len(list(same)) > 1 for _, same in groupby(shown))
        merges = merges or _has_merged_categories(body, header)
    duties = [text for text in texts if get_role(text) is None]
    return Habits(has_closing_habit(duties), repeats, merges)


def _has_merged_categories(rows: Iterable[Row], header: Header) -> bool:
    """Whether the writer merges category cells; then a blank category cell means none."""
    if Role.CATEGORY not in header.roles:
        return False
    at = header.roles.index(Role.CATEGORY)
    return any(row.cells[at].above for row in rows if at < len(row.cells))


def _list_column_texts(rows: Iterable[Row], header: Header, role: Role) -> Iterator[str]:
    if role not in header.roles:
        return
    at = header.roles.index(role)
    for row in rows:
        # A page split into more columns has the column further to the right.
        index = at + max(0, len(row.cells) - len(header.roles))
        if index < len(row.cells) and not row.cells[index].above:
            yield row.cells[index].text
