"""What a model's refusal of a text says to a person: Chinese, then English. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

_TYPES = {
    "int": ("须是整数", "It is a whole number"),
    "float": ("须是数字", "It is a number"),
    "bool": ("须是 true 或 false", "It is true or false"),
    "string": ("须是文字", "It is a text"),
    "tuple": ("须是列表", "It is a list"),
    "date": ("须是日期，如 2026-03-15", "It is a date such as 2026-03-15"),
    "time": ("须是时刻，如 09:00", "It is a time of day such as 09:00"),
    "model": ("须是若干“键: 值”", "It is a mapping of keys to values"),
}
_HINTS = {
    "tuple": "只有一项也写成列表：[…]。Write a list even for one value: […].",
    "model": "每键一行，冒号后空一格。Write each key on a line, and a space after the colon.",
}
_BOUNDS = {
    "greater_than_equal": ("不能小于 {ge}。It is at least {ge}.", "ge"),
    "less_than_equal": ("不能大于 {le}。It is at most {le}.", "le"),
    "too_short": ("至少写 {min_length} 项。It has at least {min_length} entries.", "min_length"),
    "too_long": ("最多写 {max_length} 项。It has at most {max_length} entries.", "max_length"),
    "string_too_short": ("不能为空。It is not empty.", "min_length"),
    "string_too_long": (
        "最多 {max_length} 个字。It has at most {max_length} characters.",
        "max_length",
    ),
}
_MARK = "、"


def suggest(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them."""
    words = sorted(set(known))
    nearest = get_close_matches(word.lower().replace("_", "-"), _normalise(words), 1, 0.6)
    if nearest:
        meant = _normalise(words)[nearest[0]]
        return f"是不是 {meant}？Did you mean {meant}?"
    return f"可以写 {_MARK.join(words)}。There are {', '.join(words)}." if words else ""


def _normalise(words: Iterable[str]) -> dict[str, str]:
    return {word.lower().replace("_", "-"): word for word in words}


def describe_error(error: Mapping[str, Any], allowed: Sequence[str]) -> tuple[str, str, str]:
    """The code, message and hint for an error of pydantic; `allowed`: the keys of its place."""
    context = error.get("ctx", {})
    last = str(error["loc"][-1]) if error["loc"] else ""
    code, message, hint = "invalid", f"此处的值不对。The value is wrong here: {error['msg']}.", ""
    match str(error["type"]):
        case "extra_forbidden":
            code, message = "unknown-key", f"没有 {last} 这一项。There is no key {last}."
            hint = suggest(last, allowed)
        case "missing":
            code, message = "missing", f"缺少 {last}。The key {last} is missing."
        case "union_tag_not_found":
            name = str(context["discriminator"]).strip("'")
            code, message = "missing", f"缺少 {name}。The key {name} is missing."
            hint = suggest("", _list_tags(context))
        case "union_tag_invalid":
            tag = str(context["tag"])
            code, message = "unknown-value", f"没有 {tag} 这一种。There is no {tag} here."
            hint = suggest(tag, _list_tags(context))
        case "enum" | "literal_error":
            word = str(error["input"])[:50]
            code, message = "unknown-value", f"不能写 {word}。The word {word} does not fit here."
            expected = str(context["expected"]).replace(" or ", ", ").split(", ")
            hint = suggest(word, (each.strip("'") for each in expected))
        case kind if kind in _BOUNDS:
            text, name = _BOUNDS[kind]
            code, message = "out-of-bounds", text.format(**{name: context[name]})
        case "value_error":
            message = str(context["error"])
        case kind if (name := _name_type(kind)) in _TYPES:
            chinese, english = _TYPES[name]
            code, message, hint = "wrong-type", f"{chinese}。{english}.", _HINTS.get(name, "")
        case _:
            pass
    return code, message, hint


def _name_type(kind: str) -> str:
    return "model" if kind.startswith(("model", "dict")) else kind.partition("_")[0]


def _list_tags(context: Mapping[str, Any]) -> list[str]:
    expected = str(context.get("expected_tags", ""))
    return [tag.strip().strip("'") for tag in expected.split(",") if tag.strip()]
