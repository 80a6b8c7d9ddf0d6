"""What a template may not say is refused before it is published, with its part and line."""

from collections.abc import Mapping

import pytest

from shared.messages.templates.builtin import BUILT_IN
from shared.messages.templates.checking import check_template
from shared.messages.templates.names import Leaf, NameType, Record, Series, list_names
from shared.messages.templates.samples import list_samples
from shared.schemas.templates import PARTS, TemplateKind

MAIL, SMS = TemplateKind.DIGEST_MAIL, TemplateKind.DIGEST_SMS
LINK = "{% if door %}{{ door.address }}{% endif %}"
ANCHOR = '{% if door %}<a href="{{ door.address }}">办理</a>{% endif %}'
CODE = "{% if door %}{{ door.address }} 办理码{{ door.secret }}{% endif %}"


def find(kind: TemplateKind, **parts: str) -> list[tuple[str, int, str]]:
    """Part, line and code of each problem of the built-in template with other parts."""
    changed = BUILT_IN[kind].model_copy(update=parts)
    check = check_template(kind, changed, "盐亭政务公开")
    for each in check.problems:
        assert "。" in each.message, "Chinese comes first"
    return [(each.path, each.mark.line, each.code) for each in check.problems]


@pytest.mark.parametrize("kind", TemplateKind)
def test_the_built_in_templates_pass_their_own_check(kind: TemplateKind) -> None:
    check = check_template(kind, BUILT_IN[kind], "盐亭政务公开")
    assert check.problems == ()
    assert check.sms_parts == ((1, 2) if kind is SMS else None)


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("甲\n{{ untit }}", 2, "unknown-name"),
        ("{% for line in lines %}\n{{ line.txet }}{% endfor %}", 2, "unknown-name"),
        ("{{ unit.__class__ }}", 1, "unknown-name"),
        ("{{ ''.__class__.__mro__ }}", 1, "unknown-name"),
        ("{{ lines }}", 1, "not-text"),
        ("{{ figures }}", 1, "not-text"),
        ("{{ 'a' * 1000000000 }}", 1, "not-allowed"),
        ("{{ 9 ** 9 ** 9 }}", 1, "not-allowed"),
        ("{{ '%999999999d' % 1 }}", 1, "not-allowed"),
        ("{{ unit ~ unit }}", 1, "not-allowed"),
        ("{% set x = 1 %}", 1, "not-allowed"),
        ("{{ unit.upper() }}", 1, "not-allowed"),
        ("{{ unit[0] }}", 1, "not-allowed"),
        ("{{ unit|center(100000000) }}", 1, "not-allowed"),
        ("{{ unit|truncate(figures.items) }}", 1, "not-allowed"),
        ("{% include 'x' %}", 1, "not-allowed"),
        ("{% macro m() %}{% endmacro %}", 1, "not-allowed"),
        ("{% for i in range(10) %}{% endfor %}", 1, "loop"),
        ("{% for c in 'abc' %}{{ c }}{% endfor %}", 1, "loop"),
        ("{% for a in lines %}{% for b in lines %}{% endfor %}{% endfor %}", 1, "loop"),
        ("{% for a in lines recursive %}{% endfor %}", 1, "loop"),
        ("{{ unit|safe }}", 1, "unescaped"),
        ("{{ door.address|truncate(20) }}", 1, "secret"),
        ("\n{{ door.address }}", 2, "no-value"),
        ("{% if unit %}", 1, "syntax"),
        ("{{ unit\n", 2, "syntax"),
        ("{{ " + "(" * 3000 + ")" * 3000 + " }}", 1, "syntax"),
        ("{% for a in lines %}" + "{{ a.ref }}" * 300 + "{% endfor %}", 1, "too-much"),
    ],
)
def test_what_is_no_part_of_the_language_is_told_with_its_line(
    text: str, line: int, code: str
) -> None:
    assert find(MAIL, text=text + LINK)[0] == ("text", line, code)


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<script>{{ unit }}</script>", "markup"),
        ("<style>{{ unit }}</style>", "unescaped"),
        ("<td title={{ unit }}>甲</td>", "unescaped"),
        ("<{{ unit }}>", "unescaped"),
        ("<td {{ unit }}='x'>", "unescaped"),
        ("<a href='{{ unit }}'>甲</a>", "unescaped"),
        ("<a href='javascript:alert(1)'>甲</a>", "unescaped"),
        ("<p onclick='x'>甲</p>", "markup"),
        ("<img src='https://a.example/b.png'>", "markup"),
        ("<p style='background: url (https://a.example)'>甲</p>", "markup"),
        ("<style>@import 'a.css'</style>", "markup"),
        ("{{ unit|safe }}", "unescaped"),
        ("{% autoescape false %}{{ unit }}{% endautoescape %}", "unescaped"),
    ],
)
def test_markup_in_which_a_value_would_do_harm_is_refused(html: str, code: str) -> None:
    assert (("html", 3, code)) in find(MAIL, html=f"甲\n乙\n{html}{ANCHOR}")


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("甲\nBcc: a@b.example", "subject"),
        ("甲\r\nBcc: a@b.example", "subject"),
        ("{{ unit }}" * 20, "subject"),
        ("{% if escalated %}甲{% endif %}", "subject"),
        ("{{ door.address }}", "unknown-name"),
        ("  ", "missing"),
    ],
)
def test_a_subject_is_one_line_without_the_link(subject: str, code: str) -> None:
    assert {found[2] for found in find(MAIL, subject=subject)} == {code}


def test_the_way_into_the_portal_stays_in_every_part() -> None:
    assert find(MAIL, text="您好") == [("text", 1, "no-link")]
    assert find(MAIL, html="<p>您好</p>") == [("html", 1, "no-link")]
    assert find(SMS, text="{{ unit }}") == [("text", 1, "no-link")]
    only_address = "{% if door %}{{ door.address }}{% endif %}"
    assert find(SMS, text=only_address + "甲") == [("text", 1, "no-link")]
    assert find(TemplateKind.DIGEST_GROUP, text="您好") == []


def test_a_short_message_is_counted_with_its_signature() -> None:
    assert find(SMS, text="{% for line in lines %}{{ line.text }}{% endfor %}" + CODE) == [
        ("text", 1, "sms-parts")
    ]
    assert find(SMS, text="【甲】{{ message }}") == [("text", 1, "signature")]
    fits = "甲" * 32 + "{% if door %}{{ door.address }}{{ door.secret }}{% endif %}"
    parts = BUILT_IN[SMS].model_copy(update={"text": fits})
    assert check_template(SMS, parts, "四个字啊").sms_parts == (1, 1)
    assert check_template(SMS, parts, "四个字啊啊").sms_parts == (1, 2)


@pytest.mark.parametrize("kind", TemplateKind)
def test_each_name_has_a_value_in_some_message_and_no_value_lacks_a_name(
    kind: TemplateKind,
) -> None:
    names = {name: of for part in PARTS[kind] for name, of in list_names(kind, part).items()}
    samples = list(list_samples(kind))
    for words in samples:
        assert words.keys() == names.keys()
        for name, of in names.items():
            _compare(words[name], of)


def _compare(value: object, of: NameType) -> None:
    """A value is of the type that its name says; a door may be missing."""
    match of:
        case Leaf():
            types = {Leaf.TEXT: str, Leaf.NUMBER: int, Leaf.FLAG: bool}
            assert isinstance(value, types[of])
        case Record():
            fields: Mapping[str, NameType] = {} if value is None else of.fields
            for name, inner in fields.items():
                _compare(getattr(value, name), inner)
        case Series():
            assert isinstance(value, list)
            for each in value:
                _compare(each, of.of)
