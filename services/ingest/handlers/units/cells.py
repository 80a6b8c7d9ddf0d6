"""Parses a cell of the directory's file, or a field of the API. Pure."""

import re
import unicodedata
from contextlib import suppress
from datetime import date

from services.ingest.domain.expansion import INVISIBLE

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})(?:\.0+)?|(?:\+|00)(?!86)([1-9][0-9]{6,14})")
_BETWEEN_DIGITS = re.compile(r"[\s()\u002d\u2010-\u2015\u2212]")
_DAY = re.compile(
    r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?"
    r"(?:[T\s]\s*0?0:00(?::00(?:\.0+)?)?)?"  # midnight: a date cell that was exported as an instant
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
_DASHES = frozenset("-–—―－﹣−")
ERASE = "-"
"""The value of a cell that holds a dash alone: what the directory has there is to be erased."""


def clean_cell(cell: str) -> str:
    """A cell without invisible characters and without the marks of a text cell.

    A sheet marks digits as text by an apostrophe before them, or by `="…"` around them.
    """
    value = _UNSEEN.sub("", cell).strip()
    marked = _AS_TEXT.fullmatch(value)
    return (marked[1] or marked[2] or "").strip() if marked else value


def parse_cell(column: str, cell: str) -> str:
    """The normalised value of a cell of a column, such as `liaison_email`.

    A line break separates the items of a list; in other columns it is removed. A dash alone is
    ERASE, except as a unit's name.

    Raises:
        ValueError: the value can't be stored; the message says why.
    """
    lines = [line.strip() for line in _BREAK.split(clean_cell(cell))]
    value = ("、" if column in _LISTS else "").join(filter(None, lines)).replace("\t", " ")
    if _CONTROL.search(value):
        raise ValueError(
            "单元格中有控制字符，请重新输入。The cell contains control characters; type it again."
        )
    if len(value) > _LONGEST.get(column, _LONG):
        raise ValueError("单元格内容过长。The cell is too long.")
    if not value:
        return ""
    if column != "name" and set(value) <= _DASHES:
        return ERASE
    match column.partition("_")[2]:
        case "email":
            return parse_email(value)
        case "mobile":
            return parse_mobile(value)
        case "valid_from" | "valid_to":
            return _parse_day(value)
        case _:
            return value


def parse_email(value: str) -> str:
    """A normalised e-mail address.

    Raises:
        ValueError: the value is no e-mail address.
    """
    address = _narrow(value).replace("。", ".")
    if len(address) > _LONG or not _EMAIL.fullmatch(address):
        raise ValueError(f"“{value}”不是邮箱地址。{value} is no e-mail address.")
    return address


def parse_mobile(value: str) -> str:
    """A normalised mobile number; the value may be a number cell, such as `13800000004.0`.

    Raises:
        ValueError: the value is no mobile number.
    """
    match = _MOBILE.fullmatch(_BETWEEN_DIGITS.sub("", _narrow(value)))
    if not match:
        raise ValueError(
            f"“{value}”不是手机号：应为 11 位数字，或 + 加数字。"
            f"{value} is no mobile number: 11 digits, or + and digits."
        )
    return match[1] or f"+{match[2]}"


def _narrow(value: str) -> str:
    """A text in half-width characters, without invisible ones and quotes around it."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", value)).strip().strip(_QUOTES).strip()


def _parse_day(value: str) -> str:
    match = _DAY.fullmatch(_narrow(value))
    with suppress(ValueError):
        if match and int(match[1]) in _YEARS:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    raise ValueError(f"“{value}”不是日期，请写成 2023-09-01。{value} is no date: write 2023-09-01.")
