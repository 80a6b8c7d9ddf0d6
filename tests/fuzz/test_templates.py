"""Whatever a template says, it is refused, or writes every kind of message harmlessly."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from shared.messages.templates.builtin import BUILT_IN
from shared.messages.templates.checking import check_template
from shared.messages.templates.file import read_template_file
from shared.messages.templates.rendering import render_parts
from shared.messages.templates.samples import list_samples
from shared.messages.templates.sandbox import TemplateError, compile_part
from shared.schemas.templates import PARTS, TemplateKind, TemplateParts
from tests.fuzz.hostile import TEXTS
from tests.fuzz.profiles import fuzzed

PIECES = st.sampled_from(
    [
        *("{{ unit }}", "{{ subject }}", "{{ door.address }}", "{{ door.secret }}", "{{ lines }}"),
        *("{% if door %}", "{% endif %}", "{% else %}", "{% for line in lines %}", "{% endfor %}"),
        *("{{ line.text }}", "{{ loop.index }}", "{{ figures.late }}", "{{ unit|truncate(3) }}"),
        *("{{ unit|safe }}", "{{ ''.__class__ }}", "{{ 9 ** 9 }}", "{% set a = 1 %}", "{{ a() }}"),
        *("{% raw %}", "{% endraw %}", "{#", "#}", "{{", "}}", "{%", "%}", "\n", "|", "~", "("),
        *("<a href='", "'>", "<b title=", ">", "</a>", "<script>", "<!--", "-->", "<", "style="),
    ]
)
HOSTILE = st.sampled_from([text for text in TEXTS if "\ud800" not in text])
SOURCES = st.lists(
    PIECES | HOSTILE | st.text(st.characters(codec="utf-8"), max_size=8), max_size=12
).map("".join)


LONGEST = {"subject": 300, "text": 20_000, "html": 60_000}


class Scripts(HTMLParser):
    """Tags and attributes that no mail may have."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bad += [tag] if tag in {"script", "iframe", "form", "某"} else []
        self.bad += [name for name, _ in attrs if name.startswith("on") or "某" in name]


@fuzzed
@given(st.sampled_from(TemplateKind), st.sampled_from(("subject", "text", "html")), SOURCES)
def test_a_template_is_refused_or_writes_every_message(
    kind: TemplateKind, part: str, source: str
) -> None:
    built_in = BUILT_IN[kind].model_dump()
    parts = TemplateParts(**(built_in | {part: (built_in[part] + source)[: LONGEST[part]]}))
    check = check_template(kind, parts, "签名")
    if check.problems:
        assert all(problem.mark.line >= 1 and problem.message for problem in check.problems)
        return
    for words in list_samples(kind, "签名"):
        made = render_parts(kind, parts, words, "签名")
        assert "\n" not in made.subject
        page = Scripts()
        page.feed(made.html)
        assert page.bad == []


@fuzzed
@given(st.sampled_from(TemplateKind), SOURCES)
def test_what_was_never_checked_is_compiled_or_refused(kind: TemplateKind, source: str) -> None:
    told = []
    for part in PARTS[kind]:
        try:
            compile_part(kind, part, source)
        except TemplateError as error:
            told.append(str(error))
    assert all(told)


@fuzzed
@given(SOURCES | st.text(max_size=80))
def test_whatever_a_file_holds_it_is_read_or_refused(text: str) -> None:
    for file in (text, f"kind: digest-sms\ntext: |\n  {text}\n"):
        reading = read_template_file(file)
        assert reading.file is not None or reading.problems
