"""One obligation over HTTP: read it, act on it, decide what is asked for about it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.endpoint_permissions import list_permitted
from services.ingest.api.permissions import Permission
from services.ingest.api.posting import answer_post
from services.ingest.handlers.ledger import (
    deciding_extensions,
    extensions,
    objections,
    reporting,
    requests,
    taking_back,
    withdrawing,
)
from services.ingest.handlers.ledger.details import ObligationDetails, get_details
from services.ingest.handlers.ledger.ledger import LedgerItem
from services.ingest.handlers.ledger.moving_dates import NewDate
from services.ingest.handlers.ledger.timeline import list_timeline
from shared.api.ledger import ItemOut
from shared.api.obligations import (
    AnswerIn,
    CorrectIn,
    DecideIn,
    EndIn,
    ExtendIn,
    GrantIn,
    ObligationOut,
    ProgressIn,
    ReturnIn,
    TakeBackIn,
    TimelineEntryOut,
    UpholdIn,
)
from shared.api.units import ExtensionIn, StatusIn
from shared.schemas.life import Action

ROUTER = APIRouter(prefix="/v1", tags=["obligations"])
_ID = "/obligations/{obligation_id}"
_Change = Callable[[AsyncConnection], Awaitable[UUID]]


async def _get_details(call: Call, db: AsyncConnection, obligation_id: UUID) -> ObligationDetails:
    """An obligation with the actions that are possible for the caller."""
    details = await get_details(db, call.act, obligation_id)
    return replace(details, allowed=list_permitted(details.allowed, call.caller.permissions))


async def answer_obligation(
    call: Call, change: _Change, *, content: bytes | None = None
) -> Response:
    """Change an obligation, and answer with it as it then is.

    `content` is what identifies a repeat of the request; by default its body.
    """

    async def run(db: AsyncConnection) -> ObligationDetails:
        return await _get_details(call, db, await change(db))

    return await answer_post(call, run, ObligationOut, content=content)


async def _take(
    call: Call, obligation_id: UUID, body: AnswerIn | ReturnIn, action: Action
) -> Response:
    reported = body.reported if isinstance(body, ProgressIn) else None

    async def run(db: AsyncConnection) -> UUID:
        return await reporting.take_action(
            db,
            call.act,
            obligation_id,
            action,
            version=body.version,
            words=body.note,
            reported=reported,
        )

    return await answer_obligation(call, run)


def _may_decide(call: Call) -> bool:
    """Whether the caller may set a later date, and so need not ask for it."""
    return Permission.DECIDE_EXTENSIONS in call.caller.permissions


@ROUTER.get(_ID)
async def show_obligation(call: Permitted, obligation_id: UUID) -> ObligationOut:
    """Show an obligation with what may be done with it, extensions, objections and hearings."""
    async with call.context.engine.connect() as db:
        return ObligationOut.model_validate(await _get_details(call, db, obligation_id))


@ROUTER.get(_ID + "/timeline")
async def show_timeline(call: Permitted, obligation_id: UUID) -> list[TimelineEntryOut]:
    """Show an obligation's story, rising: assignment, answers, dates, reminders, messages."""
    async with call.context.engine.connect() as db:
        lines = await list_timeline(db, call.act, obligation_id)
    return [TimelineEntryOut.model_validate(line) for line in lines]


@ROUTER.post(_ID + "/accept", response_model=ObligationOut)
async def accept_obligation(call: Permitted, obligation_id: UUID, body: AnswerIn) -> Response:
    """Sign for an obligation (签收)."""
    return await _take(call, obligation_id, body, Action.ACCEPT)


@ROUTER.post(_ID + "/progress", response_model=ObligationOut)
async def report_progress(call: Permitted, obligation_id: UUID, body: ProgressIn) -> Response:
    """Report progress (报告进展), and how much of the `target` is reached."""
    return await _take(call, obligation_id, body, Action.PROGRESS)


@ROUTER.post(_ID + "/submit", response_model=ObligationOut)
async def submit_obligation(call: Permitted, obligation_id: UUID, body: ProgressIn) -> Response:
    """Report an obligation as done (报办结). The office reviews it, unless review is off."""
    return await _take(call, obligation_id, body, Action.SUBMIT)


@ROUTER.post(_ID + "/complete", response_model=ObligationOut)
async def complete_obligation(call: Permitted, obligation_id: UUID, body: ProgressIn) -> Response:
    """Confirm that an obligation is done (办结), submitted or not."""
    return await _take(call, obligation_id, body, Action.COMPLETE)


@ROUTER.post(_ID + "/return", response_model=ObligationOut)
async def return_obligation(call: Permitted, obligation_id: UUID, body: ReturnIn) -> Response:
    """Return what was submitted or done, with the reason (退回). Reminders start again."""
    return await _take(call, obligation_id, body, Action.RETURN)


@ROUTER.post(_ID + "/reopen", response_model=ObligationOut)
async def reopen_obligation(call: Permitted, obligation_id: UUID, body: AnswerIn) -> Response:
    """Take back that it was submitted, done or withdrawn; the last two are the office's."""
    return await _take(call, obligation_id, body, Action.REOPEN)


@ROUTER.post(_ID + "/take-back", response_model=ObligationOut)
async def take_back_answer(call: Permitted, obligation_id: UUID, body: TakeBackIn) -> Response:
    """Take back the last answer on its own day, while the office has not acted on it (撤回)."""
    return await answer_obligation(
        call,
        lambda db: taking_back.take_back(db, call.act, obligation_id, body.version, body.note),
    )


@ROUTER.post(_ID + "/extend", response_model=ObligationOut)
async def extend_obligation(call: Permitted, obligation_id: UUID, body: ExtendIn) -> Response:
    """Ask for a later date (申请延期). Of one who may grant it, it is granted at once."""
    wanted = NewDate(body.due_on, body.note, body.confirm)
    extend = extensions.set_date if _may_decide(call) else extensions.ask_extension
    return await answer_obligation(
        call, lambda db: extend(db, call.act, obligation_id, body.version, wanted)
    )


@ROUTER.post(_ID + "/object", response_model=ObligationOut)
async def object_to_obligation(call: Permitted, obligation_id: UUID, body: ReturnIn) -> Response:
    """Say that an obligation is not the unit's (提出异议); the office decides."""
    return await answer_obligation(
        call,
        lambda db: objections.raise_objection(db, call.act, obligation_id, body.version, body.note),
    )


@ROUTER.post(_ID + "/withdraw", response_model=ObligationOut)
async def withdraw_obligation(call: Permitted, obligation_id: UUID, body: ReturnIn) -> Response:
    """Withdraw an obligation with the reason (撤回). Its reminders stop; `reopen` restores it."""
    return await answer_obligation(
        call,
        lambda db: withdrawing.withdraw_obligation(
            db, call.act, obligation_id, body.version, body.note
        ),
    )


@ROUTER.post("/extensions/{extension_id}/grant", response_model=ObligationOut)
async def approve_extension(call: Permitted, extension_id: UUID, body: GrantIn) -> Response:
    """Grant the date that was asked for, or another one."""
    return await answer_obligation(
        call,
        lambda db: deciding_extensions.grant_extension(
            db,
            call.act,
            extension_id,
            body.due_on,
            body.note,
            confirm=body.confirm,
            version=body.version,
        ),
    )


@ROUTER.post("/extensions/{extension_id}/refuse", response_model=ObligationOut)
async def refuse_extension(call: Permitted, extension_id: UUID, body: DecideIn) -> Response:
    """Refuse a later date with the reason; the present one stays."""
    return await answer_obligation(
        call,
        lambda db: deciding_extensions.refuse_extension(
            db, call.act, extension_id, body.note, body.version
        ),
    )


@ROUTER.post("/extensions/{extension_id}/withdraw", response_model=ObligationOut)
async def withdraw_extension(call: Permitted, extension_id: UUID, body: EndIn) -> Response:
    """No longer ask for a later date."""
    return await answer_obligation(
        call,
        lambda db: requests.withdraw_extension(db, call.act, extension_id, body.note, body.version),
    )


@ROUTER.post("/extensions/{extension_id}/correct", response_model=ObligationOut)
async def correct_extension(call: Permitted, extension_id: UUID, body: CorrectIn) -> Response:
    """Give a granted extension another date, with the reason."""
    wanted = NewDate(body.due_on, body.note, body.confirm)
    return await answer_obligation(
        call,
        lambda db: deciding_extensions.correct_extension(
            db, call.act, extension_id, wanted, body.version
        ),
    )


@ROUTER.post("/extensions/{extension_id}/take-back", response_model=ObligationOut)
async def take_back_extension(call: Permitted, extension_id: UUID, body: ReturnIn) -> Response:
    """Give the obligation the date before a granted extension, with the reason."""
    return await answer_obligation(
        call,
        lambda db: deciding_extensions.take_back_extension(
            db, call.act, extension_id, body.note, body.version
        ),
    )


@ROUTER.post("/objections/{objection_id}/uphold", response_model=ObligationOut)
async def uphold_objection(call: Permitted, objection_id: UUID, body: UpholdIn) -> Response:
    """Withdraw what was objected to, or assign it to another unit."""
    return await answer_obligation(
        call,
        lambda db: objections.uphold_objection(
            db, call.act, objection_id, body.note, body.unit_id, version=body.version
        ),
    )


@ROUTER.post("/objections/{objection_id}/reject", response_model=ObligationOut)
async def reject_objection(call: Permitted, objection_id: UUID, body: DecideIn) -> Response:
    """Reject an objection with the reason; the unit still owes it."""
    return await answer_obligation(
        call,
        lambda db: objections.reject_objection(
            db, call.act, objection_id, body.note, version=body.version
        ),
    )


@ROUTER.post("/objections/{objection_id}/withdraw", response_model=ObligationOut)
async def withdraw_objection(call: Permitted, objection_id: UUID, body: EndIn) -> Response:
    """No longer object."""
    return await answer_obligation(
        call,
        lambda db: requests.withdraw_objection(db, call.act, objection_id, body.note, body.version),
    )


@ROUTER.post(_ID + "/status", response_model=ItemOut)
async def report_status(call: Permitted, obligation_id: UUID, body: StatusIn) -> Response:
    """Report one of three statuses, whatever the version; the actions above say more.

    `done` of a unit is submitted, that of the office confirms it.
    """

    async def run(db: AsyncConnection) -> LedgerItem:
        return await reporting.report(db, call.act, obligation_id, body.status, body.note)

    return await answer_post(call, run, ItemOut)


@ROUTER.post(_ID + "/extensions", status_code=201, response_model=ItemOut)
async def grant_extension(call: Permitted, obligation_id: UUID, body: ExtensionIn) -> Response:
    """Move an obligation's date to a later one; without a version, whatever it is."""
    wanted = NewDate(body.due_on, body.reason, body.confirm)

    async def run(db: AsyncConnection) -> LedgerItem:
        return await extensions.extend(db, call.act, obligation_id, wanted, body.version)

    return await answer_post(call, run, ItemOut, status=201)
