"""The real broker and database: what they acknowledged is there after kill -9."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from lab.stack import jars
from lab.stack.errors import LocalStackError
from lab.stack.testing import Engines

pytestmark = pytest.mark.integration


async def make_topic(address: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()


async def read_all(address: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        async with asyncio.timeout(120):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_acknowledged_records_survive_kill_9_of_the_broker(local_engines: Engines) -> None:
    await make_topic(local_engines.kafka, "survives")
    producer = AIOKafkaProducer(bootstrap_servers=local_engines.kafka, acks="all")
    await producer.start()
    try:
        sent = [f"{number}".encode() for number in range(500)]
        futures = [await producer.send("survives", value) for value in sent]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    address = local_engines.kafka

    await asyncio.to_thread(local_engines.kill, "kafka")
    await asyncio.to_thread(local_engines.start, "kafka")

    assert local_engines.kafka == address
    assert await read_all(address, "survives", len(sent)) == sent


async def test_the_broker_makes_no_topic_by_itself(local_engines: Engines) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=local_engines.kafka, request_timeout_ms=5000, retry_backoff_ms=100
    )
    await producer.start()
    try:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("nobody-made-it", b"")
    finally:
        await producer.stop()


async def test_committed_rows_survive_kill_9_of_the_server(local_engines: Engines) -> None:
    url = await asyncio.to_thread(local_engines.create_database, "survives")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE notes (id int PRIMARY KEY)")
    await connection.executemany("INSERT INTO notes VALUES ($1)", [(n,) for n in range(100)])

    await asyncio.to_thread(local_engines.kill, "postgres")
    await asyncio.to_thread(local_engines.start, "postgres")

    connection.terminate()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM notes") == 100
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await connection.fetchval("SHOW max_connections") == "200"
    await connection.close()


async def test_making_a_database_twice_is_harmless(local_engines: Engines) -> None:
    first = await asyncio.to_thread(local_engines.create_database, "twice")
    assert await asyncio.to_thread(local_engines.create_database, "twice") == first


def test_a_cut_off_jar_is_fetched_anew_and_a_foreign_one_is_refused(state: Path) -> None:
    good = next(pin for pin in jars.read_pins() if pin.artifact == "slf4j-simple")
    pins = state / "pins"
    pins.write_text(f"{good.sha256}  {good.group}:{good.artifact}:{good.version}\n")
    (path,) = jars.fetch_class_path(print, cache=state, pins=pins)
    path.write_bytes(b"cut off")
    said: list[str] = []

    assert jars.fetch_class_path(said.append, cache=state, pins=pins) == [path]
    assert said == ["Kafka: fetching jar 1 of 1: slf4j-simple-1.7.36.jar"]
    assert jars.fetch_class_path(said.append, cache=state, pins=pins) == [path]
    assert len(said) == 1

    pins.write_text(f"{'0' * 64}  {good.group}:{good.artifact}:{good.version}\n")
    with pytest.raises(LocalStackError, match="does not have the SHA-256"):
        jars.fetch_class_path(print, cache=state, pins=pins)
    assert not path.exists()
