"""What a person may do with a message, by what ingest was told of it. Pure.

The notifier decides anew by what it knows then (`shared.messages.acting`).
"""

from collections.abc import Mapping
from typing import assert_never

from services.ingest.domain.refusals import Fault, RefusedError
from shared.messages.acting import MessageStanding, decide_action
from shared.messages.stages import HoldReason
from shared.schemas.messages import ActionRefusal, MessageAction, MessageStatus

REFUSALS: Mapping[ActionRefusal, str] = {
    ActionRefusal.DELIVERED: "消息已送达。The message was delivered.",
    ActionRefusal.ACCEPTED: "网关已接收，还没有说未送达。"
    "A gateway accepted the message and has not reported that it did not arrive.",
    ActionRefusal.BEING_SENT: "消息正在发送。The message is being sent.",
    ActionRefusal.STILL_WAITING: "消息还在等待发送。The message still waits to be sent.",
    ActionRefusal.NO_GATEWAY: "这一渠道没有接通网关。The channel of the message has no gateway.",
    ActionRefusal.PERHAPS_SENT: "网关可能已有这条消息，不能改地址。"
    "A gateway perhaps has the message, so its address can't be changed.",
    ActionRefusal.NOT_WAITING: "消息没有在等待。The message waits for nothing.",
    ActionRefusal.ENDED: "消息已经结束。The message has ended.",
    ActionRefusal.UNKNOWN_MESSAGE: "通知服务没有这条消息。The notifier has no such message.",
}
"""Why an action is refused, in words."""
_HINTS: Mapping[ActionRefusal, str] = {
    ActionRefusal.BEING_SENT: "请稍后再试。Try again in a minute.",
    ActionRefusal.STILL_WAITING: "不需重发；可以立即发送（`release`）。"
    "It needs no repeat; it can be sent now (`release`).",
    ActionRefusal.NO_GATEWAY: "请运维人员接通渠道。An operator connects the channel.",
    ActionRefusal.NOT_WAITING: "可以重新发送（`resend`）。It can be sent again (`resend`).",
}


def find_standing(status: MessageStatus, cause: str) -> MessageStanding:
    """How a message stands, as far as ingest was told."""
    match status:
        case MessageStatus.PENDING:
            return MessageStanding.WAITING
        case MessageStatus.HELD:
            unconnected = cause == HoldReason.NO_GATEWAY
            return MessageStanding.UNCONNECTED if unconnected else MessageStanding.HELD
        case MessageStatus.SENT:
            return MessageStanding.ACCEPTED
        case MessageStatus.UNDELIVERED | MessageStatus.FAILED:
            return MessageStanding.UNDELIVERED
        case MessageStatus.DELIVERED:
            return MessageStanding.DELIVERED
        case MessageStatus.SUPPRESSED:
            return MessageStanding.ENDED
        case _:
            assert_never(status)


def find_refusal(action: MessageAction, status: MessageStatus, cause: str) -> ActionRefusal | None:
    """Why an action on a message is refused; None where the notifier is to decide.

    A pending message may be with a gateway, which ingest was not told.
    """
    decision = decide_action(action, find_standing(status, cause))
    uncertain = status is MessageStatus.PENDING and action is MessageAction.RESEND
    return decision if isinstance(decision, ActionRefusal) and not uncertain else None


def list_allowed(status: MessageStatus, cause: str) -> tuple[MessageAction, ...]:
    """What a person may do with a message."""
    return tuple(action for action in MessageAction if find_refusal(action, status, cause) is None)


def refuse_action(refusal: ActionRefusal, allowed: tuple[MessageAction, ...]) -> RefusedError:
    """The error of a refused action."""
    hint = _HINTS.get(refusal, "")
    return RefusedError(Fault.CONFLICT, REFUSALS[refusal], hint, allowed=allowed)
