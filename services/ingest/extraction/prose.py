"""Chinese prose out of cells: blanks between characters, torn sentences, list numbers."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

# Latin words keep their blanks; a blank beside anything else is a layout's, not a writer's.
_BLANK: Final = re.compile(
    r"(?<![\x21-\x7e])[^\S\n]+|[^\S\n]+(?![\x21-\x7e])|[\u200b\ufeff\u00ad]+"
)
_RUN: Final = re.compile(r"[^\S\n]{1,}")
_CLOSED: Final = re.compile(r"[。；！？;!?…][”’」』）)》\"']*$")
_OPEN: Final = re.compile(r"[，、,：:“‘（(《—-]$")
_ORDINAL: Final = re.compile(
    r"(?:[（(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3})[)）]|第[一二三四五六七八九十]{1,3}[，、,]"
    r"|\d{1,3}[.、．](?!\d)|[一二三四五六七八九十]{1,3}[、.．]|[①-⑳]|[●■◆★•·▪–—-](?=\S))"
)
_INLINE: Final = re.compile(
    r"(?:(?<=[。；;！？])|^)(?:[（(](\d{1,2})[)）]|(\d{1,2})[.、．](?![\d%])|([①-⑳]))"
)


def half_width(text: str) -> str:
    """Compatibility forms folded and all blanks gone: what the grammar reads, never shows."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def tidy(text: str) -> str:
    """One line without the blanks that layouts leave between Chinese characters."""
    return _RUN.sub(" ", _BLANK.sub("", text.strip())).strip()


def closes(text: str) -> bool:
    """Whether the text ends a sentence."""
    return bool(_CLOSED.search(text.rstrip()))


def stays_open(text: str) -> bool:
    """Whether the text certainly goes on, whatever the writer's habit: it ends in a comma."""
    return bool(_OPEN.search(text.rstrip()))


def closing_habit(texts: Sequence[str]) -> bool:
    """Whether the writer closes sentences; only then does an open end tell of a tear."""
    ends = [closes(text) for text in texts if text.strip()]
    return bool(ends) and sum(ends) * 2 >= len(ends)


def torn(text: str, *, habit: bool) -> bool:
    """Whether the text was cut off before its end."""
    return bool(text.strip()) and (stays_open(text) or (habit and not closes(text)))


def join_lines(text: str) -> str:
    """One line from several, as a name or a label is printed."""
    return tidy(text.replace("\n", ""))


def paragraphs(text: str, *, habit: bool) -> list[str]:
    """The duties of a cell: its paragraphs, torn ones joined, inline lists taken apart.

    Nothing is dropped: the parts, put together, are the cell's text without its blanks.
    """
    lines = [line for line in (tidy(part) for part in text.split("\n")) if line]
    joined: list[str] = []
    # A cell whose last line does not close shows no habit of its own.
    habit = habit and bool(lines) and closes(lines[-1])
    for line in lines:
        if joined and not _ORDINAL.match(line) and torn(joined[-1], habit=habit):
            joined[-1] = tidy(f"{joined[-1]}{_seam(joined[-1], line)}{line}")
        elif joined and _ORDINAL.fullmatch(joined[-1]):
            joined[-1] += line
        else:
            joined.append(line)
    return [part for line in joined for part in _inline_list(line)]


def _seam(left: str, right: str) -> str:
    return " " if left[-1].isascii() and left[-1].isalpha() and right[0].isalpha() else ""


def _inline_list(line: str) -> list[str]:
    """Split `1.…。2.…。3.…` where the numbers run from one without a gap."""
    cuts: list[int] = []
    for found in _INLINE.finditer(line):
        mark = found.group(1) or found.group(2) or found.group(3)
        value = int(unicodedata.numeric(mark)) if len(mark) == 1 else int(mark)
        if value != len(cuts) + 1:
            continue
        cuts.append(found.start())
    if len(cuts) < 2:  # noqa: PLR2004 - a list has two items
        return [line]
    starts = [0, *cuts[1:]] if cuts[0] == 0 else [0, *cuts]
    return [line[a:b].strip() for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]
