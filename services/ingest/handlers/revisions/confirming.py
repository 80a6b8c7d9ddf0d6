"""Confirms a revision: the plan's measures and obligations change in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import PlanStatus
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.ledger.amending import write_obligations
from services.ingest.handlers.ledger.changed_measures import ChangedMeasure, RevisedMeasure
from services.ingest.handlers.ledger.confirmation import Confirmation
from services.ingest.handlers.ledger.hearings import count_earlier_hearings
from services.ingest.handlers.ledger.obligations import require_at_most
from services.ingest.handlers.office.measure_facts import to_measure_facts
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.plans.announcing import FirstHeard, describe_announcement
from services.ingest.handlers.revisions.comparing import Revision, is_stale
from services.ingest.handlers.revisions.pairing import FACTS
from services.ingest.handlers.revisions.revising import compare_revision
from services.ingest.handlers.units.reachability import UnreachablePost
from services.ingest.store import obligations, plans, revisions
from services.ingest.store import units as unit_store
from services.ingest.store.rows import StoredMeasure
from shared.schemas import identity

_COPIED = (
    *FACTS,
    "target",
    "printed_due",
    "category",
    "codes",
    "settlement",
    "settled",
    "settled_by",
    "settled_at",
    "settled_why",
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many measures and obligations a revision changed, and of how many units.

    `held` counts new obligations whose date has passed; a later publication may add them.
    `first_heard` and `unreachable` are as those of a publication.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    obligations_added: int
    obligations_amended: int
    obligations_withdrawn: int
    units: int
    held: int
    first_heard: tuple[FirstHeard, ...] = ()
    unreachable: tuple[UnreachablePost, ...] = ()


_STORED = TypeAdapter(Confirmed)


async def confirm(
    db: AsyncConnection,
    act: Act,
    plan_id: UUID,
    revision_id: UUID,
    *,
    digest: str | None,
    include_past: bool,
    limit: int,
) -> Confirmed:
    """Apply a revision; a repeat changes nothing.

    `digest` is that of the difference which the caller saw; None accepts the present one.
    `include_past` also accepts dates before today: their overdue count starts today.

    1. Lock the plan and the revision, compare them, and check that the difference may be applied.
    2. Write the plan's measures.
    3. Write the units' obligations and events.
    4. Copy the decisions about names, close the revision, and note it in the journal.

    Raises:
        RefusedError: the plan changed since the revision was read, the difference is not the one
            that the caller saw, something is still to be settled or paired, a date moves to the
            past, or there are more than `limit` obligations.
    """
    revision = await compare_revision(db, act, plan_id, revision_id, lock=True)
    if revision.stored.outcome is not None:
        return _STORED.validate_python(revision.stored.outcome)
    day = await get_office_day(db, act.office_id, act.now)
    _require_confirmable(revision, digest, None if include_past else day.today)
    require_at_most(sum(len(m.units) * len(m.after) for m in revision.measures), limit)
    measures = await _write_measures(db, act, revision)
    stored = revision.stored
    title = stored.title or revision.plan.title or stored.document_name
    confirmation = Confirmation(
        act, plan_id, revision_id, title, day.today, day.told_on, include_past, measures
    )
    if title != (revision.plan.title or revision.plan.document_name):
        confirmation.retitled = await obligations.list_owed_measures(db, act.office_id, plan_id)
    await write_obligations(db, confirmation)
    await count_earlier_hearings(db, act, plan_id)
    return await _close(db, revision, confirmation)


def _require_confirmable(revision: Revision, digest: str | None, first_day: date | None) -> None:
    """Step 1. Make sure that the difference may be applied.

    Raises:
        RefusedError: as `confirm` says; a date may not move to one before `first_day`.
    """
    if is_stale(revision.plan, revision.stored):
        raise RefusedError(
            Fault.CONFLICT,
            "读入修订后，任务表又有改动。The plan has changed since this revision was read.",
            "请重新读入修订文件，再查看差异。"
            "Read the document as a revision again, and look at the new difference.",
        )
    if digest is not None and digest != revision.digest:
        raise RefusedError(
            Fault.CONFLICT,
            "差异已有变化，与您看到的不同。The difference is no longer the one that you saw.",
            "期间有定夺、对应或导入，请重新查看后再确认。"
            "Something was settled, paired or imported meanwhile: look at it again, then confirm.",
        )
    address = f"/v1/plans/{revision.plan.plan_id}/revisions/{revision.stored.plan_id}"
    if details := list(_list_undecided(revision)):
        raise RefusedError(
            Fault.CONFLICT,
            f"修订还有 {len(details)} 处待定夺。"
            f"{len(details)} points of the revision are still to be settled.",
            f"请先定夺或对应，再确认。Settle, decide or pair them, then confirm (`GET {address}`).",
            details[:100],
        )
    if first_day is not None and (past := list(_list_past(revision, first_day))):
        raise RefusedError(
            Fault.CONFLICT,
            "有时限被改到已过去的日期。A date was moved to one that has passed.",
            "如确需如此，请包括已过日期（`include_past`），逾期从今天起算。"
            "If it is meant, include the past (`include_past`): overdue then counts from today.",
            past[:100],
        )


def _list_undecided(revision: Revision) -> Iterator[dict[str, str]]:
    """The points that need a decision, with the refs of their measures."""
    for measure in revision.ambiguous:
        yield {"where": measure.ref, "message": "对应任务表的哪一项？Which measure of the plan?"}
    for change in (*revision.added, *revision.changed):
        for code in change.open:
            yield {"where": change.ref, "message": code}
        for name in change.unknown:
            yield {
                "where": change.ref,
                "message": f"通讯录中没有“{name}”。The directory does not know {name}.",
            }


def _list_past(revision: Revision, first_day: date) -> Iterator[dict[str, str]]:
    """The dates that move to one before `first_day`, with the refs of their measures."""
    for change in revision.changed:
        for moved in change.dates:
            if moved.before is not None and moved.after is not None and moved.after < first_day:
                yield {"where": change.ref, "message": moved.after.isoformat()}


async def _write_measures(
    db: AsyncConnection, act: Act, revision: Revision
) -> list[RevisedMeasure]:
    """Step 2. The measures that differ, with the ids that they have in the plan."""
    plan_id = revision.plan.plan_id
    ordinal = await revisions.get_last_ordinal(db, plan_id)
    numbers, measures = count(), []
    for change in revision.measures:
        if change.old is None:
            ordinal += 1
        measures.append(_make_revised(revision, change, ordinal, numbers))
    changed = [_make_row(act, m) for m in measures if m.change.old and m.change.new]
    added = [_make_row(act, m) for m in measures if m.change.old is None]
    own = {"plan_id": plan_id, "office_id": act.office_id}
    removed = [m.measure_id for m in measures if m.change.new is None]
    await revisions.remove_measures(db, removed, act.now)
    await revisions.release_refs(db, [row["measure_id"] for row in changed])
    await revisions.update_measures(db, changed)
    await plans.add_measures(db, [row | own for row in added])
    await _note_measures(db, act, measures)
    return measures


def _make_revised(
    revision: Revision, change: ChangedMeasure, ordinal: int, numbers: Iterator[int]
) -> RevisedMeasure:
    """A measure with its id and place in the plan; a new one gets `ordinal` and an id."""
    old, new = change.old, change.new
    shown = new if new is not None else old
    assert shown is not None  # noqa: S101 - a changed measure exists before or after
    plan_id, revision_id = revision.plan.plan_id, revision.stored.plan_id
    measure_id = (
        old.measure_id
        if old is not None
        else identity.derive_id("measure", plan_id, revision_id, shown.ref)
    )
    return RevisedMeasure(
        measure_id=measure_id,
        ordinal=old.ordinal if old is not None else ordinal,
        change=change,
        facts=to_measure_facts(measure_id, shown),
        drafts={period: (next(numbers), draft) for period, draft in change.after.items()},
    )


def _make_row(act: Act, measure: RevisedMeasure) -> dict[str, Any]:
    """The columns of a changed or new measure, as the revision has them."""
    old, new = measure.change.old, measure.change.new
    assert new is not None  # noqa: S101 - a removed measure has no row
    row = {name: getattr(new, name) for name in _COPIED}
    row["measure_id"] = measure.measure_id
    row["periods"] = dict(measure.change.periods)
    row["removed_at"] = None
    published_at = (old or new).published_at
    row["published_at"] = published_at or (act.now if measure.change.after else None)
    if old is None:
        row["ordinal"] = measure.ordinal
    return row


async def _note_measures(db: AsyncConnection, act: Act, measures: Sequence[RevisedMeasure]) -> None:
    for measure in measures:
        before, after = _get_facts(measure.change.old), _get_facts(measure.change.new)
        verb = "changed" if before and after else "added" if after else "removed"
        action = f"measure.{verb}"
        await note(db, act, action, measure.measure_id, before=before, after=after)


def _get_facts(measure: StoredMeasure | None) -> dict[str, Any]:
    return {} if measure is None else {name: getattr(measure, name) for name in FACTS}


async def _close(db: AsyncConnection, revision: Revision, confirmation: Confirmation) -> Confirmed:
    """Step 4. What the revision changed."""
    act, plan, stored = confirmation.act, revision.plan, revision.stored
    names = {unit.unit_id: unit.name for unit in await unit_store.list_units(db, act.office_id)}
    announced = await describe_announcement(db, act, confirmation.reminded, names)
    await revisions.copy_decisions(db, stored.plan_id, plan.plan_id)
    confirmed = Confirmed(
        len(revision.added),
        len(revision.changed),
        len(revision.removed),
        revision.unchanged,
        **asdict(confirmation.counts),
        first_heard=announced.first_heard,
        unreachable=announced.unreachable,
    )
    outcome, version = _STORED.dump_python(confirmed, mode="json"), plan.version + 1
    in_force = {
        "title": confirmation.title,
        "issuer": stored.issuer or plan.issuer,
        "revised_by": stored.plan_id,
        "version": version,
    }
    await plans.update_plan(db, plan.plan_id, in_force)
    closed = {"status": PlanStatus.CONFIRMED, "published_at": act.now, "outcome": outcome}
    await plans.update_plan(db, stored.plan_id, closed)
    before = {"title": plan.title, "version": plan.version}
    after = {"title": confirmation.title, "version": version, "revision": str(stored.plan_id)}
    counts = {name: value for name, value in outcome.items() if isinstance(value, int)}
    await note(db, act, "plan.revised", plan.plan_id, before=before, after=after | counts)
    return confirmed
