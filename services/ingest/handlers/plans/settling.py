"""Settles a plan's doubtful measures and unknown names before it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import resolve
from services.ingest.domain.lifecycle import derive_obligations
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import SettlementAction
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.plans.doubts import list_names, to_duty
from services.ingest.handlers.plans.plans import PlanView, get_plan, require_open, view_plan
from services.ingest.handlers.units.units import load_directory
from services.ingest.store import plans as store
from services.ingest.store.rows import StoredMeasure, StoredPlan

_SETTLED = ("text", "due", "continuous", "recurrence", "names", "lead", "settlement", "settled")
_DATE_FIELDS = frozenset({"due", "continuous", "recurrence"})
_UNIT_FIELDS = frozenset({"names", "lead"})
_UNIT_CODES = frozenset({"actor-in-text", "no-unit"})
_NOT_UNDERSTOOD = "not-understood"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a measure is to be settled.

    Attributes:
        changes: the fields that get another value.
        codes: the codes to accept; all of them if empty.
        version: of the plan that the person saw; None for any.
    """

    ref: str
    action: SettlementAction
    reason: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    codes: Sequence[str] = ()
    version: int | None = None


async def settle(db: AsyncConnection, act: Act, plan_id: UUID, settlement: Settlement) -> PlanView:
    """Accept, change or drop a measure that is not published; a later settlement replaces it.

    Each code is settled by itself: a change settles those that concern its fields, an acceptance
    the named ones or all.

    Raises:
        RefusedError: no such plan or measure, it is published, or it would still have no date.
    """
    plan = await get_plan(db, act, plan_id, lock=True)
    require_open(plan)
    _require_version(plan, settlement.version)
    before = _find_measure(await store.list_measures(db, plan_id), settlement.ref)
    if before.published_at is not None:
        raise RefusedError(
            Fault.CONFLICT,
            f"第 {settlement.ref} 项已发布。Measure {settlement.ref} is published.",
            "请给事项延期，或导入修订后的文件。"
            "Extend its obligations, or revise the plan by a document.",
        )
    _check_settlement(before, settlement)
    values = {
        **settlement.changes,
        "settlement": settlement.action,
        "settled": [code for code in before.codes if _is_settled(before, code, settlement)],
        "settled_by": act.actor,
        "settled_at": act.now,
        "settled_why": settlement.reason,
    }
    await store.update_measure(db, before.measure_id, values)
    await store.increment_version(db, plan_id)
    after = _find_measure(await store.list_measures(db, plan_id), settlement.ref)
    _check_settled(after, plan.year, settlement)
    await note(
        db,
        act,
        "measure.settled",
        before.measure_id,
        before=_get_facts(before),
        after={"reason": settlement.reason, **_get_facts(after)},
    )
    return await view_plan(db, act, plan_id)


def _require_version(plan: StoredPlan, seen: int | None) -> None:
    """Make sure that nobody settled anything since the person looked."""
    if seen is not None and seen != plan.version:
        raise RefusedError(
            Fault.CONFLICT,
            f"第 {seen} 版已过时：任务表期间有改动，现为第 {plan.version} 版。"
            f"Version {seen} is stale: the plan was changed meanwhile, and is at {plan.version}.",
            f"请重新读取后再定夺。Read it again (`GET /v1/plans/{plan.plan_id}`), "
            "then settle anew.",
        )


def _check_settlement(measure: StoredMeasure, settlement: Settlement) -> None:
    if (settlement.action is SettlementAction.CHANGE) is not bool(settlement.changes):
        raise RefusedError(
            Fault.INVALID,
            "修改时至少要改一项，其他操作不带修改内容。"
            "A change needs at least one changed field, and no other action takes any.",
        )
    if settlement.codes and settlement.action is not SettlementAction.ACCEPT:
        raise RefusedError(
            Fault.INVALID,
            "只有接受时可指定存疑（`codes`）。"
            "Doubts are named only when they are accepted (`codes`).",
        )
    if unknown := [code for code in settlement.codes if code not in measure.codes]:
        raise RefusedError(
            Fault.INVALID,
            f"第 {measure.ref} 项没有存疑 {' '.join(unknown)}。"
            f"Measure {measure.ref} has no point {' '.join(unknown)}.",
            f"它的存疑：{' '.join(measure.codes) or '无'}。"
            f"Its points are {' '.join(measure.codes) or 'none'}.",
        )


def _check_settled(after: StoredMeasure, year: int | None, settlement: Settlement) -> None:
    """Make sure that a settled measure has a date and a unit, if the settlement concerns them."""
    if settlement.action is SettlementAction.DROP:
        return
    is_accepted = settlement.action is SettlementAction.ACCEPT
    needs_date = is_accepted or not _DATE_FIELDS.isdisjoint(settlement.changes)
    if needs_date and not settlement.codes and not derive_obligations(to_duty(after, year)):
        raise RefusedError(
            Fault.INVALID,
            f"第 {settlement.ref} 项将没有时限。Measure {settlement.ref} would have no date.",
            "请填写时限（`due`），或说明为长期任务（`continuous`）。"
            "Give its dates (`due`), or say that it has no end (`continuous`).",
        )
    if is_accepted and not (after.names or after.lead):
        raise RefusedError(
            Fault.INVALID,
            f"第 {settlement.ref} 项将没有责任单位。Measure {settlement.ref} would have no unit.",
            "请填写责任单位（`names`）。Name its units (`names`).",
        )


def _is_settled(measure: StoredMeasure, code: str, settlement: Settlement) -> bool:
    """Whether a code of a measure is settled once this settlement is made."""
    match settlement.action:
        case SettlementAction.DROP:
            return code in measure.settled
        case SettlementAction.ACCEPT:
            return code in measure.settled or not settlement.codes or code in settlement.codes
        case SettlementAction.CHANGE:
            if code == _NOT_UNDERSTOOD:  # a change of any field settles it
                return True
            concerned = _UNIT_FIELDS if code in _UNIT_CODES else _DATE_FIELDS
            return code in measure.settled or not concerned.isdisjoint(settlement.changes)


def _get_facts(measure: StoredMeasure) -> dict[str, Any]:
    """The fields that a settlement may change, for the journal."""
    return {name: getattr(measure, name) for name in _SETTLED}


def _find_measure(measures: Sequence[StoredMeasure], ref: str) -> StoredMeasure:
    for measure in measures:
        if measure.ref == ref:
            return measure
    raise RefusedError(Fault.NOT_FOUND, f"任务表中没有第 {ref} 项。The plan has no measure {ref}.")


@dataclass(frozen=True, slots=True)
class NameDecision:
    """Which units a name means, by name or id; with `ignore` it means none."""

    name: str
    units: tuple[str, ...]
    ignore: bool
    reason: str


async def decide_name(
    db: AsyncConnection, act: Act, plan_id: UUID, decision: NameDecision
) -> PlanView:
    """Decide which units a name in a plan means; a later decision replaces it.

    Raises:
        RefusedError: no such plan, the plan does not hold the name, or a unit is unknown.
    """
    require_open(await get_plan(db, act, plan_id, lock=True))
    measures = await store.list_measures(db, plan_id)
    if not any(decision.name in list_names(measure) for measure in measures):
        raise RefusedError(
            Fault.NOT_FOUND, "任务表中没有这个名称。The plan does not contain this name."
        )
    if decision.ignore is bool(decision.units):
        raise RefusedError(
            Fault.INVALID,
            "指定单位（`units`）与忽略（`ignore`）须选其一。"
            "Name units (`units`), or ignore the name (`ignore`): one of the two.",
        )
    unit_ids = await _resolve_units(db, act, decision.units)
    stored = {earlier.name: earlier for earlier in await store.list_decisions(db, plan_id)}
    earlier = stored.get(decision.name)
    after = {
        "name": decision.name,
        "unit_ids": [str(unit_id) for unit_id in unit_ids],
        "ignored": decision.ignore,
        "reason": decision.reason,
    }
    await store.put_decision(
        db,
        {
            **after,
            "plan_id": plan_id,
            "office_id": act.office_id,
            "decided_by": act.actor,
            "decided_at": act.now,
        },
    )
    await store.increment_version(db, plan_id)
    before = {name: getattr(earlier, name) for name in after} if earlier else {}
    await note(db, act, "name.decided", plan_id, before=before, after=after)
    return await view_plan(db, act, plan_id)


async def _resolve_units(db: AsyncConnection, act: Act, names: Sequence[str]) -> list[UUID]:
    """The units with these names or ids, each once.

    Raises:
        RefusedError: the directory does not know some of them.
    """
    known = await load_directory(db, act.office_id)
    unit_ids: dict[UUID, None] = {}
    unknown: list[str] = []
    for name in names:
        resolved = _parse_unit_id(name, known.units) or resolve(name, known, {}) or ()
        unit_ids.update(dict.fromkeys(resolved))
        if not resolved:
            unknown.append(name)
    if unknown:
        raise RefusedError(
            Fault.INVALID,
            f"通讯录中没有{'、'.join(unknown[:10])}。"
            f"The directory does not know {'、'.join(unknown[:10])}.",
            "请先导入该单位，或改用别的单位。Import the unit first, or name another.",
            [{"name": name} for name in unknown[:100]],
        )
    return list(unit_ids)


def _parse_unit_id(text: str, units: Mapping[UUID, object]) -> tuple[UUID, ...]:
    try:
        unit_id = UUID(text)
    except ValueError:
        return ()
    return (unit_id,) if unit_id in units else ()
