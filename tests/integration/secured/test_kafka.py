"""Every client of the broker works over TLS, and says why when one of both refuses the other."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from deploy.doctor.certificates import check_broker_certificate
from deploy.doctor.checking import CheckState
from deploy.doctor.kafka import check_cluster
from shared.errors import NotReadyError
from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import create_topics, list_partitions
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.delivery.faust_agents import add_agent, create_faust_app
from shared.kafka.delivery.group import run_group
from shared.kafka.outbox.sending import UnsentRow, open_sender
from shared.kafka.outbox.sequence_numbers import SequenceNumbers
from shared.schemas.topics import TASKS, apply_prefix
from shared.settings import Settings
from tests.integration.running import run_loops
from tests.integration.secured.broker import NAME, SecuredBroker
from tests.integration.secured.certificates import Authority

pytestmark = pytest.mark.integration
PATIENCE = 120
Doors = dict[str, Callable[[], Any]]


@dataclass
class Taking(Consumer):
    """Remembers what was delivered."""

    taken: asyncio.Queue[RawRecord] = field(default_factory=asyncio.Queue)

    async def apply(self, records: Sequence[RawRecord]) -> None:
        for record in records:
            self.taken.put_nowait(record)


def make_consumer(name: str, topic: str) -> Taking:
    nothing: dict[str, object] = dict.fromkeys(
        ("source", "handle", "engine", "tables", "reader", "clock")
    )
    return Taking(name=name, topics={topic: TASKS}, **nothing)  # type: ignore[arg-type] # only `apply` is asked


@pytest.fixture(scope="session")
def doors(broker: SecuredBroker, authority: Authority) -> Doors:
    """How a client may come in, by name."""
    certificate = authority.issue("operator", common_name="operator")
    return {
        "certificate": lambda: broker.make_certified(*certificate),
        "PLAIN": lambda: broker.make_login("operator", "PLAIN"),
        "SCRAM-SHA-256": lambda: broker.make_login("operator", "SCRAM-SHA-256"),
        "SCRAM-SHA-512": lambda: broker.make_login("operator"),
    }


async def send(settings: Settings, value: bytes) -> None:
    numbers = SequenceNumbers("test")
    numbers.begin_run(1, {})
    row = UnsentRow(1, TASKS.name, b"key", value, ())
    async with open_sender(settings) as sender:
        outcome = await sender.send([row], numbers)
    assert outcome.error is None


@pytest.mark.parametrize("door", ["certificate", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_all_clients_come_in(doors: Doors, door: str) -> None:
    settings = Settings(topic_prefix=f"{door}.", partitions=1, **doors[door]())
    name = apply_prefix(TASKS.name, settings.topic_prefix)
    assert await create_topics(settings, [TASKS]) == [name]
    assert await list_partitions(settings, [TASKS]) == [Partition(name, 0)]
    await send(settings, door.encode())
    by_group, by_faust = make_consumer("group", name), make_consumer("faust", name)
    app = create_faust_app(settings, "secured")
    add_agent(app, by_faust, name, 0.05)
    app.finalize()
    await app.start()
    try:
        async with run_loops(run_group(by_group, settings, "group")), asyncio.timeout(PATIENCE):
            taken = [await by_group.taken.get(), await by_faust.taken.get()]
    finally:
        await app.stop()
    reader = LogReader(settings)
    taken += await reader.read(Partition(name, 0), 0, 1)
    await reader.close()
    assert [record.value for record in taken] == [door.encode()] * 3


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"kafka_sasl_password": "guessed"}, "refuses the login of ingest"),
        ({"kafka_sasl_username": "nobody"}, "refuses the login of nobody"),
        ({"kafka_ssl_ca_location": "stranger"}, "is not trusted: unable to get local issuer"),
        ({"kafka": "127.0.0.1:{logins}"}, "is not trusted: IP address mismatch"),
        ({"kafka": f"{NAME}:{{plain}}"}, "closes the connection"),
        ({"kafka": "127.0.0.1:1"}, "does not answer"),
    ],
)
async def test_why_a_client_does_not_come_in_is_told(
    broker: SecuredBroker, stranger: Authority, changes: dict[str, Any], wrong: str
) -> None:
    if "kafka_ssl_ca_location" in changes:
        changes = {"kafka_ssl_ca_location": stranger.ca_file}
    if "kafka" in changes:
        ports = {"logins": broker.logins, "plain": broker.broker.port}
        changes = {"kafka": changes["kafka"].format(**ports)}
    settings = Settings(**broker.make_login("ingest", **changes))
    with pytest.raises(NotReadyError) as refused:
        await list_partitions(settings, [TASKS])
    assert wrong in refused.value.message


async def test_a_client_without_a_certificate_of_the_authority_is_refused(
    broker: SecuredBroker, stranger: Authority
) -> None:
    forged = stranger.issue("operator", common_name="operator")
    for certificate in ({}, {"kafka_ssl_certificate_location": forged[0]}):
        key = {"kafka_ssl_key_location": forged[1]} if certificate else {}
        options = {
            "kafka": f"{NAME}:{broker.certificates}",
            "kafka_security_protocol": "SSL",
            "kafka_ssl_ca_location": broker.authority.ca_file,
        }
        with pytest.raises(NotReadyError, match="closes the connection"):
            await list_partitions(Settings(**options, **certificate, **key), [TASKS])


async def test_the_password_goes_to_no_broker_whose_certificate_is_not_trusted(
    broker: SecuredBroker, stranger: Authority
) -> None:
    """The login follows the handshake: what listens with a forged certificate reads nothing."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*stranger.issue("kafka", NAME))
    server = await asyncio.start_server(listen, NAME, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    settings = Settings(**broker.make_login("ingest", "PLAIN", kafka=f"{NAME}:{port}"))
    with pytest.raises(NotReadyError, match="is not trusted"):
        await list_partitions(settings, [TASKS])
    server.close()
    await server.wait_closed()
    assert heard == b""


async def test_new_connections_use_the_certificate_that_the_file_holds_then(
    broker: SecuredBroker, authority: Authority, stranger: Authority
) -> None:
    certificate, key = stranger.issue("changing", common_name="operator")
    options = build_client_options(Settings(**broker.make_certified(certificate, key)))
    before, after = AIOKafkaAdminClient(**options), AIOKafkaAdminClient(**options)
    with pytest.raises(KafkaConnectionError):
        await before.start()
    await before.close()
    renewed = authority.issue("renewed", common_name="operator")
    certificate.write_bytes(renewed[0].read_bytes())
    key.write_bytes(renewed[1].read_bytes())
    await after.start()
    assert (await after.describe_cluster())["brokers"]
    await after.close()


async def test_the_doctor_looks_through_the_same_door(broker: SecuredBroker) -> None:
    (finding,) = await check_broker_certificate(Settings(**broker.make_login("ingest")))
    assert (finding.about, finding.state) == ("Kafka", CheckState.OK)
    wrong = Settings(**broker.make_login("ingest", kafka_sasl_password="guessed"))
    (finding,) = await check_cluster(wrong)
    assert finding.state is CheckState.FAILED
    assert "refuses the login of ingest" in finding.saw
