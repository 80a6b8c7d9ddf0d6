"""How every client of the broker connects, and why one could not."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from shared.errors import EngineRefusedError, NotReadyError
from shared.kafka_settings import KafkaSettings
from shared.tls import ReloadingContext

_PATIENCE, _ADMIN_PATIENCE = 5_000, 10_000  # milliseconds
_REFUSED_LOGIN = (SaslAuthenticationFailed, AuthenticationFailedError)


def build_client_options(settings: KafkaSettings) -> dict[str, Any]:
    """The options by which aiokafka's consumers, producers and admin clients connect.

    New connections use what the files of certificates hold at that time; the password is read when
    the client is made.

    Raises:
        CertificateError: a file of certificates can't be used.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_uses_tls:
        options["ssl_context"] = ReloadingContext(settings.get_kafka_tls())
    if settings.kafka_uses_sasl:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = settings.get_kafka_password()
    return options


@asynccontextmanager
async def open_admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that administers the broker, closed after the block.

    Raises:
        NotReadyError: the broker can't be reached.
    """
    admin = AIOKafkaAdminClient(
        **build_client_options(settings), request_timeout_ms=_ADMIN_PATIENCE
    )
    try:
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            raise await report_unreachable(settings) from error
        yield admin
    finally:
        await admin.close()


async def report_unreachable(settings: KafkaSettings) -> NotReadyError:
    """Say why no client reaches the broker: it is away, or one of both refuses the other.

    aiokafka's clients only log the reason. Where connections are secured, the first bootstrap
    server is called again to learn it.
    """
    if settings.kafka_security_protocol == "PLAINTEXT":
        return _report_away(settings)
    host, _, port = settings.kafka.partition(",")[0].rpartition(":")
    options = build_client_options(settings)
    del options["bootstrap_servers"]
    try:
        connection = await create_conn(
            host.strip("[]"), int(port), request_timeout_ms=_PATIENCE, **options
        )
    except (KafkaError, OSError, TimeoutError) as error:
        return _explain(settings, error)
    connection.close()
    return _report_away(settings)


def _report_away(settings: KafkaSettings) -> NotReadyError:
    return NotReadyError(
        f"Kafka at {settings.kafka} does not answer.",
        "Start it, or point CUIBAN_KAFKA at one that runs.",
    )


def _explain(settings: KafkaSettings, error: Exception) -> NotReadyError:
    where = settings.kafka
    match error:
        case ssl.SSLCertVerificationError():
            return EngineRefusedError(
                f"{where} 的证书不可信：{error.verify_message}。"
                f"The certificate of Kafka at {where} is not trusted: {error.verify_message}.",
                "核对 CUIBAN_KAFKA_SSL_CA_LOCATION，以及证书是否开给这一主机名。"
                "Check CUIBAN_KAFKA_SSL_CA_LOCATION, and that it is made out to this host.",
            )
        case ssl.SSLError():
            return EngineRefusedError(
                f"与 {where} 的 TLS 没有建立：{error.reason}。"
                f"There is no TLS to Kafka at {where}: {error.reason}.",
                "核对端口、CUIBAN_KAFKA_SECURITY_PROTOCOL 和客户端证书。"
                "Check the port, CUIBAN_KAFKA_SECURITY_PROTOCOL and the client's certificate.",
            )
        case UnsupportedSaslMechanismError():
            return EngineRefusedError(
                f"{where} 不支持 {settings.kafka_sasl_mechanism}。"
                f"Kafka at {where} does not offer {settings.kafka_sasl_mechanism}.",
                "核对 CUIBAN_KAFKA_SASL_MECHANISM。Check CUIBAN_KAFKA_SASL_MECHANISM.",
            )
        case _ if isinstance(error, _REFUSED_LOGIN):
            return EngineRefusedError(
                f"{where} 拒绝用户 {settings.kafka_sasl_username} 登录。"
                f"Kafka at {where} refuses the login of {settings.kafka_sasl_username}.",
                "核对用户名、密码和 CUIBAN_KAFKA_SASL_MECHANISM。"
                "Check the user name, the password and CUIBAN_KAFKA_SASL_MECHANISM.",
            )
        case ConnectionResetError() | ConnectionAbortedError() | KafkaConnectionError():
            return EngineRefusedError(
                f"{where} 中断了连接。Kafka at {where} closes the connection.",
                "核对这一端口是否使用 TLS，以及 CUIBAN_KAFKA_SSL_CERTIFICATE_LOCATION。"
                "Check that the port speaks TLS, and CUIBAN_KAFKA_SSL_CERTIFICATE_LOCATION.",
            )
        case _:
            return _report_away(settings)
