"""An e-mail by the built-in templates. Pure: they are compiled once, without a sandbox."""

from collections.abc import Sequence

from jinja2 import DictLoader, Environment, StrictUndefined, Template, select_autoescape
from markupsafe import escape

from services.notifier.domain.calendar_entries import CalendarEntry
from services.notifier.domain.message import Content
from shared.messages.templates.builtin import BUILT_IN
from shared.messages.templates.words import (
    Words,
    cut_subject,
    make_digest_words,
    make_link_words,
)
from shared.messages.wording import Digest, Door, clean
from shared.schemas.templates import TemplateKind

_DIGEST, _LINK = BUILT_IN[TemplateKind.DIGEST_MAIL], BUILT_IN[TemplateKind.LINK_MAIL]
_environment = Environment(
    loader=DictLoader(
        {
            "digest.txt": _DIGEST.text,
            "digest.html": _DIGEST.html,
            "link.txt": _LINK.text,
            "link.html": _LINK.html,
        }
    ),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_text, _html = _environment.get_template("digest.txt"), _environment.get_template("digest.html")
_link_text = _environment.get_template("link.txt")
_link_html = _environment.get_template("link.html")


def render_mail(digest: Digest) -> Content:
    """The e-mail for `digest`."""
    words = make_digest_words(TemplateKind.DIGEST_MAIL, digest)
    return _fill(_text, _html, words, digest.door)


def render_link_mail(office: str, unit: str, door: Door) -> Content:
    """The e-mail with a new link, for a contact who asked for one."""
    return _fill(_link_text, _link_html, make_link_words(office, unit, door), door)


def render_cancellation(office: str, unit: str, entries: Sequence[CalendarEntry]) -> Content:
    """The mail that takes due dates out of a contact's calendar."""
    several = f"等{len(entries)}项" if len(entries) > 1 else ""
    subject = cut_subject(f"【日程取消】{unit}：{entries[0].summary}{several}")
    why = "以下事项已办结或不再需要办理，附件用于从日历中删去："
    names = [f"{entry.due_on} {entry.summary}" for entry in entries]
    text = "\n".join([f"{clean(unit)}：", "", why, *names, "", clean(office)])
    listed = "".join(f"<li>{escape(name)}</li>" for name in names)
    html = (
        f"<p>{escape(clean(unit))}：</p><p>{why}</p><ul>{listed}</ul><p>{escape(clean(office))}</p>"
    )
    return Content(subject, f"{text}\n", html, calendar=tuple(entries))


def _fill(text: Template, html: Template, words: Words, door: Door | None) -> Content:
    secret = door.secret if door else ""
    return Content(words["subject"], text.render(words), html.render(words), secret)
