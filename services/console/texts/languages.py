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


def choose_language(chosen: str, accepted: str) -> str:
    """The language that a person chose, else the first of `Accept-Language` that is known."""
    if chosen in LANGUAGES:
        return chosen
    ranked = sorted(map(_read_weight, accepted.split(",")), key=lambda pair: -pair[1])
    for name, weight in ranked:
        if name in LANGUAGES and weight > 0:
            return name
    return LANGUAGES[0]


def _read_weight(part: str) -> tuple[str, float]:
    name, _, quality = part.partition(";q=")
    try:
        return name.strip()[:2].lower(), float(quality or 1)
    except ValueError:
        return "", 0.0


def mark_text(text: str) -> str:
    """The text as it is; marks a constant that is translated when it is shown."""
    return text


N_ = mark_text
