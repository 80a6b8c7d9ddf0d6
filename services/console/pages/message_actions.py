"""投递: one message with its story, and what a person does with one, or with a group."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError
from services.console.pages.message_filters import Chosen, MessageFilters
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.message_words import ACTIONS, EFFECTS, REFUSALS, STATUSES
from services.console.texts.wording import CHANNELS, REASONS
from shared.api.messages import AffectedOut, GroupActionOut, MessageActionOut, MessageStoryOut

ROUTER = APIRouter()
_NOT_FOUND = 404
_OF_GROUPS = ("resend", "release", "cancel")


@ROUTER.get("/messages/group/{action}")
async def show_group(visit: SignedIn, action: str, filters: Chosen) -> Response:
    """How many messages an action concerns, before anything is done."""
    visit.require("handle-messages")
    return await _render_group(visit, action, filters, Form.begin(**filters.chosen))


@ROUTER.post("/messages/group/{action}")
async def act_on_group(visit: SignedIn, action: str, form: Posted) -> Response:
    """Ask for an action on as many messages as the page before showed."""
    visit.require("handle-messages")
    filters = MessageFilters.read(form)
    query = await filters.make_query(visit) or {}
    body: dict[str, object] = {
        name: value if name in {"from", "to"} else [value] for name, value in query.items()
    }
    expected = int(form["expected"]) if form["expected"].isdecimal() else 0
    body |= {"action": action, "reason": form["reason"], "expected": expected}
    try:
        done = await visit.api.post(GroupActionOut, "/v1/messages/actions", body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return await _render_group(visit, action, filters, refused, error.status)
    text = visit.gettext("已对 %(number)s 条消息提出，稍后见结果。", number=done.requested)
    return visit.redirect(filters.write_address("/messages"), text)


async def _render_group(
    visit: Visit, action: str, filters: MessageFilters, form: Form, status: int = 200
) -> Response:
    query = await filters.make_query(visit)
    if action not in _OF_GROUPS or query is None:
        raise HTTPException(_NOT_FOUND)
    affected = await visit.api.get(AffectedOut, "/v1/messages/affected", action=action, **query)
    say = visit.gettext
    if not affected.messages:
        text = say("没有可以这样处理的消息。")
        return visit.redirect("/messages/causes", text, "warning")
    lines = [
        say("%(name)s：%(number)s 条。", name=say(ACTIONS[action]), number=affected.messages),
        *_describe_filters(visit, filters),
        say(EFFECTS[action]),
        *(
            say("另有 %(number)s 条不包括：%(why)s。", number=number, why=say(REFUSALS[reason]))
            for reason, number in affected.refused.items()
        ),
    ]
    return visit.render(
        "confirm.html",
        status,
        title=say(ACTIONS[action]),
        lines=lines,
        action=f"/messages/group/{action}",
        fields=filters.chosen | {"expected": str(affected.messages)},
        reason=say("理由"),
        button=say("确认，共 %(number)s 条", number=affected.messages),
        cancel="/messages/causes",
        danger=action == "cancel",
        form=form,
    )


def _describe_filters(visit: Visit, filters: MessageFilters) -> list[str]:
    """Which messages are meant, in one sentence."""
    words = visit.words
    parts = [
        filters.unit,
        words.name_value(filters.status, STATUSES),
        words.name_value(filters.channel, CHANNELS),
        words.name_value(filters.cause, REASONS),
        *(filters.gateway, filters.first, filters.last),
    ]
    chosen = " · ".join(filter(None, parts))
    return [visit.gettext("范围：%(chosen)s。", chosen=chosen)] if chosen else []


@ROUTER.get("/messages/{notification_id}")
async def show_message(visit: SignedIn, notification_id: UUID) -> Response:
    """One message with its whole story."""
    visit.require("read-drafts")
    message = await _fetch(visit, notification_id)
    may = visit.may("handle-messages")
    return visit.render(
        "messages/message.html",
        message=message,
        story=_list_story(message),
        words=_find_words(message),
        actions=[name for name in ACTIONS if may and name in message.allowed],
    )


def _find_words(message: MessageStoryOut) -> str:
    """What the gateway said, without the words before it that stand for the cause."""
    text = message.reason.removeprefix("exhausted: ").removeprefix(message.cause)
    return text.removeprefix(": ")


def _list_story(message: MessageStoryOut) -> list[tuple[str, object]]:
    """What happened to a message, rising, each with its kind; how it stands now comes last."""
    lines: list[tuple[datetime, str, object]] = []
    if message.reminder and message.reminder.fired_at:
        lines.append((message.reminder.fired_at, "fired", message.reminder))
    lines += [
        *((each.at, "attempt", each) for each in message.attempts_made),
        *((each.at, "receipt", each) for each in message.receipts),
        *((each.requested_at, "action", each) for each in message.actions),
    ]
    lines.sort(key=lambda line: line[0])  # stable: of one instant, in the order above
    return [*((kind, each) for _, kind, each in lines), ("state", message)]


@ROUTER.get("/messages/{notification_id}/{action}")
async def show_action(visit: SignedIn, notification_id: UUID, action: str) -> Response:
    """What an action means for one message, with the reason to give."""
    visit.require("handle-messages")
    return _render_action(visit, await _fetch(visit, notification_id), action, Form())


@ROUTER.post("/messages/{notification_id}/{action}")
async def act_on_message(
    visit: SignedIn, notification_id: UUID, action: str, form: Posted
) -> Response:
    """Ask the notifier for an action on one message."""
    visit.require("handle-messages")
    body = {"reason": form["reason"]}
    if action == "readdress":
        body["address"] = form["address"]
    name = "address" if action == "readdress" else action
    path = f"/v1/messages/{notification_id}/{name}"
    if action not in ACTIONS:
        raise HTTPException(_NOT_FOUND)
    try:
        await visit.api.post(MessageActionOut, path, body, form.key)
    except ApiError as error:
        message = await _fetch(visit, notification_id)
        return _render_action(visit, message, action, form.refuse(visit, error), error.status)
    text = visit.gettext("已提出，稍后见结果。")
    return visit.redirect(f"/messages/{notification_id}", text)


def _render_action(
    visit: Visit, message: MessageStoryOut, action: str, form: Form, status: int = 200
) -> Response:
    if action not in ACTIONS:
        raise HTTPException(_NOT_FOUND)
    return visit.render(
        "messages/action.html",
        status,
        message=message,
        action=action,
        effect=visit.gettext(EFFECTS[action]),
        form=form,
    )


async def _fetch(visit: Visit, notification_id: UUID) -> MessageStoryOut:
    return await visit.api.get(MessageStoryOut, f"/v1/messages/{notification_id}")
