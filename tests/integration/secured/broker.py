"""One broker with TLS, logins and access control for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.stack.kafka import Broker
from lab.stack.processes import HOST, find_free_ports
from tests.integration.secured.certificates import Authority

NAME = "localhost"
"""What the certificates of the engines are made out to; they listen on 127.0.0.1."""
SERVICES = ("ingest", "scheduler", "notifier")
USERS = {"operator": "operator-secret", **{name: f"{name}-secret" for name in SERVICES}}
_MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required {};"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True)
class SecuredBroker:
    """Addresses of the broker. `plain` is the door of the broker itself and of superusers."""

    broker: Broker
    certificates: int
    logins: int
    authority: Authority

    @property
    def plain(self) -> str:
        return self.broker.address

    def make_login(self, user: str, mechanism: str = "SCRAM-SHA-512", **changes: Any) -> Any:
        """Settings of a client that logs in over TLS."""
        return {
            "kafka": f"{NAME}:{self.logins}",
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": mechanism,
            "kafka_sasl_username": user,
            "kafka_sasl_password": USERS[user],
            "kafka_ssl_ca_location": self.authority.ca_file,
            **changes,
        }

    def make_certified(self, certificate: Path, key: Path, **changes: Any) -> Any:
        """Settings of a client that shows a certificate."""
        return {
            "kafka": f"{NAME}:{self.certificates}",
            "kafka_security_protocol": "SSL",
            "kafka_ssl_ca_location": self.authority.ca_file,
            "kafka_ssl_certificate_location": certificate,
            "kafka_ssl_key_location": key,
            **changes,
        }


def prepare_broker(state: Path, authority: Authority) -> SecuredBroker:
    """A broker that is not started yet."""
    certificate, key = authority.issue("kafka", NAME)
    keystore = authority.folder / "kafka-keystore.pem"
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
    port, controller, certificates, logins = find_free_ports(4)
    settings = {
        **_describe_listeners(port, controller, certificates, logins),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keystore,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.ca_file,
        "listener.name.ssl.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:operator",
    }
    scram = [
        f"--add-scram={mechanism}=[name={user},password={password}]"
        for user, password in USERS.items()
        for mechanism in _MECHANISMS
    ]
    broker = Broker(state / "kafka", port, controller, settings=settings, format_options=scram)
    return SecuredBroker(broker, certificates, logins, authority)


def _describe_listeners(port: int, controller: int, certificates: int, logins: int) -> Any:
    users = " ".join(f'user_{user}="{password}"' for user, password in USERS.items())
    doors = "PLAINTEXT://{}:{},SSL://{}:{},SASL_SSL://{}:{}"
    bound = doors.format(HOST, port, HOST, certificates, HOST, logins)
    advertised = doors.format(HOST, port, NAME, certificates, NAME, logins)
    protocols = ("PLAINTEXT", "SSL", "SASL_SSL")
    login = "listener.name.sasl_ssl"
    return {
        "listeners": f"{bound},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": advertised,
        "listener.security.protocol.map": ",".join(
            [*(f"{each}:{each}" for each in protocols), "CONTROLLER:PLAINTEXT"]
        ),
        f"{login}.sasl.enabled.mechanisms": ",".join(["PLAIN", *_MECHANISMS]),
        f"{login}.plain.sasl.jaas.config": _PLAIN.format(users),
        **{f"{login}.{each.lower()}.sasl.jaas.config": _SCRAM for each in _MECHANISMS},
    }
