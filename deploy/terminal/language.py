"""The language of the command: its texts are looked up in the catalogs in `locale/`.

A text in the code is English, and its own key. `tools/texts.py` collects the texts.
"""

from collections.abc import Mapping
from gettext import NullTranslations, translation
from pathlib import Path

from deploy.terminal.errors import WrongUseError

LANGUAGES = ("zh", "en")
LOCALE = Path(__file__).parent / "locale"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class _Texts:
    """The language in use, one for a process, and its catalog."""

    language = "en"
    catalog: NullTranslations = NullTranslations()


def choose_language(named: str | None, environment: Mapping[str, str]) -> str:
    """`zh` or `en`: the named one, else the first that a locale variable names, else Chinese.

    Raises:
        WrongUseError: `named` is neither.
    """
    if named is not None and named not in LANGUAGES:
        raise WrongUseError(
            _("There are no texts in the language {name}.").format(name=named),
            _("Use --lang zh or --lang en."),
        )
    locales = [environment.get(variable, "")[:2].lower() for variable in _VARIABLES]
    return next((name for name in (named, *locales) if name in LANGUAGES), LANGUAGES[0])


def use_language(language: str) -> None:
    """Look up all later texts in the catalog of a language."""
    _Texts.language = language
    _Texts.catalog = translation("cuiban", LOCALE, [language])


def get_language() -> str:
    """The language in use."""
    return _Texts.language


def translate(text: str) -> str:
    """The text in the language in use."""
    return _Texts.catalog.gettext(text) if text else ""


def mark_text(text: str) -> str:
    """The text as it is; marks a constant that is translated when it is shown."""
    return text


_ = translate
N_ = mark_text
