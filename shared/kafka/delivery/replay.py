"""Applies parked events again, in the order of their key: when requested, and at a start."""

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.engine import is_infrastructure
from shared.errors import PoisonError
from shared.kafka.broker import positions
from shared.kafka.broker.codec import NOT_UNDERSTOOD
from shared.kafka.broker.records import Partition
from shared.kafka.consuming import parking
from shared.kafka.consuming.applier import Applier
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.consuming.error_text import describe_error
from shared.kafka.consuming.parked import Parked
from shared.logging import log

_AT_ONCE = 100


async def replay_parked(consumer: Consumer) -> None:
    """Apply the events of the keys that `parking.list_keys_to_replay` lists.

    An event that fails again stays parked with its new error. Events of a stopped partition stay
    parked too.

    Raises:
        Exception: the infrastructure failed; transactions that were committed stay applied.
    """
    async with consumer.engine.connect() as db:
        keys = await parking.list_keys_to_replay(db, consumer.tables.parked, consumer.name)
    for at, key in keys:
        while await _replay_some(consumer, at, key):
            pass


async def _replay_some(consumer: Consumer, at: Partition, key: bytes) -> bool:
    """Apply some parked events of a key in one transaction.

    Returns:
        Whether more of the key may follow.
    """
    tables, applying = consumer.tables, consumer.applier
    async with consumer.engine.begin() as db:
        position = await positions.lock(db, tables.positions, consumer.name, at)
        if position.stopped_for:
            return False
        batch = await parking.list_parked_of_key(
            db, tables.parked, consumer.name, at.topic, key=key, limit=_AT_ONCE
        )
        for parked in batch:
            if parked.record.partition != at:  # it needs another lock; the next look takes it
                return False
            fault = await _replay_one(db, applying, parked)
            if fault is not None:
                await parking.record_failure(db, tables.parked, consumer.name, parked.record, fault)
                return False
            await parking.unpark(db, tables.parked, consumer.name, parked.record)
    if batch:
        log(__name__).info("events.replayed", consumer=consumer.name, number=len(batch))
    return len(batch) == _AT_ONCE


async def _replay_one(db: AsyncConnection, applying: Applier, parked: Parked) -> str | None:
    """Apply one parked event, or make it a dead letter.

    Returns:
        The error when it failed for another reason; None when it need not stay parked.
    """
    try:
        envelope = applying.decode(parked.record)
    except PoisonError as error:
        if error.reason == NOT_UNDERSTOOD:
            return error.detail
        await applying.publish_dead_letter(db, parked.record, error)
        return None
    except Exception as error:
        if is_infrastructure(error):
            raise
        return describe_error(error)
    return await applying.apply_in_savepoint(db, parked.record, envelope)
