"""The broker allows each service the topics and groups of the contract, and nothing else."""

import asyncio
import re

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from deploy.broker_access import GROUPS, allow_services
from shared.errors import CuibanError, NotReadyError
from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.provisioning import check_topics, create_topics, list_partitions
from shared.schemas.flows import READS, WRITES, list_topics
from shared.schemas.topics import DEAD_LETTERS, TOPICS, Topic, apply_prefix
from shared.settings import Settings
from tests.integration.secured.broker import SERVICES, SecuredBroker

pytestmark = pytest.mark.integration
PREFIX, PATIENCE = "allowed.", 120


def make_settings(broker: SecuredBroker, user: str) -> Settings:
    return Settings(topic_prefix=PREFIX, partitions=1, **broker.make_login(user))


@pytest.fixture(scope="module")
async def allowed(broker: SecuredBroker) -> SecuredBroker:
    """The broker, once it allows the services what they do; each topic has a record."""
    settings = make_settings(broker, "operator")
    await create_topics(settings)
    assert all([await may_write(settings, topic) for topic in TOPICS])
    principals = {service: f"User:{service}" for service in SERVICES}
    number = await allow_services(settings, principals)
    assert await allow_services(settings, principals) == number
    return broker


async def may_write(settings: Settings, topic: Topic) -> bool:
    options = build_client_options(settings)
    async with AIOKafkaProducer(**options, enable_idempotence=True) as producer:
        try:
            await producer.send_and_wait(apply_prefix(topic.name, PREFIX), b"record", key=b"key")
        except TopicAuthorizationFailedError:
            return False
    return True


async def may_read(settings: Settings, topic: Topic, group: str | None = None) -> bool:
    name = apply_prefix(topic.name, PREFIX)
    consumer = AIOKafkaConsumer(
        name,
        **build_client_options(settings),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        await consumer.start()
        await consumer.getone()
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError):
        return False
    finally:
        await consumer.stop()
    return True


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_does_what_the_contract_says_and_no_more(
    allowed: SecuredBroker, service: str
) -> None:
    settings = make_settings(allowed, service)
    async with asyncio.timeout(PATIENCE):
        for topic in TOPICS:
            assert await may_write(settings, topic) == (topic in WRITES[service]), topic.name
            assert await may_read(settings, topic) == (topic in READS[service]), topic.name
    await check_topics(settings, list_topics(service))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_joins_its_own_groups_alone(allowed: SecuredBroker, service: str) -> None:
    settings = make_settings(allowed, service)
    topic = READS[service][0]
    async with asyncio.timeout(PATIENCE):
        for owner, groups in GROUPS.items():
            for group in groups:
                joins = await may_read(settings, topic, f"{PREFIX}cuiban-{group}")
                assert joins == (owner == service), group


async def test_a_topic_that_may_not_be_seen_is_told(allowed: SecuredBroker) -> None:
    topic = next(each for each in TOPICS if each not in list_topics("scheduler"))
    with pytest.raises(NotReadyError, match=re.escape(f"the topics {PREFIX}{topic.name}.")):
        await list_partitions(make_settings(allowed, "scheduler"), [topic])


async def test_a_service_can_not_allow_itself_more(allowed: SecuredBroker) -> None:
    with pytest.raises(CuibanError, match="refused to allow User:scheduler"):
        await allow_services(make_settings(allowed, "scheduler"), {"scheduler": "User:scheduler"})


async def test_a_service_makes_no_topic(allowed: SecuredBroker) -> None:
    settings = make_settings(allowed, "notifier").model_copy(update={"topic_prefix": "more."})
    with pytest.raises(CuibanError, match="refused to create the topic more"):
        await create_topics(settings, [DEAD_LETTERS])
