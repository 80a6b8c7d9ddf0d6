"""A pasted text without blanks and with half-width marks, whose characters know their lines."""

import re
import unicodedata
from dataclasses import dataclass

_PAGE_NUMBER = re.compile(r"\s*[-—–―－]+\s*\d{1,3}\s*[-—–―－]+\s*")
"""A line such as — 1 —, which a text copied from a PDF has between its pages."""


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A text for matching.

    Attributes:
        text: in the half-width (NFKC) form, without blanks and line breaks.
        lines: of each character of `text`, from 1.
    """

    text: str
    lines: tuple[int, ...]

    def get_line(self, place: int) -> int:
        """The line of a character; of the last one for a place behind the end."""
        return self.lines[min(place, len(self.lines) - 1)] if self.lines else 1

    def is_line_start(self, place: int) -> bool:
        """Whether a character is the first of its line."""
        return place == 0 or self.lines[place - 1] != self.lines[place]

    def is_line_end(self, place: int) -> bool:
        """Whether the character before a place is the last of its line."""
        return place == len(self.lines) or self.is_line_start(place)


def fold_text(text: str) -> Squeezed:
    """Prepare a text for matching. Page numbers between lines are left out.

    A character whose half-width form is longer stays as it is.
    """
    characters: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for character in "" if _PAGE_NUMBER.fullmatch(line) else line:
            folded = unicodedata.normalize("NFKC", character)
            kept = folded if len(folded) == 1 else character
            if kept.isspace() or unicodedata.category(kept) in {"Cc", "Cf"}:
                continue
            characters.append(kept)
            lines.append(number)
    return Squeezed("".join(characters), tuple(lines))
