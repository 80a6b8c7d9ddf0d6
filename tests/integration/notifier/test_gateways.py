"""The gateways against real servers: what each answer means."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from services.notifier.domain.message import (
    Message,
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.gateways.email import EmailGateway, parse_smtp_url
from shared.clock import read_machine_time
from tests.integration.notifier.messages import LONG, MESSAGE, SHORT
from tests.integration.notifier.sinks import MailSink

pytestmark = pytest.mark.integration


def email(url: str, starttls: str = "auto", timeout: timedelta = LONG) -> EmailGateway:
    return EmailGateway(
        parse_smtp_url(url, starttls),
        mail_from="公开办 <gkb@yanting.example>",
        timeout=timeout,
        now=read_machine_time,
    )


async def test_a_connection_serves_many_mails(mail_sink: MailSink) -> None:
    gateway = email(mail_sink.url)
    for _ in range(3):
        found = await gateway.send(MESSAGE)
        assert found == MessageAccepted(f"<{MESSAGE.notification_id}@yanting.example>")
    await gateway.close()
    assert mail_sink.connections == 1
    assert len(set(mail_sink.ids)) == 1


async def test_a_connection_that_died_while_it_rested_is_replaced(mail_sink: MailSink) -> None:
    gateway = email(mail_sink.url)
    await gateway.send(MESSAGE)
    (client,) = gateway._idle
    assert client.transport is not None
    client.transport.abort()
    await asyncio.sleep(0)
    assert isinstance(await gateway.send(MESSAGE), MessageAccepted)
    await gateway.close()
    assert mail_sink.connections == 2


async def test_a_server_that_hangs_up_politely_is_asked_again_later(mail_sink: MailSink) -> None:
    mail_sink.answers.append("421 closing")
    gateway = email(mail_sink.url)
    found = await gateway.send(MESSAGE)
    assert isinstance(found, MessageRefused)
    assert (found.reason, found.permanent) == (Refusal.BUSY, False)
    await gateway.close()


async def test_an_answer_to_data_that_is_no_reply_leaves_the_outcome_unknown(
    mail_sink: MailSink,
) -> None:
    mail_sink.answers.append("accepted, perhaps")
    gateway = email(mail_sink.url)
    assert await gateway.send(MESSAGE) == OutcomeUnknown("an answer that is no reply after DATA")
    assert gateway._idle == []


async def test_a_server_too_slow_after_data_leaves_the_outcome_unknown(
    mail_sink: MailSink,
) -> None:
    mail_sink.hangs = 1
    gateway = email(mail_sink.url, timeout=SHORT)
    assert await gateway.send(MESSAGE) == OutcomeUnknown("TimeoutError after DATA")
    assert gateway._idle == []
    mail_sink.hang.set()


async def test_an_address_that_could_inject_a_command_reaches_no_server(
    mail_sink: MailSink,
) -> None:
    bad = Message(MESSAGE.notification_id, "a@b>\r\nRCPT TO:<x@y", "县", MESSAGE.content)
    found = await email(mail_sink.url).send(bad)
    assert found == MessageRefused(
        Refusal.BAD_ADDRESS, permanent=True, detail="not an e-mail address"
    )
    assert mail_sink.connections == 0


@pytest.mark.parametrize(("password", "accepted"), [("right", True), ("wrong", False)])
async def test_a_server_may_ask_for_user_and_password(
    mail_sink: MailSink, password: str, accepted: bool
) -> None:
    def check(*given: object) -> AuthResult:
        data = given[-1]
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"right", handled=False)

    async with served(mail_sink, authenticator=check, auth_require_tls=False) as port:
        gateway = email(f"smtp://me:{password}@127.0.0.1:{port}", "when-offered")
        found = await gateway.send(MESSAGE)
        await gateway.close()
    if accepted:
        assert isinstance(found, MessageAccepted)
    else:
        assert isinstance(found, MessageRefused)
        assert (found.reason, found.permanent) == (Refusal.UNAUTHORISED, False)


async def test_a_password_never_goes_in_clear_unless_that_was_allowed(mail_sink: MailSink) -> None:
    heard: list[object] = []

    def check(*given: object) -> AuthResult:
        heard.append(given[-1])
        return AuthResult(success=True)

    async with served(mail_sink, authenticator=check, auth_require_tls=False) as port:
        gateway = email(f"smtp://me:right@127.0.0.1:{port}")
        found = await gateway.send(MESSAGE)
        await gateway.close()
    assert isinstance(found, MessageRefused)
    assert (found.reason, found.permanent) == (Refusal.INSECURE, False)
    assert "CUIBAN_SMTP_STARTTLS" in found.detail
    assert heard == mail_sink.mails == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize("starttls", ["auto", "always", "when-offered"])
async def test_with_tls_the_password_is_given(
    mail_sink: MailSink, tmp_path: Path, starttls: str
) -> None:
    heard: list[object] = []

    def check(*given: object) -> AuthResult:
        heard.append(given[-1])
        return AuthResult(success=True)

    certificate = await asyncio.to_thread(self_signed, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with served(mail_sink, authenticator=check, tls_context=context) as port:
        url = f"smtp://me:right@localhost:{port}"
        gateway = EmailGateway(
            parse_smtp_url(url, starttls, certificate),
            mail_from="公开办 <gkb@yanting.example>",
            timeout=LONG,
            now=read_machine_time,
        )
        found = await gateway.send(MESSAGE)
        await gateway.close()
    assert isinstance(found, MessageAccepted)
    assert len(heard) == 1


@pytest.mark.parametrize("offered", [True, False])
async def test_an_address_in_chinese_needs_a_server_with_smtputf8(
    mail_sink: MailSink, offered: bool
) -> None:
    async with served(mail_sink, enable_SMTPUTF8=offered) as port:
        gateway = email(f"smtp://127.0.0.1:{port}")
        chinese = replace(MESSAGE, address="张三@jtj.example")
        found = await gateway.send(chinese)
        assert isinstance(await gateway.send(MESSAGE), MessageAccepted)
        await gateway.close()
    if offered:
        assert isinstance(found, MessageAccepted)
    else:
        assert isinstance(found, MessageRefused)
        assert (found.reason, found.permanent) == (Refusal.BAD_ADDRESS, True)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize(
    ("scheme", "starttls"), [("smtps", "auto"), ("smtp", "always"), ("smtp", "never")]
)
async def test_a_server_without_a_login_is_greeted_before_the_first_mail(
    mail_sink: MailSink, tmp_path: Path, scheme: str, starttls: str
) -> None:
    certificate = await asyncio.to_thread(self_signed, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    given: dict[str, Any] = {"ssl": context} if scheme == "smtps" else {}
    options = {"tls_context": context} if starttls == "always" else {}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mail_sink, **options), "127.0.0.1", 0, **given
    )
    url = f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}"
    gateway = EmailGateway(
        parse_smtp_url(url, starttls, certificate),
        mail_from="公开办 <gkb@yanting.example>",
        timeout=LONG,
        now=read_machine_time,
    )
    found = await gateway.send(MESSAGE)
    await gateway.close()
    server.close()
    assert isinstance(found, MessageAccepted), found


def self_signed(place: Path) -> Path:
    """A certificate for localhost and its key, in one file."""
    made = place / "mail.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(place / "key.pem")]
    subprocess.run(  # noqa: S603 - our own command
        [*command.split(), *more, "-out", str(place / "certificate.pem")],
        check=True,
        capture_output=True,
    )
    parts = [(place / name).read_text() for name in ("key.pem", "certificate.pem")]
    made.write_text("".join(parts))
    return made


@asynccontextmanager
async def served(sink: MailSink, **options: Any) -> AsyncIterator[int]:
    """A mail server with options of aiosmtpd; its port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(sink, **options), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
