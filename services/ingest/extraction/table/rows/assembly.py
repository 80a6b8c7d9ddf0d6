"""Rows to tasks: merged cells shared, torn rows joined, section rows made categories."""

import re
from dataclasses import dataclass, field
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.table.columns.layout import Layout
from services.ingest.extraction.table.rows.draft_rows import (
    append_row,
    is_second_half,
    is_wrapped_line,
    join_second_half,
    replace_ditto,
)
from services.ingest.extraction.table.rows.drafts import CategoryLabel, TaskDraft
from services.ingest.extraction.table.rows.row_view import RowView
from services.ingest.extraction.table.rows.wraps import join_cells
from services.ingest.extraction.vocabulary.characters import HAN
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import is_torn, join_lines, tidy

_TWO_LABELS: Final = re.compile(rf"([{HAN}“”]{{4,}})[ \u3000]+([{HAN}“”]{{4,}})")


@dataclass(frozen=True, slots=True)
class Habits:
    """How this document's writer works: sentences closed, categories repeated or merged."""

    closes: bool
    repeats_category: bool
    merges_category: bool = False


@dataclass(slots=True)
class _Categories:
    """The category of the next task, by section rows and by the category column."""

    habits: Habits
    section: CategoryLabel = field(default_factory=CategoryLabel)
    current: CategoryLabel = field(default_factory=CategoryLabel)

    def begin_section(self, label: CategoryLabel) -> None:
        self.section = self.current = label

    def choose(self, view: RowView, category: str, *, spans_name: bool) -> CategoryLabel:
        """The label of a task that begins with this row; `category` is the row's own text."""
        if Role.CATEGORY not in view.layout.roles or view.spans_name:
            return self.section
        if category and Role.CATEGORY in view.fresh and category != self.current.text:
            self.current = CategoryLabel(join_lines(category))
        elif not category and not spans_name and not view.is_paired and self._is_blank_none(view):
            return self.section
        return self.current

    def _is_blank_none(self, view: RowView) -> bool:
        """Whether a blank category means none, and not the merged category above."""
        return bool(view.merged) or self.habits.repeats_category or self.habits.merges_category


class Assembly:
    """The tasks so far. Call `add` for each row in order, `begin_section` for section rows."""

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self.drafts: list[TaskDraft] = []
        self._categories = _Categories(habits)
        self._has_rows = False
        self._closed = False

    def close(self) -> None:
        """A separate table begins: its first row continues no task, and its sections are new."""
        self._closed = True
        self._categories.begin_section(CategoryLabel())

    def begin_section(self, text: str) -> None:
        """A row that spans the table: the category of the following tasks."""
        self._categories.begin_section(CategoryLabel(tidy(text.replace("\n", ""))))

    def add(self, row: Row, layout: Layout, *, after_break: bool) -> None:
        """Add one body row: a new task, more of the last one, or the rest of a torn row.

        `after_break` says that a page began since the last row.
        """
        if not self._has_rows or Role.CATEGORY not in layout.roles:
            self._categories.current = self._categories.section
        self._has_rows = True
        view = RowView.of(row, layout)
        if not view.texts:
            return
        previous = self.drafts[-1] if self.drafts and not self._closed else None
        self._closed = False
        closes = self.habits.closes
        if previous is not None and is_wrapped_line(previous, view):
            previous.wrapped = True
            join_second_half(previous, view, closes=closes)
        elif previous is None or self._is_new_task(view, previous, after_break=after_break):
            self._begin(view, previous, after_break=after_break)
        elif after_break and is_second_half(previous, view, closes=closes):
            join_second_half(previous, view, closes=closes)
        else:
            self._continue(view, previous)

    def _is_new_task(self, view: RowView, previous: TaskDraft, *, after_break: bool) -> bool:
        if view.number is not None:
            # A merged number stands in the middle of its cell, which may be on the next page.
            late = after_break and previous.counted and previous.number == view.number
            return not late
        if view.fresh.get(Role.NUMBER):
            return True
        has_number, has_name = (role in view.layout.roles for role in (Role.NUMBER, Role.NAME))
        name = view.fresh.get(Role.NAME, "")
        unfinished = previous.rows and is_torn(previous.rows[-1].text, habit=self.habits.closes)
        if has_name and (has_number or name):
            fresh = bool(name) and bool(previous.name) and name != view.merged_name
            return fresh and bool(view.content) and not (after_break and (has_number or unfinished))
        if has_name or has_number:
            return False
        return bool(view.content) and not (after_break and unfinished)

    def _begin(self, view: RowView, previous: TaskDraft | None, *, after_break: bool) -> None:
        name, category = view.name, view.texts.get(Role.CATEGORY, "")
        spans_name = False
        if view.is_paired and category and not name:
            name, category, spans_name = category, "", True
        continues = Role.CATEGORY in view.merged or (after_break and self.habits.merges_category)
        if previous is not None and continues and not category and not spans_name:
            label = previous.category  # a merged cell shows its text once, on its first page
        else:
            label = self._categories.choose(view, category, spans_name=spans_name)
        two = _TWO_LABELS.fullmatch(name)
        if two and not label.text:
            label, name = CategoryLabel(two.group(1)), two.group(2)
        number = view.number if view.number is not None else _count_on(view, previous)
        draft = TaskDraft(number, join_lines(name), label, view.place, spans_name=spans_name)
        draft.counted = view.number is None
        if previous is not None and Role.NAME in view.layout.roles:
            draft.name_above = previous.name or previous.name_above
        draft.units = {role: view.texts.get(role, "") for role in view.unit_roles}
        if previous is not None:
            for role, text in draft.units.items():
                draft.units[role] = replace_ditto(text, previous.units.get(role, ""))
        self.drafts.append(draft)
        append_row(draft, view, previous)

    def _continue(self, view: RowView, draft: TaskDraft) -> None:
        """Add more duties to the task; units of their own make them a task of their own."""
        units = {
            role: replace_ditto(view.texts[role], draft.units.get(role, ""))
            for role in view.unit_roles
            if view.fresh.get(role)
        }
        differs = any(tidy(draft.units.get(r, "")) != tidy(text) for r, text in units.items())
        if view.fresh.get(Role.NAME) and not view.content:
            draft.name = join_lines(draft.name + view.fresh[Role.NAME])
        if units and differs and view.content and any(draft.units.values()):
            self._split_off(view, draft, units)
            return
        for role, text in units.items():
            if differs or not draft.units.get(role):
                draft.units[role] = join_cells(draft.units.get(role, ""), text)
        append_row(draft, view)

    def _split_off(self, view: RowView, draft: TaskDraft, units: dict[Role, str]) -> None:
        """Begin a task of the same number and name for duties with other units."""
        part = TaskDraft(draft.number, draft.name, draft.category, view.place)
        part.name_above = draft.name_above
        part.units = {role: view.texts.get(role, "") for role in view.unit_roles} | units
        above = draft.rows[-1].cells
        self.drafts.append(part)
        append_row(part, view, draft)
        cells = part.rows[-1].cells
        for role, text in above.items():
            cells[role] = cells.get(role) or text


def _count_on(view: RowView, previous: TaskDraft | None) -> int:
    """The number of a task without a printed one: the next, or that of a merged cell."""
    if previous is None:
        return 1
    return previous.number if Role.NUMBER in view.merged else previous.number + 1
