"""Evidence (佐证材料): a note, a link or a file that shows what a unit did.

The office and the unit alone read it. What is taken back is no longer shown as evidence; that it
was there, with its hash, stays on record.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.evidence import EvidenceKind, FileType
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import Party
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changing import note_change
from services.ingest.handlers.ledger.locking import (
    LockedObligation,
    lock_obligation,
    require_owed,
    require_reason,
)
from services.ingest.store import evidence as store
from services.ingest.store import obligations
from services.ingest.store.evidence import StoredEvidence
from shared.schemas import identity
from shared.schemas.life import ObligationStatus

MOST = 50
"""Pieces of evidence of one obligation at once."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file whose type was checked."""

    name: str
    type: FileType
    content: bytes


async def add_words(
    db: AsyncConnection, act: Act, obligation_id: UUID, words: str, link: str | None
) -> UUID:
    """Add a note, or a link with a note; returns the obligation's id.

    Raises:
        RefusedError: no such obligation, it is no longer owed, it has too much evidence, or
            neither note nor link.
    """
    if not words and link is None:
        raise RefusedError(
            Fault.INVALID,
            "须填写说明或链接。Evidence needs a note or a link.",
            "请填写说明（`note`）或链接（`link`）；文件另行上传。"
            "Give a note (`note`) or a link (`link`); "
            f"a file is uploaded (`POST /v1/obligations/{obligation_id}/files`).",
        )
    kind = EvidenceKind.NOTE if link is None else EvidenceKind.LINK
    shown = words if link is None else link
    return await _add(db, act, obligation_id, shown, {"kind": kind, "note": words, "link": link})


async def add_file(db: AsyncConnection, act: Act, obligation_id: UUID, file: EvidenceFile) -> UUID:
    """Add a file; returns the obligation's id. The same file again changes nothing.

    Raises:
        RefusedError: no such obligation, it is no longer owed, or it has too much evidence.
    """
    sha256 = hashlib.sha256(file.content).hexdigest()
    columns = {
        "kind": EvidenceKind.FILE,
        "note": "",
        "name": file.name,
        "media_type": file.type.media_type,
        "size": len(file.content),
        "sha256": sha256,
        "content": file.content,
    }
    return await _add(db, act, obligation_id, file.name, columns)


async def _add(
    db: AsyncConnection, act: Act, obligation_id: UUID, shown: str, columns: dict[str, Any]
) -> UUID:
    locked = await lock_obligation(db, act, obligation_id)
    require_owed(locked)
    present = [
        each for each in await store.list_evidence(db, obligation_id) if each.removed_at is None
    ]
    sha256 = columns.get("sha256")
    if sha256 is not None and any((each.sha256, each.name) == (sha256, shown) for each in present):
        return obligation_id
    if len(present) >= MOST:
        raise RefusedError(
            Fault.CONFLICT,
            f"该事项已有 {MOST} 份佐证材料。It has {MOST} pieces of evidence already.",
            "请先撤回不需要的材料。Take back what is not needed.",
            allowed=locked.allowed,
        )
    number = locked.entry.number + 1
    row = {
        "evidence_id": identity.derive_id("evidence", obligation_id, number),
        "office_id": act.office_id,
        "unit_id": locked.entry.unit_id,
        "obligation_id": obligation_id,
        "added_at": act.now,
        "added_by": act.actor,
    }
    await store.add_evidence(db, row | columns)
    await obligations.touch_obligation(db, obligation_id, number)
    after = {"evidence_id": str(row["evidence_id"]), "name": shown}
    if sha256 is not None:
        after["sha256"] = sha256
    await note_change(db, act, locked, "evidence.added", after)
    return obligation_id


async def take_back_evidence(db: AsyncConnection, act: Act, evidence_id: UUID, words: str) -> UUID:
    """Take back a piece of evidence with a reason; returns the obligation's id.

    Raises:
        RefusedError: no such evidence, it was taken back, no reason, or a unit's own of what is
            done.
    """
    require_reason(words)
    evidence = await _require_evidence(db, act, evidence_id)
    locked = await lock_obligation(db, act, evidence.obligation_id)
    evidence = await _require_evidence(db, act, evidence_id)
    _require_removable(locked)
    await store.remove_evidence(db, evidence_id, now=act.now, actor=act.actor, why=words)
    await obligations.touch_obligation(db, evidence.obligation_id, locked.entry.number + 1)
    after = {
        "evidence_id": str(evidence_id),
        "name": evidence.name or evidence.link or evidence.note,
        "note": words,
    }
    await note_change(db, act, locked, "evidence.removed", after)
    return evidence.obligation_id


async def copy_evidence(
    db: AsyncConnection, act: Act, obligation_id: UUID, other_id: UUID
) -> list[str]:
    """Add the evidence of an obligation to the one that was taken over from it; returns the ids.

    What that one has already is left out. Both units are locked.
    """
    unit_id = await obligations.find_unit_id(db, act.office_id, other_id)
    assert unit_id is not None  # noqa: S101 - the caller has found it
    there = await store.list_evidence(db, other_id)
    known = {_get_facts(each) for each in there if each.removed_at is None}
    copied: list[str] = []
    for each in await store.list_evidence(db, obligation_id):
        if each.removed_at is not None or _get_facts(each) in known:
            continue
        new_id = identity.derive_id("evidence", other_id, each.evidence_id, len(there))
        await store.copy_evidence(
            db, each.evidence_id, new_id, unit_id=unit_id, obligation_id=other_id
        )
        copied.append(str(new_id))
    return copied


def _get_facts(evidence: StoredEvidence) -> tuple[object, ...]:
    """What two pieces of evidence have in common when they are the same."""
    return (evidence.kind, evidence.note, evidence.link, evidence.name, evidence.sha256)


async def open_file(
    db: AsyncConnection, act: Act, evidence_id: UUID
) -> tuple[StoredEvidence, bytes]:
    """A file with its content.

    Raises:
        RefusedError: no such file, it was taken back, or it is of a unit that the actor may not
            act for.
    """
    evidence = await _require_evidence(db, act, evidence_id)
    if evidence.kind is not EvidenceKind.FILE:
        raise _make_unknown()
    return evidence, await store.get_content(db, evidence_id)


async def _require_evidence(db: AsyncConnection, act: Act, evidence_id: UUID) -> StoredEvidence:
    evidence = await store.find_evidence(db, act.office_id, evidence_id)
    if (
        evidence is None
        or evidence.removed_at is not None
        or act.unit_id not in {None, evidence.unit_id}
    ):
        raise _make_unknown()
    return evidence


def _make_unknown() -> RefusedError:
    return RefusedError(
        Fault.NOT_FOUND,
        "没有这份佐证材料。There is no such evidence.",
        "可能已经撤回。It may have been taken back already.",
    )


def _require_removable(locked: LockedObligation) -> None:
    if locked.who is Party.UNIT and locked.situation.status is ObligationStatus.DONE:
        raise RefusedError(
            Fault.CONFLICT,
            "该事项已办结，单位不能再撤回佐证材料。"
            "The obligation is done: its unit can't take evidence back.",
            "请联系办公室退回后再改。Ask the office to return it first.",
            allowed=locked.allowed,
        )
