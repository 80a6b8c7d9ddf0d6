"""A plan without a table: paragraphs that each end with their owner.

Offices print such plans as `3.…。（甲局牵头，乙局配合，6月底前完成）`, or with lines of labels
(`牵头单位：甲局`) under one item or several. Of two nested levels the deeper one is the level of
tasks if several items of one parent have owners of their own; otherwise the parent is the task.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.actors.owners import (
    Owner,
    is_empty_label,
    read_label_line,
    split_by_owner,
)
from services.ingest.extraction.models import PlanWarning, ReviewCode
from services.ingest.extraction.table.columns.layout import parse_number
from services.ingest.extraction.table.rows.drafts import CategoryLabel, DraftRow, TaskDraft
from services.ingest.extraction.titles import is_title
from services.ingest.extraction.vocabulary.characters import (
    ARTICLES,
    CHAPTERS,
    CIRCLED,
    CLAUSE_EDGES,
    COLONS,
    LIST_NUMERAL,
    NUMBER_POINTS,
    ROUND_CLOSING,
    ROUND_OPENING,
)
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import is_closed, tidy
from services.ingest.extraction.vocabulary.time_words import ENDS

_LEVELS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        f"第{LIST_NUMERAL}[{CHAPTERS}]分?|{LIST_NUMERAL}[{NUMBER_POINTS}]",
        f"[{ROUND_OPENING}]{LIST_NUMERAL}[{ROUND_CLOSING}][{NUMBER_POINTS}]?",
        rf"\d{{1,3}}(?:[{NUMBER_POINTS}](?!\d)|[{ROUND_CLOSING}])[、]?|第(?:\d{{1,3}}|{LIST_NUMERAL})[{ARTICLES}]",
        rf"[{ROUND_OPENING}]\d{{1,3}}[{ROUND_CLOSING}][{NUMBER_POINTS}]?|\d{{1,2}}(?:[.．]\d{{1,2}}){{1,3}}[{NUMBER_POINTS}]?",
        f"[{CIRCLED}]",
    )
)
# A heading that ends with a full stop: one clause above the paragraphs with the duties.
_TITLE: Final = re.compile(f"[^{CLAUSE_EDGES}]{{1,30}}[。{COLONS}]?")
_MAX_HEADING: Final = 60
_MAX_REST: Final = 200
_CLOSES: Final = re.compile(f"^[^{ROUND_OPENING}]*[{ROUND_CLOSING}]")
_PROMISE: Final = re.compile(f"[{ROUND_OPENING}]|负责|牵头|落实单位|[{ENDS}日月年]前")


@dataclass(slots=True)
class _Entry:
    """A paragraph. `level` is that of its numbering, `parent` the index of the item above it."""

    text: str
    place: str
    level: int | None = None
    mark: str = ""
    heading: bool = False
    parent: int | None = None
    taken: bool = False


@dataclass(slots=True)
class _Assignment:
    """An owner, the entries since the owner before, and the last numbered item (indices)."""

    owner: Owner
    place: str
    fresh: Sequence[int]
    last: int | None


@dataclass(frozen=True, slots=True)
class Outline:
    """The tasks of a plan in paragraphs, what was left unread, and where the first task begins."""

    drafts: Sequence[TaskDraft]
    warnings: Sequence[PlanWarning]
    start: str


@dataclass(slots=True)
class _OutlineReader:
    """Reads an outline in three steps: `scan`, `assign`, `list_unassigned`."""

    drafts: list[TaskDraft] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)
    start: str = ""
    _entries: list[_Entry] = field(default_factory=list)
    _assignments: list[_Assignment] = field(default_factory=list)

    def scan(self, paragraphs: Iterable[Paragraph]) -> None:
        """Split the paragraphs into entries and owners, in order."""
        stack: list[int] = []
        fresh: list[int] = []
        pending = ""
        for paragraph in _join_torn_paragraphs(paragraphs):
            text = pending + tidy(paragraph.text)
            raw = pending + paragraph.text
            pending = text if is_empty_label(text) else ""
            if pending:
                continue
            label_owner = read_label_line(raw) or read_label_line(text)
            parts = [("", label_owner)] if label_owner is not None else [*split_by_owner(text)]
            for words, owner in parts:
                if words:
                    fresh.append(len(self._entries))
                    self._add_entry(_make_entry(words, paragraph.place, owner), stack)
                if owner is not None:
                    unread = (_warn(paragraph.place, f"未读取：{each}") for each in owner.unread)
                    self.warnings.extend(unread)
                if owner:
                    self._assignments.append(
                        _Assignment(
                            owner, paragraph.place, tuple(fresh), stack[-1] if stack else None
                        )
                    )
                    fresh = []

    def _add_entry(self, entry: _Entry, stack: list[int]) -> None:
        if entry.level is not None:
            while stack and (self._entries[stack[-1]].level or 0) >= entry.level:
                stack.pop()
            entry.parent = stack[-1] if stack else None
            stack.append(len(self._entries))
        self._entries.append(entry)

    def assign(self) -> None:
        """Make a task of each owner's entries."""
        separate_levels = self._find_separate_levels()
        for assignment in self._assignments:
            if assignment.fresh and not self._is_title(assignment):
                self._add_task(assignment, separate_levels)
            elif self.drafts:
                _assign_owner(self.drafts[-1], assignment.owner)
            else:
                words = "；".join(
                    filter(None, [*assignment.owner.units.values(), assignment.owner.deadline])
                )
                self.warnings.append(_warn(assignment.place, f"没有对应的任务：{words}"))

    def _is_title(self, assignment: _Assignment) -> bool:
        """Whether only the plan's title stands above the owner."""
        last = self._entries[assignment.fresh[-1]]
        return assignment.last is None and last.level is None and is_title(last.text)

    def _find_separate_levels(self) -> set[int]:
        """Levels with several items under one parent that have owners of their own."""
        counts: defaultdict[tuple[int | None, int], int] = defaultdict(int)
        for assignment in self._assignments:
            last = assignment.last
            if assignment.fresh and last is not None and last in assignment.fresh:
                entry = self._entries[last]
                counts[entry.parent, entry.level or 0] += 1
        return {level for (_, level), times in counts.items() if times > 1}

    def _add_task(self, assignment: _Assignment, separate_levels: set[int]) -> None:
        start = self._find_start(assignment, separate_levels)
        if start is None:
            rows = [self._entries[assignment.fresh[-1]]]
            head = None
        else:
            head = self._entries[start]
            rows = [self._entries[i] for i in assignment.fresh if i > start]
            if start in assignment.fresh and not (
                rows and (head.heading or _TITLE.fullmatch(head.text))
            ):
                rows.insert(0, head)
        number = parse_number(head.mark) if head else None
        draft = TaskDraft(
            number if number is not None else len(self.drafts) + 1,
            _get_heading_words(head) if head and head not in rows else "",
            CategoryLabel(self._get_category(head)),
            rows[0].place,
        )
        draft.rows = [DraftRow(row.text, row.place) for row in rows]
        for row in (*rows, *filter(None, [head])):
            row.taken = True
        self.drafts.append(draft)
        self.start = self.start or (head or rows[0]).place
        _assign_owner(draft, assignment.owner)

    def _find_start(self, assignment: _Assignment, separate_levels: set[int]) -> int | None:
        """The item that becomes the task: the last one, or its parent with all its items."""
        last = assignment.last
        if last is None:
            return None
        entry = self._entries[last]
        parent = entry.parent
        siblings = [
            i
            for i in assignment.fresh
            if self._entries[i].parent == parent and self._entries[i].level == entry.level
        ]
        together = len(siblings) > 1 and entry.level not in separate_levels
        return parent if together and parent is not None and parent in assignment.fresh else last

    def _get_category(self, head: _Entry | None) -> str:
        above = head.parent if head else None
        return self._entries[above].text if above is not None else ""

    def list_unassigned(self) -> Iterator[PlanWarning]:
        """Warnings for numbered items that are in no task: they have no owner.

        Items above a task, at any level, and headings of chapters without items of their own
        (一、总体要求) give no warning.
        """
        above: set[int] = set()
        for entry in self._entries:
            parent = entry.parent if entry.taken else None
            while parent is not None and parent not in above:
                above.add(parent)
                parent = self._entries[parent].parent
        for index, entry in enumerate(self._entries):
            chapter = entry.level == 0 and entry.heading and not _PROMISE.search(entry.text)
            if entry.level is not None and not (entry.taken or index in above or chapter):
                yield _warn(entry.place, f"未写明责任单位：{entry.text}")


def read_outline(paragraphs: Iterable[Paragraph]) -> Outline:
    """Read the tasks of a plan in paragraphs; none for a text without owners."""
    reader = _OutlineReader()
    reader.scan(paragraphs)
    reader.assign()
    warnings = [*reader.warnings, *reader.list_unassigned()]
    return Outline(reader.drafts, warnings, reader.start)


def _join_torn_paragraphs(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Join paragraphs of a text file whose bracket continues in the next line."""
    pending: Paragraph | None = None
    for paragraph in paragraphs:
        if pending is not None:
            text = paragraph.text.strip()
            numbered = any(pattern.match(text) for pattern in _LEVELS)
            if not numbered and len(text) <= _MAX_REST and _CLOSES.search(text):
                yield replace(pending, text=pending.text.rstrip() + text)
                pending = None
                continue
            yield pending
            pending = None
        tail = paragraph.text[-_MAX_REST:]
        if sum(map(tail.count, ROUND_OPENING)) > sum(map(tail.count, ROUND_CLOSING)):
            pending = paragraph
        else:
            yield paragraph
    if pending is not None:
        yield pending


def _make_entry(text: str, place: str, owner: Owner | None) -> _Entry:
    for level, pattern in enumerate(_LEVELS):
        match = pattern.match(text)
        if match:
            short = len(text) <= _MAX_HEADING and not is_closed(text) and owner is None
            return _Entry(text, place, level, match.group(), short)
    return _Entry(text, place)


def _get_heading_words(head: _Entry) -> str:
    """The words of a heading, or the first sentence of a paragraph."""
    return head.text[len(head.mark) :].strip().split("。", 1)[0].rstrip("：:")


def _assign_owner(draft: TaskDraft, owner: Owner) -> None:
    for role, text in owner.units.items():
        draft.units[role] = "；".join(filter(None, (draft.units.get(role, ""), text)))
    if owner.deadline:
        for row in draft.rows:
            row.cells[Role.DEADLINE] = owner.deadline


def _warn(place: str, message: str) -> PlanWarning:
    return PlanWarning(code=ReviewCode.NOT_UNDERSTOOD, where=place, message=message)
