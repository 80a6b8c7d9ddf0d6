"""What the broker allows a client: rules of its access control lists (ACLs)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest

from shared.errors import CuibanError
from shared.kafka.broker.connecting import open_admin
from shared.kafka.broker.header_names import AIOKAFKA
from shared.kafka.broker.library_internals import Internal, require_internals
from shared.settings import Settings

_LITERAL, _ALLOW, _EVERYWHERE = 3, 3, "*"  # Kafka protocol: pattern type, permission, hosts
_NO_ACCESS_CONTROL = 54  # SECURITY_DISABLED


class Resource(IntEnum):
    """What a rule is about, with Kafka's numbers."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """What a rule allows. Reading and writing include the description of the topic."""

    READ = 3
    WRITE = 4
    DESCRIBE_CONFIGS = 10


@dataclass(frozen=True, slots=True)
class AccessRule:
    """A client may do an operation on the resource of exactly this name."""

    resource: Resource
    name: str
    operation: Operation


async def allow(settings: Settings, principal: str, rules: Iterable[AccessRule]) -> None:
    """Allow a principal, such as `User:cuiban-ingest`, what the rules say. It may be repeated.

    Raises:
        NotReadyError: the broker does not answer.
        CuibanError: the broker has no access control, or refused.
    """
    async with open_admin(settings) as admin:
        send = Internal(type(admin), "_send_request", ("self", "request", "node_id"))
        require_internals("aiokafka", AIOKAFKA, [send])
        for rule in rules:
            request = CreateAclsRequest(
                *(rule.resource, rule.name, _LITERAL, principal, _EVERYWHERE),
                *(rule.operation, _ALLOW),
            )
            answer = await admin._send_request(request)  # noqa: SLF001 - aiokafka has the request alone
            ((code, words),) = answer.creation_responses
            if code == _NO_ACCESS_CONTROL:
                raise CuibanError(
                    "Kafka 没有启用访问控制。Kafka has no access control.",
                    "设置 authorizer.class.name，或去掉 CUIBAN_KAFKA_PRINCIPAL_…。"
                    "Set authorizer.class.name there, or leave CUIBAN_KAFKA_PRINCIPAL_… out.",
                )
            if code:
                reason = words or for_code(code).__name__
                raise CuibanError(
                    f"Kafka 拒绝授权 {principal}：{reason}。"
                    f"Kafka refused to allow {principal}: {reason}."
                )
