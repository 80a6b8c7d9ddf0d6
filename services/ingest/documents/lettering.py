"""The characters of a PDF page to lines, and lines to paragraphs, by where they stand."""

import ctypes
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

_LISTED: Final = re.compile(
    r"(?:[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[)）.、．](?!\d)|[①-⑳●■◆])"
)
_CLOSED: Final = re.compile(r"[。；！？;!?…][”’」』）)》\"']*$")
_UNIT: Final = re.compile(r"[“‘（(《]*(?:[A-Za-z0-9.%-]+|.)[。，、；：！？）)”’》]*")
_USUAL_SIZE: Final = 10.5  # points: what tables are set in, where a file does not say


class Character(NamedTuple):
    """One character and the left end of its baseline, in points; y grows upward."""

    x: float
    y: float
    text: str


@dataclass(slots=True)
class Line:
    """Characters on one baseline: where it starts, where its last character starts."""

    text: str
    start: float
    last: float
    y: float
    step: float


def characters(words: pypdfium2.PdfTextPage) -> list[Character]:
    """Every character that the page prints; the line ends that PDFium adds are left out."""
    x, y = ctypes.c_double(), ctypes.c_double()
    x_at, y_at = ctypes.byref(x), ctypes.byref(y)
    page = words.raw
    found = []
    for index in range(words.count_chars()):
        code = pdfium.FPDFText_GetUnicode(page, index)
        if code < 0x20 or 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF):  # noqa: PLR2004
            continue
        if code == 0x20 and pdfium.FPDFText_IsGenerated(page, index) == 1:  # noqa: PLR2004
            continue
        pdfium.FPDFText_GetCharOrigin(page, index, x_at, y_at)
        found.append(Character(x.value, y.value, chr(code)))
    return found


def lines_of(marks: Sequence[Character]) -> list[Line]:
    """Lines from the top; characters on one baseline from left to right."""
    lines: list[list[Character]] = []
    for mark in marks:
        if lines and abs(lines[-1][-1].y - mark.y) < _USUAL_SIZE / 3:
            lines[-1].append(mark)
        else:
            lines.append([mark])
    lines.sort(key=lambda line: -line[0].y)
    merged: list[list[Character]] = []
    for line in lines:
        if merged and abs(merged[-1][0].y - line[0].y) < _USUAL_SIZE / 3:
            merged[-1].extend(line)
        else:
            merged.append(line)
    return [_line(sorted(line, key=lambda mark: mark.x)) for line in merged]


def _line(marks: list[Character]) -> Line:
    steps = sorted(b.x - a.x for a, b in itertools.pairwise(marks) if b.x > a.x)
    step = steps[len(steps) // 2] if steps else _USUAL_SIZE
    pieces = [marks[0].text]
    for a, b in itertools.pairwise(marks):
        # Columns outside a ruled table stand apart by more than two characters.
        pieces.append(f"  {b.text}" if b.x - a.x > 3 * step else b.text)
    return Line("".join(pieces), marks[0].x, marks[-1].x, marks[0].y, step)


def unwrapped(lines: Sequence[Line], right: float) -> str:
    """A cell's paragraphs: lines that fill the cell up to `right` go on in the next one.

    A sentence that ends exactly at the edge may be a paragraph's end. An indent decides, where
    the writer uses indents; else it is one if the cell certainly has several paragraphs.
    """
    if not lines:
        return ""
    left = min(line.start for line in lines)
    indents = any(line.start - left > line.step for line in lines[1:])
    lists = any(_LISTED.match(line.text.strip()) for line in lines)
    pairs = list(itertools.pairwise(lines))
    several = any(not _filled(above, line, right) for above, line in pairs)
    joined = lines[0].text.strip()
    for above, line in pairs:
        text = line.text.strip()
        ended = bool(_CLOSED.search(above.text.strip()))
        if _LISTED.match(text):
            goes_on = False
        elif indents:
            goes_on = line.start - left <= line.step
        else:
            goes_on = _filled(above, line, right) and (lists or not ended or not several)
        joined += text if goes_on else f"\n{text}"
    return joined


def _filled(line: Line, below: Line, right: float) -> bool:
    """Whether what begins the next line would not have fitted into this one.

    A word, a number, or a character with the closing marks that must follow it moves as one.
    """
    step = max(line.step, below.step)
    found = _UNIT.match(below.text.strip())
    unit = found.group() if found else ""
    width = sum(step / 2 if mark.isascii() and mark.isalnum() else step for mark in unit)
    return right - (line.last + step) < width + step / 2
