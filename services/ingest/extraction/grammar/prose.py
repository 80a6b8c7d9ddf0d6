"""Chinese prose out of cells: blanks between characters, torn sentences, list numbers."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

# Latin words keep their blanks; a blank beside anything else is a layout's, not a writer's.
_BLANK: Final = re.compile(
    r"(?<![\x21-\x7e])[^\S\n]+|[^\S\n]+(?![\x21-\x7e])|[\u200b\ufeff\u00ad]+"
)
_RUN: Final = re.compile(r"[^\S\n]{1,}")
_CLOSED: Final = re.compile(r"[。；！？;!?…][”’」』）)》\"']*$")
_OPEN: Final = re.compile(r"[，、,：:“‘（(《—-]$")
_LEAD_IN: Final = re.compile(r"[：:]$")
_ORDINAL: Final = re.compile(
    r"(?:[（(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3})[)）]|第[一二三四五六七八九十]{1,3}[，、,]"
    r"|\d{1,3}[.、．](?!\d(?!\d?月|\d{3}年))|[一二三四五六七八九十]{1,3}[、.．]|[①-⑳]|[●■◆★•·▪–—-](?=\S))"
)
# Numbers inside a line, after a sentence or a colon; each kind counts for itself.
_INLINE_START: Final = r"(?:(?<=[。；;！？：:])|^)\s*"
_INLINE_MARKS: Final = tuple(
    re.compile(_INLINE_START + mark)
    for mark in (
        r"(?P<mark>\d{1,2})[.．、)）](?=[^\d%]|\d{1,2}月|\d{4}年)",
        r"[（(](?P<mark>\d{1,2})[)）]",
        r"(?P<mark>[①-⑳])",
        r"[（(](?P<mark>[一二三四五六七八九十])[)）]",
        r"(?P<mark>[一二三四五六七八九十])是(?!否)",
    )
)
_CIRCLED: Final = {0x245F + number: f"({number})" for number in range(1, 21)}
_VALUES: Final = {mark: value for value, mark in enumerate("一二三四五六七八九十", start=1)}


def fold_width(text: str) -> str:
    """Compatibility forms folded and all blanks gone: what the grammar reads, never shows.

    ① becomes (1): its bare digit would run into the number that follows, as in ①6月底前.
    """
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text.translate(_CIRCLED)))


def tidy(text: str) -> str:
    """One line without the blanks that layouts leave between Chinese characters."""
    return _RUN.sub(" ", _BLANK.sub("", text.strip())).strip()


def is_closed(text: str) -> bool:
    """Whether the text ends a sentence."""
    return bool(_CLOSED.search(text.rstrip()))


def is_open(text: str) -> bool:
    """Whether the text certainly goes on, whatever the writer's habit: it ends in a comma."""
    return bool(_OPEN.search(text.rstrip()))


def has_closing_habit(texts: Sequence[str]) -> bool:
    """Whether the writer closes sentences; only then does an open end tell of a tear."""
    ends = [is_closed(text) for text in texts if text.strip()]
    return bool(ends) and sum(ends) * 2 >= len(ends)


def is_torn(text: str, *, habit: bool) -> bool:
    """Whether the text was cut off before its end."""
    return bool(text.strip()) and (is_open(text) or (habit and not is_closed(text)))


def join_lines(text: str) -> str:
    """One line from several, as a name or a label is printed."""
    return tidy(text.replace("\n", ""))


def split_paragraphs(text: str, *, habit: bool) -> list[str]:
    """The duties of a cell: its paragraphs, torn ones joined, inline lists taken apart.

    Nothing is dropped: the parts, put together, are the cell's text without its blanks.
    """
    lines = [line for line in (tidy(part) for part in text.split("\n")) if line]
    joined: list[str] = []
    # A cell whose last line does not close shows no habit of its own.
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
    """Split `1.…。2.…。3.…` where the numbers run from one without a gap.

    Of lists within lists the outer one counts; what stands before the first number stays with it.
    """
    lists = [cuts for kind in _INLINE_MARKS if len(cuts := _find_list_starts(line, kind)) > 1]
    if not lists:
        return [line]
    cuts = min(lists)
    return [line[a:b].strip() for a, b in pairwise([0, *cuts[1:], len(line)])]


def _find_list_starts(line: str, kind: re.Pattern[str]) -> list[int]:
    """Where the numbers of one kind stand, as far as they run from one without a gap."""
    starts: list[int] = []
    for match in kind.finditer(line):
        mark = match["mark"]
        value = _VALUES.get(mark) or int(unicodedata.numeric(mark) if len(mark) == 1 else int(mark))
        if value == len(starts) + 1:
            starts.append(match.start())
    return starts
