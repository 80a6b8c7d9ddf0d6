"""What a mail server's reply means, and whose fault a refusal is. Pure.

Codes alone don't tell: large providers write rate limits and blocked senders as 550 and 554, the
codes of RFC 5321 for a mailbox that does not exist. So the words are read as well, and the command
that was answered. Sources: RFC 3463 and 5321, the documentation of Postfix and Exchange, and the
help pages of 网易, 腾讯 and Coremail.
"""

import re
from enum import Enum

from services.notifier.message import Refusal, Refused, Unknown


class Stage(Enum):
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


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_TOO_LARGE = _any_of(r"\b5\.3\.4\b", r"(message|mail) ?size", r"too (large|big)\b", "信件过大")
_NEEDS_LOGIN = _any_of(
    r"\bauth(entication)? (error|failed|required|unsuccessful)|fail(ed)? auth",
    r"(client|user) was not authenticated|\bnot authenticated|\bneed EHLO and AUTH",
)
_OF_THE_DOMAIN = _any_of(r"\b(spf|dkim|dmarc)\b", r"\b5\.7\.2[0-9]\b")
"""A mail that fails the checks of its sender's domain "fails authentication" too."""
_RATE = _any_of(
    r"frequen(cy|t).{0,30}(limit|exceed)|too frequent",
    r"(rate|sending|outgoing|outbound|daily|hourly|sender|submission).{0,50}(limit|quota)",
    r"(limit|quota).{0,50}(outgoing|outbound|sending|per (minute|hour|day|session))",
    r"too (many|much) (\w+ ){0,2}(messages?|mails?|e-?mails?|connections?|sessions?|recipients)",
    r"(number|concurrent).{0,60}exceed",
    r"throttl|try (it )?again later|ratelimit|mail rate",
    r"频率|频繁|超(过|出).{0,12}(限制|上限|次数|数量)|稍后(再|重)?(试|发)",
    r"\b(RP:(RCL|QRC|CRC)|MI:(CCL|CEL|DMC|SFQ)|HL:(ICC|IFC))\b",
)
_BY_RECIPIENT = _any_of(
    r"by (the )?recipient", r"user (unknown|not found)|no such user|unknown user|用户不存在",
    r"\b5\.1\.([1236]|10)\b|\b5\.2\.[1-3]\b|收件人",
    r"invalid (user|recipient|mailbox)|recipient (address )?(not found|rejected)",
    r"mailbox (not found|unavailable|is full|full)|over ?quota|quota exceeded",
)  # fmt: skip
_ABOUT_US = _any_of(
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
_CODED_ABOUT_US = _any_of(r"\b(HL:(REP|IHU|MEP|IPB)|MI:(SPB|SPF|DMA|STC|NHD)|DT:SUM)\b")
"""网易's codes: more exact than the words that follow them."""


def judge_reply(stage: Stage, code: int, text: str) -> Refused | Unknown:
    """What a reply that is not the wanted one means. Its detail is as the server wrote it.

    What is not understood is unknown once the mail was handed over; before that nothing was.
    """
    detail = f"SMTP {code} {text}".rstrip()
    if stage is Stage.LOGIN or code in _LOGIN or _wants_login(code, text):
        return Refused(Refusal.UNAUTHORISED, permanent=False, detail=detail)
    if stage is Stage.CONNECT:
        return Refused(Refusal.UNREACHABLE, permanent=False, detail=detail)
    if code not in _FAILURES:
        if stage is Stage.END:
            return Unknown(detail)
        return Refused(Refusal.BUSY, permanent=False, detail=detail)
    reason = _reason(stage, code, text)
    return Refused(reason, permanent=reason is Refusal.REJECTED, detail=detail)


def _wants_login(code: int, text: str) -> bool:
    asked = _NEEDS_LOGIN.search(text) and not _OF_THE_DOMAIN.search(text)
    return bool(asked) and code in _FAILURES


def _reason(stage: Stage, code: int, text: str) -> Refusal:
    refused = Refusal.REJECTED if code in _PERMANENT else Refusal.BUSY
    of_message = stage in {Stage.RCPT, Stage.END}  # before, nothing was said of it
    if _TOO_LARGE.search(text):
        return refused
    if _CODED_ABOUT_US.search(text):
        return Refusal.REFUSES_US
    if _RATE.search(text):
        return Refusal.BUSY
    if of_message and _BY_RECIPIENT.search(text):
        return refused
    about_us = _ABOUT_US.search(text) or (refused is Refusal.REJECTED and not of_message)
    return Refusal.REFUSES_US if about_us else refused
