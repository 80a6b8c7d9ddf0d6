"""What every event has, and what every event about a unit has."""

from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from shared.schemas.values import Value


class Event(Value):
    """The fields of every event. `version` is the wire version of its type."""

    version: ClassVar[int] = 1
    office_id: UUID

    @property
    def key(self) -> str:
        """The Kafka key: events with one key stay in order."""
        return str(self.office_id)


class UnitEvent(Event):
    """An event about one unit; its key is the unit."""

    unit_id: UUID

    @property
    @override
    def key(self) -> str:
        """The unit's id."""
        return str(self.unit_id)
