"""Texts with names in braces, as the declared gateway has them, and places in answers. Pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

_NAME = re.compile(r"\{([\w.]+)(\|number)?\}")
MESSAGE_NAMES = frozenset(
    [
        *("address", "mobile", "text", "plain_text", "subject", "unit", "id"),
        *("seconds", "milliseconds", "utc", "local", "nonce", "body", "signature"),
    ]
)
SECRET = "secret."  # noqa: S105 - a prefix
Values = Mapping[str, str]


def list_names(template: str) -> list[str]:
    """The names in a template."""
    return [match[1] for match in _NAME.finditer(template)]


def _check_names(template: str) -> str:
    for name in list_names(template):
        if name not in MESSAGE_NAMES and not name.startswith(SECRET):
            known = sorted(MESSAGE_NAMES)
            raise ValueError(
                f"没有 {name} 这个变量，可用：{'、'.join(known)}、{SECRET}名称。"
                f"There is no variable {name}, only: {', '.join(known)}, {SECRET}NAME."
            )
    return template


Template = Annotated[str, Field(max_length=2000), AfterValidator(_check_names)]
"""A text with names in braces, such as `{address}`; `{seconds|number}` alone is a JSON number."""
Tree = dict[str, Any] | list[Any] | str
"""JSON whose texts are templates."""


def fill_template(template: str, values: Values) -> str:
    """A template with the values of its names."""
    return _NAME.sub(lambda match: values[match[1]], template)


def fill_tree(tree: object, values: Values) -> object:
    """JSON with the values of the names in its texts."""
    if isinstance(tree, dict):
        return {key: fill_tree(value, values) for key, value in tree.items()}
    if isinstance(tree, list):
        return [fill_tree(value, values) for value in tree]
    if not isinstance(tree, str):
        return tree
    alone = _NAME.fullmatch(tree)
    if alone and alone[2] and values[alone[1]].isdigit():
        return int(values[alone[1]])
    return fill_template(tree, values)


def list_tree_texts(tree: object) -> list[str]:
    """All texts in JSON."""
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in list_tree_texts(value)]
    if isinstance(tree, list):
        return [text for value in tree for text in list_tree_texts(value)]
    return [tree] if isinstance(tree, str) else []


def _check_tree(tree: Tree) -> Tree:
    for text in list_tree_texts(tree):
        _check_names(text)
    return tree


TemplateTree = Annotated[Tree, AfterValidator(_check_tree)]
JsonPath = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
"""A place in JSON: keys and numbers of list entries, such as `data.0.code`."""


def find_at(content: object, path: str) -> Any:  # noqa: ANN401 - any JSON
    """The value at a place; None when there is none."""
    for part in path.split(".") if path else ():
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        else:
            return None
    return content


def clean_header(value: str) -> str:
    """A header without characters that would begin another one."""
    return "".join(each if each.isprintable() and each.isascii() else "?" for each in value)
