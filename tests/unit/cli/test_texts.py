"""The catalogs of the command's texts are complete, and each language is whole."""

import ast
import re
from pathlib import Path

import pytest

from deploy.command import build_command
from deploy.terminal.help import iterate_commands, join_lines
from deploy.terminal.language import LANGUAGES, choose_language
from shared.errors import CuibanError
from tools import texts

ROOT = Path(__file__).parents[3]
_SENTENCE = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")
_FIELD = re.compile(r"\{\w*(?::[^}]*)?\}")


def list_marked_texts() -> set[str]:
    """The literals that are passed to `_` and `N_`, those within f-strings included."""
    marked: set[str] = set()
    for folder in ("cli", "deploy", "lab"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "N_"}:
                    text = node.args[0]
                    if isinstance(text, ast.Constant):
                        marked.add(text.value)
                    else:
                        assert not isinstance(text, ast.JoinedStr), f"{path}: {ast.unparse(text)}"
    return marked


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_code_is_in_the_catalog_and_translated(language: str) -> None:
    catalog = {str(each.id): each for each in texts.read_catalog(language) if each.id}
    helps = {
        join_lines(text)
        for command in iterate_commands(build_command())
        for text in (command.help, *(each.help for each in command.params))
        if text
    }
    assert catalog.keys() == list_marked_texts() | helps
    for text, message in catalog.items():
        assert message.string, f"not translated: {text}"
        assert not message.fuzzy, f"fuzzy: {text}"
        assert sorted(_FIELD.findall(text)) == sorted(_FIELD.findall(str(message.string)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_is_that_of_the_texts(language: str) -> None:
    """Else run `make texts`."""
    po, mo = texts.renew_catalog(language, texts.collect_texts())
    path = texts.get_path(language)
    assert path.read_bytes() == po
    assert path.with_suffix(".mo").read_bytes() == mo


def test_english_is_what_the_code_says() -> None:
    assert all(each.string == each.id for each in texts.read_catalog("en") if each.id)


def test_chinese_help_has_no_english_sentence(cuiban) -> None:
    def call(command, *names: str) -> None:
        shown = cuiban("--lang", "zh", *names, "--help")
        assert shown.status == 0
        plain = re.sub(r"用法：.*|`[^`]*`|<[^>]*>", "", shown.out)
        assert not _SENTENCE.search(plain), f"{names}: {_SENTENCE.search(plain)}"
        for name, child in getattr(command, "commands", {}).items():
            call(child, *names, name)

    call(build_command())


@pytest.mark.parametrize(
    ("named", "environment", "language"),
    [
        (None, {}, "zh"),
        ("en", {"LC_ALL": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "en_US.UTF-8"}, "en"),
        (None, {"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "zh"),
        (None, {"LANG": "C.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_the_option_else_the_locale_else_chinese(
    named: str | None, environment: dict[str, str], language: str
) -> None:
    assert choose_language(named, environment) == language


def test_another_language_is_refused(cuiban) -> None:
    with pytest.raises(CuibanError, match="--lang zh or --lang en"):
        choose_language("fr", {})
    assert cuiban("--lang", "fr", "ledger").status == 2
