"""What is wrong with a value of a request, in Chinese and then in English. Pure."""

import re
from collections.abc import Mapping
from typing import Any

_TEXTS = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这一项",
    "enum": "不在可选范围内，可选：{expected}",
    "literal_error": "不在可选范围内，可选：{expected}",
    "string_too_long": "内容过长，最多 {max_length} 个字",
    "string_too_short": "内容过短，至少 {min_length} 个字",
    "too_long": "数量过多，最多 {max_length} 个",
    "too_short": "数量过少，至少 {min_length} 个",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "string_pattern_mismatch": "格式不正确",
    "finite_number": "须为数字",
    "json_invalid": "JSON 格式不正确",
}
"""By pydantic's type of error; the names in braces are of its context."""
_OF_KINDS = {
    "date_": "不是有效的日期，应写成 2023-12-31 这样",
    "datetime_": "不是有效的日期和时间，应写成 2023-12-31T08:30:00+08:00 这样",
    "time_": "不是有效的时间，应写成 08:30 这样",
    "int_": "须为整数",
    "float_": "须为数字",
    "decimal_": "须为数字",
    "bool_": "须为 true 或 false",
    "uuid_": "不是有效的编号",
    "string_": "须为文字",
}
"""By how pydantic's type of error begins."""
_OTHER = "不符合要求"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OF_DATES = {"greater_than_equal": "不能早于 {ge}", "less_than_equal": "不能晚于 {le}"}


def describe_value_fault(row: Mapping[str, Any]) -> str:
    """What one error of pydantic says: what to write instead, where that is known.

    A validator of ours says it in both languages itself.
    """
    kind, context = str(row["type"]), dict(row.get("ctx") or {})
    if kind == "value_error":
        return str(context["error"])
    begins = (text for begin, text in _OF_KINDS.items() if kind.startswith(begin))
    text = _TEXTS.get(kind) or next(begins, _OTHER)
    if kind in _OF_DATES and any(_DATE.match(str(value)) for value in context.values()):
        text = _OF_DATES[kind]
    if "expected" in context:
        context["expected"] = str(context["expected"]).replace(" or ", "、").replace(", ", "、")
    return f"{text.format_map(context)}。{row['msg']}"
