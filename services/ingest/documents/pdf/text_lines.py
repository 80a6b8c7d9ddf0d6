"""The characters of a PDF page to lines, and lines to paragraphs, by their positions."""

import ctypes
import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from services.ingest.documents.pdf.drawings import Clip, Move, get_key

_LISTED: Final = re.compile(r"[（(]?(\d{1,2}|[一二三四五六七八九十]{1,3})[)）.、．](?!\d)|[①-⑳●■◆]")
_DIGITS: Final = "零一二三四五六七八九"
_SIGN: Final = -1  # an item with a sign such as ● in place of a number
_CLOSED: Final = re.compile(r"[。；！？;!?…][”’」』）)》\"']*$")
# No line break is allowed beside quotation marks (Unicode annex 14, class QU).
_WORD: Final = r"(?:[A-Za-z0-9.%-]+|.)"
_OPENS: Final = re.compile(r"[：:]\s*$")
_UNIT: Final = re.compile(rf"[“‘（(《]*{_WORD}(?:[“”‘’]{_WORD})*[。，、；：！？）)”’》]*")
_USUAL_SIZE: Final = 10.5  # points: the assumed size of characters where none can be measured
# A font may map glyphs to radicals that look like characters. NFKC does not fold those of the
# Radicals Supplement; the pairs are from Unicode's EquivalentUnifiedIdeograph.txt.
_RADICALS: Final = dict(
    zip(
        "\u2ea0\u2eb0\u2ec4\u2ec5\u2ec6\u2ec9\u2ecb\u2ed3\u2ed4\u2ed8\u2eda\u2edb\u2edc\u2edd\u2ee2"
        "\u2ee5\u2ee6\u2ee8\u2ee9\u2eec\u2eee\u2ef0",
        "民纟西见角贝车长门青页风飞食马鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
_LEVEL: Final = 1.0  # points: the largest vertical distance of characters in one line
_GAP: Final = 3  # character widths from one start to the next that separate columns
_SAMPLE: Final = 50  # characters that are measured for a page or a line
_UPRIGHT: Final[Move] = lambda x, y: (x, y)  # noqa: E731 - one of four
_TURNS: Final[tuple[Move, ...]] = (
    _UPRIGHT,
    lambda x, y: (-y, x),
    lambda x, y: (-x, -y),
    lambda x, y: (y, -x),
)


class Character(NamedTuple):
    """One character and the left end of its baseline, in points; y grows upward."""

    x: float
    y: float
    text: str


@dataclass(slots=True)
class TextLine:
    """Characters on one baseline: the start of the first and of the last, in points."""

    text: str
    start: float
    last: float
    y: float
    step: float


def read_characters(
    words: pypdfium2.PdfTextPage, turn: Move, clips: Mapping[int, Clip]
) -> list[Character]:
    """Every visible character of the page, without the line ends that PDFium adds.

    Characters outside of their clip are not visible: spreadsheets draw a merged cell's whole
    text on each page that has a part of the cell.
    """
    x, y = ctypes.c_double(), ctypes.c_double()
    x_at, y_at = ctypes.byref(x), ctypes.byref(y)
    page = words.raw
    characters = []
    for index, code in _read_codes(words):
        pdfium.FPDFText_GetCharOrigin(page, index, x_at, y_at)
        if clips:
            clip = clips.get(get_key(pdfium.FPDFText_GetTextObject(page, index)))
            if clip is not None and not clip.has_point(x.value, y.value):
                continue
        mark = chr(code)
        if 0x2E80 <= code <= 0x2FD5:  # noqa: PLR2004 - radicals
            mark = _RADICALS.get(mark) or unicodedata.normalize("NFKC", mark)
        characters.append(
            Character(x.value, y.value, mark)
            if turn is _UPRIGHT
            else Character(*turn(x.value, y.value), mark)
        )
    return characters


def _read_codes(words: pypdfium2.PdfTextPage) -> Iterator[tuple[int, int]]:
    """Each printed character's index in PDFium's text, and its code point."""
    page = words.raw
    high = 0
    for index in range(words.count_chars()):
        code = pdfium.FPDFText_GetUnicode(page, index)
        if 0xD800 <= code < 0xDC00:  # noqa: PLR2004 - the first half of a rare character
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:  # noqa: PLR2004 - its second half
            code = 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00
        high = 0
        if code <= 0x20:  # noqa: PLR2004 - blanks and controls
            if code < 0x20 or pdfium.FPDFText_IsGenerated(page, index) == 1:  # noqa: PLR2004
                continue
        elif 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF):  # noqa: PLR2004
            continue
        yield index, code


def find_turn(words: pypdfium2.PdfTextPage) -> Move:
    """The rotation that makes most of the page's text upright: tables may be printed sideways."""
    quarters: Counter[int] = Counter()
    for index in range(0, words.count_chars(), max(1, words.count_chars() // _SAMPLE)):
        angle = pdfium.FPDFText_GetCharAngle(words.raw, index)
        if angle >= 0:
            quarters[round(angle / (math.pi / 2)) % 4] += 1
    most = quarters.most_common(1)
    return _TURNS[most[0][0] if most else 0]


def group_lines(marks: Sequence[Character]) -> list[TextLine]:
    """Group characters into lines, from the top; each line from left to right."""
    heights = [mark.y for mark in marks]
    if heights and max(heights) - min(heights) < _LEVEL:
        return [_make_line(sorted(marks, key=itemgetter(0)))]
    near = _get_line_tolerance(marks)
    lines: list[list[Character]] = []
    for mark in marks:
        if lines and abs(lines[-1][-1].y - mark.y) < near:
            lines[-1].append(mark)
        else:
            lines.append([mark])
    lines.sort(key=lambda line: -line[0].y)
    merged: list[list[Character]] = []
    for line in lines:
        if merged and abs(merged[-1][0].y - line[0].y) < near:
            merged[-1].extend(line)
        else:
            merged.append(line)
    return [_make_line(sorted(line, key=itemgetter(0))) for line in merged]


def _get_line_tolerance(marks: Sequence[Character]) -> float:
    """The vertical distance allowed within one line, in points: a third of a character's size."""
    steps = sorted(b.x - a.x for a, b in itertools.pairwise(marks[:_SAMPLE]) if b.x > a.x)
    size = steps[len(steps) // 2] if steps else _USUAL_SIZE
    return min(size, _USUAL_SIZE) / 3


def _make_line(marks: list[Character]) -> TextLine:
    places = [mark.x for mark in marks]
    apart = [b - a for a, b in itertools.pairwise(places)]
    steps = sorted(step for step in apart if step > 0)
    step = steps[len(steps) // 2] if steps else _USUAL_SIZE
    if not steps or steps[-1] <= _GAP * step:
        text = "".join([mark.text for mark in marks])
    else:
        # Columns outside a ruled table are more than two characters apart.
        pieces = [marks[0].text]
        for mark, gap in zip(marks[1:], apart, strict=True):
            pieces.append(f"  {mark.text}" if gap > _GAP * step else mark.text)
        text = "".join(pieces)
    return TextLine(text, places[0], places[-1], marks[0].y, step)


def unwrap_lines(lines: Sequence[TextLine], right: float) -> str:
    """Join a cell's lines into paragraphs: a line that is full up to `right` is continued.

    A sentence that ends exactly at the edge may end a paragraph. Where the writer uses indents,
    the next line's indent decides; otherwise it does if the cell has other paragraph ends.
    """
    if not lines:
        return ""
    left = min(line.start for line in lines)
    indents = any(line.start - left > line.step for line in lines[1:])
    lists = any(_LISTED.match(line.text.strip()) for line in lines)
    item = _parse_item_number(lines[0].text)
    pairs = list(itertools.pairwise(lines))
    several = any(not _is_filled(above, line, right) for above, line in pairs)
    joined = lines[0].text.strip()
    for above, line in pairs:
        text = line.text.strip()
        ended = bool(_CLOSED.search(above.text.strip()))
        number = _parse_item_number(text)
        opens = ended or _OPENS.search(above.text) or not _is_filled(above, line, right)
        if number == _SIGN or (number and (opens or number == item + 1 > 1)):
            # 集中统｜一、共享 is not a list item: the line before is full and has no end mark.
            goes_on, item = False, number
        elif indents:
            goes_on = line.start - left <= line.step
        else:
            goes_on = _is_filled(above, line, right) and (lists or not ended or not several)
        joined += text if goes_on else f"\n{text}"
    return joined


def _parse_item_number(line: str) -> int:
    """The number of the list item that begins the line: 3 for （三）, -1 for ●, else 0."""
    match = _LISTED.match(line.strip())
    if match is None:
        return 0
    figure = match.group(1)
    if figure is None:
        return _SIGN
    if figure.isdecimal():
        return int(figure)
    number = 0
    for mark in figure:
        number = max(number, 1) * 10 if mark == "十" else number + _DIGITS.index(mark)
    return number


def _is_filled(line: TextLine, below: TextLine, right: float) -> bool:
    """Whether the first unit of the next line would not have fitted into this line.

    A unit is a word, a number, or a character with the closing marks that must follow it.
    """
    step = max(line.step, below.step)
    match = _UNIT.match(below.text.strip())
    unit = match.group() if match else ""
    width = sum(step / 2 if mark.isascii() and mark.isalnum() else step for mark in unit)
    return right - (line.last + step) < width + step / 2
