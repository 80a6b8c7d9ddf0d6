"""The reports that simulated vendors push about what they took."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import ClientError, ClientSession, ClientTimeout

from lab.simulator.faults import VendorFault
from lab.simulator.protocol import Offered, Reply, SimulatedVendor, TakenMessage
from shared.clock import read_machine_time

_KEPT = 100_000
_AFTER, _LATE = 0.05, 3.0  # seconds
_WITHIN = ClientTimeout(total=10)


@dataclass(slots=True)
class PushedReport:
    """A report. `status` is what the receiver answered, 0 when it did not; None if not pushed."""

    vendor: str
    message_id: str
    reply: Reply
    at: datetime
    status: int | None = None


@dataclass
class Reports:
    """The reports of all vendors. `urls`: where they are pushed, by vendor."""

    urls: dict[str, str] = field(default_factory=dict)
    made: deque[PushedReport] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _pushing: set[asyncio.Task[None]] = field(default_factory=set)

    async def send_reports(
        self, vendor: SimulatedVendor, offered: Offered, message: TakenMessage, fault: str
    ) -> None:
        """Push the reports of a message, as the fault wants it."""
        replies = [
            reply
            for number in offered.numbers
            if number not in message.refused
            and (reply := vendor.make_receipt(number, message.id, read_machine_time()))
        ]
        url = offered.callback or self.urls.get(vendor.NAME, "")
        for reply in replies * (2 if fault == VendorFault.DUPLICATE_RECEIPTS else 1):
            report = PushedReport(vendor.NAME, message.id, reply, read_machine_time())
            self.made.append(report)
            if not url:
                continue
            if fault == VendorFault.OUT_OF_ORDER_RECEIPTS:
                await _send_report(url, report, 0)
                continue
            after = _LATE if fault == VendorFault.LATE_RECEIPTS else _AFTER
            task = asyncio.create_task(_send_report(url, report, after))
            self._pushing.add(task)
            task.add_done_callback(self._pushing.discard)

    async def send_text_reply(self, vendor: SimulatedVendor, number: str, text: str) -> int | None:
        """Push what a person answers; the receiver's status, None where it can't be pushed."""
        now = read_machine_time()
        reply, url = vendor.make_text_reply(number, text, now), self.urls.get(vendor.NAME, "")
        if reply is None or not url:
            return None
        report = PushedReport(vendor.NAME, "", reply, now)
        await _send_report(url, report, 0)
        return report.status

    def stop(self) -> None:
        """Push nothing more."""
        for task in list(self._pushing):
            task.cancel()


async def _send_report(url: str, report: PushedReport, after: float) -> None:
    await asyncio.sleep(after)
    headers = {"content-type": report.reply.content_type}
    try:
        async with (
            ClientSession(timeout=_WITHIN) as session,
            session.post(url, data=report.reply.body, headers=headers) as response,
        ):
            report.status = response.status
    except (ClientError, TimeoutError, OSError):
        report.status = 0
