"""A short message as a gateway gets it. Pure."""

from services.notifier.domain.message import Content
from shared.messages.sms import make_sms_words, write_sms
from shared.messages.wording import Digest


def render_sms(digest: Digest, signature: str) -> Content:
    """The short message for `digest`."""
    secret = digest.door.secret if digest.door else ""
    text = write_sms(digest, signature)
    return Content("", text, secret=secret, words=make_sms_words(digest))
