"""The forms of a page as a browser sees them, for tests that fill in every field."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import html

_TYPED = {"text", "search", "email", "tel", "url", "password", "date", "time", "number", "color"}
_PLAIN = {
    "date": "2023-11-30",
    "time": "08:00",
    "number": "3",
    "email": "a@yanting.example",
    "tel": "13800000009",
    "color": "#000000",
}
"""What a field of a type can be filled with."""
_BY_NAME = {
    "link": "https://yanting.example/a",
    "timezone": "Asia/Shanghai",
    "reported": "1",
    "year": "2023",
    "unit": "县财政局",
    "unit_id": "县财政局",
    "own_unit": "县财政局",
    "mobile": "13800000009",
    "email": "a@yanting.example",
    "expect": "",
    "heard_on": "2023-05-18",
    "sms_price": "0.05",
    "task": "1",
    "rule-0-days": "7、3",
    "rule-1-days": "",
}
"""What a text field must hold to be taken; any other takes any text."""


@dataclass(frozen=True, slots=True)
class FoundForm:
    """A form in the main part of a page. Two are the same when they ask for the same.

    Attributes:
        values: what it sends when its fields are filled in plainly.
        typed: the names of fields into which a person types; `free` those that take any text.
        secret: the names of password fields, which are never shown again.
        has_button: whether a person can send it.
    """

    page: str = field(compare=False)
    method: str
    action: str
    values: dict[str, str] = field(compare=False)
    typed: tuple[str, ...]
    free: tuple[str, ...]
    secret: tuple[str, ...]
    has_button: bool


def list_forms(page: str, body: str) -> Iterator[FoundForm]:
    """The forms of a page that have a field to type in."""
    for form in html.fromstring(body).xpath("//main//form"):
        fields = form.xpath(".//input | .//textarea | .//select")
        kinds = {each.get("name"): get_kind(each) for each in fields if each.get("name")}
        typed = [name for name, kind in kinds.items() if kind in _TYPED]
        if typed:
            yield FoundForm(
                page=page,
                method=form.get("method", "get").lower(),
                action=form.get("action") or page,
                values=dict(pair for each in fields if (pair := fill(each))),
                typed=tuple(typed),
                free=tuple(
                    n for n in typed if kinds[n] in {"text", "search"} and n not in _BY_NAME
                ),
                secret=tuple(name for name in typed if kinds[name] == "password"),
                has_button=bool(form.xpath(".//button")),
            )


def get_kind(element: html.HtmlElement) -> str:
    """The type of a field, in the words of HTML."""
    if element.tag == "textarea":
        return "text"
    return str(element.get("type", "text")) if element.tag == "input" else str(element.tag)


def fill(element: html.HtmlElement) -> tuple[str, str] | None:
    """The name of a field with a plain value; None for one that sends nothing."""
    name, kind = element.get("name"), get_kind(element)
    if not name or kind == "file":
        return None
    if kind == "select":
        return name, str(element.value or "")
    if kind in {"radio", "checkbox"}:
        return (name, element.get("value", "on")) if element.get("checked") is not None else None
    if kind == "hidden":
        return name, element.get("value", "")
    return name, _BY_NAME[name] if name in _BY_NAME else _PLAIN.get(kind, "甲乙丙丁")
