r"""One text for one JSON value, so that its hash can be computed again. Pure.

- UTF-8, members sorted by the code points of their names at every depth, no white space;
- characters as they are, except `"`, `\` and those below U+0020, which are escaped as JSON
  demands, in the short form (`\n`) where it has one;
- numbers are whole: JSON can write one fraction in many ways.

The journal's chain and proofs of notice depend on it. Changing it breaks all that exist: never do.
"""

import json


def to_canonical_json(value: object) -> bytes:
    """The canonical text of a value of None, bool, int, str, dict, list and tuple.

    Raises:
        TypeError: the value holds something without a canonical form, such as a fraction.
    """
    _check(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")  # no such text is stored: PostgreSQL refuses it


def _check(value: object) -> None:
    """Refuse values without one canonical form, or that JSON would change without an error."""
    match value:
        case None | bool() | int() | str():
            return
        case dict():
            for name, inner in value.items():
                if not isinstance(name, str):
                    raise TypeError(f"{name!r} is no name of a member")
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")
