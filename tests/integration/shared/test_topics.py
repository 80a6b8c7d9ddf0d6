"""How the broker keeps the topics: what is wrong is refused, and told with what to change."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy import text

from deploy.partitions import add_partitions
from services.ingest.store.tables import OUTBOX
from shared.database.engine import create_engine
from shared.errors import CuibanError
from shared.kafka.broker.provisioning import (
    check_topics,
    describe_topics,
    list_topic_faults,
    repair_topics,
)
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.relay import Relay
from shared.process.service import wait_until_ready
from shared.schemas.topics import DIRECTORY, TASKS, TOPICS, apply_prefix
from shared.settings import Settings
from tests.integration.shared.consuming import PATIENCE, make_envelope

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[Settings]]


async def altered(settings: Settings, topic: str, **values: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    configs = {name.replace("_", "."): value for name, value in values.items()}
    name = apply_prefix(topic, settings.topic_prefix)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    await admin.close()
    (of,) = [each for each in TOPICS if each.name == topic]
    async with asyncio.timeout(PATIENCE):  # a broker tells what it was told a moment later
        while not configs.items() <= (await describe_topics(settings, [of]))[0].values.items():  # noqa: ASYNC110 - its work
            await asyncio.sleep(0.05)


async def test_topics_as_they_are_made_have_no_fault(make_settings: SettingsFor) -> None:
    assert await list_topic_faults(await make_settings(Settings), TOPICS) == []


async def test_no_service_starts_on_a_log_that_forgets(make_settings: SettingsFor) -> None:
    settings = await make_settings(Settings, "ingest")
    engine = create_engine(settings, "test")
    await wait_until_ready(settings, engine, "ingest", TOPICS)
    for values in (
        {"retention_ms": "604800000"},
        {"cleanup_policy": "compact", "retention_ms": "-1"},
        {"retention_ms": "-1", "max_message_bytes": "1000012"},
    ):
        await altered(settings, TASKS.name, **values)
        with pytest.raises(CuibanError) as refused:
            await wait_until_ready(settings, engine, "ingest", TOPICS)
        assert TASKS.name in refused.value.message
        assert "kafka-configs.sh" in (refused.value.hint or "")
        assert "cuiban topics --repair" in (refused.value.hint or "")
    await engine.dispose()


async def test_a_repair_sets_right_what_is_wrong_and_leaves_the_rest(
    make_settings: SettingsFor,
) -> None:
    settings = await make_settings(Settings)
    await altered(settings, TASKS.name, retention_ms="1000", segment_bytes="1048576")
    await altered(settings, DIRECTORY.name, cleanup_policy="delete", retention_ms="1000")
    wrong = await list_topic_faults(settings, TOPICS)
    assert {fault.topic.removeprefix(settings.topic_prefix) for fault in wrong} == {
        TASKS.name,
        DIRECTORY.name,
    }
    await repair_topics(settings)
    await check_topics(settings, TOPICS)
    assert await list_topic_faults(settings, TOPICS) == []
    (tasks,) = await describe_topics(settings, [TASKS])
    assert tasks.values["segment.bytes"] == "1048576"


async def test_fewer_replicas_than_set_are_told_but_no_danger(make_settings: SettingsFor) -> None:
    settings = (await make_settings(Settings)).model_copy(update={"replication": 3})
    wrong = await list_topic_faults(settings, [TASKS])
    assert "min.insync.replicas is 1, not 2" in wrong[0].words
    assert "1 replicas, not 3" in wrong[1].words
    await check_topics(settings, [TASKS])


async def test_partitions_are_added_only_while_nothing_is_under_way(
    make_settings: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.partitions._PATIENCE", 0.0)
    for service in ("ingest", "scheduler", "notifier"):
        settings = await make_settings(Settings, service)
    engine = create_engine(settings, "test")
    name = apply_prefix(TASKS.name, settings.topic_prefix)
    async with engine.begin() as db:
        await publish(db, OUTBOX, [make_envelope(1)])
    with pytest.raises(CuibanError, match="1 events in the outbox of ingest"):
        await add_partitions(settings, 3)
    relay = asyncio.create_task(Relay(engine, OUTBOX, settings).run())
    try:
        await _until(engine, "SELECT count(*) FROM ingest.outbox WHERE sent_at IS NOT NULL", 1)
        with pytest.raises(CuibanError, match="nobody has read"):
            await add_partitions(settings, 3)
        async with engine.begin() as db:
            at = text(
                "INSERT INTO scheduler.positions (consumer, topic, partition, next_offset) "
                "VALUES ('scheduler-tasks', :topic, :number, 0)"
            )
            await db.execute(at, [{"topic": name, "number": number} for number in (0, 1)])
        with pytest.raises(CuibanError, match="scheduler-tasks is at 0 of 1"):
            await add_partitions(settings, 3)
        assert {each.partitions for each in await describe_topics(settings, TOPICS)} == {2}
        async with engine.begin() as db:
            await db.execute(text("UPDATE scheduler.positions SET next_offset = 1"))
        monkeypatch.setattr("deploy.partitions._PATIENCE", PATIENCE)
        assert name in await add_partitions(settings, 3)
        async with engine.begin() as db:
            await publish(db, OUTBOX, [make_envelope(n, unit=n) for n in range(2, 60)])
        await _until(engine, "SELECT count(DISTINCT sent_partition) FROM ingest.outbox", 3)
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await engine.dispose()


async def _until(engine, statement: str, wanted: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with engine.connect() as db:
                if (await db.execute(text(statement))).scalar_one() == wanted:
                    return
            await asyncio.sleep(0.05)
