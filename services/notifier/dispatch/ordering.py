"""Channels in order: what a claimed notification has to wait for."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.backgrounds import Background
from services.notifier.store.claims import Claimed
from services.notifier.store.earlier_messages import map_messages
from shared.messages.stages import EarlierMessage
from shared.rules.messages import is_in_order
from shared.schemas.identity import derive_notification_id


async def load_earlier(
    db: AsyncConnection, claimed: Sequence[Claimed], backgrounds: Mapping[UUID, Background]
) -> dict[UUID, list[EarlierMessage]]:
    """The messages on earlier channels to the same contact, by notification.

    A notification without any is left out. Without channels in order no statement runs.
    """
    earlier = {
        row.notification_id: list(_list_earlier(row, backgrounds[row.reminder_id]))
        for row in claimed
        if is_in_order(backgrounds[row.reminder_id].how)
    }
    wanted = {each for ids in earlier.values() for each in ids}
    if not wanted:
        return {}
    messages = await map_messages(db, wanted)
    return {name: [messages[i] for i in ids if i in messages] for name, ids in earlier.items()}


def _list_earlier(row: Claimed, background: Background) -> Iterator[UUID]:
    """The ids of the notifications on the channels before that of a claimed one."""
    if row.contact_id is None:
        return
    for channel in background.channels:
        if channel is row.channel:
            return
        yield derive_notification_id(row.reminder_id, row.contact_id, channel)
