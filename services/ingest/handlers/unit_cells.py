"""A cell of the directory's file, or a field of the API, as it is stored. Pure."""

import re
import unicodedata
from contextlib import suppress
from datetime import date

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})(?:\.0+)?|(\+[1-9][0-9]{6,14})")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_YEARS = range(2000, 2200)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = {"name": 100, "kind": 50, "groups": 2000, "aliases": 2000}
_LONG = 254  # of an address, RFC 5321 section 4.5.3.1.3
_LISTS = ("groups", "aliases")
_BREAK = re.compile(r"\s*\n\s*")


def checked(column: str, cell: str) -> str:
    """A cell of a column, such as `liaison_email`, without what only its writing adds.

    A line break separates the parts of a list; elsewhere it only wraps the text.

    Raises:
        ValueError: it can't be stored; the text says what is wrong.
    """
    value = _BREAK.sub("、" if column in _LISTS else "", cell.strip().replace("\r\n", "\n"))
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
    plain = unicodedata.normalize("NFKC", value).strip()
    if len(plain) > _LONG or not _EMAIL.fullmatch(plain):
        raise ValueError(f"{value} is no e-mail address.")
    return plain


def mobile(value: str) -> str:
    """A mobile number, also one that a sheet keeps as a number.

    Raises:
        ValueError: it is none.
    """
    match = _MOBILE.fullmatch(re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", value)))
    if not match:
        raise ValueError(f"{value} is no mobile number: 11 digits, or + and digits.")
    return match[1] or match[2]


def _day(value: str) -> str:
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", value))
    with suppress(ValueError):
        if match and int(match[1]) in _YEARS:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    raise ValueError(f"{value} is no date: write 2023-09-01.")
