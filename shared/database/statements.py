"""What the statements of all services have in common."""

from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Text, literal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

AnyRow = Row[*tuple[Any, ...]]
"""A row of any statement. A store maps it to a dataclass, by the names of its columns."""


def inline(word: StrEnum) -> ColumnElement[str]:
    """`word` in the statement's text instead of a parameter.

    PostgreSQL uses a partial index (`WHERE state = 'pending'`) only when it sees the word.
    """
    return literal(word.value, Text, literal_execute=True)


def to_rows(records: Sequence["DataclassInstance"]) -> list[dict[str, Any]]:
    """The fields of dataclasses of one type, as rows. Unlike `asdict` it copies nothing."""
    names = [field.name for field in fields(records[0])] if records else []
    return [{name: getattr(record, name) for name in names} for record in records]
