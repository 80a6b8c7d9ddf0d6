"""Reads what gateways push: which vendor it is of, whether it is genuine, and the reports in it."""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifier.gateways.building import build_readers
from services.notifier.gateways.exchange import Push, Receipt, TextReply
from services.notifier.gateways.vendors.base import HttpVendor, find_mobile
from services.notifier.gateways.vendors.replies import ReplyingVendor
from services.notifier.settings import NotifierSettings
from shared.errors import PoisonError
from shared.messages.wording import clean
from shared.schemas.gateway_events import ReceiptReceived, ReceiptsPushed, ReplyReceived

_LONGEST_ID, _LONGEST_DETAIL, _LONGEST_NUMBER = 200, 1000, 40
Readers = Mapping[str, HttpVendor]
"""The gateways over HTTP, by name in lower case."""


@dataclass(frozen=True, slots=True)
class PushContent:
    """What is in a push."""

    receipts: Sequence[ReceiptReceived]
    replies: Sequence[ReplyReceived] = ()


class PushReader:
    """Reads pushes by the file of gateways, as it was last loaded."""

    def __init__(self, load: Callable[[], Readers]) -> None:
        """Load the gateways.

        Raises:
            CuibanError: the file is not valid.
        """
        self._load = load
        self._readers = load()

    @classmethod
    def of_settings(cls, settings: NotifierSettings) -> "PushReader":
        """By the settings' file and addresses; errors as for the constructor."""
        return cls(lambda: build_readers(settings))

    def reload(self) -> None:
        """Load the gateways again; with a file that is not valid the former ones stay.

        Raises:
            CuibanError: the file is not valid.
        """
        self._readers = self._load()

    def read(self, event: ReceiptsPushed) -> PushContent:
        """The reports of a push that say whether a message was delivered, and the replies in it.

        Raises:
            PoisonError: no gateway over HTTP has this name, the signature is wrong, or the body
                can't be read. The dead letter keeps the push.
        """
        vendor = self._readers.get(event.gateway)
        if vendor is None:
            raise PoisonError("unknown-gateway", f"no gateway over HTTP is named {event.gateway}")
        try:
            body = b64decode(event.body)
        except ValueError as error:
            raise PoisonError("not-base64", "the body of the push is not base64") from error
        push = Push(body, dict(event.headers), event.pushed_at)
        if not vendor.is_genuine(push):
            raise PoisonError("bad-signature", f"the signature of {event.gateway} is wrong")
        receipts = [
            make_receipt_event(
                vendor,
                receipt,
                office_id=event.office_id,
                gateway=event.gateway,
                at=event.pushed_at,
            )
            for receipt in vendor.read_receipts(push.body)
            if _is_told(receipt)
        ]
        if not (isinstance(vendor, ReplyingVendor) and vendor.replies):
            return PushContent(receipts)
        return PushContent(receipts, [_to_reply(event, each) for each in vendor.read_replies(body)])


def _is_told(receipt: Receipt) -> bool:
    """Whether a report has an end of a message that can be stored."""
    known = receipt.delivered is not None and len(receipt.message_id) <= _LONGEST_ID
    return known and "\x00" not in receipt.message_id


def _to_reply(push: ReceiptsPushed, reply: TextReply) -> ReplyReceived:
    return ReplyReceived(
        office_id=push.office_id,
        gateway=push.gateway,
        reply_id=clean(reply.reply_id)[:_LONGEST_ID],
        mobile=find_mobile(reply.mobile) or clean(reply.mobile)[:_LONGEST_NUMBER],
        text=clean(reply.text)[:_LONGEST_DETAIL],
        received_at=push.pushed_at,
    )


def make_receipt_event(
    vendor: HttpVendor, receipt: Receipt, *, office_id: UUID, gateway: str, at: datetime
) -> ReceiptReceived:
    """The event of a receipt that was told at `at`; its code is cut to what a table can hold."""
    return ReceiptReceived(
        office_id=office_id,
        gateway=gateway,
        gateway_message_id=receipt.message_id,
        state="delivered" if receipt.delivered else "failed",
        received_at=at,
        detail=receipt.code.replace("\x00", "")[:_LONGEST_DETAIL],
        gone=vendor.is_gone(receipt),
    )
