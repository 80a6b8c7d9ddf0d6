"""A short message as a gateway gets it. Pure."""

from services.notifier.domain.message import Content
from shared.messages.sms import write_sms
from shared.messages.wording import Digest


def render_sms(digest: Digest, signature: str) -> Content:
    """The short message for `digest`."""
    secret = digest.door.secret if digest.door else ""
    return Content("", write_sms(digest, signature), secret=secret)
