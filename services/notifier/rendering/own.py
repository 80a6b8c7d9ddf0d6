"""Messages by the templates of an office. Pure."""

from services.notifier.domain.message import Content
from shared.messages.sms import make_sms_words
from shared.messages.templates.rendering import render_parts
from shared.messages.templates.words import make_digest_words, make_link_words
from shared.messages.wording import Digest, Door
from shared.schemas.rules import Channel
from shared.schemas.templates import TemplateKind, TemplateParts

KIND_OF = {
    Channel.EMAIL: TemplateKind.DIGEST_MAIL,
    Channel.SMS: TemplateKind.DIGEST_SMS,
    Channel.WECOM: TemplateKind.DIGEST_GROUP,
    Channel.DINGTALK: TemplateKind.DIGEST_GROUP,
    Channel.FEISHU: TemplateKind.DIGEST_GROUP,
}
"""The kind of template by which a reminder is written on a channel."""


def render_own_digest(
    kind: TemplateKind, parts: TemplateParts, digest: Digest, signature: str
) -> Content:
    """A reminder by a template; `signature` is that of short messages.

    Raises:
        TemplateError: it gives no text that can be sent.
    """
    words = make_digest_words(kind, digest, signature)
    made = render_parts(kind, parts, words, signature)
    secret = digest.door.secret if digest.door else ""
    of_template = make_sms_words(digest) if kind is TemplateKind.DIGEST_SMS else {}
    return Content(made.subject, made.text, made.html, secret, of_template)


def render_own_link_mail(parts: TemplateParts, office: str, unit: str, door: Door) -> Content:
    """The mail with a new link by a template.

    Raises:
        TemplateError: it gives no text that can be sent.
    """
    words = make_link_words(office, unit, door)
    made = render_parts(TemplateKind.LINK_MAIL, parts, words)
    return Content(made.subject, made.text, made.html, door.secret)
