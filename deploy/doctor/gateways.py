"""Checks of gateways: the file is valid, and each gateway answers. Nothing is sent to a contact."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from aiosmtplib import SMTP, SMTPException

from deploy.doctor.certificates import (
    connect,
    describe_refusal,
    judge_end,
    make_context,
    read_end,
)
from deploy.doctor.checking import CheckState, Finding, Report
from deploy.terminal.language import _
from deploy.terminal.problems import translate_problem
from services.notifier.domain.message import Content, Message
from services.notifier.gateways.building import load_file, make_server, make_sms_webhook
from services.notifier.gateways.email import SmtpServer, parse_smtp_url
from services.notifier.gateways.exchange import VendorCall
from services.notifier.gateways.file import AnyGateway, read_gateways
from services.notifier.gateways.vendors.base import HttpVendor, UnsendableError
from services.notifier.gateways.vendors.smtp import Smtp
from services.notifier.rendering.gateway_tests import TEST_WORDS
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time
from shared.errors import CuibanError
from shared.schemas.rules import Channel

_SHOWN = 5
_WITHIN = 8.0  # seconds
_PORTS = {"http": 80, "https": 443}
_SAMPLE = Message(UUID(int=0), "13800000000", "-", Content("-", "-", words=TEST_WORDS))
"""Of which a request is built for its address alone; it is never sent."""


@dataclass(frozen=True, slots=True)
class HttpPlace:
    """Where a vendor over HTTP is reached; `ca_file` as in the file of gateways."""

    host: str
    port: int
    tls: bool
    ca_file: Path | None = None


async def check_file(settings: NotifierSettings) -> Report:
    """What is wrong in the file of gateways, and which channels have no gateway."""
    findings = await asyncio.to_thread(_read_file, settings.gateways) if settings.gateways else []
    if findings and findings[0].state is CheckState.FAILED:
        return findings
    try:
        with_gateway = {each.channel for each in _list_named(settings)}
    except CuibanError as error:
        return [Finding("gateways", "", CheckState.FAILED, error.message, error.hint)]
    if settings.smtp_url.get_secret_value():
        with_gateway.add(Channel.EMAIL)
    if settings.sms_url.get_secret_value():
        with_gateway.add(Channel.SMS)
    missing = {Channel.EMAIL, Channel.SMS} - with_gateway - settings.channels_off
    return [*findings, *(_find_missing(channel) for channel in sorted(missing))]


def _find_missing(channel: Channel) -> Finding:
    saw = _("The channel has no gateway: what is due there is held.")
    todo = _("Name one, or give the channel up with CUIBAN_CHANNELS_OFF={channel}.")
    return Finding("gateways", channel, CheckState.WARNING, saw, todo.format(channel=channel))


def _read_file(path: Path) -> list[Finding]:
    try:
        reading = read_gateways(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        saw = _("{path} can't be read: {reason}.").format(path=path, reason=error.strerror)
        todo = _("Write the file, or set CUIBAN_GATEWAYS to it.")
        return [Finding("gateways", "", CheckState.FAILED, saw, todo)]
    if reading.file is not None:
        saw = _("{file}: nothing is wrong.").format(file=path)
        return [Finding("gateways", "", CheckState.OK, saw)]
    problems = [translate_problem(each) for each in reading.problems[:_SHOWN]]
    return [
        Finding(
            "gateways",
            _("line {line}, column {column}").format(line=each.line, column=each.column),
            CheckState.FAILED,
            each.message,
            each.hint or _("`cuiban gateways check` lists all."),
        )
        for each in problems
    ]


async def check_reach(settings: NotifierSettings) -> Report:
    """Whether each gateway answers, and until when its certificate is valid.

    A mail server is greeted and asked for TLS; nobody logs in. At a vendor over HTTP a connection
    is opened and closed.
    """
    places = list_places(settings)
    if not places:
        return [Finding("gateway", "", CheckState.SKIPPED, _("No gateway is configured."))]
    return await asyncio.gather(*(_try_gateway(name, place) for name, place in places.items()))


def list_places(settings: NotifierSettings) -> Mapping[str, SmtpServer | HttpPlace | None]:
    """Where each gateway is reached, by name; None where that depends on the message.

    Raises:
        CuibanError: the file, an address or a secret is not valid.
    """
    named = _list_named(settings)
    places = {each.name: find_place(each) for each in named}
    channels = {each.channel for each in named}
    if (url := settings.smtp_url.get_secret_value()) and Channel.EMAIL not in channels:
        places["smtp"] = parse_smtp_url(url, settings.smtp_starttls, settings.smtp_ca_file)
    webhook = make_sms_webhook(settings)
    if webhook and Channel.SMS not in channels:
        places[webhook.name] = find_place(webhook)
    return places


def _list_named(settings: NotifierSettings) -> Sequence[AnyGateway]:
    return load_file(settings.gateways).gateways if settings.gateways else ()


def find_place(gateway: AnyGateway | HttpVendor) -> SmtpServer | HttpPlace | None:
    """Where a gateway is reached; None where that depends on the message."""
    if isinstance(gateway, Smtp):
        return make_server(gateway)
    call = VendorCall(read_machine_time(), "0")
    try:
        request = gateway.build_token_request(call) or gateway.build_request(_SAMPLE, call)
    except UnsendableError:
        return None
    parts = urlsplit(request.url)
    port = parts.port or _PORTS[parts.scheme]
    return HttpPlace(parts.hostname or "", port, parts.scheme == "https", gateway.ca_file)


async def _try_gateway(name: str, place: SmtpServer | HttpPlace | None) -> Finding:
    if place is None:
        saw = _("Its address depends on the message.")
        return Finding("gateway", name, CheckState.SKIPPED, saw)
    at = f"{place.host}:{place.port}"
    try:
        async with asyncio.timeout(_WITHIN):
            valid_until = await _connect(place)
    except ssl.SSLError as error:
        saw = _("{place}: its certificate is not trusted ({reason}).").format(
            place=at, reason=describe_refusal(error)
        )
        todo = _(
            "Have it renewed, or name the authority (`ca_file`, CUIBAN_SMTP_CA_FILE, "
            "CUIBAN_SMS_CA_FILE)."
        )
        return Finding("gateway", name, CheckState.FAILED, saw, todo)
    except (OSError, SMTPException, TimeoutError) as error:
        saw = _("{place} does not answer ({error}).").format(place=at, error=type(error).__name__)
        todo = _("See the address, the firewall and the gateway; then `cuiban gateways test`.")
        return Finding("gateway", name, CheckState.FAILED, saw, todo)
    saw = _("{place} answers.").format(place=at)
    if valid_until:
        return judge_end("gateway", name, valid_until, saw)
    return _judge_plain(name, place, saw)


def _judge_plain(name: str, place: SmtpServer | HttpPlace, saw: str) -> Finding:
    """The finding about a gateway that was reached without TLS."""
    if isinstance(place, SmtpServer) and place.starttls:
        missing = _("It offers no TLS, which is required: mail waits.")
        todo = _("Turn TLS on at the server, or set CUIBAN_SMTP_STARTTLS=when-offered.")
        return Finding("gateway", name, CheckState.FAILED, f"{saw} {missing}", todo)
    plain = _("Without TLS.")
    return Finding("gateway", name, CheckState.OK, f"{saw} {plain}")


async def _connect(place: SmtpServer | HttpPlace) -> datetime | None:
    """Connect, and return the end of the certificate; None without TLS."""
    if isinstance(place, HttpPlace):
        return await connect(
            place.host, place.port, make_context(place.ca_file) if place.tls else None
        )
    context = make_context(place.ca_file)
    client = SMTP(
        hostname=place.host,
        port=place.port,
        use_tls=place.tls,
        start_tls=False,
        tls_context=context,
        timeout=_WITHIN,
    )
    await client.connect()
    try:
        await client.ehlo()
        if not place.tls and place.starttls is not False and client.supports_extension("starttls"):
            await client.starttls(tls_context=context)
        return read_end(client.get_transport_info("ssl_object"))
    finally:
        client.close()
