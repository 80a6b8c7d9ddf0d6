"""How a process reaches the broker: addresses, TLS, and who it is.

The names are those of Kafka's clients, after `CUIBAN_KAFKA_`: `security.protocol` is
`CUIBAN_KAFKA_SECURITY_PROTOCOL`, librdkafka's `ssl.ca.location` is `CUIBAN_KAFKA_SSL_CA_LOCATION`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.base_settings import ProcessSettings, SecretFile, read_secret_file
from shared.tls import CertificateError, TlsFiles, build_context

_HOSTS = r"^[\w.\-\[\]:]+:\d{1,5}(,[\w.\-\[\]:]+:\d{1,5})*$"
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(ProcessSettings):
    """The broker's addresses, and how connections to it are secured."""

    kafka: str = Field(default="127.0.0.1:9092", pattern=_HOSTS)
    """Bootstrap servers, `host:port[,host:port]`."""
    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    """`SSL` is TLS, `SASL_…` a login with user name and password."""
    kafka_sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    """`PLAIN` shows the password to the broker, and is refused without TLS."""
    kafka_sasl_username: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_sasl_password_file: SecretFile | None = None
    """A file with the password, in the place of `kafka_sasl_password`."""
    kafka_ssl_ca_location: Path | None = None
    """The authorities of the broker's certificate; without it those of the system. The certificate
    must be made out to the host that `kafka` and the broker name."""
    kafka_ssl_certificate_location: Path | None = None
    """The client's own certificate with its chain, where the broker asks for one."""
    kafka_ssl_key_location: Path | None = None
    """Its key, unless the key stands in the same file."""
    kafka_ssl_key_password: SecretStr = SecretStr("")
    kafka_ssl_key_password_file: SecretFile | None = None

    @property
    def kafka_uses_tls(self) -> bool:
        """Whether connections to the broker are encrypted."""
        return self.kafka_security_protocol.endswith("SSL")

    @property
    def kafka_uses_sasl(self) -> bool:
        """Whether connections to the broker log in with user name and password."""
        return self.kafka_security_protocol.startswith("SASL")

    def get_kafka_password(self) -> str:
        """The password of the broker's user."""
        return _read_secret(self.kafka_sasl_password, self.kafka_sasl_password_file)

    def get_kafka_tls(self) -> TlsFiles:
        """The files of TLS to the broker."""
        return TlsFiles(
            ca_file=self.kafka_ssl_ca_location,
            certificate_file=self.kafka_ssl_certificate_location,
            key_file=self.kafka_ssl_key_location,
            key_password=_read_secret(
                self.kafka_ssl_key_password, self.kafka_ssl_key_password_file
            ),
        )

    @model_validator(mode="after")
    def check_kafka_security(self) -> Self:
        """Refuse settings that contradict each other, and certificates that can't be used."""
        faults = list(self._list_contradictions())
        if self.kafka_uses_tls:
            try:
                build_context(self.get_kafka_tls())
            except CertificateError as error:
                faults.append(f"{self._name_written('kafka_')}: {error.message}")
        if faults:
            raise ValueError(" ".join(faults))
        return self

    def _list_contradictions(self) -> Iterator[str]:
        named = f"CUIBAN_KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol}"
        password = self.kafka_sasl_password_file or self.kafka_sasl_password.get_secret_value()
        login = bool(self.kafka_sasl_username), bool(password)
        if self.kafka_uses_sasl and not all(login):
            yield (
                f"{named} 须有 CUIBAN_KAFKA_SASL_USERNAME 和 CUIBAN_KAFKA_SASL_PASSWORD"
                "（或 …_FILE）。"
                f"{named} needs CUIBAN_KAFKA_SASL_USERNAME and CUIBAN_KAFKA_SASL_PASSWORD (or "
                "…_FILE)."
            )
        if any(login) and not self.kafka_uses_sasl:
            written = self._name_written("kafka_sasl_username", "kafka_sasl_password")
            yield (
                f"写了 {written}，{named} 却不用；用 SASL_SSL。"
                f"{written} is set, and {named} uses none: use SASL_SSL."
            )
        if self.get_kafka_tls().list_files() and not self.kafka_uses_tls:
            written = self._name_written("kafka_ssl_")
            yield (
                f"写了 {written}，{named} 却不加密；用 SSL 或 SASL_SSL。"
                f"{written} is set, and {named} does not encrypt: use SSL or SASL_SSL."
            )
        if (
            self.kafka_security_protocol == "SASL_PLAINTEXT"
            and self.kafka_sasl_mechanism == "PLAIN"
        ):
            yield (
                f"CUIBAN_KAFKA_SASL_MECHANISM=PLAIN 不加密（{named}）就把密码发给任何人；"
                "用 SASL_SSL，或 SCRAM-SHA-512。"
                f"CUIBAN_KAFKA_SASL_MECHANISM=PLAIN without TLS ({named}) shows the password to "
                "everybody: use SASL_SSL, or SCRAM-SHA-512."
            )
        if self.kafka_ssl_key_location and not self.kafka_ssl_certificate_location:
            yield (
                "CUIBAN_KAFKA_SSL_KEY_LOCATION 有私钥而没有 CUIBAN_KAFKA_SSL_CERTIFICATE_LOCATION。"
                "CUIBAN_KAFKA_SSL_KEY_LOCATION is a key without "
                "CUIBAN_KAFKA_SSL_CERTIFICATE_LOCATION."
            )

    def _name_written(self, *beginnings: str) -> str:
        """The variables that are set, of those whose names begin so."""
        names = (name for name in sorted(self.model_fields_set) if name.startswith(beginnings))
        return "、".join(f"CUIBAN_{name.upper()}" for name in names)


def _read_secret(written: SecretStr, file: Path | None) -> str:
    """A secret as it was written, or the one in a file."""
    return read_secret_file(file) if file else written.get_secret_value()
