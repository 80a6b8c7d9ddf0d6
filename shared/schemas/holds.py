"""Holds: nothing is sent of what they name, until they are released."""

from uuid import UUID

from shared.schemas.rules import Channel
from shared.schemas.values import Instant, Value


class RecordedHold(Value):
    """Nothing is sent, from `held_at` until it is released, of what it names.

    It names all messages of an office, those of a channel, or one gateway of a channel.

    Attributes:
        channel: None means all.
        gateway: its name in the file of gateways; empty means all. Other gateways of its channel
            go on.
        everywhere: an operator recorded it for all offices.
        released_at: None while it holds.
    """

    hold_id: UUID
    channel: Channel | None = None
    gateway: str = ""
    everywhere: bool = False
    reason: str
    held_at: Instant
    held_by: str
    released_at: Instant | None = None
