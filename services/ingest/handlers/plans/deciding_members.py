"""A person confirms or dismisses what the directory means for a published plan."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import PlanStatus
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.plans.handing_over import move_to_successors
from services.ingest.handlers.plans.membership import DirectoryChange, Member, compare_members
from services.ingest.handlers.plans.plans import get_plan
from services.ingest.handlers.plans.publishing import publish_plan
from services.ingest.handlers.plans.withdrawing import make_withdrawals
from services.ingest.store import membership, plans, revisions
from services.ingest.store import units as unit_store
from services.ingest.store.rows import StoredPlan
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish

_REASON = "directory"


class MemberChoice(StrEnum):
    """What becomes of a difference."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class MemberDecision:
    """A person's decision about some units (names or ids), or about all of them if none is named.

    `digest` is that of the difference which the person saw; None accepts the present one.
    """

    choice: MemberChoice
    reason: str
    units: tuple[str, ...] = ()
    digest: str | None = None


async def show_members(db: AsyncConnection, act: Act, plan_id: UUID) -> DirectoryChange:
    """What waits for a decision of a published plan.

    Raises:
        RefusedError: no such plan, or it is not published.
    """
    return await compare_members(db, act, _require_published(await get_plan(db, act, plan_id)))


async def decide_members(
    db: AsyncConnection, act: Act, plan_id: UUID, decision: MemberDecision, limit: int
) -> DirectoryChange:
    """Apply a decision; returns what still waits.

    Confirmed, units that gain duties get their obligations, what units lose is no longer owed, and
    a successor owes what the retired unit has open; what is done stays done. Dismissed, everything
    stays as it is.

    Raises:
        RefusedError: no such plan, it is not published, the difference is another one, or a named
            unit has none.
    """
    plan = _require_published(await get_plan(db, act, plan_id, lock=True))
    change = await compare_members(db, act, plan)
    chosen = _choose(change, decision)
    gains, losses, handovers = chosen.gains, chosen.losses, chosen.handovers
    successors = {member.successor_id for member in handovers if member.successor_id}
    unit_ids = {member.unit_id for member in chosen.members}
    await unit_store.lock_units(db, sorted(unit_ids | successors))
    if decision.choice is MemberChoice.CONFIRM:
        await _assign(db, act, plan, gains, limit)
        await _withdraw(db, act, plan, losses)
        await move_to_successors(db, act, plan.plan_id, handovers, decision.reason)
    else:
        await _remember(db, plan_id, gains, (*losses, *handovers))
    await plans.increment_version(db, plan_id)
    after = {
        "decision": decision.choice,
        "reason": decision.reason,
        "gains": _list_facts(gains),
        "losses": _list_facts(losses),
        "handovers": _list_facts(handovers),
    }
    await note(db, act, "plan.directory-decided", plan_id, after=after)
    return await compare_members(db, act, plan)


def _require_published(plan: StoredPlan) -> StoredPlan:
    if plan.status is not PlanStatus.PUBLISHED:
        raise RefusedError(
            Fault.CONFLICT,
            f"任务表尚未发布或已撤回（{plan.status.value}）。"
            f"The plan is not published: it is {plan.status.value}.",
            "只有已发布的任务表才会与通讯录有出入。"
            "Only what is published can differ from the directory.",
        )
    return plan


def _choose(change: DirectoryChange, decision: MemberDecision) -> DirectoryChange:
    """What of a change a decision is about."""
    if decision.digest is not None and decision.digest != change.digest:
        raise RefusedError(
            Fault.CONFLICT,
            "内容已有变化，与您看到的不同。The difference is no longer the one that you saw.",
            "期间通讯录或任务表有改动，请重新查看后再决定。"
            "The directory or the plan was changed meanwhile: look at it again, then decide.",
        )
    chosen = set(decision.units)
    gains, losses, handovers = (
        tuple(member for member in members if not chosen or chosen & _list_spellings(member))
        for members in (change.gains, change.losses, change.handovers)
    )
    part = replace(change, gains=gains, losses=losses, handovers=handovers)
    waiting = {word for member in part.members for word in _list_spellings(member)}
    if not waiting or chosen - waiting:
        raise RefusedError(
            Fault.CONFLICT,
            "这些单位没有待决定的变动。Nothing waits for a decision about these units.",
            f"请重新查看变动。"
            f"Look at the changes again (`GET /v1/plans/{change.plan_id}/directory-changes`).",
        )
    return part


def _list_spellings(member: Member) -> set[str]:
    """What a decision may call a unit; a handover by its successor, too."""
    spellings = {member.unit, str(member.unit_id)}
    return spellings | {member.successor, str(member.successor_id)} - {"", "None"}


async def _assign(
    db: AsyncConnection, act: Act, plan: StoredPlan, gains: Sequence[Member], limit: int
) -> None:
    """Publish what units gain."""
    if gains:
        only = _list_pairs(gains)
        await publish_plan(db, act, plan.plan_id, include_past=False, limit=limit, only=only)


async def _withdraw(
    db: AsyncConnection, act: Act, plan: StoredPlan, losses: Sequence[Member]
) -> None:
    """Withdraw what units lose and have not done; the units are locked."""
    if losses:
        pairs = _list_pairs(losses)
        live = await membership.list_open(db, act.office_id, plan.plan_id, pairs)
        ids = [each.obligation_id for each in live]
        await revisions.withdraw_obligations(db, ids, now=act.now, actor=act.actor)
        await publish(db, OUTBOX, list(make_withdrawals(act, plan.plan_id, live, _REASON)))


async def _remember(
    db: AsyncConnection, plan_id: UUID, gains: Sequence[Member], losses: Sequence[Member]
) -> None:
    """Keep with each measure which units do not join it, and which stay."""
    measures = {each.measure_id: each for each in await plans.list_measures(db, plan_id)}
    values: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    for column, members in (("not_joining", gains), ("staying", losses)):
        for measure_id, unit_id in _list_pairs(members):
            kept = values[measure_id].setdefault(
                column, list(getattr(measures[measure_id], column))
            )
            kept.append(str(unit_id))
    for measure_id, columns in values.items():
        await plans.update_measure(db, measure_id, columns)


def _list_pairs(members: Collection[Member]) -> set[tuple[UUID, UUID]]:
    """Measure and unit of each duty."""
    return {(measure, member.unit_id) for member in members for measure in member.measure_ids}


def _list_facts(members: Collection[Member]) -> list[dict[str, Any]]:
    return [
        {"unit": member.unit, "refs": list(member.refs)}
        | ({"successor": member.successor} if member.successor else {})
        for member in members
    ]
