"""The built-in templates, in the same language as those of an office. Read once, at import."""

from collections.abc import Mapping
from pathlib import Path

from shared.schemas.templates import TemplateKind, TemplateParts

_FOLDER = Path(__file__).parent
_SUBJECT = "{{ subject }}"


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.j2").read_text(encoding="utf-8")


BUILT_IN: Mapping[TemplateKind, TemplateParts] = {
    TemplateKind.DIGEST_MAIL: TemplateParts(
        subject=_SUBJECT, text=_read("digest.txt"), html=_read("digest.html")
    ),
    TemplateKind.DIGEST_SMS: TemplateParts(text="{{ message }}"),
    TemplateKind.DIGEST_GROUP: TemplateParts(subject=_SUBJECT, text=_read("digest.txt")),
    TemplateKind.LINK_MAIL: TemplateParts(
        subject=_SUBJECT, text=_read("link.txt"), html=_read("link.html")
    ),
}
"""By kind. The built-in short message is shortened by rule: `shared.messages.sms`."""
