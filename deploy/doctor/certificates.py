"""Connections with TLS: whether a certificate is trusted, and until when it is valid."""

import asyncio
import ssl
import struct
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.doctor.checking import CheckState, Finding, Report
from deploy.terminal.language import _
from shared.clock import read_machine_time
from shared.database_url import parse_database_url
from shared.settings import Settings
from shared.tls import TlsFiles, build_context

_SOON = timedelta(days=21)
_SSL_REQUEST = struct.pack(">ii", 8, 80877103)  # PostgreSQL's frontend protocol, SSLRequest


def make_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """What services trust of gateways: the system's authorities, and those in a file.

    Raises:
        CertificateError: the file can't be used.
    """
    return build_context(TlsFiles(ca_file=ca_file, with_system=True))


async def connect(host: str, port: int, context: ssl.SSLContext | None) -> datetime | None:
    """Connect, with TLS where there is a context, and send nothing.

    Returns:
        The end of the peer's certificate; None without TLS.

    Raises:
        OSError: nothing answers.
        ssl.SSLError: its certificate is not trusted.
    """
    _reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        return read_end(writer.get_extra_info("ssl_object"))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def read_end(connection: Any) -> datetime | None:  # noqa: ANN401 - an SSLObject, as transports give it
    """The end of a peer's certificate."""
    raw = connection.getpeercert(binary_form=True) if connection else None
    return x509.load_der_x509_certificate(raw).not_valid_after_utc if raw else None


def judge_end(check: str, about: str, valid_until: datetime, saw: str = "") -> Finding:
    """The finding about a certificate; `saw` is what else was seen."""
    left = valid_until - read_machine_time()
    words = _("Its certificate is valid until {day:%Y-%m-%d}.").format(day=valid_until)
    state, todo = CheckState.OK, ""
    if left < _SOON:
        state = CheckState.FAILED if left < timedelta(0) else CheckState.WARNING
        todo = _("Renew the certificate; {days} days are left.").format(days=max(left.days, 0))
    return Finding(check, about, state, f"{saw} {words}".strip(), todo)


def _judge(about: str, valid_until: datetime | None) -> Finding:
    if valid_until is None:
        return Finding("certificate", about, CheckState.SKIPPED, _("It offers no TLS."))
    return judge_end("certificate", about, valid_until)


async def check_database_certificate(engine: AsyncEngine) -> Report:
    """The certificate of PostgreSQL, if it offers TLS."""
    host, port = engine.url.host or "", engine.url.port or 5432
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_SSL_REQUEST)
        if await reader.readexactly(1) != b"S":
            return [_judge("PostgreSQL", None)]
        untrusting = ssl.create_default_context()
        untrusting.check_hostname, untrusting.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(untrusting)
        end = read_end(writer.get_extra_info("ssl_object"))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return [_judge("PostgreSQL", end)]


async def check_broker_certificate(settings: Settings) -> Report:
    """The certificate of the first bootstrap server, where TLS is used."""
    if not settings.kafka_uses_tls:
        return [Finding("certificate", "Kafka", CheckState.SKIPPED, _("TLS is not used."))]
    host, _colon, port = settings.kafka.partition(",")[0].rpartition(":")
    context = build_context(settings.get_kafka_tls())
    return [_judge("Kafka", await connect(host.strip("[]"), int(port), context))]


async def check_own_certificates(settings: Settings) -> Report:
    """The certificates with which services sign in to Kafka and PostgreSQL."""
    address = parse_database_url(settings.database_url.get_secret_value())
    named = [files.certificate_file for files in (settings.get_kafka_tls(), address.tls) if files]
    return [
        judge_end("certificate", str(file), _read_file(file)) for file in named if file is not None
    ]


def _read_file(file: Path) -> datetime:
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


async def check_portal(portal_url: str) -> Report:
    """The certificate of the portal, to which messages link."""
    parts = urlsplit(portal_url)
    about = _("portal")
    if parts.scheme != "https":
        saw = _("CUIBAN_PORTAL_URL has no https address.")
        return [Finding("certificate", about, CheckState.SKIPPED, saw)]
    host = parts.hostname or ""
    try:
        end = await connect(host, parts.port or 443, make_context())
    except ssl.SSLError as error:
        saw = _("{host}: its certificate is not trusted ({reason}).").format(
            host=host, reason=describe_refusal(error)
        )
        todo = _("Renew it, with the name {host} and the whole chain.").format(host=host)
        return [Finding("certificate", about, CheckState.FAILED, saw, todo)]
    except OSError as error:
        saw = _("{host} does not answer from here ({error}).").format(
            host=host, error=type(error).__name__
        )
        todo = _("Contacts open it from elsewhere: see the reverse proxy.")
        return [Finding("certificate", about, CheckState.WARNING, saw, todo)]
    return [_judge(about, end)]


def describe_refusal(error: ssl.SSLError) -> str:
    """Why TLS was refused, in OpenSSL's words."""
    return getattr(error, "verify_message", "") or str(error.reason or error)
