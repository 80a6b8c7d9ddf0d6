"""A confirmed revision: the plan's measures and obligations change in one transaction."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.handlers.ledger.amending import Revised, Work, write_obligations
from services.ingest.handlers.office.rules import office_day
from services.ingest.handlers.plans.publishing import not_too_many
from services.ingest.handlers.revisions.comparing import Revision, stale
from services.ingest.handlers.revisions.pairing import FACTS
from services.ingest.handlers.revisions.revising import revision
from services.ingest.store import revisions
from services.ingest.tables import AnyRow
from shared.schemas import identity
from shared.schemas.facts import MeasureFacts

_COPIED = (
    *FACTS[1:],
    "codes",
    "settlement",
    "settled",
    "settled_by",
    "settled_at",
    "settled_why",
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a revision came to: measures, and obligations of how many units.

    `held` counts new obligations whose date has passed; a later publication may add them.
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
    """Apply a revision; confirmed again it changes nothing.

    `digest` is that of the difference which the caller saw; None takes whatever it is now.
    `include_past` also takes dates that lie before today: overdue counts from today.

    Raises:
        RefusedError: the plan changed since the revision was read, the difference is not the one
            that was seen, something is still to be settled or paired, a date moves to the past,
            or it makes more than `limit` obligations.
    """
    found = await revision(db, act, plan_id, revision_id, lock=True)
    if found.row.status == "confirmed":
        return Confirmed(**found.row.outcome)
    today = (await office_day(db, act.office_id, act.now)).today
    _check(found, digest, None if include_past else today)
    not_too_many(sum(len(one.units) * len(one.after) for one in found.touched), limit)
    measures = await _write_measures(db, act, found)
    title = found.row.title or found.plan.title or found.row.document_name
    work = Work(act, plan_id, revision_id, title, today, include_past, measures)
    await write_obligations(db, work)
    await revisions.take_decisions(db, revision_id, plan_id)
    done = Confirmed(
        len(found.added),
        len(found.changed),
        len(found.removed),
        len(found.kept),
        **asdict(work.counts),
    )
    before = {"title": found.plan.title, "version": found.plan.version}
    heads = {"title": title, "issuer": found.row.issuer or found.plan.issuer}
    values = heads | {"revised_by": revision_id, "version": found.plan.version + 1}
    await revisions.set_plan(db, plan_id, values)
    closed = {"status": "confirmed", "published_at": act.now, "outcome": asdict(done)}
    await revisions.set_plan(db, revision_id, closed)
    after = {"title": title, "version": values["version"], "revision": str(revision_id)}
    await note(db, act, "plan.revised", plan_id, before=before, after=after | asdict(done))
    return done


def _check(found: Revision, digest: str | None, first: date | None) -> None:
    if stale(found.plan, found.row):
        raise RefusedError(
            Fault.CONFLICT,
            "The plan has changed since this revision was read.",
            "Read the document as a revision once more, and look at the new difference.",
        )
    if digest is not None and digest != found.digest:
        raise RefusedError(
            Fault.CONFLICT,
            "The difference is no longer the one that you saw.",
            "Something was settled, paired or imported meanwhile: look at it again, then confirm.",
        )
    rows = [{"where": one.ref, "message": "which measure of the plan?"} for one in found.ambiguous]
    for change in (*found.added, *found.changed):
        rows += [{"where": change.ref, "message": code} for code in change.open]
        rows += [{"where": change.ref, "message": f"unknown: {n}"} for n in change.unknown]
    if rows:
        raise RefusedError(
            Fault.CONFLICT,
            f"{len(rows)} points of the revision are still to be settled.",
            "Settle, decide or pair them (cuiban plan review), then confirm.",
            rows[:100],
        )
    if first is not None and (passed := list(_passed(found, first))):
        raise RefusedError(
            Fault.CONFLICT,
            "A date was moved to one that has passed.",
            "If it is meant, include the past (--include-past): overdue then counts from today.",
            [{"where": ref, "message": day.isoformat()} for ref, day in passed[:100]],
        )


def _passed(found: Revision, first: date) -> Iterator[tuple[str, date]]:
    for change in found.changed:
        for moved in change.dates:
            if moved.before is not None and moved.after is not None and moved.after < first:
                yield change.ref, moved.after


async def _write_measures(db: AsyncConnection, act: Act, found: Revision) -> list[Revised]:
    """Write the plan's measures as the revision has them; those that changed, with their ids."""
    plan_id, revision_id = found.plan.plan_id, found.row.plan_id
    ordinal = await revisions.last_ordinal(db, plan_id)
    numbers, measures = count(), []
    added, changed, removed = [], [], []
    for touched in found.touched:
        old, new = touched.old, touched.new
        if old is None:
            ordinal += 1
        row = old if old is not None else new
        assert row is not None  # noqa: S101 - a measure that changes is there before or after
        ids = identity.derive_id("measure", plan_id, revision_id, row.ref)
        measure_id = old.measure_id if old is not None else ids
        if new is None:
            removed.append(measure_id)
        else:
            values = {name: getattr(new, name) for name in _COPIED}
            values |= {"measure_id": measure_id, "ref": new.ref, "periods": dict(touched.periods)}
            values["published_at"] = row.published_at or (act.now if touched.after else None)
            if old is None:
                own = {"plan_id": plan_id, "office_id": act.office_id, "ordinal": ordinal}
                added.append(values | own)
            else:
                changed.append(values)
        shown = new if new is not None else row
        facts = MeasureFacts(
            measure_id=measure_id, ref=shown.ref, task_name=shown.task_name, text=shown.text
        )
        drafts = {name: (next(numbers), draft) for name, draft in touched.after.items()}
        place = old.ordinal if old is not None else ordinal
        measures.append(Revised(measure_id, place, touched, facts, drafts))
    await revisions.remove_measures(db, removed, act.now)
    await revisions.free_refs(db, [row["measure_id"] for row in changed])
    await revisions.set_measures(db, changed)
    await revisions.add_measures(db, added)
    for measure in measures:
        before, after = _facts(measure.touched.old), _facts(measure.touched.new)
        what = "changed" if before and after else "added" if after else "removed"
        await note(db, act, f"measure.{what}", measure.measure_id, before=before, after=after)
    return measures


def _facts(row: AnyRow | None) -> dict[str, Any]:
    return {} if row is None else {name: getattr(row, name) for name in FACTS}
