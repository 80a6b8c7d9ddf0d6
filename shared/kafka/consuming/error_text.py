"""Describes an error for logs and operators, without values that may be of persons."""

import re
import traceback
from pathlib import Path

from sqlalchemy.exc import DBAPIError

import shared

_MOST = 500
_ROOT = Path(shared.__file__).parents[1]
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\d{3,}")
_ABOUT_SQL = "42"
"""SQLSTATE class of invalid statements: their messages hold names, no values."""


def describe_error(error: BaseException) -> str:
    """Type, message and place, at most 500 characters: `KeyError: … (services/x/y.py:12)`.

    Quoted text and long numbers are replaced by `…`, since they may be personal data.
    """
    kind, message = type(error).__name__, str(error)
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None) or error.orig
        state = getattr(error.orig, "sqlstate", None) or ""
        kind, message = f"{type(cause).__name__} {state}".strip(), str(cause).partition("\n")[0]
        if not state.startswith(_ABOUT_SQL):
            message = _VALUES.sub("…", message)
    else:
        message = _VALUES.sub("…", message)
    text = f"{kind}: {message}{_locate(error)}" if message else f"{kind}{_locate(error)}"
    return text.replace("\0", "").encode(errors="replace").decode()[:_MOST]


def _locate(error: BaseException) -> str:
    """The innermost line of Cuiban's own code in the traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
            return f" ({path.relative_to(_ROOT)}:{frame.lineno})"
    return ""
