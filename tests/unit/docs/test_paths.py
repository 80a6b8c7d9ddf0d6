"""The documents name files, modules and definitions of this repository: each of them exists.

A path starts with a folder of the repository (`shared/clock.py`, `services/*/settings.py`); after
`::` stands a definition in that file (`shared/clock.py::Clock.now`). A dotted name starts with a
package (`shared.kafka.broker.codec`). A link is relative to the document that it stands in.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    path for path in chain(ROOT.glob("*.md"), ROOT.glob("docs/**/*.md")) if path.is_file()
)
_FOLDERS = "services|shared|deploy|cli|lab|docs|tests|tools|examples|requirements"
_PATH = re.compile(rf"(?<![\w/.-])((?:{_FOLDERS})/[\w./*-]*)(?:::([\w.]+))?")
_MODULE = re.compile(rf"(?<![\w/.-])((?:{_FOLDERS})(?:\.[A-Za-z_]\w*)+)(?![\w/-])")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`]+`|^ {4}.*$", re.DOTALL | re.MULTILINE)


def _definitions(module: ast.Module) -> set[str]:
    """The names that a module defines; those of a class also as `Class.name`."""
    names: set[str] = set()
    for statement in module.body:
        names |= _names(statement)
        if isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                names |= {f"{statement.name}.{name}" for name in _names(inner)}
    return names


def _names(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Assign():
            targets = statement.targets
        case ast.AnnAssign():
            targets = [statement.target]
        case _:
            return set()
    nodes = (node for target in targets for node in ast.walk(target))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _defines(file: Path, name: str) -> bool:
    return name in _definitions(ast.parse(file.read_text(encoding="utf-8")))


def _missing_paths(code: str) -> Iterator[str]:
    for path, name in _PATH.findall(code):
        matches = list(ROOT.glob(path.rstrip("./")))
        if not matches:
            yield path
        elif name and not _defines(matches[0], name):
            yield f"{path}::{name}"


def _missing_modules(code: str) -> Iterator[str]:
    """Dotted names of which neither a module nor a definition in its module exists."""
    for dotted in _MODULE.findall(code):
        *parents, last = dotted.split(".")
        module = ROOT.joinpath(*parents, last)
        parent = ROOT.joinpath(*parents).with_suffix(".py")
        defined = parent.is_file() and _defines(parent, last)
        if not (module.is_dir() or module.with_suffix(".py").is_file() or defined):
            yield dotted


def _missing_links(document: Path, text: str) -> Iterator[str]:
    for link in _LINK.findall(text):
        path = link.partition("#")[0]
        if path and "://" not in path and not (document.parent / path).exists():
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    code = "\n".join(_CODE.findall(text))

    assert not [*_missing_paths(code), *_missing_modules(code), *_missing_links(document, text)]


def test_the_architecture_names_every_folder_and_import_contract() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").replace("\\|", "|")
    packages = [path.parent for path in ROOT.glob("*/*/__init__.py")]
    folders = {
        f"`{path.relative_to(ROOT)}/`"
        for path in packages
        if path.parent.name in {"services", "shared", "deploy", "lab"}
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["name"] for contract in project["tool"]["importlinter"]["contracts"]}

    assert {name for name in folders if name not in text} == set()
    assert {name for name in contracts if f"| {name} |" not in text} == set()


def test_a_path_a_definition_and_a_module_that_are_not_there_are_missed() -> None:
    code = "`shared/no.py` `shared/clock.py::No` `shared.no` `shared/clock.py::Clock.now`"

    assert list(_missing_paths(code)) == ["shared/no.py", "shared/clock.py::No"]
    assert list(_missing_modules(code)) == ["shared.no"]
