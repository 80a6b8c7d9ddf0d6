"""Collect the texts of the console's pages into its catalogs: `python -m tools.page_texts`.

A text is Chinese and its own key. English keeps its translations; a new text stays empty there
until somebody translates it, and a test fails until then.
"""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.console.texts.languages import LANGUAGES, LOCALE
from shared.api.problems import choose_part
from tools.texts import WRITTEN

CONSOLE = Path(__file__).parents[1] / "services" / "console"
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_COLLECTED = re.compile(
    r"{#.*?#}|{%-?\s*trans\b.*?endtrans\s*-?%}|\b_\(\s*(?:\"[^\"]*\"|'[^']*')", re.DOTALL
)
"""In a template: comments, and texts that are collected."""
_NAMES_OF_LANGUAGES = {"中文"}
"""Shown as they are in every language."""
_METHODS = [("templates/**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
_OPTIONS = {
    "templates/**.html": {"silent": "false", "trimmed": "true", "extensions": "jinja2.ext.do"}
}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "say": None, "ngettext": (1, 2)}
"""What is called with a text. `say` is a local name of `gettext`; another one has to stand here."""


def collect_texts() -> Catalog:
    """Every text that templates and code show."""
    catalog = Catalog(project="cuiban-console", creation_date=WRITTEN, revision_date=WRITTEN)
    for name, _line, text, _comments, context in extract_from_dir(
        CONSOLE, _METHODS, _OPTIONS, keywords=_KEYWORDS
    ):
        catalog.add(text, locations=[(name, 1)], context=context)
    return catalog


def find_uncollected(folder: Path, collected: set[str]) -> Iterator[str]:
    """Chinese texts of code and templates below a folder that no catalog has.

    An English page would show them in Chinese. A text that has its English behind it, as those of
    the API, needs no catalog.
    """
    for path in sorted(folder.rglob("*.py")):
        for text, line in _list_literals(ast.parse(path.read_text("utf-8"))):
            if text not in collected and choose_part(text, "en") == text:
                yield f"{path.name}:{line}: {text}"
    for path in sorted(folder.rglob("*.html")):
        for text in _CHINESE.findall(_COLLECTED.sub("", path.read_text("utf-8"))):
            if text not in _NAMES_OF_LANGUAGES:
                yield f"{path.name}: {text}"


def _list_literals(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The Chinese strings of a module with their lines, without docstrings and patterns."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr):
            skipped.add(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile":
            skipped.update(node.args)
        elif isinstance(node, ast.Constant) and node not in skipped:
            is_chinese = isinstance(node.value, str) and _CHINESE.search(node.value)
            if is_chinese:
                yield str(node.value), node.lineno


def get_path(language: str) -> Path:
    """Where the catalog of a language is."""
    return LOCALE / f"{language}.po"


def read_catalog(language: str) -> Catalog:
    """The catalog of a language as it is stored."""
    return read_po(BytesIO(get_path(language).read_bytes()), locale=language)


def renew_catalog(language: str, template: Catalog) -> bytes:
    """The catalog with the texts of today. `template` becomes part of it."""
    catalog = read_catalog(language) if get_path(language).exists() else Catalog(locale=language)
    catalog.header_comment = "# Texts of the console. Renew with: make texts"
    catalog.project, catalog.version, catalog.revision_date = "cuiban-console", "", WRITTEN
    catalog.update(template, no_fuzzy_matching=True)
    if language == LANGUAGES[0]:
        for message in catalog:
            if message.id:
                message.string = message.id
    po = BytesIO()
    write_po(po, catalog, width=100, ignore_obsolete=True, sort_output=True, no_location=True)
    return po.getvalue()


def main() -> None:
    """Write the catalogs, and say which texts lack a translation."""
    for language in LANGUAGES:
        get_path(language).write_bytes(renew_catalog(language, collect_texts()))
        for message in read_catalog(language):
            if message.id and not message.string:
                print(f"{language}: not translated: {message.id}")
    for text in find_uncollected(CONSOLE, {str(each.id) for each in collect_texts()}):
        print(f"in no catalog: {text}")


if __name__ == "__main__":
    main()
