"""What is told of an error in a handler: enough to mend it, and none of the values it met."""

import re
import traceback
from pathlib import Path

from sqlalchemy.exc import DBAPIError

_MOST = 500
_ROOT = Path(__file__).parents[2]
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\d{3,}")
_ABOUT_SQL = "42"
"""SQLSTATE class of statements that PostgreSQL does not understand: names in them, no values."""


def describe_error(error: BaseException) -> str:
    """Type, message without values, and where: `KeyError: … (services/x/y.py:12)`.

    Texts in quotes and long numbers are left out, since they may be of persons.
    """
    kind, said = type(error).__name__, str(error)
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None) or error.orig
        state = getattr(error.orig, "sqlstate", None) or ""
        kind, said = f"{type(cause).__name__} {state}".strip(), str(cause).partition("\n")[0]
        if not state.startswith(_ABOUT_SQL):
            said = _VALUES.sub("…", said)
    else:
        said = _VALUES.sub("…", said)
    text = f"{kind}: {said}{_locate(error)}" if said else f"{kind}{_locate(error)}"
    return text.replace("\0", "").encode(errors="replace").decode()[:_MOST]


def _locate(error: BaseException) -> str:
    """The last line of our own code that the error passed."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
            return f" ({path.relative_to(_ROOT)}:{frame.lineno})"
    return ""
