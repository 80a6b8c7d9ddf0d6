"""Collect the texts of the console's pages into its catalogs: `python -m tools.page_texts`.

A text is Chinese and its own key. English keeps its translations; a new text stays empty there
until somebody translates it, and a test fails until then.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.console.texts.languages import LANGUAGES, LOCALE
from tools.texts import WRITTEN

_CONSOLE = Path(__file__).parents[1] / "services" / "console"
_METHODS = [("templates/**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
_OPTIONS = {
    "templates/**.html": {"silent": "false", "trimmed": "true", "extensions": "jinja2.ext.do"}
}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def collect_texts() -> Catalog:
    """Every text that templates and code show."""
    catalog = Catalog(project="cuiban-console", creation_date=WRITTEN, revision_date=WRITTEN)
    for name, _line, text, _comments, context in extract_from_dir(
        _CONSOLE, _METHODS, _OPTIONS, keywords=_KEYWORDS
    ):
        catalog.add(text, locations=[(name, 1)], context=context)
    return catalog


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


if __name__ == "__main__":
    main()
