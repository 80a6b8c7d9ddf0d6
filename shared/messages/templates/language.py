"""What a template may say: names, fields, choices, and loops over the items. Pure.

Everything else of Jinja is refused: calls, assignments, arithmetic, other filters, other files. So
each part of a template is evaluated at most once for each item, and no value grows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import nodes

from shared.marked.wording import suggest
from shared.messages.templates.names import LOOP, Leaf, NameType, Record, Series

FILTERS = frozenset({"e", "escape", "first", "last", "length", "trim", "truncate"})
TESTS = frozenset({"none"})
_UNESCAPING = frozenset({"safe", "forceescape"})
_PLAIN = (
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
    nodes.Scope,
)
"""Nodes that are allowed wherever the grammar has them."""
_HINT = (
    "可以用 {{ 名称 }}、{% if %} 和 {% for line in lines %}。"
    "There are {{ name }}, {% if %} and {% for line in lines %}."
)
_NAMES_OF_NODES = {
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Call: "( )",
    nodes.Getitem: "[ ]",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.With: "with",
    nodes.Concat: "~",
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Pow: "**",
    nodes.Mod: "%",
    nodes.Div: "/",
}


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """Something that a template may not say; texts are in Chinese and then in English."""

    line: int
    code: str
    message: str
    hint: str = ""


def list_faults(tree: nodes.Template, names: Mapping[str, NameType]) -> Iterator[TemplateFault]:
    """What a parsed template says that it may not, by the names that its part has."""
    for node in tree.body:
        yield from _Reader(names).read(node)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads nodes within the names of a place; `in_loop`: whether it is within a loop."""

    names: Mapping[str, NameType]
    in_loop: bool = False

    def read(self, node: nodes.Node) -> Iterator[TemplateFault]:
        match node:
            case nodes.ScopedEvalContextModifier() | nodes.EvalContextModifier():
                yield _refuse_unescaped(node, "autoescape")
            case nodes.For():
                yield from self._read_loop(node)
            case nodes.Output():
                for each in node.nodes:
                    yield from self._read_written(each)
            case nodes.Name():
                yield from self._read_name(node)
            case nodes.Getattr():
                yield from self._read_field(node)
            case nodes.Filter() | nodes.Test():
                yield from self._read_filter(node)
            case _ if isinstance(node, _PLAIN):
                for child in node.iter_child_nodes():
                    yield from self.read(child)
            case _:
                word = _NAMES_OF_NODES.get(type(node), type(node).__name__.lower())
                message = f"模板里不能用 {word}。A template can't use {word}."
                yield TemplateFault(node.lineno, "not-allowed", message, _HINT)

    def _read_loop(self, loop: nodes.For) -> Iterator[TemplateFault]:
        series = self._find_type(loop.iter)
        is_plain = isinstance(loop.iter, nodes.Name) and isinstance(loop.target, nodes.Name)
        if not (is_plain and isinstance(series, Series)) or loop.recursive:
            message = "只能逐项列出 lines。Only lines can be gone through."
            hint = "写作 {% for line in lines %}。Write {% for line in lines %}."
            yield TemplateFault(loop.lineno, "loop", message, hint)
            return
        if self.in_loop:
            message = "循环里不能再有循环。A loop can't stand within a loop."
            yield TemplateFault(loop.lineno, "loop", message)
            return
        names = {**self.names, loop.target.name: series.of, "loop": LOOP}  # type: ignore[attr-defined]
        inner = _Reader(names, in_loop=True)
        for each in [*loop.body, *([loop.test] if loop.test else [])]:
            yield from inner.read(each)
        for each in loop.else_:
            yield from self.read(each)

    def _read_written(self, node: nodes.Node) -> Iterator[TemplateFault]:
        """A part of a text, which must be something that can be written."""
        faults = list(self.read(node))
        yield from faults
        if not faults and isinstance(self._find_type(node), Record | Series):
            message = "这是一组内容，不能直接写出。It has parts, and can't be written itself."
            yield TemplateFault(
                node.lineno, "not-text", message, "写出其中一项。Write one of its parts."
            )

    def _read_name(self, name: nodes.Name) -> Iterator[TemplateFault]:
        if name.name not in self.names:
            message = f"没有 {name.name} 这个名称。There is no name {name.name}."
            yield TemplateFault(
                name.lineno, "unknown-name", message, suggest(name.name, self.names)
            )

    def _read_field(self, field: nodes.Getattr) -> Iterator[TemplateFault]:
        faults = list(self.read(field.node))
        yield from faults
        record = self._find_type(field.node)
        if faults:
            return
        fields = record.fields if isinstance(record, Record) else {}
        if field.attr not in fields:
            message = f"这里没有 {field.attr}。There is no {field.attr} here."
            yield TemplateFault(field.lineno, "unknown-name", message, suggest(field.attr, fields))

    def _read_filter(self, node: nodes.Filter | nodes.Test) -> Iterator[TemplateFault]:
        known = FILTERS if isinstance(node, nodes.Filter) else TESTS
        if node.name in _UNESCAPING:
            yield _refuse_unescaped(node, f"|{node.name}")
        elif node.name not in known:
            message = f"不能用 {node.name}。A template can't use {node.name}."
            yield TemplateFault(node.lineno, "not-allowed", message, suggest(node.name, known))
        if isinstance(node, nodes.Filter) and _is_of_door(node):
            message = "链接和办理码须原样写出。The link and the code are written as they are."
            yield TemplateFault(node.lineno, "secret", message)
        arguments = [*node.args, *(pair.value for pair in node.kwargs)]
        if node.dyn_args or node.dyn_kwargs or not _is_constant(arguments):
            message = "参数只能是写明的数或文字。Its arguments are plain numbers and texts."
            yield TemplateFault(node.lineno, "not-allowed", message)
        if node.node is not None:
            yield from self.read(node.node)

    def _find_type(self, node: nodes.Node) -> NameType | None:
        """What a node is; None when it is not known, or has a fault."""
        match node:
            case nodes.Name():
                return self.names.get(node.name)
            case nodes.Getattr():
                record = self._find_type(node.node)
                return record.fields.get(node.attr) if isinstance(record, Record) else None
            case nodes.Filter(name="first" | "last") if node.node is not None:
                series = self._find_type(node.node)
                return series.of if isinstance(series, Series) else Leaf.TEXT
            case _:
                return None


def _is_constant(arguments: list[nodes.Expr]) -> bool:
    return all(isinstance(each, nodes.Const) for each in arguments)


def _is_of_door(node: nodes.Filter) -> bool:
    return any(name.name == "door" for name in node.find_all(nodes.Name))


def _refuse_unescaped(node: nodes.Node, word: str) -> TemplateFault:
    return TemplateFault(
        node.lineno,
        "unescaped",
        f"不能用 {word}，值里的 < 和 & 须转义。Values must be escaped: {word} is refused.",
        "去掉它，值会自动转义。Leave it out: values are escaped by themselves.",
    )
