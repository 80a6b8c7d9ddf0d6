"""The catalogs of the pages are complete."""

import re
from collections import Counter
from pathlib import Path

import pytest

from services.console.texts.languages import LANGUAGES, choose_language
from tools import page_texts

_FIELD = re.compile(r"%\(\w+\)s")
_CHINESE = re.compile(r"[\u3001-\u303f\u3400-\u9fff]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_pages_is_in_the_catalog_and_translated(language: str) -> None:
    """Else run `make texts`, and translate what it lists."""
    catalog = {str(each.id): each for each in page_texts.read_catalog(language) if each.id}
    collected = {str(each.id) for each in page_texts.collect_texts() if each.id}
    assert catalog.keys() == collected
    for text, message in catalog.items():
        assert message.string, f"not translated: {text}"
        assert not message.fuzzy, f"fuzzy: {text}"
        fields = Counter(_FIELD.findall(text))
        assert fields == Counter(_FIELD.findall(str(message.string))), text


def test_a_text_is_chinese_and_its_translation_is_not() -> None:
    for message in page_texts.read_catalog("en"):
        if message.id:
            assert _CHINESE.search(str(message.id)), f"no Chinese text: {message.id}"
            assert not _CHINESE.search(str(message.string)), f"Chinese in English: {message.string}"


def test_every_chinese_text_of_the_pages_is_collected() -> None:
    """Else mark it with `N_`, or give `tools/page_texts.py` the name that it is called by."""
    collected = {str(each.id) for each in page_texts.collect_texts()}
    assert list(page_texts.find_uncollected(page_texts.CONSOLE, collected)) == []


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("a.py", 'tell = visit.gettext\ntell("已保存。")', ["a.py:2: 已保存。"]),
        ("a.py", 'text = f"共{number}项"', ["a.py:1: 共", "a.py:1: 项"]),
        ("a.py", 'text = N_("已收集")', []),
        ("a.py", 'text = "没有。There is none."', []),
        ("a.py", '"""说明"""\nre.compile("日?")', []),
        ("a.html", '<p title="标题">{{ _("已收集") }}</p>{# 注 #}', ["a.html: 标题"]),
        ("a.html", "{% trans n=1 %}共 {{ n }} 项{% endtrans %}<p>另有</p>", ["a.html: 另有"]),
        ("a.html", "{{ show('表格') }}", ["a.html: 表格"]),
    ],
)
def test_a_chinese_text_that_is_not_collected_is_found(
    tmp_path: Path, name: str, source: str, found: list[str]
) -> None:
    (tmp_path / name).write_text(source, "utf-8")
    assert list(page_texts.find_uncollected(tmp_path, {"已收集"})) == found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stored_catalog_is_as_make_texts_writes_it(language: str) -> None:
    renewed = page_texts.renew_catalog(language, page_texts.collect_texts())
    assert page_texts.get_path(language).read_bytes() == renewed


def test_the_language_is_the_chosen_one_else_chinese() -> None:
    assert choose_language("en") == "en"
    assert choose_language("zh") == "zh"
    assert choose_language("") == "zh"
    assert choose_language("fr") == "zh"
