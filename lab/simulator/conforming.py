"""Tries adapters against simulated vendors: each fault, and what the outcome must be.

A case does not pass when a message could be lost (a refusal or a silence that counts as accepted)
or given up wrongly (a fault of the vendor that counts against the message for good).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from pydantic import SecretStr

from lab.simulator.app import Simulator, serve
from lab.simulator.cases import (
    CASES,
    FOR_NOW,
    PATIENT,
    ConformanceCase,
    is_accepted,
    is_refused_for_now,
)
from lab.simulator.entries import redirect_entry, simulate
from lab.simulator.faults import VendorFault
from lab.simulator.protocol import SimulatedVendor
from services.notifier.domain.message import (
    Content,
    Message,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.gateways.http_gateway import HttpGateway
from services.notifier.gateways.vendors.base import HttpVendor, find_mobile
from services.notifier.gateways.vendors.declared import Declared
from services.notifier.gateways.vendors.replies import ReplyingVendor
from shared.clock import read_machine_time

_ADDRESS, _TEXT = "13800000000", "【政务公开】县教体局：2项任务待办，今日到期。详见台账。"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case ended. `detail` is the outcome, and what was expected when it did not pass."""

    gateway: str
    case: str
    passed: bool
    detail: str


_RECEIPTS = (
    VendorFault.DUPLICATE_RECEIPTS,
    VendorFault.LATE_RECEIPTS,
    VendorFault.OUT_OF_ORDER_RECEIPTS,
)


async def try_all(entries: Sequence[HttpVendor]) -> list[CaseResult]:
    """All cases of all entries; the entries at the same time."""
    results = await asyncio.gather(*(try_gateway(entry) for entry in entries))
    return [result for each in results for result in each]


async def try_gateway(
    entry: HttpVendor,
    cases: Sequence[ConformanceCase] = CASES,
    vendor: SimulatedVendor | None = None,
) -> list[CaseResult]:
    """All cases that a gateway's vendor can have; `vendor` plays it instead of the built-in one."""
    vendor = vendor or simulate(entry)
    simulator = Simulator({vendor.NAME: vendor}, root=vendor.NAME)
    async with serve(simulator) as address:
        trial = _Trial(redirect_entry(entry, address), simulator, vendor)
        results = [
            await trial.try_case(case)
            for case in cases
            if case.why is None or vendor.can_refuse(case.why)
        ]
        if vendor.RECOGNISES:
            results.append(await trial.try_repeat())
        if vendor.SIGNED:
            results.append(await trial.try_wrong_key())
        if vendor.make_receipt(_ADDRESS, "m", read_machine_time()):
            results += [await trial.try_receipts(fault) for fault in _RECEIPTS]
        if vendor.make_text_reply(_ADDRESS, "1", read_machine_time()):
            results.append(trial.try_reply())
    results.append(await trial.try_unreachable())
    return results


class _Trial:
    """One gateway, one vendor."""

    def __init__(self, entry: HttpVendor, simulator: Simulator, vendor: SimulatedVendor) -> None:
        self._entry, self._simulator, self._vendor = entry, simulator, vendor

    async def _send(
        self, message: Message, within: timedelta = PATIENT, entry: HttpVendor | None = None
    ) -> Outcome:
        gateway = HttpGateway(entry or self._entry, timeout=within, now=read_machine_time)
        try:
            return await gateway.send(message)
        finally:
            await gateway.close()

    async def try_case(self, case: ConformanceCase) -> CaseResult:
        before = len(self._simulator.received)
        if case.fault:
            self._simulator.faults.add({"vendor": self._vendor.NAME, "fault": case.fault})
        outcome = await self._send_until_heard(case.timeout)
        taken = len(self._simulator.received) - before
        passed = case.is_expected(outcome) and taken == case.taken
        return self._conclude(case.name, outcome, case.expected, passed=passed)

    async def _send_until_heard(self, within: timedelta) -> Outcome:
        """Send a message; with twice the time where a slow machine had not connected yet."""
        while True:
            outcome = await self._send(_make_message(), within)
            unheard = isinstance(outcome, MessageRefused) and outcome.reason is Refusal.UNREACHABLE
            if not unheard or within >= PATIENT:
                return outcome
            within *= 2

    async def try_repeat(self) -> CaseResult:
        """The same message twice under one id arrives once."""
        before, message = len(self._simulator.received), _make_message()
        outcomes = [await self._send(message), await self._send(message)]
        taken = len(self._simulator.received) - before
        passed = all(map(is_accepted, outcomes)) and taken == 1
        return self._conclude("repeat", outcomes[-1], "accepted, and arrived once", passed=passed)

    async def try_wrong_key(self) -> CaseResult:
        """A key that the vendor does not know blames us, not the message."""
        outcome = await self._send(_make_message(), entry=self._change_secrets())
        passed = is_refused_for_now(outcome)
        return self._conclude("wrong-key", outcome, FOR_NOW, passed=passed)

    def _change_secrets(self) -> HttpVendor:
        """The gateway with other keys."""
        if isinstance(self._entry, Declared):
            others = {name: change_secret(each) for name, each in self._entry.secrets.items()}
            return self._entry.model_copy(update={"secrets": others})
        secrets = self._vendor.SECRETS & type(self._entry).model_fields.keys() - {"url"}
        changed = {name: change_secret(getattr(self._entry, name)) for name in secrets}
        return self._entry.model_copy(update=changed)

    async def try_receipts(self, fault: str) -> CaseResult:
        """Every report names the message as the answer did, also twice and before the answer."""
        reports = self._simulator.reports
        reports.made.clear()
        self._simulator.faults.add({"vendor": self._vendor.NAME, "fault": fault})
        outcome = await self._send(_make_message())
        receipts = [
            receipt
            for report in reports.made
            for receipt in self._entry.read_receipts(report.reply.body)
        ]
        message_id = outcome.gateway_message_id if isinstance(outcome, MessageAccepted) else ""
        passed = len(receipts) == (2 if fault == VendorFault.DUPLICATE_RECEIPTS else 1) and all(
            each.message_id == message_id and each.delivered for each in receipts
        )
        return self._conclude(fault, outcome, f"delivered {message_id}: {receipts}", passed=passed)

    def try_reply(self) -> CaseResult:
        """A reply that is pushed twice is one of the number, with its text."""
        pushed = self._vendor.make_text_reply(_ADDRESS, "1", read_machine_time())
        body = pushed.body if pushed else b""
        entry = self._entry
        replies = entry.read_replies(body) * 2 if isinstance(entry, ReplyingVendor) else []
        texts = {(each.reply_id, find_mobile(each.mobile), each.text) for each in replies}
        passed = len(texts) == 1 and next(iter(texts))[1:] == (_ADDRESS, "1")
        return CaseResult(entry.name, "reply", passed, f"read: {sorted(texts)}")

    async def try_unreachable(self) -> CaseResult:
        """Where nothing listens any more, nothing was sent."""
        outcome = await self._send(_make_message())
        reason = outcome.reason if isinstance(outcome, MessageRefused) else None
        passed = reason is Refusal.UNREACHABLE
        return self._conclude("unreachable", outcome, "refused as unreachable", passed=passed)

    def _conclude(self, case: str, outcome: Outcome, expected: str, *, passed: bool) -> CaseResult:
        match outcome:
            case MessageAccepted():
                detail = "accepted"
            case MessageRefused(reason=reason, permanent=permanent):
                detail = f"refused: {reason}{', for good' if permanent else ''} {outcome.detail}"
            case OutcomeUnknown():
                detail = f"unknown: {outcome.detail}"
        detail = detail.strip() if passed else f"{detail.strip()}; expected: {expected}"
        return CaseResult(self._entry.name, case, passed, detail)


def _make_message() -> Message:
    name = uuid4()
    return Message(name, _ADDRESS, "县教体局", Content("", f"{_TEXT}{name.hex[:6]}"))


def change_secret(secret: SecretStr | None) -> SecretStr | None:
    """Another secret of the same form."""
    if secret is None:
        return None
    text = secret.get_secret_value()
    other = "B" if text[10:11] != "B" else "C"
    return SecretStr(text[:10] + other + text[11:] if len(text) > 10 else f"{text}x")  # noqa: PLR2004 - after `whsec_`
