"""Pages from templates: Jinja, autoescaped, an unknown name is an error."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.console.texts import message_words, plan_words, wording
from services.console.texts.languages import load_catalogs
from services.console.texts.wording import Wording
from shared.api.problems import choose_part

STATIC = Path(__file__).parents[1] / "static"
_TEMPLATES = Path(__file__).parents[1] / "templates"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "light": wording.LIGHTS,
    "actor": wording.ACTORS,
    "status": wording.STATUSES,
    "kind": wording.KINDS,
    "role": wording.ROLES,
    "post": wording.POSTS,
    "owner": wording.OWNERS,
    "channel": wording.CHANNELS,
    "why": wording.REASONS,
    "plan_status": plan_words.PLAN_STATUSES,
    "doubt": plan_words.DOUBTS,
    "settlement": plan_words.SETTLEMENTS,
    "joint": plan_words.JOINTS,
    "period": plan_words.PERIODS,
    "scope": wording.SCOPES,
    "message_status": message_words.STATUSES,
    "message_action": message_words.ACTIONS,
    "refusal": message_words.REFUSALS,
    "outcome": {**wording.REASONS, **message_words.OUTCOMES},
    "test_outcome": {**wording.REASONS, **message_words.OUTCOMES, **message_words.UNSENT},
    "circuit": message_words.CIRCUITS,
    "letter_state": message_words.LETTER_STATES,
    "obstacle": message_words.OBSTACLES,
}
"""Filters that name a closed word: `{{ item.status | status }}`."""


class PageTemplates:
    """The templates in every language, and the addresses of static files."""

    def __init__(self) -> None:
        versions = {path.name: _hash_file(path) for path in STATIC.iterdir() if path.is_file()}
        self.wordings: dict[str, Wording] = {}
        self._environments: dict[str, Environment] = {}
        for language, catalog in load_catalogs().items():
            self.wordings[language] = Wording(language, catalog.gettext)
            environment = _make_environment()
            # The extension adds this method, which mypy can't see.
            environment.install_gettext_translations(catalog, newstyle=True)  # type: ignore[attr-defined]
            _add_filters(environment, self.wordings[language])
            environment.globals["static"] = lambda name: f"/static/{name}?v={versions[name]}"
            environment.globals["language"] = language
            self._environments[language] = environment

    def render(self, language: str, template: str, values: Mapping[str, Any]) -> str:
        """A template with its values, in a language."""
        return self._environments[language].get_template(template).render(values)


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    return environment


def _add_filters(environment: Environment, words: Wording) -> None:
    environment.filters["date"] = words.write_date
    environment.filters["weekday"] = words.name_weekday
    environment.filters["moment"] = words.write_moment
    environment.filters["second"] = words.write_second
    environment.filters["part"] = lambda text: choose_part(text, words.language)
    for name, named in _WORDS.items():
        environment.filters[name] = lambda value, named=named: words.name_value(value, named)


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
