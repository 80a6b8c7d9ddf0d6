"""Vendors that are asked for receipts, for offices whose network lets no push in."""

from abc import abstractmethod
from zoneinfo import ZoneInfo

from services.notifier.domain.verdicts import Reading
from services.notifier.gateways.exchange import (
    AcceptedMessage,
    Receipt,
    VendorAnswer,
    VendorCall,
    VendorRequest,
)
from services.notifier.gateways.vendors.base import HttpVendor

CHINA = ZoneInfo("Asia/Shanghai")
"""The zone by whose days the vendors of China file their messages."""


class PullingVendor(HttpVendor):
    """A vendor that says on request what became of a message.

    Attributes:
        pull_receipts: whether it is asked. What it pushes is read all the same.
    """

    pull_receipts: bool = False

    @abstractmethod
    def build_receipt_request(self, sent: AcceptedMessage, call: VendorCall) -> VendorRequest:
        """The request that asks what became of a message."""

    @abstractmethod
    def read_receipt_answer(
        self, answer: VendorAnswer, sent: AcceptedMessage
    ) -> Receipt | Reading | None:
        """What became of the message; None while it is in flight, a reading when it isn't told."""
