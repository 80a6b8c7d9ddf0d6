"""An obligation under its unit's lock: what may be done with it, and the refusal of the rest."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain import words
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.reporting_policy import ReportingPolicy
from services.ingest.domain.transitions import (
    Party,
    Situation,
    find_next_status,
    list_allowed,
)
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.joint import find_joint, list_units
from services.ingest.handlers.ledger.staleness import make_stale
from services.ingest.handlers.office.reporting_settings import get_policy
from services.ingest.handlers.office.rules import OfficeDay, get_office_day
from services.ingest.store import life, units
from services.ingest.store import obligations as store
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.life import JointObligation
from services.ingest.store.life_tables import ExtensionState, ObjectionState
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import ObligationKind

_BY_RECORD = {Action.SUBMIT, Action.COMPLETE, Action.RETURN, Action.REOPEN}


@dataclass(frozen=True, slots=True)
class LockedObligation:
    """An obligation whose unit is locked until the transaction ends.

    Attributes:
        entry: as the ledger has it.
        situation: what decides about the actions.
        policy: the office's settings.
        day: the office's current day.
        who: who acts.
        leading: the unit that reports for it, where that is another one.
        following: the obligations that this one's unit reports for; their units are locked too.
    """

    entry: LedgerEntry
    situation: Situation
    policy: ReportingPolicy
    day: OfficeDay
    who: Party
    leading: JointObligation | None = None
    following: tuple[JointObligation, ...] = ()

    @property
    def allowed(self) -> tuple[Action, ...]:
        """The actions that are possible now for the one who acts."""
        return list_allowed(self.situation, self.who, review=self.policy.review)


def get_party(act: Act) -> Party:
    """Whether the unit acts, or the office."""
    return Party.OFFICE if act.unit_id is None else Party.UNIT


async def lock_obligation(
    db: AsyncConnection, act: Act, obligation_id: UUID, version: int | None = None
) -> LockedObligation:
    """Lock an obligation's unit, and read the obligation.

    Args:
        db: a connection in a transaction.
        act: the command's context.
        obligation_id: whose.
        version: the number of changes that the caller has seen; None for any.

    Raises:
        RefusedError: no such obligation, or the version is not the present one.
    """
    unit_ids = await _lock_units_of(db, act, obligation_id)
    locked = await read_obligation(db, act, obligation_id)
    following = tuple(each for each in locked.following if each.unit_id in unit_ids)
    locked = replace(locked, following=following)
    if version is not None and version != locked.entry.number:
        raise await make_stale(db, act, locked.entry, version, locked.allowed)
    return locked


async def _lock_units_of(db: AsyncConnection, act: Act, obligation_id: UUID) -> list[UUID]:
    """Lock the unit of an obligation, and those that it reports for; returns their ids.

    Raises:
        RefusedError: no such obligation, or one of a unit that the actor may not act for.
    """
    unit_id = await require_obligation(db, act, obligation_id)
    entry = await store.get_entry(db, obligation_id)
    duty = await find_joint(db, entry, await get_policy(db, act)) if entry.lead else None
    unit_ids = list_units(duty, unit_id)
    await units.lock_units(db, unit_ids)
    return unit_ids


async def require_obligation(db: AsyncConnection, act: Act, obligation_id: UUID) -> UUID:
    """The unit of an obligation that the actor may see.

    Raises:
        RefusedError: no such obligation, or one of a unit that the actor may not act for.
    """
    unit_id = await store.find_unit_id(db, act.office_id, obligation_id)
    if unit_id is None or (act.unit_id is not None and act.unit_id != unit_id):
        raise RefusedError(Fault.NOT_FOUND, "没有这一责任事项。There is no such obligation.")
    return unit_id


async def read_obligation(db: AsyncConnection, act: Act, obligation_id: UUID) -> LockedObligation:
    """An obligation with what decides about it; its unit's lock keeps it unchanged."""
    entry = await store.get_entry(db, obligation_id)
    extensions = await life.list_extensions(db, obligation_id)
    objections = await life.list_objections(db, obligation_id)
    policy = await get_policy(db, act)
    duty = await find_joint(db, entry, policy)
    follows = duty is not None and duty.leading.obligation_id != obligation_id
    day = await get_office_day(db, act.office_id, act.now)
    situation = Situation(
        entry.status,
        entry.kind,
        is_dated=entry.due_on is not None,
        is_past=entry.due_on is not None and entry.due_on < day.today,
        is_dropped=entry.status is ObligationStatus.DONE and entry.withdrawn_at is not None,
        asked=any(each.state is ExtensionState.PENDING for each in extensions),
        objected=any(each.state is ObjectionState.PENDING for each in objections),
        follows=follows,
    )
    return LockedObligation(
        entry,
        situation,
        policy,
        day,
        get_party(act),
        leading=duty.leading if duty is not None and follows else None,
        following=duty.following if duty is not None else (),
    )


def require_action(locked: LockedObligation, action: Action) -> ObligationStatus:
    """The status after an action.

    Raises:
        RefusedError: it is not possible now; the error names what is.
    """
    status = find_next_status(locked.situation, action, locked.who, review=locked.policy.review)
    if status is not None:
        return status
    entry, allowed = locked.entry, locked.allowed
    is_owed = entry.withdrawn_at is None
    if entry.kind is ObligationKind.HEARING and action in _BY_RECORD and is_owed:
        raise RefusedError(
            Fault.CONFLICT,
            "听取汇报以登记为准，不直接报办结。"
            "A hearing is fulfilled by its record, not by a status.",
            f"请登记或撤销登记。Record it (`POST /v1/units/{entry.unit_id}/hearings`), "
            "or take a record back (`POST /v1/hearings/{hearing_id}/take-back`).",
            allowed=allowed,
        )
    chinese, english = _describe_state(locked)
    names = ", ".join(allowed) or "nothing"
    raise RefusedError(
        Fault.CONFLICT,
        f"现在不能{words.ACTIONS[action]}：{chinese}。“{action.value}” is not possible: {english}.",
        f"现在可以：{words.name_actions(allowed)}。Possible now: {names}.",
        allowed=allowed,
    )


def _describe_state(locked: LockedObligation) -> tuple[str, str]:
    """Why most actions are refused, in a few words: in Chinese, and in English."""
    situation = locked.situation
    if situation.is_dropped or situation.status is ObligationStatus.WITHDRAWN:
        return (
            "该单位已不承担此项（已撤回，或任务表已修订）",
            "the unit no longer owes this (it was withdrawn, or the plan was revised)",
        )
    chinese = f"该事项{words.STATUSES[situation.status]}"
    english = f"the obligation is {situation.status.value}"
    if situation.asked:
        chinese += "，延期申请待定"
        english += ", an extension of it is not decided yet"
    if situation.objected:
        chinese += "，异议待定"
        english += ", an objection to it is not decided yet"
    if locked.leading is not None and locked.who is Party.UNIT:
        chinese += f"，由牵头单位{locked.leading.unit}统一报送"
        english += ", and the leading unit reports for all"
    return chinese, english


def require_owed(locked: LockedObligation) -> None:
    """Make sure that an obligation is still asked for, done or not.

    Raises:
        RefusedError: it was withdrawn, or a revision dropped it.
    """
    situation = locked.situation
    if situation.is_dropped or situation.status is ObligationStatus.WITHDRAWN:
        chinese, english = _describe_state(locked)
        raise RefusedError(
            Fault.CONFLICT,
            f"{chinese}。It can't be changed: {english}.",
            f"现在可以：{words.name_actions(locked.allowed)}。"
            f"Possible now: {', '.join(locked.allowed) or 'nothing'}.",
            allowed=locked.allowed,
        )


def require_reason(note: str) -> None:
    """Make sure that a reason was given.

    Raises:
        RefusedError: it is empty.
    """
    if not note:
        raise RefusedError(
            Fault.INVALID,
            "须写明理由。This needs a reason.",
            "请填写理由（`note`）。Say why (`note`).",
        )
