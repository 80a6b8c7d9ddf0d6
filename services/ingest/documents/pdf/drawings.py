"""The objects that a PDF page draws, and its straight lines: cell borders, thin boxes, grids."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from services.ingest.documents.pdf.ruled_tables import RuledLine

_MAX_LINES: Final = 4_000  # a page with more is a drawing
_MAX_OBJECTS: Final = 200_000
_MAX_DEPTH: Final = 4  # of forms within forms
_THIN: Final = 3.0  # points: a box this thin is a line
_SLACK: Final = 0.5  # points
_NOTHING: Final = 2  # bytes: the end of a text in UTF-16
_BOX_SEGMENTS: Final = 5  # a rectangle: its four corners and the way back

Point = tuple[float, float]
Move = Callable[[float, float], Point]
"""A transformation from one coordinate system to another, both in points."""


class Clip(NamedTuple):
    """A clipping box: what is drawn outside of it is not visible."""

    left: float
    bottom: float
    right: float
    top: float

    def has_point(self, x: float, y: float) -> bool:
        """Whether a point is inside the box or on its edge."""
        return (
            self.left - _SLACK <= x <= self.right + _SLACK
            and self.bottom - _SLACK <= y <= self.top + _SLACK
        )


def read_clip(drawn: Any) -> Clip | None:  # noqa: ANN401 - PDFium's handle
    """The bounding box of an object's clip path; None for an object without one."""
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
            clip = box if clip is None else _intersect(clip, box)
    return clip


def _intersect(a: Clip, b: Clip) -> Clip:
    return Clip(
        max(a.left, b.left), max(a.bottom, b.bottom), min(a.right, b.right), min(a.top, b.top)
    )


class DrawnObjects(NamedTuple):
    """A page's objects as PDFium's handles: paths with their transformation to the page, texts."""

    paths: list[tuple[Any, Move]]
    texts: list[Any]
    pictures: int


def list_drawn_objects(page: pypdfium2.PdfPage, turn: Move) -> DrawnObjects:
    """The page's paths and texts, also inside form objects, and the number of its pictures."""
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
            stack.append((_list_form_objects(each), _chain_moves(_read_matrix(each), move)))
    return DrawnObjects(paths, texts, pictures)


def find_straight_lines(
    paths: Iterable[tuple[Any, Move]],
) -> tuple[list[RuledLine], list[RuledLine]]:
    """Horizontal and vertical lines; none for a page with more than `_MAX_LINES`: a drawing."""
    across: list[RuledLine] = []
    down: list[RuledLine] = []
    for drawn, move in paths:
        (left, bottom), (right, top) = _get_corners(drawn, move)
        if top - bottom <= _THIN:
            across.append(RuledLine((top + bottom) / 2, left, right))
        elif right - left <= _THIN:
            down.append(RuledLine((left + right) / 2, bottom, top))
        elif pdfium.FPDFPath_CountSegments(drawn) <= _BOX_SEGMENTS:
            across += (RuledLine(top, left, right), RuledLine(bottom, left, right))
            down += (RuledLine(left, bottom, top), RuledLine(right, bottom, top))
        else:
            _add_strokes(drawn, move, across, down)
        if len(across) + len(down) > _MAX_LINES:
            return [], []
    return [line for line in across if line.end - line.start > _THIN], down


def get_key(drawn: Any) -> int:  # noqa: ANN401 - PDFium's handle
    """A key that identifies one of PDFium's objects; 0 for a null handle."""
    return ctypes.addressof(drawn.contents) if drawn else 0


def map_clips(texts: Iterable[Any]) -> dict[int, Clip]:
    """The clips of the texts that reach beyond their clip, by the text's key."""
    clips = {}
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for text in texts:
        clip = read_clip(text)
        if clip is None:
            continue
        pdfium.FPDFPageObj_GetBounds(text, left, bottom, right, top)
        if not (
            clip.has_point(left.value, bottom.value) and clip.has_point(right.value, top.value)
        ):
            clips[get_key(text)] = clip
    return clips


def count_lost_texts(texts: Iterable[Any], words: pypdfium2.PdfTextPage) -> int:
    """The number of texts that PDFium could not read: characters of fonts that are not embedded.

    PDFium measures them with a font of this machine, and drops characters without a width.
    """
    return sum(
        1
        for text in texts
        if pdfium.FPDFTextObj_GetText(text, words.raw, None, 0) <= _NOTHING
        and pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(text)) == 0
    )


def _list_form_objects(form: Any) -> Iterator[Any]:  # noqa: ANN401 - PDFium's handle
    count = max(0, pdfium.FPDFFormObj_CountObjects(form))
    return (pdfium.FPDFFormObj_GetObject(form, number) for number in range(count))


def _read_matrix(drawn: Any) -> Move:  # noqa: ANN401 - PDFium's handle
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(drawn, matrix)
    a, b, c, d, e, f = matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f
    return lambda x, y: (a * x + c * y + e, b * x + d * y + f)


def _chain_moves(first: Move, then: Move) -> Move:
    return lambda x, y: then(*first(x, y))


def _get_corners(drawn: Any, move: Move) -> tuple[Point, Point]:  # noqa: ANN401 - PDFium's handle
    """The lower left and the upper right corner of a path."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
    (x1, y1), (x2, y2) = move(left.value, bottom.value), move(right.value, top.value)
    return (min(x1, x2), min(y1, y2)), (max(x1, x2), max(y1, y2))


def _add_strokes(drawn: Any, move: Move, across: list[RuledLine], down: list[RuledLine]) -> None:  # noqa: ANN401 - PDFium's handle
    """Add the horizontal and vertical strokes of a longer path, such as a whole grid."""
    place = _chain_moves(_read_matrix(drawn), move)
    x, y = ctypes.c_float(), ctypes.c_float()
    previous = start = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(drawn), _MAX_LINES)):
        segment = pdfium.FPDFPath_GetPathSegment(drawn, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = place(x.value, y.value)
        if pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_MOVETO:
            previous = start = point
            continue
        _add_stroke(previous, point, across, down)
        previous = point
        if pdfium.FPDFPathSegment_GetClose(segment):
            _add_stroke(point, start, across, down)
            previous = start


def _add_stroke(a: Point, b: Point, across: list[RuledLine], down: list[RuledLine]) -> None:
    if abs(a[1] - b[1]) < 1 < abs(a[0] - b[0]):
        across.append(RuledLine((a[1] + b[1]) / 2, min(a[0], b[0]), max(a[0], b[0])))
    elif abs(a[0] - b[0]) < 1 < abs(a[1] - b[1]):
        down.append(RuledLine((a[0] + b[0]) / 2, min(a[1], b[1]), max(a[1], b[1])))
