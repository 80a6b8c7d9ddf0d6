"""Refuses names and phrases that do not say what they mean (`make check`).

A name in REFUSED_NAMES holds nothing that its reader can know. A function's name begins with a
verb of `tools/verbs.txt`, or with a word that asks (`is`, `has`) or converts (`to`, `from`). A
public class has one definition, so that its name has one meaning. A phrase in REFUSED_PHRASES is a
riddle or an ornament: say the fact with the field's standard term.

The API's refusals are in Chinese and English (`tools/messages.py`).

`python -m tools.names [FOLDER …]` prints each place as `file:line: what (why)`; exit status 1 when
there is any.
"""

import ast
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tools.messages import list_wrong_texts

ROOT = Path(__file__).parents[1]
REFUSING = ("services/ingest", "shared/api", "shared/schemas")
"""Folders whose refusals a user reads."""
FOLDERS = ("services", "shared", "deploy", "cli", "lab", "tools")
REFUSED_NAMES = {
    "found": "name what was found: units, row, match",
    "one": "name the element: unit, row, contact",
    "told": "name what it holds: message, event, reported",
    "said": "name what it holds: text, contact, answer",
    "thing": "name the kind of thing",
    "stuff": "name the kind of thing",
    "data": "name the content: rows, body, payload, content",
    "info": "name the content",
    "tmp": "name the content",
    "foo": "name the content",
}
REFUSED_CLASSES = {
    "Work": "name the task: Confirmation",
    "Parts": "name the content: ApiContext",
    "Held": "say for what: HeldNotification, FoldLock",
    "Manager": "name the task",
    "Helper": "name the task",
}
ASKING_OR_CONVERTING = frozenset(
    [
        *("is", "was", "has", "can", "may", "must", "needs", "does"),
        *("as", "to", "from", "with", "without"),
    ]
)
REFUSED_PHRASES = {
    "nobody knows": "say what is unknown: outcome unknown",
    "want a person": "needs a decision",
    "wants a person": "needs a decision",
    "be empty long before": "even if it is drained sooner",
    "too many for a letter": "too large to embed",
    "once more": "again",
    "befall": "happen to",
    "whoever": "name the actor",
    "in silence": "without a warning",
    "comes to rest": "is quiet",
    "nought": "0",
}
SHARED_CLASS_NAMES = frozenset({"Settings"})
"""One of each service, on purpose: they extend one another."""

GIVEN_NAMES = frozenset(
    {"main", "now", "monotonic", "overlaps", "size_in_bytes", "next_batch", "gettext", "ngettext"}
)
"""The entry point, what every clock and interval calls them, and what libraries call."""

_VERBS = frozenset((ROOT / "tools" / "verbs.txt").read_text().split())


def list_problems(path: Path) -> Iterator[str]:
    """What is wrong with the names and the prose of a Python file, as `line: what (why)`."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _check_function(node)
            case ast.ClassDef(name=name) if name.lstrip("_") in REFUSED_CLASSES:
                yield f"{node.lineno}: class {name} ({REFUSED_CLASSES[name.lstrip('_')]})"
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield from _check_name(node.lineno, name)
            case _:
                pass
    yield from _check_prose(path)


def _check_name(line: int, name: str) -> Iterator[str]:
    why = REFUSED_NAMES.get(name.strip("_"))
    if why:
        yield f"{line}: {name} ({why})"


def _check_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    given = node.name in GIVEN_NAMES or node.name.startswith(("__", "visit_", "pytest_"))
    if node.decorator_list or given:
        return  # properties are nouns; entry points, clocks and frameworks give names
    verb = node.name.strip("_").split("_")[0]
    if verb not in _VERBS and verb not in ASKING_OR_CONVERTING:
        yield f"{node.lineno}: def {node.name} (begin with a verb, or add it to tools/verbs.txt)"


def _check_prose(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in {tokenize.COMMENT, tokenize.STRING}:
                continue
            text = re.sub(r"\s+", " ", token.string)
            for phrase, why in REFUSED_PHRASES.items():
                if re.search(rf"\b{phrase}\b", text, re.IGNORECASE) and path.name != "names.py":
                    yield f"{token.start[0]}: “{phrase}” ({why})"


def list_shared_names(paths: list[Path]) -> Iterator[str]:
    """Public classes that have more than one definition."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    for name, defined in sorted(places.items()):
        if len(defined) > 1 and name not in SHARED_CLASS_NAMES:
            yield f"class {name} has {len(defined)} meanings: {', '.join(defined)}"


def main() -> int:
    """Print every problem; 1 when there is any."""
    folders = sys.argv[1:] or FOLDERS
    paths = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    ]
    problems = [
        f"{path.relative_to(ROOT)}:{problem}" for path in paths for problem in list_problems(path)
    ]
    problems += [
        f"{path.relative_to(ROOT)}:{wrong}"
        for path in paths
        if any(path.is_relative_to(ROOT / folder) for folder in REFUSING)
        for wrong in list_wrong_texts(path)
    ]
    problems += list_shared_names(paths)
    print("\n".join(problems) or f"{len(paths)} files: every name and phrase is accepted.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
