"""The rows of one task: a row appended to it, or the halves of a torn row joined."""

import re
from typing import Final

from services.ingest.extraction.table.rows.drafts import DraftRow, TaskDraft
from services.ingest.extraction.table.rows.row_view import DUE_ROLES, UNIT_ROLES, RowView
from services.ingest.extraction.table.rows.wraps import (
    is_split_deadline,
    is_split_unit,
    join_cells,
    join_deadlines,
)
from services.ingest.extraction.vocabulary.characters import (
    LIST_SEPARATORS,
    ROUND_CLOSING,
    ROUND_OPENING,
)
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import is_torn, join_lines

_DITTO: Final = re.compile(r"^(?:同上|[〃″]|\"|〞)$")


def replace_ditto(text: str, above: str) -> str:
    """The text, or the one above it for a ditto mark: 同上, 〃."""
    return above if _DITTO.match(text.strip()) else text


def append_row(draft: TaskDraft, view: RowView, previous: TaskDraft | None = None) -> None:
    """Append the row's duties; a blank deadline is that of the row above in this task.

    In the task's first row a ditto mark refers to the last row of the `previous` task.
    """
    above = draft.rows[-1].cells if draft.rows else {}
    source = draft if draft.rows else previous
    referred = source.rows[-1].cells if source and source.rows else {}
    cells = {}
    for role in DUE_ROLES:
        text = replace_ditto(view.texts.get(role, ""), referred.get(role, ""))
        cells[role] = text or above.get(role, "")
        if text and not view.layout.exact and not above.get(role):
            # A merged cell's text, which an extractor left in its middle row.
            for row in draft.rows:
                row.cells[role] = text
    if view.content or not draft.rows:
        draft.rows.append(DraftRow(view.content, view.place, cells))
        return
    last = draft.rows[-1].cells
    for role in DUE_ROLES:
        if view.fresh.get(role):
            last[role] = join_cells(last.get(role, ""), view.texts[role])


def is_wrapped_line(draft: TaskDraft, view: RowView) -> bool:
    """Whether the row is one more printed line of the row above, and not a row of its own."""
    exact = view.layout.exact
    if exact or Role.NUMBER not in view.layout.roles or view.fresh.get(Role.NUMBER):
        return False
    if draft.wrapped:
        return True
    due = draft.rows[-1].cells.get(Role.DEADLINE, "")
    return is_split_deadline(due, view.fresh.get(Role.DEADLINE, "")) or any(
        is_split_unit(draft.units.get(role, ""), view.fresh.get(role, "")) for role in UNIT_ROLES
    )


def is_second_half(draft: TaskDraft, view: RowView, *, closes: bool) -> bool:
    """Whether a page break cut the row: the task's last row lacks something or is unfinished.

    `closes` says that the writer closes sentences.
    """
    if not draft.rows or is_torn(draft.rows[-1].text, habit=closes):
        return True
    if view.fresh.get(Role.NAME) or not draft.name or not view.content:
        return True
    fresh = [role for role in UNIT_ROLES if view.fresh.get(role)]
    if not any(draft.units.values()):
        return bool(fresh)
    return any(
        view.texts[role][0] in LIST_SEPARATORS + ROUND_OPENING + ROUND_CLOSING + "等"
        for role in fresh
    )


def join_second_half(draft: TaskDraft, view: RowView, *, closes: bool) -> None:
    """Join the second half of a torn row to the task, cell by cell."""
    name, category = view.fresh.get(Role.NAME, ""), view.fresh.get(Role.CATEGORY, "")
    if view.is_paired and category and not name and draft.spans_name:
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
    for role in DUE_ROLES:
        if view.fresh.get(role):
            last.cells[role] = join_deadlines(last.cells.get(role, ""), view.texts[role])
    if not view.content:
        return
    if is_torn(last.text, habit=closes or draft.wrapped) or not last.text:
        last.text += view.content
    else:
        draft.rows.append(DraftRow(view.content, view.place, dict(last.cells)))
