"""What all tables share: the schema, and the types of columns."""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Text, TypeDecorator, Uuid
from sqlalchemy.engine import Dialect
from typing_extensions import override

from shared.errors import NewerValueError

METADATA = MetaData(schema="ingest")
INSTANT = DateTime(timezone=True)


def define_office_column(*, key: bool = False) -> Column[object]:
    """The office that a row belongs to; with `key` a part of the primary key."""
    office = ForeignKey("ingest.offices.office_id")
    return Column("office_id", Uuid, office, primary_key=key, nullable=False)


class EnumText(TypeDecorator[StrEnum]):
    """The type of a text column with members of an enumeration; rows have the members.

    Reading a value that the enumeration lacks raises NewerValueError.
    """

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

        def read(value: object) -> StrEnum | None:
            try:
                return members[value]
            except KeyError:
                raise NewerValueError(self.enum, value) from None

        return read
