"""Finds texts of refusals that are not in Chinese and then English (`python -m tools.names`).

Names of the API (fields, addresses, headers) and commands stand in backticks within brackets, so
that commands can replace them and pages leave them out (`shared.api.problems.replace_marks`).

A text is a literal that an error of REFUSALS is made with, the value of a variable or key of TEXTS,
or an entry of a table of TABLES. Codes, names in backticks and inserted values do not count.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REFUSALS = frozenset(
    {"RefusedError", "ProblemError", "HTTPException", "ValueError", "make_problem", "_add_fault"}
)
"""Functions and errors whose texts a user reads."""
TEXTS = frozenset({"hint", "message"})
TABLES = frozenset({"ADVICE", "TITLES", "_SIGN_IN", "_PHRASES"})

_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_ENGLISH = re.compile(r"[A-Za-z]*[a-z]{2,}")
_BRACKETED = re.compile(r"[（(][^（()）]*`[^（()）]*[)）]")
_OF_THE_API = re.compile(r"/v1/|\bcuiban |(?<!\S)--[a-z]|Idempotency-Key`|Retry-After")
_NO_PROSE = re.compile(r"`[^`]*`|\b[A-Z]+_[A-Z_]+\b")


def list_wrong_texts(path: Path) -> Iterator[str]:
    """Each wrong text of a file, as `line: what (why)`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for value in _list_values(node):
            for literal in _list_literals(value):
                text = _join(literal)
                if why := _find_fault(text):
                    yield f"{literal.lineno}: “{text[:40]}” ({why})"


def _list_values(node: ast.AST) -> list[ast.expr]:
    """The direct parts of a node that a user reads."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in REFUSALS:
            return [*args, *(each.value for each in keywords)]
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AugAssign(target=ast.Name(id=name), value=value)
        ) if name in TEXTS | TABLES:
            return [value]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as value) if name in TABLES:
            return [value]
        case ast.Dict(keys=keys, values=values):
            entries = zip(keys, values, strict=True)
            return [v for k, v in entries if isinstance(k, ast.Constant) and k.value in TEXTS]
        case _:
            return []


def _list_literals(value: ast.expr) -> Iterator[ast.expr]:
    """The texts that an expression may be, or that its tuples and mappings contain."""
    match value:
        case ast.JoinedStr() | ast.Constant(value=str()):
            yield value
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_list_literals(body), *_list_literals(orelse))
        case ast.Tuple(elts=parts) | ast.Dict(values=parts):
            for part in parts:
                yield from _list_literals(part)
        case _:
            pass


def _join(literal: ast.expr) -> str:
    """A literal as text, with `{}` for each inserted value."""
    match literal:
        case ast.JoinedStr(values=parts):
            return "".join(map(_join, parts))
        case ast.Constant(value=value):
            return str(value)
        case _:
            return "{}"


def _find_fault(text: str) -> str:
    """What a text lacks; empty for one that is right, and for a code."""
    if _OF_THE_API.search(_BRACKETED.sub("", text)):
        return "name it in backticks, within brackets"
    prose = _NO_PROSE.sub("", text)
    chinese, english = _CHINESE.search(prose), _ENGLISH.search(prose)
    if " " not in text.strip() and not chinese:
        return ""
    if english and (not chinese or english.start() < chinese.start()):
        return "say it in Chinese first"
    return "say it in English too" if chinese and not english else ""
