"""Compiles and renders the parts of an office's templates within bounds. Pure.

A template can't exhaust a process, whatever it says. Its language has no call, no assignment, no
arithmetic, and loops over the items alone, none within another
(`shared.messages.templates.language`). So the work of rendering is at most the number of its
expressions, times the number of items where they stand in a loop. This product is known before the
first character is made, and bounded by `MOST_STEPS`; the length of the result by `MOST_OUTPUT`.
Neither depends on the speed of the machine. Jinja's sandbox is a second bound: it hides attributes
that begin with an underscore, and refuses what would change a value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.messages.templates.language import FILTERS, TESTS, list_faults
from shared.messages.templates.names import list_names
from shared.messages.templates.words import Words
from shared.schemas.templates import TemplateKind

MOST_STEPS = 500_000
"""Expressions of one rendering. The built-in mail takes 130 for each item."""
MOST_OUTPUT = 2_000_000
"""Characters of one rendered part."""


class TemplateError(Exception):
    """A template gives no text that can be sent; `line` is 0 where none is known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def _make_environment(*, escape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=escape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


_PLAIN, _HTML = _make_environment(escape=False), _make_environment(escape=True)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A part that can be rendered; `steps` are taken once, `steps_of_item` for each item.

    `names` are those that it uses.
    """

    template: Template
    steps: int
    steps_of_item: int
    names: frozenset[str]

    def render(self, words: Words) -> str:
        """The text for some words.

        Raises:
            TemplateError: it would take too long or become too long, or a name has no value.
        """
        items = len(words.get("lines", ()))
        if self.steps + self.steps_of_item * items > MOST_STEPS:
            raise TemplateError(f"{items} items take too many steps")
        try:
            return _join(self.template.generate(words))
        except TemplateError:
            raise
        except Exception as error:
            raise TemplateError(f"{type(error).__name__}: {error}", find_line(error)) from error


def _join(pieces: Iterable[str]) -> str:
    """The text; it is given up as soon as it is too long."""
    kept, length = [], 0
    for piece in pieces:
        length += len(piece)
        if length > MOST_OUTPUT:
            raise TemplateError("the text is too long")
        kept.append(piece)
    return "".join(kept)


def parse_part(source: str, *, escape: bool) -> nodes.Template:
    """The tree of a part.

    Raises:
        TemplateError: it is no template.
    """
    try:
        return (_HTML if escape else _PLAIN).parse(source)
    except Exception as error:
        line = getattr(error, "lineno", 0)
        raise TemplateError(str(getattr(error, "message", error)), line) from error


@lru_cache(maxsize=512)
def compile_part(kind: TemplateKind, part: str, source: str) -> Compiled:
    """A part of a template, ready to be rendered.

    Raises:
        TemplateError: it is no template, or says what it may not.
    """
    escape = part == "html"
    tree = parse_part(source, escape=escape)
    for fault in list_faults(tree, list_names(kind, part)):
        raise TemplateError(fault.message, fault.line)
    try:
        template = (_HTML if escape else _PLAIN).from_string(source)
    except Exception as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from error
    names = frozenset(name.name for name in tree.find_all(nodes.Name))
    return Compiled(template, *count_steps(tree), names)


def count_steps(tree: nodes.Template) -> tuple[int, int]:
    """How many nodes are evaluated once at most, and how many for each item."""
    in_loops = sum(1 for loop in tree.find_all(nodes.For) for _ in loop.find_all(nodes.Node))
    return sum(1 for _ in tree.find_all(nodes.Node)), in_loops


def find_line(error: BaseException) -> int:
    """The line of a template at which an error came up; 0 when it is not known."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
