"""faust's transport, with its long waits cut short.

aiokafka has one fetch under way at a broker, for the partitions of which it holds nothing. What
comes for any other waits until it ends, and faust lets the broker hold it for 1.5 s while there is
nothing to tell. faust itself stops asking for a partition whose buffer is full, and then waits for
the others alone, for 1 s, though the buffer be empty long before. So a service under load stood
still for more than half of the time (docs/adr/0052-short-waits-for-kafka.md).
"""

import asyncio

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.consumer import RecordMap
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types.transports import TransportT
from faust.types.tuples import TP
from typing_extensions import override

FETCH_WAIT = 0.05
"""Seconds that a broker holds a fetch while there is nothing to tell."""
_FULL_WAIT = 0.02
"""Seconds until a buffer that is full is looked at again."""


class _Thread(AIOKafkaConsumerThread):
    @override
    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # faust has no setting for it; the consumer reads it when it starts.
        consumer._fetch_max_wait_ms = int(FETCH_WAIT * 1000)  # noqa: SLF001
        return consumer


class _Consumer(Consumer):
    @override
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    @override
    async def _wait_next_records(self, timeout: float) -> tuple[RecordMap | None, set[TP] | None]:
        if not self._buffered_partitions:
            return await super()._wait_next_records(timeout)
        if not self._get_active_partitions():  # faust would sleep for a second
            await asyncio.sleep(_FULL_WAIT)
            return {}, set()
        return await super()._wait_next_records(_FULL_WAIT)


class _Transport(Transport):
    Consumer = _Consumer


class App(faust.App):
    """A faust app whose consumer waits for the broker, and for its own buffers, only shortly."""

    @override
    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)
