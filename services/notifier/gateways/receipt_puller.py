"""Asks a vendor what became of a message."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from services.notifier.domain.message import get_detail
from services.notifier.domain.verdicts import Reading
from services.notifier.gateways.exchange import AcceptedMessage, Receipt, VendorAnswer, VendorCall
from services.notifier.gateways.http import HttpClient
from services.notifier.gateways.vendors.pulling import PullingVendor

AT_ONCE = 4
"""Questions to one vendor at the same time."""


class NotToldError(Exception):
    """A vendor did not answer a question; the text says why, without secrets."""


class ReceiptPuller:
    """Asks one vendor for receipts.

    Raises:
        CertificateError: the vendor's `ca_file` can't be used.
    """

    def __init__(
        self, vendor: PullingVendor, *, timeout: timedelta, now: Callable[[], datetime]
    ) -> None:
        self.vendor, self._now = vendor, now
        self._client = HttpClient(concurrency=AT_ONCE, timeout=timeout, ca_file=vendor.ca_file)

    async def ask(self, sent: AcceptedMessage) -> Receipt | None:
        """What became of a message; None while the vendor does not know.

        Raises:
            NotToldError: it does not answer, or refuses to say.
        """
        call = VendorCall(self._now(), secrets.token_hex(16))
        answer = await self._client.send(self.vendor.build_receipt_request(sent, call))
        if not isinstance(answer, VendorAnswer):
            raise NotToldError(get_detail(answer) or type(answer).__name__)
        read = self.vendor.read_receipt_answer(answer, sent)
        if isinstance(read, Reading):
            raise NotToldError(read.detail or read.verdict.value)
        return read

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()
