"""A plan without a table: paragraphs that each end in who is responsible.

Offices print such plans as `3.…。（甲局牵头，乙局配合，6月底前完成）`, or with lines of labels
(`牵头单位：甲局`) under an item or under several. Which of two nested levels is owed shows in the
document: where one parent's items are owed one by one, theirs; else the parent's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.grammar.labels import Role
from services.ingest.extraction.grammar.prose import is_closed, tidy
from services.ingest.extraction.models import PlanWarning
from services.ingest.extraction.owners import Owner, is_empty_label, read_label_line, split_by_owner
from services.ingest.extraction.review import ReviewCode
from services.ingest.extraction.table.drafts import CategoryLabel, DraftRow, TaskDraft
from services.ingest.extraction.table.layout import parse_number
from services.ingest.extraction.titles import is_title

_NUMERAL: Final = r"[一二三四五六七八九十]{1,3}"
_LEVELS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"第{_NUMERAL}[章节篇部](?:分)?|{_NUMERAL}[、.．]",
        rf"[（(]{_NUMERAL}[)）][、.．]?",
        r"\d{1,3}(?:[.．、](?!\d)|[)）])[、]?|第(?:\d{1,3}|[一二三四五六七八九十]{1,5})条",
        r"[（(]\d{1,3}[)）][、.．]?|\d{1,2}(?:[.．]\d{1,2}){1,3}[.．、]?",
        r"[①-⑳]",
    )
)
# A heading that its writer closed: one clause over the paragraphs that tell the duties.
_TITLE: Final = re.compile(r"[^，,。；;]{1,30}[。：:]?")
_MAX_HEADING: Final = 60
_MAX_REST: Final = 200
_CLOSES: Final = re.compile(r"^[^（(]*[)）]")
_PROMISE: Final = re.compile(r"[（(]|负责|牵头|落实单位|[底末日月年]前")


@dataclass(slots=True)
class _Entry:
    """A paragraph. `level` is that of its numbering, `parent` the place of the coarser one."""

    text: str
    place: str
    level: int | None = None
    mark: str = ""
    heading: bool = False
    parent: int | None = None
    taken: bool = False


@dataclass(slots=True)
class _Assignment:
    """An owner, the paragraphs that are new since the one before, and the item they end in."""

    owner: Owner
    place: str
    fresh: Sequence[int]
    last: int | None


@dataclass(slots=True)
class Outline:
    """The tasks of a plan in paragraphs, what was left unread, and where the first stands."""

    drafts: list[TaskDraft] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)
    start: str = ""
    _entries: list[_Entry] = field(default_factory=list)
    _events: list[_Assignment] = field(default_factory=list)

    def _scan(self, paragraphs: Iterable[Paragraph]) -> None:
        """Take the paragraphs apart into entries and owners, in order."""
        stack: list[int] = []
        fresh: list[int] = []
        held = ""
        for paragraph in _join_torn_paragraphs(paragraphs):
            text = held + tidy(paragraph.text)
            raw = held + paragraph.text
            held = text if is_empty_label(text) else ""
            if held:
                continue
            owner = read_label_line(raw) or read_label_line(text)
            parts = [("", owner)] if owner is not None else list(split_by_owner(text))
            for words, owed in parts:
                if words:
                    fresh.append(len(self._entries))
                    self._enter(_make_entry(words, paragraph.place, owed), stack)
                if owed is not None:
                    unread = (_warn(paragraph.place, f"未读取：{each}") for each in owed.unread)
                    self.warnings.extend(unread)
                if owed:
                    self._events.append(
                        _Assignment(
                            owed, paragraph.place, tuple(fresh), stack[-1] if stack else None
                        )
                    )
                    fresh = []

    def _enter(self, entry: _Entry, stack: list[int]) -> None:
        if entry.level is not None:
            while stack and (self._entries[stack[-1]].level or 0) >= entry.level:
                stack.pop()
            entry.parent = stack[-1] if stack else None
            stack.append(len(self._entries))
        self._entries.append(entry)

    def _assign(self) -> None:
        """Make a task of every owner's paragraphs."""
        singles = self._singles()
        for event in self._events:
            if event.fresh and not self._is_title(event):
                self._begin(event, singles)
            elif self.drafts:
                _assign_owner(self.drafts[-1], event.owner)
            else:
                words = "；".join(filter(None, [*event.owner.units.values(), event.owner.deadline]))
                self.warnings.append(_warn(event.place, f"没有对应的任务：{words}"))

    def _is_title(self, event: _Assignment) -> bool:
        """Whether nothing but the plan's title stands above the owner."""
        last = self._entries[event.fresh[-1]]
        return event.last is None and last.level is None and is_title(last.text)

    def _singles(self) -> set[int]:
        """Levels whose items are owed one by one under one parent at least."""
        owed: defaultdict[tuple[int | None, int], int] = defaultdict(int)
        for event in self._events:
            last = event.last
            if event.fresh and last is not None and last in event.fresh:
                entry = self._entries[last]
                owed[entry.parent, entry.level or 0] += 1
        return {level for (_, level), times in owed.items() if times > 1}

    def _begin(self, event: _Assignment, singles: set[int]) -> None:
        start = self._start(event, singles)
        if start is None:
            rows = [self._entries[event.fresh[-1]]]
            head = None
        else:
            head = self._entries[start]
            rows = [self._entries[i] for i in event.fresh if i > start]
            if start in event.fresh and not (
                rows and (head.heading or _TITLE.fullmatch(head.text))
            ):
                rows.insert(0, head)
        number = parse_number(head.mark) if head else None
        draft = TaskDraft(
            number if number is not None else len(self.drafts) + 1,
            _get_heading_words(head) if head and head not in rows else "",
            CategoryLabel(self._category(head)),
            rows[0].place,
        )
        draft.rows = [DraftRow(row.text, row.place) for row in rows]
        for row in (*rows, *filter(None, [head])):
            row.taken = True
        self.drafts.append(draft)
        self.start = self.start or (head or rows[0]).place
        _assign_owner(draft, event.owner)

    def _start(self, event: _Assignment, singles: set[int]) -> int | None:
        """The item that is owed: the last one, or its parent with all its items."""
        last = event.last
        if last is None:
            return None
        entry = self._entries[last]
        parent = entry.parent
        siblings = [
            i
            for i in event.fresh
            if self._entries[i].parent == parent and self._entries[i].level == entry.level
        ]
        together = len(siblings) > 1 and entry.level not in singles
        return parent if together and parent is not None and parent in event.fresh else last

    def _category(self, head: _Entry | None) -> str:
        above = head.parent if head else None
        return self._entries[above].text if above is not None else ""

    def _unassigned(self) -> Iterator[PlanWarning]:
        """Numbered items that no task holds: nobody would owe them.

        What stands above a task, at any depth, is told by the task itself. A chapter's heading
        without items of its own (一、总体要求) promises nothing.
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
    """The tasks of a plan in paragraphs; none for a text that assigns nothing to units."""
    outline = Outline()
    outline._scan(paragraphs)  # noqa: SLF001 - the class's own factory
    outline._assign()  # noqa: SLF001
    outline.warnings.extend(outline._unassigned())  # noqa: SLF001
    return outline


def _join_torn_paragraphs(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """The paragraphs, with those joined whose bracket goes on in the next line of a text file."""
    held: Paragraph | None = None
    for paragraph in paragraphs:
        if held is not None:
            text = paragraph.text.strip()
            numbered = any(pattern.match(text) for pattern in _LEVELS)
            if not numbered and len(text) <= _MAX_REST and _CLOSES.search(text):
                yield replace(held, text=held.text.rstrip() + text)
                held = None
                continue
            yield held
            held = None
        tail = paragraph.text[-_MAX_REST:]
        if sum(map(tail.count, "（(")) > sum(map(tail.count, "）)")):
            held = paragraph
        else:
            yield paragraph
    if held is not None:
        yield held


def _make_entry(text: str, place: str, owner: Owner | None) -> _Entry:
    for level, pattern in enumerate(_LEVELS):
        match = pattern.match(text)
        if match:
            short = len(text) <= _MAX_HEADING and not is_closed(text) and owner is None
            return _Entry(text, place, level, match.group(), short)
    return _Entry(text, place)


def _get_heading_words(head: _Entry) -> str:
    """A heading's words; of a whole paragraph its first sentence."""
    return head.text[len(head.mark) :].strip().split("。", 1)[0].rstrip("：:")


def _assign_owner(draft: TaskDraft, owner: Owner) -> None:
    for role, text in owner.units.items():
        draft.units[role] = "；".join(filter(None, (draft.units.get(role, ""), text)))
    if owner.deadline:
        for row in draft.rows:
            row.cells[Role.DEADLINE] = owner.deadline


def _warn(place: str, message: str) -> PlanWarning:
    return PlanWarning(code=ReviewCode.NOT_UNDERSTOOD, where=place, message=message)
