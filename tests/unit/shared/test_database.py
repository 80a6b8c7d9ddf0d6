"""Which errors pass by themselves, and which come back each time."""

import asyncio

import asyncpg
import pytest
from asyncpg import exceptions
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi as Dbapi

from shared.database.engine import is_infrastructure


def wrapped(cause: Exception) -> exc.DBAPIError:
    """An error of asyncpg as SQLAlchemy raises it."""
    translate = Dbapi(asyncpg)._asyncpg_error_translate
    kind = next(translate[each] for each in type(cause).__mro__ if each in translate)
    orig = kind(str(cause), cause)
    orig.__cause__ = cause
    error = exc.DBAPIError.instance("SELECT 1", {}, orig, Dbapi.Error)
    assert isinstance(error, exc.DBAPIError)
    return error


PASSING = [
    exceptions.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    exceptions.CannotConnectNowError("the database system is starting up"),
    exceptions.AdminShutdownError("terminating connection"),
    exceptions.QueryCanceledError("canceling statement due to statement timeout"),
    exceptions.DeadlockDetectedError("deadlock detected"),
    exceptions.SerializationError("could not serialize access"),
    exceptions.TooManyConnectionsError("sorry, too many clients already"),
    exceptions.DiskFullError("no space left on device"),
    exceptions.LockNotAvailableError("canceling statement due to lock timeout"),
    exceptions.PostgresIOError("could not read block"),
    exceptions.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    exceptions.IdleInTransactionSessionTimeoutError("terminating connection"),
    exceptions.InterfaceError("cannot perform operation: connection is closed"),
]
LASTING = [
    exceptions.PostgresSyntaxError("syntax error at or near"),
    exceptions.UndefinedTableError("relation does not exist"),
    exceptions.UndefinedColumnError("column does not exist"),
    exceptions.InsufficientPrivilegeError("permission denied"),
    exceptions.UniqueViolationError("duplicate key value"),
    exceptions.NotNullViolationError("null value in column"),
    exceptions.StringDataRightTruncationError("value too long"),
    exceptions.InternalServerError("cache lookup failed"),
    exceptions.DataCorruptedError("invalid page"),
    exceptions.InvalidPasswordError("password authentication failed"),
    exceptions.InterfaceError("cannot perform operation: another operation is in progress"),
    exceptions.DataError("invalid input for query argument $1"),
]


@pytest.mark.parametrize("cause", PASSING, ids=lambda cause: type(cause).__name__)
def test_what_the_program_stands_on_is_infrastructure(cause: Exception) -> None:
    assert is_infrastructure(cause)
    assert is_infrastructure(wrapped(cause))


@pytest.mark.parametrize("cause", LASTING, ids=lambda cause: type(cause).__name__)
def test_what_fails_each_time_is_not_infrastructure(cause: Exception) -> None:
    assert not is_infrastructure(cause)
    assert not is_infrastructure(wrapped(cause))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        OSError("no route to host"),
        TimeoutError(),
        MemoryError(),
        exc.DisconnectionError(),
        exc.TimeoutError("QueuePool limit"),
    ],
    ids=repr,
)
def test_the_network_a_used_up_pool_and_memory_pressure_pass(error: BaseException) -> None:
    assert is_infrastructure(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("plan"),
        ValueError("no date"),
        exc.ArgumentError("no such argument"),
        exc.NoResultFound("no row"),
        exc.InvalidRequestError("a transaction is already begun"),
        exc.CompileError("no such type"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_a_fault_of_the_program_is_not_infrastructure(error: BaseException) -> None:
    assert not is_infrastructure(error)
