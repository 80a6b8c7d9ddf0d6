"""A plan without a table: numbered paragraphs that each end in who is responsible.

Offices print such plans as `3.…。（甲局牵头，乙局配合，6月底前完成）`, or with lines of labels
(`牵头单位：甲局`) under each item.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.drafts import Draft, DraftRow, Label
from services.ingest.extraction.labels import Role, role_of
from services.ingest.extraction.models import PlanWarning
from services.ingest.extraction.prose import closes, tidy
from services.ingest.extraction.review import ReviewCode

_CHAPTER: Final = re.compile(
    r"^(?:[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十]{1,3}[章节部])"
)
_PART: Final = re.compile(r"^[（(][一二三四五六七八九十]{1,3}[)）]")
_ITEM: Final = re.compile(r"^[（(]?(\d{1,3})(?:[)）]|[.．、](?!\d))")
_LABEL: Final = re.compile(r"^[（(]?([\u4e00-\u9fff]{2,10})[：:](.+?)[)）]?[。；;]?$", re.DOTALL)
_BRACKET: Final = re.compile(
    r"[（(【]([^（(【]*(?:[（(][^()（）]*[)）][^（(【]*)*)[)）】][。；;]?$"
)
_OWED: Final = re.compile(r"牵头|负责|配合|落实|责任(?:单位|部门)|单位[：:]|分工")
_OWED_ROLES: Final = (Role.LEAD, Role.UNITS, Role.SUPPORT, Role.DEADLINE)
_TIMED: Final = re.compile(
    r"^(?:完成时限|完成时间|时限|时间)[：:]|(?:[底日末月]前|年底|持续推进|长期坚持)(?:完成)?$"
)
_MAX_SECTION: Final = 60


@dataclass(slots=True)
class Outline:
    """Items so far. Feed it paragraphs in order with `read`."""

    drafts: list[Draft] = field(default_factory=list)
    _category: Label = field(default_factory=Label)
    _held: list[Paragraph] = field(default_factory=list)

    def read(self, paragraph: Paragraph) -> None:
        """Take the next paragraph: a heading, an item, its label, or more of it."""
        text = tidy(paragraph.text)
        label = _LABEL.match(text)
        role = role_of(label.group(1)) if label else None
        if label and role in _OWED_ROLES:
            self._owe(role, label.group(2))
        elif (_CHAPTER.match(text) or _PART.match(text)) and _is_heading(text):
            self._held.clear()
            self._category = Label(text)
        elif _ITEM.match(text) or _PART.match(text) or _bracket(text):
            self._held.clear()
            self._begin(Paragraph(text, paragraph.place))
        elif self._held:
            self._held.append(Paragraph(text, paragraph.place))

    def _begin(self, paragraph: Paragraph) -> None:
        self._held.append(paragraph)
        owed = _bracket(paragraph.text)
        if owed is None:
            return
        text = _BRACKET.sub("", paragraph.text)
        self._held[0] = Paragraph(text, paragraph.place)
        units, times = _parted(owed)
        self._owe(Role.UNITS, units)
        if times and self.drafts:
            self.drafts[-1].rows[-1].cells[Role.DEADLINE] = times

    def _owe(self, role: Role | None, text: str) -> None:
        """Whoever is named owes the paragraphs held, or shares the task just made."""
        if role is None:
            return
        if self._held:
            first = self._held[0].text
            found = _ITEM.match(first)
            number = int(found.group(1)) if found else len(self.drafts) + 1
            draft = Draft(number, "", self._category, self._held[0].place)
            draft.rows = [DraftRow(part.text, part.place) for part in self._held]
            self.drafts.append(draft)
            self._held.clear()
        if not self.drafts:
            return
        last = self.drafts[-1]
        if role is Role.DEADLINE:
            for row in last.rows:
                row.cells[Role.DEADLINE] = text
        else:
            last.units[role] = text


def read_outline(paragraphs: Iterable[Paragraph]) -> list[Draft]:
    """The tasks of a plan in paragraphs; none for a text that assigns nothing to units."""
    outline = Outline()
    for paragraph in paragraphs:
        outline.read(paragraph)
    return outline.drafts


def unassigned(paragraphs: Sequence[Paragraph], drafts: Sequence[Draft]) -> list[PlanWarning]:
    """Numbered items from the first task on that name no unit: nobody would owe them."""
    taken = {row.place for draft in drafts for row in draft.rows}
    places = [paragraph.place for paragraph in paragraphs]
    first = places.index(drafts[0].place)
    return [
        PlanWarning(
            code=ReviewCode.NOT_UNDERSTOOD,
            where=item.place,
            message=f"未写明责任单位：{tidy(item.text)}",
        )
        for item in paragraphs[first:]
        if _ITEM.match(tidy(item.text)) and item.place not in taken
    ]


def _is_heading(text: str) -> bool:
    return len(text) <= _MAX_SECTION and not closes(text) and _bracket(text) is None


def _bracket(text: str) -> str | None:
    """The words in the last bracket, if they tell who is responsible."""
    found = _BRACKET.search(text)
    return found.group(1) if found and _OWED.search(found.group(1)) else None


def _parted(owed: str) -> tuple[str, str]:
    """Units and deadline out of one bracket."""
    parts = re.split(r"[；;，,]", owed)
    times = [part for part in parts if _TIMED.search(part)]
    if not times:
        return owed, ""
    units = "，".join(part for part in parts if part not in times)
    return units, "；".join(re.sub(r"^[^：:]{2,6}[：:]", "", part) for part in times)
