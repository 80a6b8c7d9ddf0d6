"""A revised document over a published plan: read, compared, and paired by a person in doubt.

A revision is kept like a draft of its own and settled like one; nothing of the plan changes
until it is confirmed (`handlers.confirming`).
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.extraction.models import ParsedPlan
from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.handlers.plans.doubts import decided
from services.ingest.handlers.plans.plans import found, measure_rows, still_open
from services.ingest.handlers.revisions.comparing import Revision, compared
from services.ingest.handlers.revisions.pairing import FACTS, paired
from services.ingest.handlers.units.units import load_directory
from services.ingest.revision import Passage, match_passages
from services.ingest.store import plans as store
from services.ingest.store import revisions
from services.ingest.tables import AnyRow
from shared.schemas import identity

_READ = FACTS[2:]
_CARRIED = ("codes", "settlement", "settled", "settled_by", "settled_at", "settled_why")
_NEW = "new"


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was sent."""

    name: str
    data: bytes


async def revise(
    db: AsyncConnection, act: Act, plan_id: UUID, document: Document, parsed: ParsedPlan
) -> Revision:
    """Read a document as a revision of a published plan; the same again is the same revision.

    Raises:
        RefusedError: no such plan, it is not published, or the document is of another year.
    """
    plan = await found(db, act, plan_id, lock=True)
    if plan.status != "published":
        raise RefusedError(
            Fault.CONFLICT,
            "Only a published plan is revised.",
            "A draft is settled; or import the new document in its place.",
        )
    if parsed.year not in {None, plan.year}:
        raise RefusedError(
            Fault.INVALID,
            f"The document is of {parsed.year}, the plan of {plan.year}.",
            "Import it as a plan of its own.",
        )
    sha256 = hashlib.sha256(document.data).hexdigest()
    if (now := await _in_force(db, act, plan)).sha256 == sha256:
        if now.revises is None:
            raise RefusedError(Fault.CONFLICT, "This is the document that the plan was read from.")
        return Revision(plan, now)
    revision_id = identity.derive_id("revision", plan_id, sha256, plan.version)
    made = await store.add_plan(
        db,
        {
            "plan_id": revision_id,
            "office_id": act.office_id,
            "document_name": document.name,
            "document": document.data,
            "sha256": sha256,
            "parsed": parsed.model_dump(mode="json"),
            "title": parsed.title,
            "year": plan.year,
            "issuer": parsed.issuer,
            "status": "revision",
            "imported_at": act.now,
            "imported_by": act.actor,
            "revises": plan_id,
            "base_version": plan.version,
        },
    )
    if made:
        before = await store.measures(db, plan_id)
        read = await _read(db, act, plan_id)
        fresh = measure_rows(act, revision_id, parsed)
        await asyncio.to_thread(_match, before, read, fresh)
        await store.add_measures(db, fresh)
        told = {"document": document.name, "sha256": sha256, "revision": str(revision_id)}
        await note(db, act, "revision.read", plan_id, after=told)
    found_revision = await revision(db, act, plan_id, revision_id)
    found_revision.created = made
    return found_revision


async def _in_force(db: AsyncConnection, act: Act, plan: AnyRow) -> AnyRow:
    """The plan or revision whose document is in force."""
    if plan.revised_by is None:
        return plan
    return await _row(db, act, plan.plan_id, plan.revised_by)


async def _read(db: AsyncConnection, act: Act, plan_id: UUID) -> dict[str, dict[str, Any]]:
    """The measures of the document in force as they were read, by ref."""
    parsed = ParsedPlan.model_validate(await revisions.parsed(db, plan_id))
    return {row["ref"]: row for row in measure_rows(act, plan_id, parsed)}


def _match(
    before: Sequence[AnyRow], read: Mapping[str, dict[str, Any]], fresh: Sequence[dict[str, Any]]
) -> None:
    """Say of each fresh row which measure it is, and what people settled of an unchanged one."""
    old = {row.measure_id: row for row in before}
    as_read = {row.measure_id: read.get(row.ref) for row in before}
    matches = match_passages(
        [_passage(row, as_read[row.measure_id]) for row in before],
        [Passage(row["measure_id"], row["ref"], row["task_name"], row["text"]) for row in fresh],
    )
    nothing = dict.fromkeys(("settlement", "settled_by", "settled_at", "settled_why"))
    for row in fresh:
        one = matches[row["measure_id"]]
        paired = "matched" if one.old else None if one.candidates else _NEW
        row.update(nothing | {"pair_id": one.old, "paired": paired})
        if one.old:
            row.update(_carried(row, old[one.old], as_read[one.old]))


def _passage(row: AnyRow, as_read: Mapping[str, Any] | None) -> Passage:
    """A measure of the plan in the words of its document, whatever was settled since."""
    text = row.text if as_read is None else as_read["text"]
    return Passage(row.measure_id, row.ref, row.task_name, text)


def _carried(
    row: Mapping[str, Any], old: AnyRow, as_read: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What people settled of a measure, if the new document says the same of it as the old."""
    if as_read is None or any(row[name] != as_read[name] for name in _READ):
        return {}
    return {name: getattr(old, name) for name in (*_READ, *_CARRIED)}


async def pair(
    db: AsyncConnection,
    act: Act,
    plan_id: UUID,
    revision_id: UUID,
    *,
    ref: str,
    with_ref: str | None,
) -> Revision:
    """Say which measure of the plan one of the revision is; None: it is new.

    What was paired with that measure before is open again.

    Raises:
        RefusedError: no such plan, revision or measure, or the revision was confirmed.
    """
    await found(db, act, plan_id, lock=True)
    still_open(await _row(db, act, plan_id, revision_id, lock=True))
    before = {one.ref: one for one in await store.measures(db, plan_id)}
    fresh = {one.ref: one for one in await store.measures(db, revision_id)}
    if ref not in fresh:
        raise RefusedError(Fault.NOT_FOUND, f"The revision has no measure {ref}.")
    if with_ref is not None and with_ref not in before:
        raise RefusedError(Fault.NOT_FOUND, f"The plan has no measure {with_ref}.")
    one, old = fresh[ref], before[with_ref] if with_ref is not None else None
    as_read = await _read(db, act, revision_id)
    by_id = {row.measure_id: row for row in before.values()}
    was = {"pair": str(one.pair_id) if one.pair_id else None, "paired": one.paired}
    for other in fresh.values():
        if old is not None and other.pair_id == old.measure_id and other.ref != ref:
            free = _as_read(other, by_id, as_read) | {"pair_id": None, "paired": None}
            await store.set_measure(db, other.measure_id, free)
    values = _as_read(one, by_id, as_read)
    if old is None:
        values |= {"pair_id": None, "paired": _NEW}
    else:
        values |= {"pair_id": old.measure_id, "paired": "person"}
        if values.get("settlement", one.settlement) is None:
            earlier = await _read(db, act, plan_id)
            values |= _carried(as_read[ref], old, earlier.get(old.ref))
    await store.set_measure(db, one.measure_id, values)
    after = {"pair": str(values["pair_id"]) if old is not None else None, "ref": ref}
    await note(db, act, "measure.paired", one.measure_id, before=was, after=after)
    return await revision(db, act, plan_id, revision_id)


def _as_read(
    row: AnyRow, before: Mapping[UUID, AnyRow], read: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The columns of a revision's measure as read, unless a person settled it in the revision."""
    old = before.get(row.pair_id)
    carried = old is not None and all(
        getattr(row, name) == getattr(old, name) for name in _CARRIED[1:]
    )
    if row.settlement is not None and not carried:
        return {}
    nothing = dict.fromkeys(("settlement", "settled_by", "settled_at", "settled_why"))
    return nothing | {name: read[row.ref][name] for name in (*_READ, "codes", "settled")}


async def _row(
    db: AsyncConnection, act: Act, plan_id: UUID, revision_id: UUID, *, lock: bool = False
) -> AnyRow:
    row = await store.plan(db, act.office_id, revision_id, lock=lock)
    if row is None or row.revises != plan_id:
        raise RefusedError(Fault.NOT_FOUND, "The plan has no such revision.")
    return row


async def revision(
    db: AsyncConnection, act: Act, plan_id: UUID, revision_id: UUID, *, lock: bool = False
) -> Revision:
    """A revision and its difference from the plan.

    Raises:
        RefusedError: no such plan or revision.
    """
    plan = await found(db, act, plan_id, lock=lock)
    row = await _row(db, act, plan_id, revision_id, lock=lock)
    if row.status == "confirmed":
        return Revision(plan, row)
    old = await store.measures(db, plan_id)
    fresh = await store.measures(db, revision_id)
    pairs = await asyncio.to_thread(paired, old, fresh, plan.year)
    known = await load_directory(db, act.office_id)
    decisions = decided(await store.decisions(db, plan_id, revision_id))
    touched = [one.measure_id for one in (*pairs.removed, *(one for one, _ in pairs.changed))]
    owing = await revisions.owing(db, plan_id, touched)
    return compared(Revision(plan, row), pairs, known, decisions, owing)


async def listed(db: AsyncConnection, act: Act, plan_id: UUID) -> tuple[AnyRow, Sequence[AnyRow]]:
    """A plan and its revisions, the first first.

    Raises:
        RefusedError: no such plan.
    """
    plan = await found(db, act, plan_id)
    return plan, await revisions.of_plan(db, act.office_id, plan_id)
