"""Vendors that push what people answer to short messages."""

from abc import abstractmethod
from collections.abc import Iterable

from services.notifier.gateways.exchange import TextReply
from services.notifier.gateways.vendors.base import HttpVendor, hash_hex


class ReplyingVendor(HttpVendor):
    """A vendor with replies.

    Attributes:
        replies: whether the contract has them, so that a message says how to answer and what
            comes is read.
    """

    replies: bool = False

    @abstractmethod
    def read_replies(self, body: bytes) -> list[TextReply]:
        """The replies in what the vendor pushes; none when it has none or is not understood."""


def name_reply(parts: Iterable[object]) -> str:
    """What tells a reply from others, for a vendor without an id of replies."""
    return hash_hex("\x1f".join(map(str, parts)).encode("utf-8", "replace"))
