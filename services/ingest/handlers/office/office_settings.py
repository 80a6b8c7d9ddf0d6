"""An office's settings: shown, and replaced whole as the next version.

Time zone and near days are part of the rule book, since reminders are planned by them. They are
set here too: a change of them publishes the rule book anew, in the same transaction. What becomes
of a unit's reports is a part of the same document that no event tells.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.reporting_policy import ReportingPolicy, read_policy, write_policy
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.office.reporting_settings import require_pausable
from services.ingest.handlers.office.rule_publishing import require_no_approval
from services.ingest.handlers.office.rules import get_book, publish_book
from services.ingest.store import office_settings as store
from services.ingest.store import offices, units
from shared.schemas.office import OfficeSettings
from shared.schemas.office_events import OfficeSettingsPublished


@dataclass(frozen=True, slots=True)
class NewSettings:
    """Settings that replace those of `version`. `logo` is a PNG or JPEG picture.

    `reporting` says what becomes of a unit's reports, and what stops reminders.
    `rule_approval_share`: percent of the units above which a second person approves rules.
    """

    version: int
    timezone: str
    near_working_days: int
    settings: OfficeSettings
    logo: bytes | None
    reporting: ReportingPolicy
    rule_approval_share: int


@dataclass(frozen=True, slots=True)
class SettingsView:
    """An office's present settings.

    `version` rises with each change of any of them; 0: the office never changed one.
    """

    version: int
    timezone: str
    near_working_days: int
    settings: OfficeSettings
    logo: bytes | None
    reporting: ReportingPolicy
    rule_approval_share: int
    changed_by: str
    changed_at: datetime | None


async def get_settings(db: AsyncConnection, office_id: UUID) -> OfficeSettings:
    """An office's settings, with the defaults of what it never changed."""
    stored = await store.find_current(db, office_id)
    return OfficeSettings() if stored is None else OfficeSettings.model_validate(stored.settings)


async def view_settings(db: AsyncConnection, office_id: UUID) -> SettingsView:
    """An office's settings with their version."""
    stored = await store.find_current(db, office_id)
    book = await get_book(db, office_id)
    return SettingsView(
        version=stored.version if stored else 0,
        timezone=book.timezone,
        near_working_days=book.near_working_days,
        settings=OfficeSettings.model_validate(stored.settings if stored else {}),
        logo=stored.logo if stored else None,
        reporting=read_policy(stored.reporting if stored else None),
        rule_approval_share=await store.find_approval_share(db, office_id),
        changed_by=stored.changed_by if stored else "",
        changed_at=stored.changed_at if stored else None,
    )


async def change_settings(db: AsyncConnection, act: Act, new: NewSettings) -> SettingsView:
    """Replace the office's settings; the same settings again change nothing.

    Raises:
        RefusedError: somebody changed them since the version that `new` replaces, reminders can't
            stop in a status, there is no such unit, or another time zone needs the approval of a
            second person.
    """
    require_pausable(new.reporting)
    await offices.lock_office(db, act.office_id)
    await _require_present_unit(db, act, new.settings.own_unit)
    before = await view_settings(db, act.office_id)
    if new.version != before.version:
        raise RefusedError(
            Fault.CONFLICT,
            f"设置已有第 {before.version} 版，您修改的是第 {new.version} 版。"
            "Somebody changed the settings meanwhile.",
            "请重新读取设置再修改。Read them again (`GET /v1/office/settings`), then change them.",
        )
    await _change_rule_book(db, act, new)
    present = (before.settings, before.logo, before.reporting, before.rule_approval_share)
    if (new.settings, new.logo, new.reporting, new.rule_approval_share) != present:
        await _store(db, act, new, before)
    return await view_settings(db, act.office_id)


async def _require_present_unit(db: AsyncConnection, act: Act, unit_id: UUID | None) -> None:
    """Make sure that the office's own unit is one of its directory that is not retired."""
    if unit_id is None:
        return
    unit = await units.find_unit(db, act.office_id, unit_id)
    if unit is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    if unit.retired_at is not None:
        raise RefusedError(
            Fault.CONFLICT,
            f"{unit.name}已停用。{unit.name} is retired.",
            "请指定在用的单位（`own_unit`）。Name a unit in use (`own_unit`).",
        )


async def _change_rule_book(db: AsyncConnection, act: Act, new: NewSettings) -> None:
    book = await get_book(db, act.office_id)
    changed = book.model_copy(
        update={"timezone": new.timezone, "near_working_days": new.near_working_days}
    )
    if changed != book:
        await require_no_approval(db, act, changed)
        await publish_book(db, act, changed)


async def _store(db: AsyncConnection, act: Act, new: NewSettings, before: SettingsView) -> None:
    stored = await store.add_settings(
        db,
        act.office_id,
        before.version + 1,
        settings=new.settings.model_dump(mode="json"),
        logo=new.logo,
        reporting=write_policy(new.reporting),
        rule_approval_share=new.rule_approval_share,
        by=act.actor,
        now=act.now,
    )
    if new.settings != before.settings:
        event = OfficeSettingsPublished(
            office_id=act.office_id, number=stored.version, settings=new.settings
        )
        await tell(db, act, event, act.office_id, "settings", stored.version)
    earlier, later = _describe(before), _describe(new)
    differing = [name for name in later if later[name] != earlier[name]]
    await note(
        db,
        act,
        "settings.changed",
        stored.version,
        before={name: earlier[name] for name in differing},
        after={name: later[name] for name in differing},
    )


def _describe(shown: SettingsView | NewSettings) -> dict[str, Any]:
    """Settings as the journal has them: of the logo only its hash."""
    digest = hashlib.sha256(shown.logo).hexdigest() if shown.logo else None
    return (
        shown.settings.model_dump(mode="json")
        | write_policy(shown.reporting)
        | {"logo": digest, "rule_approval_share": shown.rule_approval_share}
    )
