"""Collect the command's texts into its catalogs: `python -m tools.texts`.

English comes from the code. Chinese keeps its translations; a new text stays empty there until
somebody translates it, and a test fails until then.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from deploy.command import build_command
from deploy.terminal.help import iterate_commands, join_lines
from deploy.terminal.language import LANGUAGES, LOCALE

_ROOT = Path(__file__).parents[1]
_FOLDERS = ("cli", "deploy", "lab")
_KEYWORDS = {"_": None, "N_": None}
WRITTEN = datetime(2026, 11, 27, tzinfo=UTC)
"""The date in the catalogs' headers: constant, so that they change with their texts alone."""


def collect_texts() -> Catalog:
    """Every text that the code shows: marked ones, and the help of every command."""
    catalog = Catalog(project="cuiban", creation_date=WRITTEN, revision_date=WRITTEN)
    for folder in _FOLDERS:
        marked = extract_from_dir(_ROOT / folder, [("**.py", "python")], keywords=_KEYWORDS)
        for name, _line, text, _comments, _context in marked:
            catalog.add(text, locations=[(f"{folder}/{name}", 1)])
    for command in iterate_commands(build_command()):
        for text in (command.help, *(getattr(each, "help", "") for each in command.params)):
            if text:
                catalog.add(join_lines(text))
    return catalog


def get_path(language: str) -> Path:
    """Where the catalog of a language is; its compiled form has the suffix `.mo`."""
    return LOCALE / language / "LC_MESSAGES" / "cuiban.po"


def read_catalog(language: str) -> Catalog:
    """The catalog of a language as it is stored."""
    return read_po(BytesIO(get_path(language).read_bytes()), locale=language)


def renew_catalog(language: str, template: Catalog) -> tuple[bytes, bytes]:
    """The catalog with the texts of today, and its compiled form."""
    path = get_path(language)
    catalog = read_catalog(language) if path.exists() else Catalog(locale=language)
    catalog.header_comment = "# Texts of the `cuiban` command. Renew with: make texts"
    catalog.project, catalog.version, catalog.revision_date = "cuiban", "", WRITTEN
    catalog.update(template, no_fuzzy_matching=True)
    if language == "en":
        for message in catalog:
            message.string = message.id
    po, mo = BytesIO(), BytesIO()
    write_po(po, catalog, width=100, ignore_obsolete=True, sort_output=True, include_lineno=False)
    write_mo(mo, catalog)
    return po.getvalue(), mo.getvalue()


def main() -> None:
    """Write the catalogs, and say which texts lack a translation."""
    template = collect_texts()
    for language in LANGUAGES:
        path = get_path(language)
        po, mo = renew_catalog(language, template)
        path.write_bytes(po)
        path.with_suffix(".mo").write_bytes(mo)
        for message in read_catalog(language):
            if message.id and not message.string:
                print(f"{language}: not translated: {message.id}")


if __name__ == "__main__":
    main()
