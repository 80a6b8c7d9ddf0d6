"""Where the values of an HTML part stand in its markup. Pure.

Escaping makes a value harmless in a text and in a quoted attribute. It does not in an attribute
without quotes, in a script, in a style sheet, or as the beginning of an address.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import nodes
from typing_extensions import override

from shared.messages.templates.language import TemplateFault

_VALUE, _DOOR = "\ue000", "\ue001"
"""What stands for a value, and for the address of the link, in the markup."""
_IN_NAME = re.compile(f"</?[{_VALUE}{_DOOR}]")
_NO_NAME = "值不能写在标签名或属性名里。A value can't be a name in a tag."
_REFUSED = frozenset(
    {"applet", "base", "button", "embed", "form", "frame", "iframe", "input", "link", "math"}
    | {"object", "script", "select", "svg", "textarea"}
)
_SOURCES = frozenset({"src", "srcset", "background", "poster", "data", "action", "formaction"})
_SCHEMES = ("http://", "https://", "mailto:", "tel:", "#")
_LOADS = ("url(", "@import", "expression(", "behavior:")


def list_markup_faults(tree: nodes.Template) -> Iterator[TemplateFault]:
    """What is not safe, or not shown by mail programs, in the markup of an HTML part."""
    text, lines = _write_markup(tree)
    reader = _MarkupReader()
    reader.feed(text)
    reader.close()
    for mark in _IN_NAME.finditer(text):
        line = text.count("\n", 0, mark.start()) + 1
        reader.faults.append((line, "unescaped", _NO_NAME, ""))
    for position, code, message, hint in reader.faults:
        line = lines[min(position, len(lines)) - 1] if lines else 0
        yield TemplateFault(line, code, message, hint)


def _write_markup(tree: nodes.Template) -> tuple[str, list[int]]:
    """The markup with marks for values, and the line of the template of each of its lines."""
    pieces: list[str] = []
    lines = [1]
    for output in tree.find_all(nodes.Output):
        for each in output.nodes:
            written = each.data if isinstance(each, nodes.TemplateData) else _mark(each)
            pieces.append(written)
            lines += [each.lineno + number for number in range(1, written.count("\n") + 1)]
    return "".join(pieces), lines


def _mark(value: nodes.Node) -> str:
    is_address = (
        isinstance(value, nodes.Getattr)
        and isinstance(value.node, nodes.Name)
        and (value.node.name, value.attr) == ("door", "address")
    )
    return _DOOR if is_address else _VALUE


class _MarkupReader(HTMLParser):
    """Collects faults, each with the line of the markup that it is in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.faults: list[tuple[int, str, str, str]] = []
        self._within = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag if tag in {"style", "script"} else ""
        written = self.get_starttag_text() or ""
        if tag in _REFUSED:
            message = f"邮件里不能用 <{tag}>。A mail can't have <{tag}>."
            self._add("markup", message, "请删去。Leave it out.")
        if _has_mark(tag) or any(_has_mark(name) for name, _ in attrs):
            self._add("unescaped", _NO_NAME)
        for mark in (_VALUE, _DOOR):
            if f"={mark}" in written.replace(" ", ""):
                message = "属性里的值须加引号。A value in an attribute must be in quotes."
                self._add("unescaped", message, '写作 title="{{ unit }}"。Write it so.')
        for name, value in attrs:
            self._check_attribute(name, (value or "").strip())

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._within = ""

    @override
    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    @override
    def handle_data(self, content: str) -> None:
        if not self._within:
            return
        if _has_mark(content):
            message = f"值不能写在 <{self._within}> 里。A value can't be in <{self._within}>."
            self._add("unescaped", message)
        self._check_loads(content)

    def _check_attribute(self, name: str, value: str) -> None:
        if name.startswith("on"):
            message = f"邮件里不能有脚本（{name}）。A mail has no scripts ({name})."
            self._add("markup", message)
        if name in _SOURCES:
            self._add_outside()
        if name == "href" and value != _DOOR and not value.lower().startswith(_SCHEMES):
            message = "链接须是 door.address 或写明的地址。A link is door.address, or an address."
            hint = '写作 href="{{ door.address }}"。Write href="{{ door.address }}".'
            self._add("unescaped", message, hint)
        if name == "style":
            self._check_loads(value)

    def _check_loads(self, style: str) -> None:
        if any(word in style.lower().replace(" ", "") for word in _LOADS):
            self._add_outside()

    def _add_outside(self) -> None:
        message = "邮件不能加载图片等外部内容。A mail loads nothing from outside."
        self._add("markup", message, "请只用文字和表格。Use text and tables alone.")

    def _add(self, code: str, message: str, hint: str = "") -> None:
        self.faults.append((self.getpos()[0], code, message, hint))


def _has_mark(text: str) -> bool:
    return _VALUE in text or _DOOR in text
