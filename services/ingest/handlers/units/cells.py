"""A cell of the directory's file, or a field of the API, as it is stored. Pure."""

import re
import unicodedata
from contextlib import suppress
from datetime import date

from services.ingest.expansion import INVISIBLE

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})(?:\.0+)?|(?:\+|00)(?!86)([1-9][0-9]{6,14})")
_BETWEEN_DIGITS = re.compile(r"[\s()\u002d\u2010-\u2015\u2212]")
_DAY = re.compile(
    r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?"
    r"(?:[T\s]\s*0?0:00(?::00(?:\.0+)?)?)?"  # midnight: how a date is told by who knows instants
)
_YEARS = range(2000, 2200)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = {"name": 100, "kind": 50, "groups": 2000, "aliases": 2000}
_LONG = 254  # of an address, RFC 5321 section 4.5.3.1.3
_LISTS = ("groups", "aliases")
_UNSEEN = re.compile(f"[{INVISIBLE}]")
_BREAK = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
_AS_TEXT = re.compile(r"""="([^"]*)"|['＇]+(.*)""", re.DOTALL)
_QUOTES = "'‘’"


def plain(cell: str) -> str:
    """A cell without what nobody sees, nor the marks by which a sheet keeps digits as a text.

    Such marks are an apostrophe before it, and `="…"` around it.
    """
    value = _UNSEEN.sub("", cell).strip()
    marked = _AS_TEXT.fullmatch(value)
    return (marked[1] or marked[2] or "").strip() if marked else value


def checked(column: str, cell: str) -> str:
    """A cell of a column, such as `liaison_email`, without what only its writing adds.

    A line break separates the parts of a list; elsewhere it only wraps the text.

    Raises:
        ValueError: it can't be stored; the text says what is wrong.
    """
    lines = [line.strip() for line in _BREAK.split(plain(cell))]
    value = ("、" if column in _LISTS else "").join(filter(None, lines)).replace("\t", " ")
    if _CONTROL.search(value):
        raise ValueError("The cell holds control characters; type it anew.")
    if len(value) > _LONGEST.get(column, _LONG):
        raise ValueError("The cell is too long.")
    if not value:
        return ""
    match column.partition("_")[2]:
        case "email":
            return email(value)
        case "mobile":
            return mobile(value)
        case "valid_from" | "valid_to":
            return _day(value)
        case _:
            return value


def email(value: str) -> str:
    """An e-mail address.

    Raises:
        ValueError: it is none.
    """
    address = _narrow(value).replace("。", ".")
    if len(address) > _LONG or not _EMAIL.fullmatch(address):
        raise ValueError(f"{value} is no e-mail address.")
    return address


def mobile(value: str) -> str:
    """A mobile number, also one that a sheet keeps as a number.

    Raises:
        ValueError: it is none.
    """
    match = _MOBILE.fullmatch(_BETWEEN_DIGITS.sub("", _narrow(value)))
    if not match:
        raise ValueError(f"{value} is no mobile number: 11 digits, or + and digits.")
    return match[1] or f"+{match[2]}"


def _narrow(value: str) -> str:
    """A text of digits and letters alone, as a keyboard without full-width forms types it."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", value)).strip().strip(_QUOTES).strip()


def _day(value: str) -> str:
    match = _DAY.fullmatch(_narrow(value))
    with suppress(ValueError):
        if match and int(match[1]) in _YEARS:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    raise ValueError(f"{value} is no date: write 2023-09-01.")
