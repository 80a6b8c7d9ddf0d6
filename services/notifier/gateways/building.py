"""Builds the gateways of each channel, from the file of gateways and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from services.notifier.domain.limits import NO_LIMITS, Limits
from services.notifier.domain.retry import WhenUnknown
from services.notifier.gateways.email import EmailGateway, SmtpServer, parse_smtp_url
from services.notifier.gateways.file import AnyGateway, GatewayFile, read_gateways
from services.notifier.gateways.http import is_http_url
from services.notifier.gateways.http_gateway import HttpGateway
from services.notifier.gateways.mime import parse_sender
from services.notifier.gateways.protocol import Gateway, NoGateway
from services.notifier.gateways.receipt_puller import ReceiptPuller
from services.notifier.gateways.signing import parse_keys
from services.notifier.gateways.vendors.base import HttpVendor
from services.notifier.gateways.vendors.bounce_mailbox import BounceMailbox
from services.notifier.gateways.vendors.pulling import PullingVendor
from services.notifier.gateways.vendors.replies import ReplyingVendor
from services.notifier.gateways.vendors.smtp import Smtp
from services.notifier.gateways.vendors.webhook import Webhook
from services.notifier.settings import NotifierSettings
from shared.clock import open_clock, read_machine_time
from shared.errors import CuibanError
from shared.schemas.rules import Channel

_SHOWN = 5
"""How many problems of a file an error tells."""
_LATER = 8
"""How many messages are sent at once by a gateway that is added without a restart."""


@dataclass(frozen=True, slots=True)
class ChannelGateway:
    """A gateway of a channel, how many messages it gets at once, and what unknown means.

    The rest is as in `GatewaySettings`.
    """

    gateway: Gateway
    concurrency: int
    when_unknown: WhenUnknown
    priority: int = 1
    weight: int = 1
    limits: Limits = NO_LIMITS
    spread: timedelta = timedelta(0)
    replies: bool = False
    pulls_receipts: bool = False


@dataclass(frozen=True, slots=True)
class WatchedMailbox:
    """The mailbox of a gateway's bounces. `domain`: the end of its Message-IDs."""

    gateway: str
    domain: str
    mailbox: BounceMailbox


def load_file(path: Path) -> GatewayFile:
    """The gateways in a file.

    Raises:
        CuibanError: the file can't be read, or something in it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CuibanError(
            f"CUIBAN_GATEWAYS can't be read: {error.strerror}.", f"Write the file {path}."
        ) from error
    reading = read_gateways(text)
    if reading.file is None:
        shown = "; ".join(
            f"line {each.mark.line}, column {each.mark.column}: {each.describe()} {each.hint}"
            for each in reading.problems[:_SHOWN]
        )
        raise CuibanError(f"CUIBAN_GATEWAYS can't be read: {shown}", "cuiban gateways check")
    return reading.file


def build_gateways(settings: NotifierSettings) -> Mapping[Channel, tuple[ChannelGateway, ...]]:
    """The gateways of each channel by priority: of the file, else of the environment, else none.

    Raises:
        CuibanError: the file, an address, a sender or a secret is not valid.
    """
    file = load_file(settings.gateways) if settings.gateways else None
    named = sorted(file.gateways, key=lambda each: each.priority) if file else []
    return {
        channel: tuple(_build_named(each, settings) for each in named if each.channel is channel)
        or (_build_from_environment(channel, settings),)
        for channel in Channel
    }


def build_readers(settings: NotifierSettings) -> dict[str, HttpVendor]:
    """The gateways over HTTP, which may push receipts, by name in lower case.

    Raises:
        CuibanError: the file, an address or a secret is not valid.
    """
    file = load_file(settings.gateways) if settings.gateways else None
    named = [each for each in file.gateways if isinstance(each, HttpVendor)] if file else []
    if vendor := make_sms_webhook(settings):
        named.insert(0, vendor)
    return {vendor.name.lower(): vendor for vendor in named}


def build_mailboxes(settings: NotifierSettings) -> tuple[WatchedMailbox, ...]:
    """The mailboxes where bounces arrive, of the file.

    Raises:
        CuibanError: the file is not valid.
    """
    file = load_file(settings.gateways) if settings.gateways else None
    return tuple(
        WatchedMailbox(
            gateway=each.name,
            domain=parse_sender(each.mail_from)[1].rpartition("@")[2],
            mailbox=each.bounces,
        )
        for each in (file.gateways if file else ())
        if isinstance(each, Smtp) and each.bounces
    )


def build_pullers(settings: NotifierSettings) -> dict[str, ReceiptPuller]:
    """What asks for receipts, of the file, by the names of the gateways in lower case.

    Raises:
        CuibanError: the file, or a `ca_file`, is not valid.
    """
    file = load_file(settings.gateways) if settings.gateways else None
    return {
        each.name.lower(): ReceiptPuller(each, timeout=settings.send_timeout, now=read_machine_time)
        for each in (file.gateways if file else ())
        if isinstance(each, PullingVendor) and each.pull_receipts
    }


def _build_named(gateway: AnyGateway, settings: NotifierSettings) -> ChannelGateway:
    built = build_gateway(gateway, settings.send_timeout, settings.clock_file)
    return ChannelGateway(
        built,
        gateway.concurrency,
        gateway.when_unknown,
        priority=gateway.priority,
        weight=gateway.weight,
        limits=gateway.limits.fill_in(gateway.LIMITS),
        spread=timedelta(seconds=gateway.spread),
        replies=isinstance(gateway, ReplyingVendor) and gateway.replies,
        pulls_receipts=isinstance(gateway, PullingVendor) and gateway.pull_receipts,
    )


def build_gateway(
    gateway: AnyGateway | HttpVendor, timeout: timedelta, clock_file: Path | None = None
) -> Gateway:
    """The gateway that an entry of the file describes.

    Raises:
        CuibanError: the certificates of `ca_file` can't be used.
    """
    if isinstance(gateway, HttpVendor):
        return HttpGateway(gateway, timeout=timeout, now=read_machine_time)
    return EmailGateway(
        make_server(gateway),
        mail_from=gateway.mail_from,
        timeout=timeout,
        now=open_clock(clock_file).now,
        name=gateway.name,
        bounces=gateway.bounces.make_marks() if gateway.bounces else None,
        bounce_address=gateway.bounces.address if gateway.bounces else "",
    )


def make_server(smtp: Smtp) -> SmtpServer:
    """The mail server that an entry of the file describes."""
    required = {"starttls": True, "starttls-when-offered": None}
    return SmtpServer(
        host=smtp.host,
        port=smtp.get_port(),
        tls=smtp.security == "tls",
        starttls=required.get(smtp.security, False),
        user=smtp.user or None,
        password=smtp.password.get_secret_value() if smtp.password else None,
        ca_file=smtp.ca_file,
    )


def _build_from_environment(channel: Channel, settings: NotifierSettings) -> ChannelGateway:
    match channel:
        case Channel.EMAIL:
            return ChannelGateway(
                make_email_gateway(settings), settings.email_connections, settings.email_unknown
            )
        case Channel.SMS:
            return ChannelGateway(
                make_sms_gateway(settings), settings.sms_concurrency, settings.sms_unknown
            )
        case Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
            return ChannelGateway(NoGateway(), _LATER, WhenUnknown.REOFFER)


def make_email_gateway(settings: NotifierSettings) -> Gateway:
    """The gateway of the mail server in the environment; `NoGateway` without one.

    Raises:
        CuibanError: its URL, or the sender's address, is not valid.
    """
    if not (url := settings.smtp_url.get_secret_value()):
        return NoGateway()
    return EmailGateway(
        parse_smtp_url(url, settings.smtp_starttls, settings.smtp_ca_file),
        mail_from=settings.mail_from,
        timeout=settings.send_timeout,
        now=open_clock(settings.clock_file).now,
    )


def make_sms_gateway(settings: NotifierSettings) -> Gateway:
    """The SMS gateway in the environment; `NoGateway` without one.

    Raises:
        CuibanError: its URL or a secret is not valid.
    """
    vendor = make_sms_webhook(settings)
    if vendor is None:
        return NoGateway()
    return HttpGateway(vendor, timeout=settings.send_timeout, now=read_machine_time)


def make_sms_webhook(settings: NotifierSettings) -> Webhook | None:
    """The SMS webhook in the environment; None without one.

    Raises:
        CuibanError: its URL or a secret is not valid.
    """
    if not (url := settings.sms_url.get_secret_value()):
        return None
    return make_webhook(
        url,
        settings.sms_secret.get_secret_value(),
        success=settings.sms_success,
        permanent=settings.sms_permanent,
        concurrency=settings.sms_concurrency,
        ca_file=settings.sms_ca_file,
    )


def make_webhook(
    url: str,
    secret: str,
    *,
    success: tuple[str, ...],
    permanent: tuple[str, ...] = (),
    concurrency: int = 8,
    ca_file: Path | None = None,
) -> Webhook:
    """A webhook as the environment describes it.

    Raises:
        CuibanError: its URL or a secret is not valid.
    """
    if not is_http_url(url):
        raise CuibanError("CUIBAN_SMS_URL can't be read.", "Write it like https://host/path.")
    parse_keys(secret)
    return Webhook.model_construct(
        name="webhook",
        vendor="webhook",
        url=SecretStr(url),
        keys=SecretStr(secret) if secret else None,
        success=success,
        permanent=permanent,
        concurrency=concurrency,
        ca_file=ca_file,
    )
