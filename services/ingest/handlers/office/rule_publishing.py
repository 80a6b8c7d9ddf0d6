"""Rule books come into force: at once, from a draft, or as an earlier version again.

A book that changes what many units hear is approved by a second person. The effect is measured
against the live book, so that is not replaced meanwhile: the office is locked before, or a draft is
refused when the live book is another one than it was based on.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.rule_approval import RuleEffect
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.rule_drafts import (
    get_draft,
    get_text,
    get_version,
    make_unsound_error,
    read_draft,
    require_version,
)
from services.ingest.handlers.office.rule_effects import measure_effect
from services.ingest.handlers.office.rule_templates import require_templates
from services.ingest.handlers.office.rules import get_book, publish_book
from services.ingest.store import offices, rule_drafts
from services.ingest.store.office_settings import find_own_unit
from services.ingest.store.rows import StoredRuleBook
from services.ingest.store.rule_drafts import StoredDraft
from services.ingest.store.rules import BookOrigin
from shared.rules.book import RuleBook
from shared.rules.selecting import OFFICE_UNITS
from shared.rules.steps import list_asked_by_steps

_DRAFT_INSTEAD = (
    "请写成草稿，由另一人批准（`POST /v1/rule-drafts`）。"
    "Write it as a draft (`POST /v1/rule-drafts`), which another person approves."
)


async def require_no_approval(
    db: AsyncConnection, act: Act, book: RuleBook, hint: str = _DRAFT_INSTEAD
) -> None:
    """Make sure that one person may publish a book.

    Raises:
        RefusedError: it changes what too many units hear; it says how many.
    """
    effect = await measure_effect(db, act.office_id, book, act.now)
    if effect.needs_approval:
        raise _make_approval_error(effect, hint)


async def publish_alone(db: AsyncConnection, act: Act, book: RuleBook) -> StoredRuleBook:
    """Publish a book without a draft.

    Raises:
        RefusedError: it needs the approval of a second person, names a template that is not there,
            or tells posts of an office that named no unit as its own.
    """
    await offices.lock_office(db, act.office_id)
    await _require_own_unit(db, act, book)
    await require_templates(db, act, book)
    await require_no_approval(db, act, book)
    return await publish_book(db, act, book)


async def publish_draft(
    db: AsyncConnection, act: Act, draft_id: UUID, version: int
) -> StoredRuleBook:
    """Publish a draft, which is then gone.

    Raises:
        RefusedError: it has faults, was changed since `version`, is based on an earlier book than
            the live one, or needs the approval of a second person.
    """
    draft, book = await _open_sound(db, act, draft_id, version)
    await require_no_approval(
        db,
        act,
        book,
        f"请另一位审批人批准（`POST /v1/rule-drafts/{draft_id}/approve`）。"
        f"Another person approves it (`POST /v1/rule-drafts/{draft_id}/approve`).",
    )
    return await _publish(db, act, draft, book)


async def approve_draft(
    db: AsyncConnection, act: Act, approver: UUID, draft_id: UUID, version: int
) -> StoredRuleBook:
    """Approve and publish a draft as a second person.

    Raises:
        RefusedError: as `publish_draft`, or the approver wrote in the draft.
    """
    draft, book = await _open_sound(db, act, draft_id, version)
    if approver in draft.writers:
        raise RefusedError(
            Fault.FORBIDDEN,
            "您参与了这份草稿的起草，不能自己批准。You wrote in this draft, and can't approve it.",
            "请另一位审批人或管理员批准。Another approver or administrator must do it.",
        )
    await note(
        db, act, "rule-book.approved", draft_id, after={"version": version, "author": draft.author}
    )
    return await _publish(db, act, draft, book, approved_by=act.actor)


async def roll_back(db: AsyncConnection, act: Act, version: int) -> StoredRuleBook:
    """Publish the content of an earlier version as the next one.

    Raises:
        RefusedError: there is no such version, it is the live one, it names a template that is not
            there any more, or it needs the approval of a second person.
    """
    await offices.lock_office(db, act.office_id)
    earlier = await get_version(db, act, version)
    book = RuleBook.model_validate(earlier.book)
    await require_templates(db, act, book)
    live = await get_book(db, act.office_id)
    if live.version == version:
        raise RefusedError(
            Fault.CONFLICT,
            f"第 {version} 版就是现行规则。Version {version} is the live one.",
            "请选择更早的版本。Choose an earlier one.",
        )
    await require_no_approval(
        db,
        act,
        book,
        f"请以第 {version} 版起草，由另一人批准（`cuiban rules draft --from-version {version}`）。"
        f"Begin a draft from that version (`cuiban rules draft --from-version {version}`), which "
        "another person approves.",
    )
    await _require_own_unit(db, act, book)
    text = await get_text(db, act, earlier)
    await note(db, act, "rule-book.rolled-back", version, after={"from": live.version})
    return await publish_book(db, act, book, BookOrigin(text, earlier.note, restored_from=version))


async def _open_sound(
    db: AsyncConnection, act: Act, draft_id: UUID, version: int
) -> tuple[StoredDraft, RuleBook]:
    """A draft without faults, as the caller has seen it, and its book."""
    draft = await get_draft(db, act, draft_id)
    require_version(draft, version)
    reading = await read_draft(db, act, draft)
    if reading.book is None or reading.problems:
        raise make_unsound_error(reading.problems)
    return draft, reading.book


async def _publish(
    db: AsyncConnection,
    act: Act,
    draft: StoredDraft,
    book: RuleBook,
    approved_by: str | None = None,
) -> StoredRuleBook:
    await offices.lock_office(db, act.office_id)
    require_version(await get_draft(db, act, draft.draft_id), draft.version)
    live = await get_book(db, act.office_id)
    if live.version != draft.based_on:
        raise RefusedError(
            Fault.CONFLICT,
            f"起草时的规则是第 {draft.based_on} 版，现在已是第 {live.version} 版。"
            "Other rules were published since the draft was saved.",
            "请看草稿与现行规则的差异，再保存一次草稿后发布。"
            "Compare the draft with the live rules, save it again, then publish.",
        )
    await _require_own_unit(db, act, book)
    await rule_drafts.remove_draft(db, act.office_id, draft.draft_id)
    origin = BookOrigin(draft.text, draft.note, draft.author, approved_by)
    return await publish_book(db, act, book, origin)


async def _require_own_unit(db: AsyncConnection, act: Act, book: RuleBook) -> None:
    """Make sure that posts of the office are those of a unit, where a book tells them."""
    if OFFICE_UNITS not in list_asked_by_steps(book):
        return
    if await find_own_unit(db, act.office_id) is None:
        raise RefusedError(
            Fault.CONFLICT,
            "规则要提醒本办公室的岗位，但还没有指定本办公室是名录中的哪个单位。"
            "The rules tell posts of the office, which has named no unit as its own.",
            "请先在设置中指定本办公室的单位（`PUT /v1/office/settings`，`own_unit`）。"
            "Name it in the settings first (`PUT /v1/office/settings`, `own_unit`).",
        )


def _make_approval_error(effect: RuleEffect, hint: str) -> RefusedError:
    units, differing, share = effect.units, effect.differing, effect.share
    return RefusedError(
        Fault.CONFLICT,
        f"今后 90 天，这份规则改变 {differing} 个单位收到的提醒（有未办结事项的共 {units} 个），"
        f"超过 {share}%，须由另一人批准。It changes what {differing} of {units} units hear in the "
        f"next 90 days, more than {share} %: a second person must approve it.",
        hint,
        [{"units": units, "differing": differing, "share": share, "names": list(effect.names)}],
    )
