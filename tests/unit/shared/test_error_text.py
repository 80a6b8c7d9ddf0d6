"""What is told of an error: enough to mend it, without the values that it met."""

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi as Dbapi
from sqlalchemy.exc import DBAPIError

from shared.errors import PoisonError
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.watermarks import read_watermark
from shared.kafka.consuming.error_text import describe_error


def wrapped(cause: Exception) -> DBAPIError:
    orig = Dbapi.Error(str(cause))
    orig.__cause__ = cause
    orig.sqlstate = cause.sqlstate
    return DBAPIError("SELECT 1", {}, orig)


def test_values_in_a_message_are_left_out() -> None:
    assert describe_error(ValueError("'13912345678' of 王 is no number 13912345678")) == (
        "ValueError: … of 王 is no number …"
    )


def test_a_statement_that_postgresql_does_not_know_names_what_is_missing() -> None:
    cause = asyncpg.UndefinedColumnError('column "due_on" does not exist')
    assert describe_error(wrapped(cause)) == (
        'UndefinedColumnError 42703: column "due_on" does not exist'
    )


def test_data_that_postgresql_refused_is_not_repeated() -> None:
    cause = asyncpg.InvalidTextRepresentationError('invalid input for uuid: "13912345678"')
    assert "13912345678" not in describe_error(wrapped(cause))


def test_the_last_line_of_our_own_code_is_named() -> None:
    record = RawRecord(Partition("t", 0), 0, b"k", b"soon", ())
    with pytest.raises(PoisonError) as caught:
        read_watermark(record)
    assert "(shared/kafka/broker/watermarks.py:" in describe_error(caught.value)
