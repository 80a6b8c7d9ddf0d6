"""Drafts of rule books: begun, changed and discarded. One with faults can be saved too."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.rule_templates import add_unknown_templates
from services.ingest.handlers.office.rules import get_book, get_office_zone
from services.ingest.store import offices, rules
from services.ingest.store import rule_drafts as store
from services.ingest.store.rows import StoredRuleBook
from services.ingest.store.rule_drafts import StoredDraft
from shared.marked.problems import TextProblem
from shared.rules.book import RuleBook
from shared.rules.reading import BookReading, read_book
from shared.rules.writing import write_book
from shared.schemas import identity

MOST = 30
"""Drafts of an office."""


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft with what it says, and the version of the live book."""

    draft: StoredDraft
    reading: BookReading
    live: int


async def list_drafts(db: AsyncConnection, act: Act) -> list[StoredDraft]:
    """The office's drafts, the last changed first."""
    return await store.list_drafts(db, act.office_id)


async def get_draft(db: AsyncConnection, act: Act, draft_id: UUID) -> StoredDraft:
    """A draft.

    Raises:
        RefusedError: there is none.
    """
    draft = await store.find_draft(db, act.office_id, draft_id)
    if draft is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这份草稿。There is no such draft.",
            "可能已发布或作废，请看草稿列表（`GET /v1/rule-drafts`）。"
            "It may be published or discarded: see the list (`GET /v1/rule-drafts`).",
        )
    return draft


async def view_draft(db: AsyncConnection, act: Act, draft_id: UUID) -> DraftView:
    """A draft with what it says and what is wrong in it."""
    return await _view(db, act, await get_draft(db, act, draft_id))


async def begin_draft(
    db: AsyncConnection, act: Act, writer: UUID, text: str, comment: str
) -> DraftView:
    """Save a new draft.

    Raises:
        RefusedError: the office has too many.
    """
    await offices.lock_office(db, act.office_id)
    if len(await store.list_drafts(db, act.office_id)) >= MOST:
        raise RefusedError(
            Fault.CONFLICT,
            f"已有 {MOST} 份草稿。There are {MOST} drafts already.",
            "请先作废不用的。Discard one that is not needed.",
        )
    draft = StoredDraft(
        draft_id=identity.derive_id("rule-draft", act.office_id, act.correlation_id),
        version=1,
        based_on=(await get_book(db, act.office_id)).version,
        text=text,
        note=comment,
        author=act.actor,
        writers=(writer,),
        created_at=act.now,
        changed_by=act.actor,
        changed_at=act.now,
    )
    await store.put_draft(db, act.office_id, draft)
    await note(db, act, "rule-book.drafted", draft.draft_id, after=_describe(draft))
    return await _view(db, act, draft)


async def change_draft(
    db: AsyncConnection,
    act: Act,
    writer: UUID,
    draft_id: UUID,
    version: int,
    *,
    text: str,
    comment: str,
) -> DraftView:
    """Replace a draft's text and note. It is then based on the present live book.

    Raises:
        RefusedError: there is no such draft, or somebody changed it since `version`.
    """
    await offices.lock_office(db, act.office_id)
    before = await get_draft(db, act, draft_id)
    require_version(before, version)
    changed = replace(
        before,
        text=text,
        note=comment,
        based_on=(await get_book(db, act.office_id)).version,
    )
    if changed != before:
        changed = replace(
            changed,
            version=before.version + 1,
            writers=tuple(dict.fromkeys((*before.writers, writer))),
            changed_by=act.actor,
            changed_at=act.now,
        )
        await store.put_draft(db, act.office_id, changed)
        states = {"before": _describe(before), "after": _describe(changed)}
        await note(db, act, "rule-book.changed", draft_id, **states)
    return await _view(db, act, changed)


async def discard_draft(db: AsyncConnection, act: Act, draft_id: UUID) -> None:
    """Forget a draft; the journal keeps its last text.

    Raises:
        RefusedError: there is no such draft.
    """
    await offices.lock_office(db, act.office_id)
    draft = await get_draft(db, act, draft_id)
    await store.remove_draft(db, act.office_id, draft_id)
    kept = _describe(draft) | {"text": draft.text}
    await note(db, act, "rule-book.discarded", draft_id, before=kept)


def require_version(draft: StoredDraft, version: int) -> None:
    """Make sure that a draft is as the caller has seen it.

    Raises:
        RefusedError: somebody changed it since.
    """
    if draft.version != version:
        raise RefusedError(
            Fault.CONFLICT,
            f"{draft.changed_by} 已改到第 {draft.version} 稿，您看到的是第 {version} 稿。"
            "Somebody changed the draft meanwhile.",
            f"请重新查看（`GET /v1/rule-drafts/{draft.draft_id}`）。"
            f"Read it again (`GET /v1/rule-drafts/{draft.draft_id}`).",
        )


async def read_draft(db: AsyncConnection, act: Act, draft: StoredDraft) -> BookReading:
    """What a draft's text says on the office's present day, and with its present templates."""
    zone = await get_office_zone(db, act.office_id)
    # A long text takes seconds.
    reading = await asyncio.to_thread(read_book, draft.text, act.now.astimezone(zone).date())
    return await add_unknown_templates(db, act, reading, draft.text)


async def get_version(db: AsyncConnection, act: Act, version: int) -> StoredRuleBook:
    """A published version of the rule book.

    Raises:
        RefusedError: there is none.
    """
    stored = await rules.find_book(db, act.office_id, version)
    if stored is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            f"没有第 {version} 版规则。There is no version {version} of the rules.",
            "请看版本列表（`GET /v1/rule-books`）。See the list (`GET /v1/rule-books`).",
        )
    return stored


async def get_text(db: AsyncConnection, act: Act, stored: StoredRuleBook) -> str:
    """A published version as text: as it was drafted, or written anew where it had no draft."""
    written = await rules.find_text(db, act.office_id, stored.version)
    return written or write_book(RuleBook.model_validate(stored.book))


async def get_compared(db: AsyncConnection, act: Act, name: int | UUID) -> RuleBook:
    """The book of a version, or of a draft that can be read as one.

    Raises:
        RefusedError: there is none, or the draft can't be read.
    """
    if isinstance(name, int):
        return RuleBook.model_validate((await get_version(db, act, name)).book)
    reading = await read_draft(db, act, await get_draft(db, act, name))
    if reading.book is None:
        raise make_unsound_error(reading.problems)
    return reading.book


def make_unsound_error(problems: Sequence[TextProblem]) -> RefusedError:
    """The refusal of a draft with faults: all of them, each with its place in the text."""
    first = problems[0]
    place = f"第 {first.mark.line} 行第 {first.mark.column} 列：{first.message}"
    return RefusedError(
        Fault.INVALID,
        "草稿有误，改好后才能发布。The draft has faults, and must be corrected first.",
        place,
        [describe_problem(problem) for problem in problems],
    )


def describe_problem(problem: TextProblem) -> dict[str, Any]:
    """A fault as plain values."""
    return {
        "where": f"{problem.mark.line}:{problem.mark.column}",
        "line": problem.mark.line,
        "column": problem.mark.column,
        "path": problem.path,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


async def _view(db: AsyncConnection, act: Act, draft: StoredDraft) -> DraftView:
    live = await get_book(db, act.office_id)
    return DraftView(draft, await read_draft(db, act, draft), live.version)


def _describe(draft: StoredDraft) -> dict[str, Any]:
    """A draft as the journal has it: of the text its hash, since each save would repeat it."""
    digest = hashlib.sha256(draft.text.encode()).hexdigest()
    return {"version": draft.version, "text_sha256": digest, "note": draft.note}
