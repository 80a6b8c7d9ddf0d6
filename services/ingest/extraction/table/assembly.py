"""Rows to tasks: merged cells shared, torn rows joined, section rows made categories."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.grammar.labels import Role
from services.ingest.extraction.grammar.prose import is_torn, join_lines, tidy
from services.ingest.extraction.table.drafts import CategoryLabel, DraftRow, TaskDraft
from services.ingest.extraction.table.layout import Layout, parse_number
from services.ingest.extraction.table.wraps import (
    is_split_deadline,
    is_split_unit,
    join_cells,
    join_deadlines,
)

UNIT_ROLES: Final = (Role.LEAD, Role.UNITS, Role.SUPPORT)
_DUE_ROLES: Final = (Role.DEADLINE, Role.FREQUENCY, Role.TARGET)
_DITTO: Final = re.compile(r"^(?:同上|[〃″]|\"|〞)$")
_TWO_LABELS: Final = re.compile(r"([\u4e00-\u9fff“”]{4,})[ \u3000]+([\u4e00-\u9fff“”]{4,})")


@dataclass(frozen=True, slots=True)
class Habits:
    """How this document's writer works: sentences closed, categories repeated or merged."""

    closes: bool
    repeats_category: bool
    merges_category: bool = False


@dataclass(slots=True)
class Assembly:
    """The tasks so far. Feed it rows in order with `add`, section rows with `section`."""

    habits: Habits
    drafts: list[TaskDraft] = field(default_factory=list)
    _section: CategoryLabel = field(default_factory=CategoryLabel)
    _category: CategoryLabel = field(default_factory=CategoryLabel)
    _layout: Layout | None = None
    _closed: bool = False

    def close(self) -> None:
        """A table of its own begins: its first row continues no task, and its sections are new."""
        self._closed = True
        self._section = self._category = CategoryLabel()

    def section(self, text: str) -> None:
        """A row that spans the table: the category of what follows."""
        self._section = self._category = CategoryLabel(tidy(text.replace("\n", "")))

    def add(self, row: Row, layout: Layout, *, after_break: bool) -> None:
        """Take one body row: a new task, more of the last one, or the rest of a torn row."""
        if self._layout is None or Role.CATEGORY not in layout.roles:
            self._category = self._section
        self._layout = layout
        view = _RowView.of(row, layout)
        if not view.texts:
            return
        previous = self.drafts[-1] if self.drafts and not self._closed else None
        self._closed = False
        if previous is not None and _is_wrapped_line(view, previous):
            previous.wrapped = True
            self._mend(view, previous)
        elif previous is None or self._begins(view, previous, after_break=after_break):
            self._begin(view, previous, after_break=after_break)
        elif after_break and self._is_tear(view, previous):
            self._mend(view, previous)
        else:
            self._continue(view, previous)

    def _begins(self, view: "_RowView", previous: TaskDraft, *, after_break: bool) -> bool:
        if view.number is not None:
            # A merged number stands in the middle of its cell, which may be on the next page.
            late = after_break and previous.counted and previous.number == view.number
            return not late
        if view.fresh.get(Role.NUMBER):
            return True
        has_number = Role.NUMBER in view.roles
        name = view.fresh.get(Role.NAME, "")
        unfinished = previous.rows and is_torn(previous.rows[-1].text, habit=self.habits.closes)
        if Role.NAME in view.roles and (has_number or name):
            fresh = bool(name) and bool(previous.name) and name != view.merged_name
            return fresh and bool(view.content) and not (after_break and (has_number or unfinished))
        if Role.NAME in view.roles or has_number:
            return False
        return bool(view.content) and not (after_break and unfinished)

    def _begin(self, view: "_RowView", previous: TaskDraft | None, *, after_break: bool) -> None:
        name, category = view.name, view.texts.get(Role.CATEGORY, "")
        spans = False
        if view.paired and category and not name:
            name, category, spans = category, "", True
        goes_on = view.category_is_merged or (after_break and self.habits.merges_category)
        if previous is not None and goes_on and not category and not spans:
            label = previous.category  # a merged cell shows its text once, on its first page
        else:
            label = self._label(view, category, spans=spans)
        two = _TWO_LABELS.fullmatch(name)
        if two and not label.text:
            label, name = CategoryLabel(two.group(1)), two.group(2)
        if view.number is not None:
            number = view.number
        else:
            same = previous is not None and view.number_is_merged
            number = previous.number + (not same) if previous is not None else 1
        draft = TaskDraft(number, join_lines(name), label, view.place, spans_name=spans)
        draft.counted = view.number is None
        if previous is not None and Role.NAME in view.roles:
            draft.name_above = previous.name or previous.name_above
        draft.units = {r: self._ditto(previous, r, view.texts.get(r, "")) for r in view.unit_roles}
        self.drafts.append(draft)
        self._append(view, draft, previous)

    def _label(self, view: "_RowView", category: str, *, spans: bool) -> CategoryLabel:
        if Role.CATEGORY not in view.roles:
            return self._section
        if view.spans_exactly:
            return self._section
        if category and Role.CATEGORY in view.fresh and category != self._category.text:
            self._category = CategoryLabel(join_lines(category))
        elif not category and not spans and not view.paired and self._blank_is_none(view):
            return self._section
        return self._category

    def _blank_is_none(self, view: "_RowView") -> bool:
        """A blank category: merged with the one above, unless the writer repeats categories."""
        return view.exact_merges or self.habits.repeats_category or self.habits.merges_category

    def _ditto(self, previous: TaskDraft | None, role: Role, text: str) -> str:
        if previous is not None and _DITTO.match(text.strip()):
            return previous.units.get(role, "")
        return text

    def _append(
        self, view: "_RowView", draft: TaskDraft, previous: TaskDraft | None = None
    ) -> None:
        """One more row of duties; a blank deadline is that of the row above in this task."""
        above = draft.rows[-1].cells if draft.rows else {}
        cells = {}
        for role in _DUE_ROLES:
            text = view.texts.get(role, "")
            if _DITTO.match(text.strip()):
                source = draft if draft.rows else previous
                text = source.rows[-1].cells.get(role, "") if source and source.rows else ""
            cells[role] = text or above.get(role, "")
            if text and not view.exact and not above.get(role):
                # A merged cell's text, which an extractor left at the middle row.
                for row in draft.rows:
                    row.cells[role] = text
        if view.content or not draft.rows:
            draft.rows.append(DraftRow(view.content, view.place, cells))
            return
        for role in _DUE_ROLES:
            if view.fresh.get(role):
                draft.rows[-1].cells[role] = join_cells(
                    draft.rows[-1].cells.get(role, ""), view.texts[role]
                )

    def _is_tear(self, view: "_RowView", draft: TaskDraft) -> bool:
        """Whether a page break cut the row: something in it was left unfinished or unsaid."""
        if not draft.rows or is_torn(draft.rows[-1].text, habit=self.habits.closes):
            return True
        if view.fresh.get(Role.NAME) or not draft.name or not view.content:
            return True
        fresh = [role for role in UNIT_ROLES if view.fresh.get(role)]
        if not any(draft.units.values()):
            return bool(fresh)
        return any(view.texts[role][0] in "(（、，,)）等" for role in fresh)

    def _mend(self, view: "_RowView", draft: TaskDraft) -> None:
        """Put the two halves of a torn row together, cell by cell."""
        name, category = view.fresh.get(Role.NAME, ""), view.fresh.get(Role.CATEGORY, "")
        if view.paired and category and not name and draft.spans_name:
            name, category = category, ""
        if category:
            draft.category.text = join_lines(draft.category.text + category)
        if name:
            draft.name = join_lines(draft.name + name)
        for role in view.unit_roles:
            if view.fresh.get(role):
                draft.units[role] = draft.units.get(role, "") + view.texts[role]
        draft.counted = draft.counted and view.number is None
        last = draft.rows[-1]
        for role in _DUE_ROLES:
            if view.fresh.get(role):
                last.cells[role] = join_deadlines(last.cells.get(role, ""), view.texts[role])
        if not view.content:
            return
        habit = self.habits.closes or draft.wrapped
        if is_torn(last.text, habit=habit) or not last.text:
            last.text += view.content
        else:
            draft.rows.append(DraftRow(view.content, view.place, dict(last.cells)))

    def _continue(self, view: "_RowView", draft: TaskDraft) -> None:
        """More duties of the same task; units of their own make them a task of their own."""
        own = {r: view.texts[r] for r in view.unit_roles if view.fresh.get(r)}
        own = {r: self._ditto(draft, r, text) for r, text in own.items()}
        differs = any(tidy(draft.units.get(r, "")) != tidy(text) for r, text in own.items())
        if view.fresh.get(Role.NAME) and not view.content:
            draft.name = join_lines(draft.name + view.fresh[Role.NAME])
        if own and differs and view.content and any(draft.units.values()):
            part = TaskDraft(draft.number, draft.name, draft.category, view.place)
            part.name_above = draft.name_above
            part.units = {r: view.texts.get(r, "") for r in view.unit_roles} | own
            above = draft.rows[-1].cells
            self.drafts.append(part)
            self._append(view, part, draft)
            for role, text in above.items():
                part.rows[-1].cells[role] = part.rows[-1].cells.get(role) or text
            return
        for role, text in own.items():
            if differs or not draft.units.get(role):
                draft.units[role] = join_cells(draft.units.get(role, ""), text)
        self._append(view, draft)


def _is_wrapped_line(view: "_RowView", draft: TaskDraft) -> bool:
    """Whether the row is one more line of the row above, and not a row of its own."""
    if view.exact or Role.NUMBER not in view.roles or view.fresh.get(Role.NUMBER):
        return False
    if draft.wrapped:
        return True
    due = draft.rows[-1].cells.get(Role.DEADLINE, "")
    return is_split_deadline(due, view.fresh.get(Role.DEADLINE, "")) or any(
        is_split_unit(draft.units.get(role, ""), view.fresh.get(role, "")) for role in UNIT_ROLES
    )


@dataclass(frozen=True, slots=True)
class _RowView:
    """A row under its roles. `fresh` leaves out what merely continues a merged cell above."""

    place: str
    roles: Sequence[Role]
    texts: Mapping[Role, str]
    fresh: Mapping[Role, str]
    paired: bool
    spans_exactly: bool
    exact_merges: bool
    exact: bool
    number: int | None
    number_is_merged: bool
    category_is_merged: bool

    @classmethod
    def of(cls, row: Row, layout: Layout) -> "_RowView":
        texts: dict[Role, str] = {}
        fresh: dict[Role, str] = {}
        above: set[Role] = set()
        spans = False
        before: Role | None = None
        for role, cell in zip(layout.roles, row.cells, strict=False):
            left, before = before, role
            if cell.above:
                above.add(role)
            if role is Role.NAME and cell.left and (layout.paired or left is Role.CATEGORY):
                spans = True
                texts[role] = cell.text
                continue
            if cell.left or not cell.text.strip():
                continue
            texts[role] = join_cells(texts.get(role, ""), cell.text.strip())
            if not cell.above:
                fresh[role] = join_cells(fresh.get(role, ""), cell.text.strip())
        number = parse_number(fresh.get(Role.NUMBER, ""))
        return cls(
            place=row.place,
            roles=tuple(dict.fromkeys(layout.roles)),
            texts=texts,
            fresh=fresh,
            paired=layout.paired and not spans,
            spans_exactly=spans,
            exact_merges=bool(above),
            exact=layout.exact,
            number=number,
            number_is_merged=Role.NUMBER in above,
            category_is_merged=Role.CATEGORY in above,
        )

    @property
    def name(self) -> str:
        return self.texts.get(Role.NAME, "")

    @property
    def content(self) -> str:
        return self.fresh.get(Role.CONTENT, "")

    @property
    def merged_name(self) -> str:
        return "" if Role.NAME in self.fresh else self.name

    @property
    def unit_roles(self) -> Sequence[Role]:
        """The unit columns in printed order."""
        return [role for role in self.roles if role in UNIT_ROLES]
