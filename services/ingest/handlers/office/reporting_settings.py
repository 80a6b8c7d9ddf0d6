"""The settings of how an office handles reports: review, what stops reminders, joint duties."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.reporting_policy import (
    PAUSABLE,
    ReportingPolicy,
    read_policy,
    write_policy,
)
from services.ingest.handlers.acting import Act, note
from services.ingest.store import life as store
from services.ingest.store import offices
from shared.schemas.life import Joint, ObligationStatus


@dataclass(frozen=True, slots=True)
class ReportingSettings:
    """An office's settings; `version` counts their changes, and is 0 for the defaults."""

    version: int
    review: bool
    quiet: tuple[ObligationStatus, ...]
    joint: Joint


async def get_policy(db: AsyncConnection, act: Act) -> ReportingPolicy:
    """The office's settings, as decisions take them."""
    _, settings = await store.find_settings(db, act.office_id)
    return read_policy(settings)


async def get_settings(db: AsyncConnection, act: Act) -> ReportingSettings:
    """The office's settings."""
    version, settings = await store.find_settings(db, act.office_id)
    return _describe(version, read_policy(settings))


async def change_settings(
    db: AsyncConnection, act: Act, version: int, policy: ReportingPolicy
) -> ReportingSettings:
    """Replace the office's settings. They hold for every report from now on.

    Raises:
        RefusedError: another version than the present one, or reminders can't stop in a status.
    """
    await offices.lock_office(db, act.office_id)
    present, settings = await store.find_settings(db, act.office_id)
    if version != present:
        raise RefusedError(
            Fault.CONFLICT,
            f"Version {version} is stale: the settings are at version {present}.",
            "Read them again (GET /v1/settings/reporting), then change them.",
        )
    if fixed := policy.quiet - PAUSABLE:
        raise RefusedError(
            Fault.INVALID,
            f"Reminders can't be stopped or started in: {', '.join(sorted(fixed))}.",
            f"`quiet` may hold {', '.join(sorted(PAUSABLE))}.",
        )
    before, after = write_policy(read_policy(settings)), write_policy(policy)
    await store.put_settings(db, act.office_id, present + 1, after, now=act.now, actor=act.actor)
    await note(db, act, "reporting-settings.changed", act.office_id, before=before, after=after)
    return _describe(present + 1, policy)


def _describe(version: int, policy: ReportingPolicy) -> ReportingSettings:
    quiet = tuple(status for status in ObligationStatus if status in policy.quiet)
    return ReportingSettings(version, policy.review, quiet, policy.joint)
