"""YAML or JSON text as nested lists and mappings with the place of each value. Pure.

Every scalar stays the text that was written: the models decide what it is. So `no`, `09:00` and
`16.10` are read as the field wants them, and not as YAML 1.1 would.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from shared.marked.problems import Mark, TextProblem

LONGEST_TEXT = 1_000_000
_DEEPEST = 40
_MOST_PARTS = 100_000
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
"""Plain texts that stand for no value."""
_ADVICE = {
    "found character '\\t'": (
        "缩进须用空格，不能用制表符。Indent with spaces, not with tabs.",
        "请把制表符换成空格。Replace the tab with spaces.",
    ),
}
Content = str | None | list["Content"] | dict[str, "Content"]
Place = tuple[str | int, ...]


class UnreadableError(Exception):
    """The text is no YAML or JSON that is read here; it has one problem or several."""

    def __init__(self, problems: Sequence[TextProblem]) -> None:
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


@dataclass(slots=True)
class MarkedText:
    """A text's content, and where each value and each key stands."""

    content: Content
    values: Mapping[Place, Mark] = field(default_factory=dict)
    keys: Mapping[Place, Mark] = field(default_factory=dict)

    def find_mark(self, place: Place, *, key: bool = False) -> Mark:
        """Where something stands; the nearest that contains it if it stands nowhere."""
        if key and place in self.keys:
            return self.keys[place]
        while place and place not in self.values:
            place = place[:-1]
        return self.values.get(place, Mark(1, 1))


def read_marked(text: str) -> MarkedText:
    """The content of a text with marks.

    Raises:
        UnreadableError: the text is too long or too deep, no YAML, has an anchor, an alias, a tag,
            a key twice, more than one document, or a key that is no plain text.
    """
    if len(text) > LONGEST_TEXT:
        message = "文件过大，最多一百万字。The text is too long: a million characters at most."
        raise UnreadableError([TextProblem(Mark(1, 1), "", "too-long", message)])
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):  # JSON, which may be indented with tabs
        text = text.replace("\t", " ")
    try:
        root = _compose(text)
    except yaml.YAMLError as error:
        raise UnreadableError([_describe_fault(error)]) from error
    if root is None:
        message = "文件是空的。The text is empty."
        raise UnreadableError([TextProblem(Mark(1, 1), "", "empty", message)])
    walk = _Walk()
    content = walk.read(root, ())
    if walk.problems:
        raise UnreadableError(walk.problems)
    return MarkedText(content, walk.values, walk.keys)


def _compose(text: str) -> yaml.Node | None:
    """The document's nodes, after its events were checked: composing recurses into depth."""
    depth, documents = 0, 0
    for parts, event in enumerate(yaml.parse(text, Loader=yaml.BaseLoader)):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if documents > 1:
            _refuse(event, "documents", "只能有一份文件。There is more than one document.")
        if depth > _DEEPEST or parts > _MOST_PARTS:
            _refuse(event, "too-deep", "层次或条目过多。It has too many levels or parts.")
        if getattr(event, "anchor", None):
            _refuse(event, "anchor", "不能用锚点和引用（& *）。Anchors and aliases are not read.")
        if getattr(event, "tag", None):
            _refuse(event, "tag", "不能用类型标记（!）。Tags are not read.")
    return yaml.compose(text, Loader=yaml.BaseLoader)


def _refuse(event: yaml.Event, code: str, message: str) -> None:
    raise UnreadableError([TextProblem(_to_mark(event.start_mark), "", code, message)])


def _describe_fault(error: yaml.YAMLError) -> TextProblem:
    mark = Mark(1, 1)
    if isinstance(error, yaml.MarkedYAMLError) and (place := error.problem_mark):
        mark = _to_mark(place)
    elif isinstance(error, yaml.reader.ReaderError):
        message = "含有不能用的字符。It contains a character that is not allowed."
        return TextProblem(mark, "", "character", message)
    problem = str(getattr(error, "problem", "") or "")
    for beginning, (message, hint) in _ADVICE.items():
        if problem.startswith(beginning):
            return TextProblem(mark, "", "syntax", message, hint)
    message = f"此处不合 YAML 或 JSON 的写法。It is no YAML or JSON here: {problem}."
    hint = "请检查缩进、冒号后的空格、引号和括号。Check indents, the space after :, and quotes."
    return TextProblem(mark, "", "syntax", message, hint)


def _to_mark(mark: Any) -> Mark:  # noqa: ANN401 - of one of two classes
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


@dataclass(slots=True)
class _Walk:
    """Reads nodes, and collects marks and problems."""

    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    problems: list[TextProblem] = field(default_factory=list)

    def read(self, node: yaml.Node, place: Place) -> Content:
        """The content of a node that stands at a place."""
        self.values[place] = _to_mark(node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            is_plain = node.style is None
            return None if is_plain and node.value in NULLS else _join_surrogates(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(each, (*place, n)) for n, each in enumerate(node.value)]
        return dict(self._read_pairs(node, place))

    def _read_pairs(self, node: yaml.Node, place: Place) -> Iterator[tuple[str, Content]]:
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                message = "键须是一个词。A key is a single word."
                self._add(key, place, "key", message)
                continue
            here = (*place, key.value)
            if here in self.keys:
                first = self.keys[here].line
                message = f"{key.value} 写了两次。The key {key.value} is written twice."
                hint = f"第一次在第 {first} 行，请只留一处。The first is in line {first}; keep one."
                self._add(key, here, "duplicate-key", message, hint)
                continue
            self.keys[here] = _to_mark(key.start_mark)
            yield key.value, self.read(value, here)

    def _add(self, node: yaml.Node, place: Place, code: str, message: str, hint: str = "") -> None:
        path = ".".join(map(str, place))
        self.problems.append(TextProblem(_to_mark(node.start_mark), path, code, message, hint))


def _join_surrogates(text: str) -> str:
    r"""JSON writes one character as two escapes, such as `\ud83d\ude00`."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeError:  # pragma: no cover - any text can be encoded so
        return text
