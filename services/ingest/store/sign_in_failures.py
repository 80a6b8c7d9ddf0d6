"""Failed sign-ins, counted by account name and by address. Times are the database's."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Executable, case, delete, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.sign_in_limits import FORGOTTEN_AFTER, SignInLimit
from services.ingest.store.account_tables import SIGN_IN_FAILURES

_F = SIGN_IN_FAILURES.c


def make_subject(kind: str, value: str) -> bytes:
    """What failures are counted for. A typed name may be a password, so only a digest is kept."""
    return hashlib.sha256(f"{kind}\x1f{value}".encode("utf-8", "surrogatepass")).digest()


async def count_attempts(
    db: AsyncConnection, limits: Mapping[bytes, SignInLimit]
) -> timedelta | dict[bytes, int]:
    """Count an attempt as failed, for each subject, before it is made.

    So attempts at the same time are counted one by one. Who succeeds takes the count back.

    Returns:
        How long to wait when one of the subjects must; the caller then rolls back. Otherwise the
        failures of each subject.
    """
    now: datetime = (await db.execute(select(func.now()))).scalar_one()
    await db.execute(
        delete(SIGN_IN_FAILURES).where(
            _F.subject.in_(
                select(_F.subject)
                .where(_F.last_at < now - FORGOTTEN_AFTER)
                .limit(100)
                .with_for_update(skip_locked=True)
            )
        )
    )
    counted: dict[bytes, int] = {}
    for subject in sorted(limits):  # in one order, so that two attempts never deadlock
        row = (await db.execute(_count(subject, now))).one()
        if row.free_at > now:
            wait: timedelta = row.free_at - now
            return wait
        counted[subject] = row.failures
        pause = limits[subject].compute_pause(row.failures)
        await db.execute(
            update(SIGN_IN_FAILURES).where(_F.subject == subject).values(free_at=now + pause)
        )
    return counted


def _count(subject: bytes, now: datetime) -> Executable:
    """Add 1 to a subject's failures, unless it must wait, and lock its row."""
    row = postgresql.insert(SIGN_IN_FAILURES).values(
        subject=subject, failures=1, last_at=now, free_at=now
    )
    free = _F.free_at <= now
    return row.on_conflict_do_update(
        index_elements=["subject"],
        set_={
            "failures": case((free, _F.failures + 1), else_=_F.failures),
            "last_at": case((free, now), else_=_F.last_at),
        },
    ).returning(_F.failures, _F.free_at)


async def take_back(db: AsyncConnection, *subjects: bytes) -> None:
    """Count one failure less for each subject: the attempt was not a failure."""
    await db.execute(
        update(SIGN_IN_FAILURES)
        .where(_F.subject.in_(subjects), _F.failures > 0)
        .values(failures=_F.failures - 1, free_at=func.now())
    )


async def forget(db: AsyncConnection, subject: bytes) -> None:
    """Forget all failures of a subject."""
    await db.execute(delete(SIGN_IN_FAILURES).where(_F.subject == subject))
