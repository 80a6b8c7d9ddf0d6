"""A revised document of a published plan: read, compared, and paired by a person where in doubt.

A revision is stored like a draft of its own and settled like one. Nothing of the plan changes
until it is confirmed (`handlers.revisions.confirming`).
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import Pairing, PlanStatus
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.source import PlanReading
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.plans.doubts import to_decisions
from services.ingest.handlers.plans.measure_rows import list_measure_rows
from services.ingest.handlers.plans.plans import get_plan, require_open
from services.ingest.handlers.revisions.carrying import (
    AsRead,
    carry_settlement,
    list_unsettled,
    match_rows,
)
from services.ingest.handlers.revisions.comparing import Revision, RevisionComparison
from services.ingest.handlers.revisions.pairing import name_measure, pair_measures
from services.ingest.handlers.units.units import load_directory
from services.ingest.store import plans as store
from services.ingest.store import revisions
from services.ingest.store.rows import StoredMeasure, StoredPlan
from shared.schemas import identity


@dataclass(frozen=True)
class RevisedDocument:
    """A file as it was sent, and what was read from it."""

    name: str
    content: bytes
    reading: PlanReading

    @property
    def parsed(self) -> ParsedPlan:
        """The plan in it."""
        return self.reading.plan

    @cached_property
    def sha256(self) -> str:
        """The hash of its content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


async def revise(
    db: AsyncConnection, act: Act, plan_id: UUID, document: RevisedDocument
) -> Revision:
    """Enter a document as a revision of a published plan; a repeat gives the same revision.

    1. Lock the plan, and check that the document may revise it.
    2. Stop if it is the document that is in force.
    3. Enter the revision, unless this document was entered for this version of the plan before.
    4. Enter its measures, each matched with one of the plan's.
    5. Compare the revision with the plan.

    Raises:
        RefusedError: no such plan, it is not published, or the document is of another year.
    """
    plan = await get_plan(db, act, plan_id, lock=True)
    _require_revisable(plan, document.parsed)
    in_force = await _get_in_force(db, act, plan)
    if in_force.sha256 == document.sha256:
        return _repeat(plan, in_force)
    revision_id = identity.derive_id("revision", plan_id, document.sha256, plan.version)
    created = await _add_revision(db, act, plan, revision_id, document)
    if created:
        await _add_measures(db, act, plan, revision_id, document)
    revision = await compare_revision(db, act, plan_id, revision_id)
    revision.created = created
    return revision


def _require_revisable(plan: StoredPlan, parsed: ParsedPlan) -> None:
    """Step 1.

    Raises:
        RefusedError: the plan is not published, or the document is of another year.
    """
    if plan.status is not PlanStatus.PUBLISHED:
        raise RefusedError(
            Fault.CONFLICT,
            "只有已发布的任务表才能修订。Only a published plan can be revised.",
            "请在草稿上定夺，或导入新文件代替它。"
            "Settle the draft, or import the new document in its place.",
        )
    if parsed.year not in {None, plan.year}:
        raise RefusedError(
            Fault.INVALID,
            f"文件是 {parsed.year} 年的，任务表是 {plan.year} 年的。"
            f"The document is of {parsed.year}, the plan of {plan.year}.",
            "请作为新的任务表导入。Import it as a plan of its own.",
        )


async def _get_in_force(db: AsyncConnection, act: Act, plan: StoredPlan) -> StoredPlan:
    """Step 2. The plan or revision whose document is in force."""
    if plan.revised_by is None:
        return plan
    return await _get_revision(db, act, plan.plan_id, plan.revised_by)


def _repeat(plan: StoredPlan, in_force: StoredPlan) -> Revision:
    """Step 2. The revision whose document was sent again.

    Raises:
        RefusedError: the document is the plan's own.
    """
    if in_force.revises is None:
        raise RefusedError(
            Fault.CONFLICT,
            "这就是任务表原来的文件。This is the document that the plan was read from.",
        )
    return Revision(plan, in_force)


async def _add_revision(
    db: AsyncConnection, act: Act, plan: StoredPlan, revision_id: UUID, document: RevisedDocument
) -> bool:
    """Step 3. False when it was entered before."""
    parsed = document.parsed
    return await store.add_plan(
        db,
        {
            "plan_id": revision_id,
            "office_id": act.office_id,
            "document_name": document.name,
            "document": document.content,
            "sha256": document.sha256,
            "parsed": parsed.model_dump(mode="json"),
            "source": document.reading.source.model_dump(mode="json"),
            "title": parsed.title,
            "year": plan.year,
            "issuer": parsed.issuer,
            "status": PlanStatus.REVISION,
            "imported_at": act.now,
            "imported_by": act.actor,
            "revises": plan.plan_id,
            "base_version": plan.version,
        },
    )


async def _add_measures(
    db: AsyncConnection, act: Act, plan: StoredPlan, revision_id: UUID, document: RevisedDocument
) -> None:
    """Step 4."""
    old = await store.list_measures(db, plan.plan_id, with_removed=True)
    as_read = await _load_as_read(db, act, plan.plan_id)
    rows = list_measure_rows(act, revision_id, document.parsed)
    await asyncio.to_thread(match_rows, old, as_read, rows)
    await store.add_measures(db, rows)
    after = {
        "document": document.name,
        "sha256": document.sha256,
        "revision": str(revision_id),
    }
    await note(db, act, "revision.read", plan.plan_id, after=after)


async def _load_as_read(db: AsyncConnection, act: Act, plan_id: UUID) -> AsRead:
    """The measures of the document in force as they were read."""
    parsed = ParsedPlan.model_validate(await revisions.load_document(db, plan_id))
    return {row["ref"]: row for row in list_measure_rows(act, plan_id, parsed)}


async def pair(
    db: AsyncConnection,
    act: Act,
    plan_id: UUID,
    revision_id: UUID,
    *,
    ref: str,
    with_ref: str | None,
) -> Revision:
    """Decide which measure of the plan a measure of the revision is; None: it is new.

    A measure that was paired with that one before is ambiguous again.

    Raises:
        RefusedError: no such plan, revision or measure, or the revision was confirmed.
    """
    await get_plan(db, act, plan_id, lock=True)
    require_open(await _get_revision(db, act, plan_id, revision_id, lock=True))
    measures = await store.list_measures(db, plan_id, with_removed=True)
    old = {name_measure(measure): measure for measure in measures}
    new = {measure.ref: measure for measure in await store.list_measures(db, revision_id)}
    measure, partner = _find_pair(old, new, ref=ref, with_ref=with_ref)
    as_read = await _load_as_read(db, act, revision_id)
    old_by_id = {other.measure_id: other for other in old.values()}
    if partner is not None:
        for other in new.values():
            if other.pair_id == partner.measure_id and other.ref != ref:
                values = list_unsettled(other, old_by_id, as_read)
                unpaired = {"pair_id": None, "paired": None}
                await store.update_measure(db, other.measure_id, values | unpaired)
    values = list_unsettled(measure, old_by_id, as_read)
    if partner is None:
        values |= {"pair_id": None, "paired": Pairing.NEW}
    else:
        values |= {"pair_id": partner.measure_id, "paired": Pairing.PERSON}
        if values.get("settlement", measure.settlement) is None:
            plan_as_read = await _load_as_read(db, act, plan_id)
            earlier = plan_as_read.get(partner.ref) if partner.removed_at is None else None
            values |= carry_settlement(as_read[ref], partner, earlier)
    await store.update_measure(db, measure.measure_id, values)
    before = {"pair": str(measure.pair_id) if measure.pair_id else None, "paired": measure.paired}
    after = {"pair": str(partner.measure_id) if partner is not None else None, "ref": ref}
    await note(db, act, "measure.paired", measure.measure_id, before=before, after=after)
    return await compare_revision(db, act, plan_id, revision_id)


def _find_pair(
    old: Mapping[str, StoredMeasure],
    new: Mapping[str, StoredMeasure],
    *,
    ref: str,
    with_ref: str | None,
) -> tuple[StoredMeasure, StoredMeasure | None]:
    if ref not in new:
        raise RefusedError(
            Fault.NOT_FOUND, f"修订中没有第 {ref} 项。The revision has no measure {ref}."
        )
    if with_ref is None:
        return new[ref], None
    if with_ref not in old:
        raise RefusedError(
            Fault.NOT_FOUND, f"任务表中没有第 {with_ref} 项。The plan has no measure {with_ref}."
        )
    return new[ref], old[with_ref]


async def _get_revision(
    db: AsyncConnection, act: Act, plan_id: UUID, revision_id: UUID, *, lock: bool = False
) -> StoredPlan:
    revision = await store.find_plan(db, act.office_id, revision_id, lock=lock)
    if revision is None or revision.revises != plan_id:
        raise RefusedError(Fault.NOT_FOUND, "任务表没有这份修订。The plan has no such revision.")
    return revision


async def compare_revision(
    db: AsyncConnection, act: Act, plan_id: UUID, revision_id: UUID, *, lock: bool = False
) -> Revision:
    """A revision compared with its plan; a confirmed one has no difference any more.

    Raises:
        RefusedError: no such plan or revision.
    """
    plan = await get_plan(db, act, plan_id, lock=lock)
    stored = await _get_revision(db, act, plan_id, revision_id, lock=lock)
    if stored.status is PlanStatus.CONFIRMED:
        return Revision(plan, stored)
    old = await store.list_measures(db, plan_id, with_removed=True)
    new = await store.list_measures(db, revision_id)
    pairs = await asyncio.to_thread(pair_measures, old, new, plan.year)
    known = await load_directory(db, act.office_id)
    decisions = to_decisions(await store.list_decisions(db, plan_id, revision_id))
    differing = [*pairs.removed, *(changed for changed, _ in pairs.changed)]
    measure_ids = [measure.measure_id for measure in differing]
    owing = await revisions.map_owing_units(db, plan_id, measure_ids)
    granted = await revisions.list_granted(db, plan_id, measure_ids)
    submitted = await revisions.list_submitted(db, plan_id, measure_ids)
    comparison = RevisionComparison(plan.year, known, decisions, owing, granted, submitted)
    return comparison.compare(Revision(plan, stored), pairs)


async def list_revisions(
    db: AsyncConnection, act: Act, plan_id: UUID
) -> tuple[StoredPlan, Sequence[StoredPlan]]:
    """A plan and its revisions, the oldest first.

    Raises:
        RefusedError: no such plan.
    """
    plan = await get_plan(db, act, plan_id)
    return plan, await store.list_revisions(db, act.office_id, plan_id)
