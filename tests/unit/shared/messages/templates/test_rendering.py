"""A template can neither exhaust a process nor end a header, whatever it says."""

from dataclasses import replace
from typing import Any

import pytest
from markupsafe import escape

from shared.messages.templates.builtin import BUILT_IN
from shared.messages.templates.rendering import render_parts
from shared.messages.templates.samples import list_samples
from shared.messages.templates.sandbox import MOST_STEPS, TemplateError, compile_part
from shared.messages.templates.words import SUBJECT_LIMIT
from shared.messages.wording import ItemLine
from shared.schemas.templates import TemplateKind, TemplateParts

MAIL, SMS = TemplateKind.DIGEST_MAIL, TemplateKind.DIGEST_SMS


def make_words(kind: TemplateKind = MAIL, **more: Any) -> dict[str, Any]:
    return next(list_samples(kind)) | more


def change(kind: TemplateKind = MAIL, **parts: str) -> TemplateParts:
    return BUILT_IN[kind].model_copy(update=parts)


@pytest.mark.parametrize(
    "source",
    ["{% for i in range(9) %}{% endfor %}", "{{ unit.__class__ }}", "{{ 9 ** 9 }}", "{{ unit"],
)
def test_what_was_not_checked_is_refused_again_before_it_runs(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_part(MAIL, "text", source)


def test_the_steps_are_counted_before_anything_is_rendered() -> None:
    words = make_words()
    (line,) = words["lines"]
    compiled = compile_part(MAIL, "text", "{% for line in lines %}{{ line.text }}{% endfor %}")
    most = MOST_STEPS // compiled.steps_of_item
    with pytest.raises(TemplateError, match="too many steps"):
        compiled.render(words | {"lines": [line] * (most + 1)})
    assert compiled.render(words | {"lines": [line] * 3}) == line.text * 3


def test_a_text_is_given_up_as_soon_as_it_is_too_long() -> None:
    words = make_words()
    (line,) = words["lines"]
    made = 0

    class Long(list[ItemLine]):
        def __iter__(self) -> Any:
            nonlocal made
            for _ in range(1000):
                made += 1
                yield replace(line, text="字" * 100_000)

    compiled = compile_part(MAIL, "text", "{% for line in lines %}{{ line.text }}{% endfor %}")
    with pytest.raises(TemplateError, match="too long"):
        compiled.render(words | {"lines": Long()})
    assert made < 30


def test_a_name_without_a_value_is_told_with_its_line() -> None:
    compiled = compile_part(MAIL, "text", "甲\n乙{{ door.address }}")
    with pytest.raises(TemplateError) as caught:
        compiled.render(make_words(door=None))
    assert caught.value.line == 2


def test_no_word_ends_the_subject() -> None:
    hostile = "县局\r\nBcc: a@b.example\u2028\u202e"
    made = render_parts(MAIL, change(subject="{{ unit }}\n{{ office }}"), make_words(unit=hostile))
    assert made.subject.isprintable()
    assert "\n" not in made.subject
    assert len(made.subject) <= SUBJECT_LIMIT
    long = render_parts(MAIL, change(subject="{{ unit }}"), make_words(unit="局" * 500))
    assert len(long.subject) == SUBJECT_LIMIT


def test_text_and_html_see_the_subject_that_the_template_made() -> None:
    parts = change(subject="{{ unit }}的{{ subject }}", html="<p>{{ subject }}</p>")
    words = make_words(door=None)
    made = render_parts(MAIL, parts, words)
    assert made.subject == f"{words['unit']}的{words['subject']}"
    assert made.html == f"<p>{escape(made.subject)}</p>"


def test_a_text_without_the_link_is_none() -> None:
    with pytest.raises(TemplateError, match="link"):
        render_parts(MAIL, change(text="您好"), make_words())


def test_a_short_message_is_one_line_with_the_signature_and_not_too_long() -> None:
    words = make_words(SMS, door=None)
    made = render_parts(SMS, change(SMS, text="甲\n乙"), words, "政务公开")
    assert (made.subject, made.text, made.html) == ("", "【政务公开】甲 乙", "")
    with pytest.raises(TemplateError, match="too many parts"):
        render_parts(SMS, change(SMS, text="甲" * 250), words, "政务公开")
