"""Withdraws a published plan or one of its measures with a reason, and deletes drafts.

What is done stays done. What was withdrawn is restored one obligation at a time.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import PlanStatus, SettlementAction
from services.ingest.handlers.acting import Act, make_envelope, note
from services.ingest.handlers.ledger.obligations import PER_EVENT
from services.ingest.handlers.plans.plans import get_plan
from services.ingest.store import plans as store
from services.ingest.store import units as unit_store
from services.ingest.store import withdrawing
from services.ingest.store.rows import StoredPlan
from services.ingest.store.tables import OUTBOX
from services.ingest.store.withdrawing import LiveCounts, LiveObligation
from shared.kafka.outbox.publishing import publish
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsWithdrawn
from shared.schemas.life import ObligationStatus


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was withdrawn, or would be: of which plan, how many obligations of how many units.

    `ref` names the measure; None is the whole plan. `submitted` of the obligations are reported as
    done and not reviewed: their reports end.
    """

    plan_id: UUID
    title: str | None
    ref: str | None
    obligations: int
    units: int
    submitted: int
    applied: bool


async def withdraw_plan(
    db: AsyncConnection, act: Act, plan_id: UUID, words: str, *, preview: bool
) -> Withdrawal:
    """Withdraw a published plan: nothing of it is owed or published any more.

    With `preview` nothing changes.

    Raises:
        RefusedError: no such plan, or it is not published.
    """
    plan = await _lock_published(db, act, plan_id)
    if preview:
        counts = await withdrawing.count_live(db, act.office_id, plan_id, None)
        return _describe(plan, None, counts, applied=False)
    live = await _lock_live(db, act, plan_id, None)
    await _withdraw(db, act, plan_id, live, words)
    await store.update_plan(db, plan_id, {"status": PlanStatus.WITHDRAWN})
    await store.increment_version(db, plan_id)
    after = {"status": PlanStatus.WITHDRAWN, "note": words, "obligations": len(live)}
    before = {"status": plan.status}
    await note(db, act, "plan.withdrawn", plan_id, before=before, after=after)
    return _describe(plan, None, _count(live), applied=True)


async def withdraw_measure(
    db: AsyncConnection, act: Act, plan_id: UUID, ref: str, words: str, *, preview: bool
) -> Withdrawal:
    """Withdraw a measure of a published plan: no unit owes it any more.

    With `preview` nothing changes.

    Raises:
        RefusedError: no such plan or measure, or the plan is not published.
    """
    plan = await _lock_published(db, act, plan_id)
    measures = {measure.ref: measure for measure in await store.list_measures(db, plan_id)}
    if ref not in measures:
        raise RefusedError(
            Fault.NOT_FOUND,
            "任务表中没有这一项。The plan has no such measure.",
            "请核对序号。See the plan.",
        )
    measure = measures[ref]
    if preview:
        counts = await withdrawing.count_live(db, act.office_id, plan_id, measure.measure_id)
        return _describe(plan, ref, counts, applied=False)
    live = await _lock_live(db, act, plan_id, measure.measure_id)
    await _withdraw(db, act, plan_id, live, words)
    settled = {
        "settlement": SettlementAction.DROP,
        "settled_by": act.actor,
        "settled_at": act.now,
        "settled_why": words,
    }
    await store.update_measure(db, measure.measure_id, settled)
    await store.increment_version(db, plan_id)
    before = {"settlement": measure.settlement}
    after = {"ref": ref, "note": words, "obligations": len(live)}
    subject = measure.measure_id
    await note(db, act, "measure.withdrawn", subject, before=before, after=after)
    return _describe(plan, ref, _count(live), applied=True)


async def delete_draft(db: AsyncConnection, act: Act, plan_id: UUID) -> None:
    """Delete a draft plan, or a revision that was not confirmed, with its settlements.

    Raises:
        RefusedError: no such plan, or it was published or confirmed.
    """
    plan = await get_plan(db, act, plan_id, lock=True)
    if plan.status not in {PlanStatus.DRAFT, PlanStatus.REVISION}:
        raise RefusedError(
            Fault.CONFLICT,
            "只能删除草稿；这份任务表已通知责任单位。"
            "Only a draft can be deleted; units were told of this plan.",
            f"请写明理由后撤回。Withdraw it with a reason (`POST /v1/plans/{plan_id}/withdraw`).",
        )
    await withdrawing.delete_plan(db, plan_id)
    before = {"document": plan.document_name, "sha256": plan.sha256, "title": plan.title}
    await note(db, act, "plan.deleted", plan_id, before=before)


async def _lock_published(db: AsyncConnection, act: Act, plan_id: UUID) -> StoredPlan:
    plan = await get_plan(db, act, plan_id, lock=True)
    if plan.status is not PlanStatus.PUBLISHED:
        raise RefusedError(
            Fault.CONFLICT,
            f"任务表未在发布状态（{plan.status.value}）。"
            f"The plan is not published: it is {plan.status.value}.",
            f"草稿请直接删除。A draft is deleted (`DELETE /v1/plans/{plan_id}`).",
        )
    return plan


async def _lock_live(
    db: AsyncConnection, act: Act, plan_id: UUID, measure_id: UUID | None
) -> list[LiveObligation]:
    """What is owed of a plan or measure; the units are locked until the transaction ends."""
    live = await withdrawing.list_live(db, act.office_id, plan_id, measure_id)
    await unit_store.lock_units(db, sorted({each.unit_id for each in live}))
    return await withdrawing.list_live(db, act.office_id, plan_id, measure_id)


async def _withdraw(
    db: AsyncConnection, act: Act, plan_id: UUID, live: Sequence[LiveObligation], words: str
) -> None:
    """Withdraw obligations; the plan is locked, and so are their units."""
    ids = [each.obligation_id for each in live]
    await withdrawing.withdraw_all(db, ids, now=act.now, actor=act.actor, why=words)
    await publish(db, OUTBOX, list(make_withdrawals(act, plan_id, live, "withdrawn")))


def make_withdrawals(
    act: Act, plan_id: UUID, live: Sequence[LiveObligation], reason: str
) -> Iterator[Envelope]:
    """The events that withdraw obligations, unit by unit."""
    by_unit: defaultdict[UUID, list[LiveObligation]] = defaultdict(list)
    for each in live:
        by_unit[each.unit_id].append(each)
    for unit_id, owed in by_unit.items():
        for start in range(0, len(owed), PER_EVENT):
            part = owed[start : start + PER_EVENT]
            event = ObligationsWithdrawn(
                office_id=act.office_id,
                unit_id=unit_id,
                obligation_ids=tuple(each.obligation_id for each in part),
                reason=reason,
            )
            first = part[0]
            yield make_envelope(act, event, plan_id, unit_id, first.obligation_id, first.number)


def _count(live: Sequence[LiveObligation]) -> LiveCounts:
    units = len({each.unit_id for each in live})
    submitted = sum(each.status is ObligationStatus.SUBMITTED for each in live)
    return LiveCounts(len(live), units, submitted)


def _describe(
    plan: StoredPlan, ref: str | None, counts: LiveCounts, *, applied: bool
) -> Withdrawal:
    return Withdrawal(
        plan.plan_id,
        plan.title,
        ref,
        counts.obligations,
        counts.units,
        counts.submitted,
        applied,
    )
