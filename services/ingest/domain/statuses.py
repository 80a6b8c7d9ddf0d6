"""The closed sets of words in ingest's tables, and the type of their columns."""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import Text, TypeDecorator
from sqlalchemy.engine import Dialect
from typing_extensions import override


class EnumText(TypeDecorator[StrEnum]):
    """The type of a text column with members of an enumeration; rows have the members."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    @override
    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[object], StrEnum | None]:
        members: dict[object, StrEnum | None] = {member.value: member for member in self.enum}
        members[None] = None
        return members.__getitem__


class PlanStatus(StrEnum):
    """How far a plan, or a revision of one, has come."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REVISION = "revision"
    """A revised document that is not confirmed yet."""
    CONFIRMED = "confirmed"
    """A revision that was applied to its plan."""


class SettlementAction(StrEnum):
    """How a person settled a measure."""

    ACCEPT = "accept"
    CHANGE = "change"
    DROP = "drop"


class Pairing(StrEnum):
    """How it was decided which measure of the plan a measure of a revision is."""

    MATCHED = "matched"
    """By its words."""
    PERSON = "person"
    NEW = "new"
    """It is none of the plan's."""
