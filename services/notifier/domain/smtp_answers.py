"""What a mail server's reply means, and what caused a refusal. Pure.

Codes are not enough: large providers use 550 and 554 for rate limits and blocked senders, the codes
of RFC 5321 for a mailbox that does not exist. So the text is read as well, and the command that was
answered. Sources: RFC 3463 and 5321, the documentation of Postfix and Exchange, and the
help pages of 网易, 腾讯 and Coremail.
"""

import re
from enum import Enum

from services.notifier.domain.message import MessageRefused, OutcomeUnknown, Refusal


class SmtpCommand(Enum):
    """The command that was answered."""

    CONNECT = "connect"
    """Greeting, EHLO, STARTTLS."""
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END = "end"
    """The mail itself, with its final dot."""


_FAILURES = range(400, 600)
_PERMANENT = range(500, 600)
_LOGIN = {530, 534, 535, 538}
"""RFC 4954: authentication is required, or was refused."""


def _compile_any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_TOO_LARGE = _compile_any(r"\b5\.3\.4\b", r"(message|mail) ?size", r"too (large|big)\b", "信件过大")
_NEEDS_LOGIN = _compile_any(
    r"\bauth(entication)? (error|failed|required|unsuccessful)|fail(ed)? auth",
    r"(client|user) was not authenticated|\bnot authenticated|\bneed EHLO and AUTH",
)
_OF_THE_DOMAIN = _compile_any(r"\b(spf|dkim|dmarc)\b", r"\b5\.7\.2[0-9]\b")
"""Providers also say "authentication failed" of a mail that fails its sender domain's checks."""
_RATE = _compile_any(
    r"frequen(cy|t).{0,30}(limit|exceed)|too frequent",
    r"(rate|sending|outgoing|outbound|daily|hourly|sender|submission).{0,50}(limit|quota)",
    r"(limit|quota).{0,50}(outgoing|outbound|sending|per (minute|hour|day|session))",
    r"too (many|much) (\w+ ){0,2}(messages?|mails?|e-?mails?|connections?|sessions?|recipients)",
    r"(number|concurrent).{0,60}exceed",
    r"throttl|try (it )?again later|ratelimit|mail rate",
    r"频率|频繁|超(过|出).{0,12}(限制|上限|次数|数量)|稍后(再|重)?(试|发)",
    r"\b(RP:(RCL|QRC|CRC)|MI:(CCL|CEL|DMC|SFQ)|HL:(ICC|IFC))\b",
)
_BY_RECIPIENT = _compile_any(
    r"by (the )?recipient", r"user (unknown|not found)|no such user|unknown user|用户不存在",
    r"\b5\.1\.([1236]|10)\b|\b5\.2\.[1-3]\b|收件人",
    r"invalid (user|recipient|mailbox)|recipient (address )?(not found|rejected)",
    r"mailbox (not found|unavailable|is full|full)|over ?quota|quota exceeded",
)  # fmt: skip
_NO_SUCH_MAILBOX = _compile_any(
    r"\b5\.1\.([12]|10)\b|user (unknown|not found)|no such user|unknown user|用户不存在",
    r"(mailbox|recipient|user) (address )?not found|invalid (user|recipient|mailbox)",
)
_ABOUT_US = _compile_any(
    r"client host|hostname|\b(helo|ehlo)\b|reverse (dns|lookup)|\bptr\b",
    r"\byour (ip|host|server|domain|network)",
    r"\bip\b.{0,40}(reject|block|denied|not allowed|unrated)",
    r"(block|reject|bann?ed|listed|denied|in dns).{0,40}(\bip\b|blacklist)|sending ip|from this ip",
    r"dnsbl|\brbl\b|spamhaus|blocked using|blacklist|relay",
    r"sender (address|domain|verif|denied|rejected|is not|not)|bad outbound sender|null sender",
    r"\b(mail ?from|from address|envelope)\b|send as\b|sendasdenied|not owned by user",
    r"\b(spf|dkim|dmarc)\b|unauthenticated|secure connection|starttls",
    r"\b5\.1\.[78]\b|\b5\.2\.252\b|\b5\.5\.[12]\b|\b5\.7\.(2[0-9]|5[0-9]|60|5\d\d|6\d\d|7\d\d)\b",
    r"发信人|发件人|域名",
)
_CODED_ABOUT_US = _compile_any(r"\b(HL:(REP|IHU|MEP|IPB)|MI:(SPB|SPF|DMA|STC|NHD)|DT:SUM)\b")
"""网易's codes: more exact than the text that follows them."""


def judge_reply(command: SmtpCommand, code: int, text: str) -> MessageRefused | OutcomeUnknown:
    """What a reply other than the expected one means. Its detail is as the server wrote it.

    A reply that is not understood leaves the outcome unknown after the mail was sent; before, the
    mail was not accepted.
    """
    detail = f"SMTP {code} {text}".rstrip()
    if command is SmtpCommand.LOGIN or code in _LOGIN or _needs_login(code, text):
        return MessageRefused(Refusal.UNAUTHORISED, permanent=False, detail=detail)
    if command is SmtpCommand.CONNECT:
        return MessageRefused(Refusal.UNREACHABLE, permanent=False, detail=detail)
    if code not in _FAILURES:
        if command is SmtpCommand.END:
            return OutcomeUnknown(detail)
        return MessageRefused(Refusal.BUSY, permanent=False, detail=detail)
    reason = _classify(command, code, text)
    permanent = reason in {Refusal.REJECTED, Refusal.BAD_ADDRESS}
    return MessageRefused(reason, permanent=permanent, detail=detail)


def _needs_login(code: int, text: str) -> bool:
    asked = _NEEDS_LOGIN.search(text) and not _OF_THE_DOMAIN.search(text)
    return bool(asked) and code in _FAILURES


def _classify(command: SmtpCommand, code: int, text: str) -> Refusal:
    refused = Refusal.REJECTED if code in _PERMANENT else Refusal.BUSY
    of_message = command in {
        SmtpCommand.RCPT,
        SmtpCommand.END,
    }  # earlier commands are not about the message
    if _TOO_LARGE.search(text):
        return refused
    if _CODED_ABOUT_US.search(text):
        return Refusal.REFUSES_US
    if _RATE.search(text):
        return Refusal.BUSY
    if of_message and _BY_RECIPIENT.search(text):
        gone = refused is Refusal.REJECTED and _NO_SUCH_MAILBOX.search(text)
        return Refusal.BAD_ADDRESS if gone else refused
    about_us = _ABOUT_US.search(text) or (refused is Refusal.REJECTED and not of_message)
    return Refusal.REFUSES_US if about_us else refused
