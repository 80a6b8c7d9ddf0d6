"""The languages of the pages. A text in the code is Chinese and its own key.

The catalogs in `locale/` are gettext files, read when the process starts. `make texts` collects the
texts of templates and code.
"""

from collections.abc import Mapping
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
LOCALE = Path(__file__).parents[1] / "locale"


def load_catalogs() -> Mapping[str, GNUTranslations]:
    """The catalog of each language."""
    return {language: _load(LOCALE / f"{language}.po", language) for language in LANGUAGES}


def _load(path: Path, language: str) -> GNUTranslations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def choose_language(chosen: str) -> str:
    """The language that a person chose, else Chinese.

    The language of the browser is not asked: many PCs of Chinese offices run an English one.
    """
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def mark_text(text: str) -> str:
    """The text as it is; marks a constant that is translated when it is shown."""
    return text


N_ = mark_text
