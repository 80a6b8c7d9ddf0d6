"""Chinese text of cells: blanks between characters, torn sentences, list numbers."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from services.ingest.extraction.vocabulary.characters import (
    BULLETS,
    CIRCLED,
    COLONS,
    LIST_NUMBER,
    LIST_NUMERAL,
    NUMBER_POINTS,
    NUMERALS,
    OPENING,
    ROUND_CLOSING,
    ROUND_OPENING,
    SENTENCE_ENDS,
)
from services.ingest.extraction.vocabulary.numerals import to_digits

# Blanks between Latin words are kept; a blank beside another character comes from the layout.
_BLANK: Final = re.compile(
    r"(?<![\x21-\x7e])[^\S\n]+|[^\S\n]+(?![\x21-\x7e])|[\u200b\ufeff\u00ad]+"
)
_RUN: Final = re.compile(r"[^\S\n]{1,}")
_CLOSED: Final = re.compile(rf"[{SENTENCE_ENDS}][”’」』）)》\"']*$")
_OPEN: Final = re.compile(rf"[，、,{COLONS}“‘{OPENING}《—-]$")
_LEAD_IN: Final = re.compile(f"[{COLONS}]$")
_ORDINAL: Final = re.compile(
    rf"(?:(?!\d{{1,3}}[{NUMBER_POINTS}]\d(?!\d?月|\d{{3}}年)){LIST_NUMBER}|第{LIST_NUMERAL}[，、,]"
    rf"|[{BULLETS}](?=\S))"
)
# List numbers inside a line, after a sentence or a colon; each kind is counted separately.
_INLINE_START: Final = rf"(?:(?<=[{SENTENCE_ENDS}{COLONS}])|^)\s*"
_INLINE_MARKS: Final = tuple(
    re.compile(_INLINE_START + mark)
    for mark in (
        rf"(?P<mark>\d{{1,2}})[{NUMBER_POINTS}{ROUND_CLOSING}](?=[^\d%]|\d{{1,2}}月|\d{{4}}年)",
        rf"[{ROUND_OPENING}](?P<mark>\d{{1,2}})[{ROUND_CLOSING}]",
        f"(?P<mark>[{CIRCLED}])",
        f"[{ROUND_OPENING}](?P<mark>[{NUMERALS}])[{ROUND_CLOSING}]",
        f"(?P<mark>[{NUMERALS}])是(?!否)",
    )
)
_CIRCLED: Final = {0x245F + number: f"({number})" for number in range(1, 21)}


def fold_width(text: str) -> str:
    """The NFKC form without blanks, for matching only.

    ① becomes (1), because a plain digit would join the number after it, as in ①6月底前.
    """
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text.translate(_CIRCLED)))


def fold_text(text: str) -> str:
    """The form that readers of dates match: half width, no blanks, digits for Chinese numerals."""
    return to_digits(fold_width(text))


def tidy(text: str) -> str:
    """The line without the blanks that layouts leave between Chinese characters."""
    return _RUN.sub(" ", _BLANK.sub("", text.strip())).strip()


def is_closed(text: str) -> bool:
    """Whether the text ends a sentence."""
    return bool(_CLOSED.search(text.rstrip()))


def is_open(text: str) -> bool:
    """Whether the text certainly continues: it ends in a comma, a colon or an open bracket."""
    return bool(_OPEN.search(text.rstrip()))


def has_closing_habit(texts: Sequence[str]) -> bool:
    """Whether the writer closes sentences; only then an open end shows a torn text."""
    ends = [is_closed(text) for text in texts if text.strip()]
    return bool(ends) and sum(ends) * 2 >= len(ends)


def is_torn(text: str, *, habit: bool) -> bool:
    """Whether the text is cut off; `habit` says that the writer closes sentences."""
    return bool(text.strip()) and (is_open(text) or (habit and not is_closed(text)))


def join_lines(text: str) -> str:
    """The lines of a name or a label joined into one."""
    return tidy(text.replace("\n", ""))


def split_paragraphs(text: str, *, habit: bool) -> list[str]:
    """Split a cell into duties: its paragraphs, torn ones joined, and the items of inline lists.

    The parts together contain the whole text of the cell, except blanks.
    """
    lines = [line for line in (tidy(part) for part in text.split("\n")) if line]
    joined: list[str] = []
    # In a cell whose last line is not closed, open ends show nothing.
    habit = habit and bool(lines) and is_closed(lines[-1])
    numbered = sum(1 for line in lines if _ORDINAL.match(line)) > 1
    for line in lines:
        above = joined[-1] if joined else ""
        opens = bool(_ORDINAL.match(line))
        goes_on = is_torn(above, habit=habit or numbered) and not opens
        if goes_on or _ORDINAL.fullmatch(above) or (opens and _LEAD_IN.search(above)):
            joined[-1] = tidy(f"{above}{_get_separator(above, line)}{line}")
        else:
            joined.append(line)
    return [part for line in joined for part in _split_inline_list(line)]


def _get_separator(left: str, right: str) -> str:
    return " " if left[-1].isascii() and left[-1].isalpha() and right[0].isalpha() else ""


def _split_inline_list(line: str) -> list[str]:
    """Split `1.…。2.…。3.…` where the numbers count from 1 without a gap.

    Of nested lists the outer one is split; the text before the first number stays with it.
    """
    lists = [cuts for kind in _INLINE_MARKS if len(cuts := _find_list_starts(line, kind)) > 1]
    if not lists:
        return [line]
    cuts = min(lists)
    return [line[a:b].strip() for a, b in pairwise([0, *cuts[1:], len(line)])]


def _find_list_starts(line: str, kind: re.Pattern[str]) -> list[int]:
    """The positions of the numbers of one kind, as far as they count from 1 without a gap."""
    starts: list[int] = []
    for match in kind.finditer(line):
        if _to_value(match["mark"]) == len(starts) + 1:
            starts.append(match.start())
    return starts


def _to_value(mark: str) -> int:
    """The value of a list number: 12, ③ or 三."""
    return int(mark) if mark.isdecimal() else int(unicodedata.numeric(mark))
