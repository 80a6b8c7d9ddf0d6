"""The straight lines that a PDF page draws: borders of cells, thin boxes, whole grids."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from services.ingest.documents.pdf.rulings import Line

_MAX_LINES: Final = 4_000  # a page with more is a drawing
_MAX_OBJECTS: Final = 200_000
_MAX_DEPTH: Final = 4  # of forms within forms
_THIN: Final = 3.0  # points: a box this thin is a line
_SLACK: Final = 0.5  # points
_NOTHING: Final = 2  # bytes: the end of a text in UTF-16
_BOX_SEGMENTS: Final = 5  # a rectangle: its four corners and the way back

Point = tuple[float, float]
Move = Callable[[float, float], Point]
"""From one system of coordinates to another, both in points."""


class Clip(NamedTuple):
    """The box outside of which something drawn is not shown."""

    left: float
    bottom: float
    right: float
    top: float

    def shows(self, x: float, y: float) -> bool:
        """Whether a point is shown; a point on the edge is."""
        return (
            self.left - _SLACK <= x <= self.right + _SLACK
            and self.bottom - _SLACK <= y <= self.top + _SLACK
        )


def clip_of(drawn: Any) -> Clip | None:  # noqa: ANN401 - PDFium's handle
    """The box of an object's clip, which is most often a box; None where it has none."""
    path = pdfium.FPDFPageObj_GetClipPath(drawn)
    x, y = ctypes.c_float(), ctypes.c_float()
    clip = None
    for index in range(pdfium.FPDFClipPath_CountPaths(path) if path else 0):
        xs, ys = [], []
        count = max(0, pdfium.FPDFClipPath_CountPathSegments(path, index))
        for number in range(min(count, _MAX_LINES)):
            segment = pdfium.FPDFClipPath_GetPathSegment(path, index, number)
            pdfium.FPDFPathSegment_GetPoint(segment, x, y)
            xs.append(x.value)
            ys.append(y.value)
        if xs:
            box = Clip(min(xs), min(ys), max(xs), max(ys))
            clip = box if clip is None else _common(clip, box)
    return clip


def _common(a: Clip, b: Clip) -> Clip:
    return Clip(
        max(a.left, b.left), max(a.bottom, b.bottom), min(a.right, b.right), min(a.top, b.top)
    )


class Drawn(NamedTuple):
    """What a page draws: paths, each with its way to the page, and texts. PDFium's handles."""

    paths: list[tuple[Any, Move]]
    texts: list[Any]
    pictures: int


def drawn_on(page: pypdfium2.PdfPage, turn: Move) -> Drawn:
    """The page's paths and texts, those inside of forms too."""
    handle = page.raw
    count = pdfium.FPDFPage_CountObjects(handle)
    paths: list[tuple[Any, Move]] = []
    texts: list[Any] = []
    pictures = 0
    first = (pdfium.FPDFPage_GetObject(handle, number) for number in range(count))
    stack: list[tuple[Iterator[Any], Move]] = [(first, turn)]
    seen = 0
    while stack and seen < _MAX_OBJECTS:
        objects, move = stack[-1]
        each = next(objects, None)
        if each is None:
            stack.pop()
            continue
        seen += 1
        kind = pdfium.FPDFPageObj_GetType(each)
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            paths.append((each, move))
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
            texts.append(each)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures += 1
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and len(stack) < _MAX_DEPTH:
            stack.append((_inside(each), _after(_matrix(each), move)))
    return Drawn(paths, texts, pictures)


def straight_lines(paths: Iterable[tuple[Any, Move]]) -> tuple[list[Line], list[Line]]:
    """Horizontal and vertical lines; none of a page that holds a drawing."""
    across: list[Line] = []
    down: list[Line] = []
    for drawn, move in paths:
        (left, bottom), (right, top) = _corners(drawn, move)
        if top - bottom <= _THIN:
            across.append(Line((top + bottom) / 2, left, right))
        elif right - left <= _THIN:
            down.append(Line((left + right) / 2, bottom, top))
        elif pdfium.FPDFPath_CountSegments(drawn) <= _BOX_SEGMENTS:
            across += (Line(top, left, right), Line(bottom, left, right))
            down += (Line(left, bottom, top), Line(right, bottom, top))
        else:
            _strokes(drawn, move, across, down)
        if len(across) + len(down) > _MAX_LINES:
            return [], []
    return [line for line in across if line.end - line.start > _THIN], down


def key_of(drawn: Any) -> int:  # noqa: ANN401 - PDFium's handle
    """What tells one of PDFium's objects from another; 0 for none."""
    return ctypes.addressof(drawn.contents) if drawn else 0


def clipped(texts: Iterable[Any]) -> dict[int, Clip]:
    """The clips of those texts that reach beyond theirs, by key."""
    found = {}
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for text in texts:
        clip = clip_of(text)
        if clip is None:
            continue
        pdfium.FPDFPageObj_GetBounds(text, left, bottom, right, top)
        if not (clip.shows(left.value, bottom.value) and clip.shows(right.value, top.value)):
            found[key_of(text)] = clip
    return found


def lost(texts: Iterable[Any], words: pypdfium2.PdfTextPage) -> int:
    """How many texts PDFium could not read: single characters of a font that no one embedded.

    It measures them by a font of this machine, and drops what has no width there.
    """
    return sum(
        1
        for text in texts
        if pdfium.FPDFTextObj_GetText(text, words.raw, None, 0) <= _NOTHING
        and pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(text)) == 0
    )


def _inside(form: Any) -> Iterator[Any]:  # noqa: ANN401 - PDFium's handle
    count = max(0, pdfium.FPDFFormObj_CountObjects(form))
    return (pdfium.FPDFFormObj_GetObject(form, number) for number in range(count))


def _matrix(drawn: Any) -> Move:  # noqa: ANN401 - PDFium's handle
    found = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(drawn, found)
    a, b, c, d, e, f = found.a, found.b, found.c, found.d, found.e, found.f
    return lambda x, y: (a * x + c * y + e, b * x + d * y + f)


def _after(first: Move, then: Move) -> Move:
    return lambda x, y: then(*first(x, y))


def _corners(drawn: Any, move: Move) -> tuple[Point, Point]:  # noqa: ANN401 - PDFium's handle
    """The lower left and the upper right corner of a path."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
    (x1, y1), (x2, y2) = move(left.value, bottom.value), move(right.value, top.value)
    return (min(x1, x2), min(y1, y2)), (max(x1, x2), max(y1, y2))


def _strokes(drawn: Any, move: Move, across: list[Line], down: list[Line]) -> None:  # noqa: ANN401 - PDFium's handle
    """The straight level and upright strokes of a longer path, a box or a whole grid."""
    place = _after(_matrix(drawn), move)
    x, y = ctypes.c_float(), ctypes.c_float()
    previous = start = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(drawn), _MAX_LINES)):
        segment = pdfium.FPDFPath_GetPathSegment(drawn, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = place(x.value, y.value)
        if pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_MOVETO:
            previous = start = point
            continue
        _stroke(previous, point, across, down)
        previous = point
        if pdfium.FPDFPathSegment_GetClose(segment):
            _stroke(point, start, across, down)
            previous = start


def _stroke(a: Point, b: Point, across: list[Line], down: list[Line]) -> None:
    if abs(a[1] - b[1]) < 1 < abs(a[0] - b[0]):
        across.append(Line((a[1] + b[1]) / 2, min(a[0], b[0]), max(a[0], b[0])))
    elif abs(a[0] - b[0]) < 1 < abs(a[1] - b[1]):
        down.append(Line((a[0] + b[0]) / 2, min(a[1], b[1]), max(a[1], b[1])))
