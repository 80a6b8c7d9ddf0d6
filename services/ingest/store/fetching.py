"""How a store reads rows: the columns that a row class names, each row as one object of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import ReadOnlyColumnCollection

R = TypeVar("R")
Columns = Mapping[str, ColumnElement[Any]] | ReadOnlyColumnCollection[str, Any]


def list_columns(row_class: type, *sources: Columns) -> list[ColumnElement[Any]]:
    """The columns of a row class (`services.ingest.store.rows`), in the order of its fields.

    Each is taken from the first of `sources` that has one of its name.
    """
    return [
        next(source[field.name] for source in sources if field.name in source)
        for field in fields(row_class)
    ]


async def fetch_all(db: AsyncConnection, row_class: Callable[..., R], query: Executable) -> list[R]:
    """The rows of a query, whose columns are those of `row_class` in order."""
    return [row_class(*row) for row in (await db.execute(query)).all()]


async def fetch_first(
    db: AsyncConnection, row_class: Callable[..., R], query: Executable
) -> R | None:
    """The first row of a query; None when there is none."""
    row = (await db.execute(query)).first()
    return None if row is None else row_class(*row)


async def fetch_one(db: AsyncConnection, row_class: Callable[..., R], query: Executable) -> R:
    """The only row of a query.

    Raises:
        NoResultFound: there is none.
        MultipleResultsFound: there are several.
    """
    return row_class(*(await db.execute(query)).one())


def is_any_of(column: ColumnElement[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """The condition that a column holds one of `ids`, with one parameter for all of them."""
    return column == any_(bindparam(None, list(ids), type_=ARRAY(Uuid)))
