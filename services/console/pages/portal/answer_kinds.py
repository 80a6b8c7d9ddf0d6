"""What a unit can answer about an obligation: each a form, a confirmation and a receipt."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.console.shell.visits import Visit
from services.console.texts.languages import N_
from shared.api.fields import Request
from shared.api.obligations import (
    AnswerIn,
    ExtendIn,
    ObligationOut,
    ProgressIn,
    ReturnIn,
    TakeBackIn,
)
from shared.api.units import HearingIn
from shared.schemas.life import Action, ObligationStatus


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """One kind of answer.

    Attributes:
        label: of its button, and its title.
        path: of the API.
        body: what the API is sent; the form is checked by it before it is confirmed.
        kinds: of the line in the obligation's timeline that records it.
        effect: what follows; the form, the confirmation and the receipt say it.
        fields: what is asked for.
        note: the label of the note.
        needs_note: it must be given.
        takes_evidence: a link and a file can be added.
        is_short: the form is its own confirmation, since little or nothing is asked for.
    """

    label: str
    path: str
    body: type[Request]
    kinds: tuple[str, ...]
    effect: str
    fields: tuple[str, ...] = ("note",)
    note: str = N_("说明")
    needs_note: bool = False
    takes_evidence: bool = False
    is_short: bool = False


_ITEM = "/v1/obligations/{obligation_id}/"
ANSWERS: Mapping[str, AnswerKind] = {
    "accept": AnswerKind(
        N_("签收"),
        _ITEM + "accept",
        AnswerIn,
        ("accepted",),
        N_("告诉办公室：贵单位已收到此项任务。提醒照常。"),
        is_short=True,
    ),
    "hearing": AnswerKind(
        N_("登记听取汇报"),
        "/v1/units/{unit_id}/hearings",
        HearingIn,
        ("hearing-recorded",),
        N_("计入贵单位当年所有听取汇报的事项；达到次数即办结。"),
        fields=("heard_on", "heard_by", "minutes"),
    ),
    "submit": AnswerKind(
        N_("报办结"),
        _ITEM + "submit",
        ProgressIn,
        ("submitted",),
        N_("由办公室审核；审核期间不再提醒，退回后恢复。"),
        fields=("reported", "note"),
        note=N_("办理情况"),
        takes_evidence=True,
    ),
    "progress": AnswerKind(
        N_("报告进展"),
        _ITEM + "progress",
        ProgressIn,
        ("progressed",),
        N_("进展写进台账，事项仍在办理，提醒照常。"),
        fields=("reported", "note"),
        note=N_("进展情况"),
        takes_evidence=True,
    ),
    "extend": AnswerKind(
        N_("申请延期"),
        _ITEM + "extend",
        ExtendIn,
        ("extension-asked",),
        N_("办公室同意之前，期限和提醒都不变。"),
        fields=("due_on", "note"),
        note=N_("理由"),
        needs_note=True,
    ),
    "object": AnswerKind(
        N_("提出异议"),
        _ITEM + "object",
        ReturnIn,
        ("objection-raised",),
        N_("例如不属于贵单位职责。由办公室裁定；裁定之前提醒照常。"),
        note=N_("理由"),
        needs_note=True,
    ),
    "reopen": AnswerKind(
        N_("撤回报办结"),
        _ITEM + "reopen",
        AnswerIn,
        ("reopened",),
        N_("事项回到办理中，提醒随即恢复。"),
        is_short=True,
    ),
    "take-back": AnswerKind(
        N_("撤回"),
        _ITEM + "take-back",
        TakeBackIn,
        ("taken-back", "extension-withdrawn", "objection-withdrawn", "hearing-taken-back"),
        N_("事项恢复到这次填报之前。只限当日、办公室处理之前。"),
        note=N_("原因"),
        is_short=True,
    ),
}
"""By their name in the address, in the order of the buttons."""
BY_KIND: Mapping[str, AnswerKind] = {
    kind: answer for answer in ANSWERS.values() for kind in answer.kinds
}
_ENDED = {ObligationStatus.DONE, ObligationStatus.WITHDRAWN}


def list_answers(visit: Visit, item: ObligationOut) -> list[str]:
    """What may be answered now, in the order of the buttons."""
    allowed = {action.value for action in item.allowed if visit.may("answer")}
    if item.kind == "hearing" and item.status is not ObligationStatus.WITHDRAWN:
        allowed.add("hearing")
    if item.status is ObligationStatus.SUBMITTED:
        allowed &= {Action.REOPEN.value}
    if item.last_answer is not None and visit.may("answer"):
        allowed = (allowed - {Action.REOPEN.value}) | {"take-back"}
    return [name for name in ANSWERS if name in allowed]
