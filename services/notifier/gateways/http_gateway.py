"""A gateway over HTTP: what its vendor builds is sent, and what it answers is concluded from."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from services.notifier.domain.message import (
    Message,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.verdicts import Reading, Verdict, conclude
from services.notifier.gateways.exchange import Token, VendorAnswer, VendorCall
from services.notifier.gateways.http import HttpClient, parse_retry_after, tidy
from services.notifier.gateways.vendors.base import HttpVendor, UnsendableError

_BEFORE_END = timedelta(minutes=5)
"""So long before its end a token is renewed."""


class HttpGateway:
    """Sends messages through one vendor. An access token is kept until shortly before its end.

    Raises:
        CertificateError: the vendor's `ca_file` can't be used.
    """

    def __init__(
        self, vendor: HttpVendor, *, timeout: timedelta, now: Callable[[], datetime]
    ) -> None:
        self.name = vendor.name
        self._vendor, self._now = vendor, now
        self._client = HttpClient(
            concurrency=vendor.concurrency, timeout=timeout, ca_file=vendor.ca_file
        )
        self._token: Token | None = None
        self._token_until: datetime | None = None

    async def send(self, message: Message) -> Outcome:
        """Send a message once; when only the access token had ended, again with a new one."""
        try:
            outcome, ended = await self._send(message)
            if ended:
                self._token = None
                outcome, _ = await self._send(message)
        except UnsendableError as error:
            return MessageRefused(Refusal.BAD_ADDRESS, permanent=True, detail=str(error))
        return outcome

    async def _send(self, message: Message) -> tuple[Outcome, bool]:
        """The outcome, and whether the access token had ended."""
        call = self._make_call()
        token = await self._get_token(call)
        if isinstance(token, MessageRefused):
            return token, False
        call = replace(call, token=token)
        answer = await self._client.send(self._vendor.build_request(message, call))
        if not isinstance(answer, VendorAnswer):
            return answer, False
        reading = self._vendor.read_answer(answer, message)
        outcome: Outcome
        if isinstance(reading, Reading):
            outcome = conclude(reading, name=str(message.notification_id), now=call.now)
            ended = reading.verdict is Verdict.TOKEN_ENDED
        else:
            outcome, ended = reading, False
        return self._complete(outcome, answer, call.now), ended

    def _complete(self, outcome: Outcome, answer: VendorAnswer, now: datetime) -> Outcome:
        outcome = tidy(outcome)
        if isinstance(outcome, MessageRefused) and outcome.reason is Refusal.BUSY:
            wait = parse_retry_after(answer.headers, now) or outcome.retry_after
            return replace(outcome, retry_after=wait)
        return outcome

    def _make_call(self) -> VendorCall:
        return VendorCall(self._now(), secrets.token_hex(16))

    async def _get_token(self, call: VendorCall) -> str | MessageRefused:
        """The access token; empty for a vendor without.

        Without a token the message was not offered: a lost answer to this request is a refusal.
        """
        if self._token and self._token_until and call.now < self._token_until:
            return self._token.value
        request = self._vendor.build_token_request(call)
        if request is None:
            return ""
        answer = await self._client.send(request)
        if isinstance(answer, OutcomeUnknown):
            return MessageRefused(Refusal.UNREACHABLE, permanent=False, detail=answer.detail)
        if isinstance(answer, MessageRefused):
            return answer
        token = self._vendor.read_token(answer)
        if isinstance(token, Token):
            self._token = token
            self._token_until = call.now + max(token.lifetime - _BEFORE_END, token.lifetime / 2)
            return token.value
        return _refuse_without_token(token, call.now)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _refuse_without_token(reading: Reading, now: datetime) -> MessageRefused:
    outcome = tidy(conclude(reading, name="", now=now))
    if isinstance(outcome, MessageRefused) and not outcome.permanent:
        return outcome
    detail = outcome.detail if isinstance(outcome, OutcomeUnknown) else reading.detail
    return MessageRefused(Refusal.UNREACHABLE, permanent=False, detail=detail)
