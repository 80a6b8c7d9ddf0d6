"""The rights of each service on the broker: its topics and its consumer groups, and no others."""

from collections.abc import Iterator

from services.ingest.store import dead_letter_tables, gateway_tables, history_tables
from shared.kafka.broker.access import AccessRule, Operation, Resource, allow
from shared.schemas.flows import READS, WRITES, list_topics
from shared.schemas.topics import apply_prefix
from shared.settings import Settings

GROUPS = {
    "ingest": (
        history_tables.CONSUMER,
        dead_letter_tables.CONSUMER,
        gateway_tables.CONSUMER,
    ),
    "scheduler": ("scheduler",),
    "notifier": ("notifier",),
}
"""The consumer groups of each service, without the prefix and `cuiban-`."""


def list_rules(service: str, prefix: str = "") -> Iterator[AccessRule]:
    """What a service may do. No service has transactions or creates topics."""
    for topic in list_topics(service):
        name = apply_prefix(topic.name, prefix)
        if topic in READS[service]:
            yield AccessRule(Resource.TOPIC, name, Operation.READ)
        if topic in WRITES[service]:
            yield AccessRule(Resource.TOPIC, name, Operation.WRITE)
        yield AccessRule(Resource.TOPIC, name, Operation.DESCRIBE_CONFIGS)
    for group in GROUPS[service]:
        yield AccessRule(Resource.GROUP, f"{prefix}cuiban-{group}", Operation.READ)


async def allow_services(settings: Settings, principals: dict[str, str]) -> int:
    """Allow each service what it does; `principals` are their names on the broker, by service.

    Returns:
        The number of rules.

    Raises:
        NotReadyError: the broker does not answer.
        CuibanError: the broker has no access control, or refused.
    """
    number = 0
    for service, principal in principals.items():
        rules = list(list_rules(service, settings.topic_prefix))
        await allow(settings, principal, rules)
        number += len(rules)
    return number
