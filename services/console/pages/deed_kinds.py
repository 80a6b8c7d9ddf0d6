"""What a person can do with one obligation, and what is asked about it: each a form of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.console.shell.forms import Form
from services.console.shell.visits import Visit
from services.console.texts.languages import N_
from shared.api.obligations import ObligationOut

_OBLIGATION = "/v1/obligations/{obligation_id}/"


@dataclass(frozen=True, slots=True)
class Deed:
    """A form about an obligation, and the call of the API that it makes.

    Attributes:
        label: of the button that leads to it, and its title.
        needs: the permission.
        path: of the API; `{part}` is the extension, objection, evidence or hearing it is about.
        effect: what happens then.
        done: the message after it.
        fields: what is asked for; a note is required where `reason` says so.
        for_unit: the label where a unit's own account does it.
        is_grave: it takes something away.
        names_version: the call names the version that was seen.
        note_name: what the call calls the note.
    """

    label: str
    needs: str
    path: str
    effect: str
    done: str
    fields: tuple[str, ...] = ("note",)
    reason: bool = False
    for_unit: str = ""
    is_grave: bool = False
    names_version: bool = True
    note_name: str = "note"

    def make_body(self, form: Form) -> dict[str, object]:
        """What was filled in, as the call takes it."""
        names = {"note": self.note_name}
        return {names.get(name, name): form[name] for name in self.fields if form[name]}


ACTIONS: Mapping[str, Deed] = {
    "complete": Deed(
        N_("确认办结"),
        "review-reports",
        _OBLIGATION + "complete",
        N_("事项办结，不再提醒；单位报过办结的，按报送时间计。"),
        N_("已确认办结。"),
        fields=("note", "reported"),
    ),
    "return": Deed(
        N_("退回"),
        "review-reports",
        _OBLIGATION + "return",
        N_("事项退回单位重新办理，提醒随即恢复；理由会写进台账。"),
        N_("已退回。"),
        reason=True,
        is_grave=True,
    ),
    "extend": Deed(
        N_("调整期限"),
        "decide-extensions",
        _OBLIGATION + "extensions",
        N_("新期限立即生效，按原期限排好的提醒取消，改按新期限提醒；原期限保留在记录里。"),
        N_("期限已调整。"),
        fields=("due_on", "note"),
        reason=True,
        note_name="reason",
    ),
    "ask": Deed(
        N_("登记延期申请"),
        "answer",
        _OBLIGATION + "extend",
        N_("办公室同意之前，期限和提醒都不变。"),
        N_("延期申请已提交。"),
        fields=("due_on", "note"),
        reason=True,
        for_unit=N_("申请延期"),
    ),
    "reopen": Deed(
        N_("重新办理"),
        "answer",
        _OBLIGATION + "reopen",
        N_("事项回到办理中，提醒随即恢复。"),
        N_("已改为办理中。"),
    ),
    "withdraw": Deed(
        N_("撤回"),
        "edit-ledger",
        _OBLIGATION + "withdraw",
        N_("这个单位不再承担此项，提醒停止；以后可以“重新办理”恢复。"),
        N_("已撤回。"),
        reason=True,
        is_grave=True,
    ),
    "accept": Deed(
        N_("登记签收"),
        "answer",
        _OBLIGATION + "accept",
        N_("记为单位已收到。"),
        N_("已签收。"),
        for_unit=N_("签收"),
    ),
    "progress": Deed(
        N_("登记进展"),
        "answer",
        _OBLIGATION + "progress",
        N_("进展写进台账，事项仍在办理，提醒照常。"),
        N_("进展已登记。"),
        fields=("note", "reported"),
        for_unit=N_("报告进展"),
    ),
    "submit": Deed(
        N_("登记报办结"),
        "answer",
        _OBLIGATION + "submit",
        N_("由办公室审核；审核期间不再提醒。"),
        N_("已报办结。"),
        fields=("note", "reported"),
        for_unit=N_("报办结"),
    ),
    "object": Deed(
        N_("登记异议"),
        "answer",
        _OBLIGATION + "object",
        N_("由办公室裁定；裁定之前提醒照常。"),
        N_("异议已提交。"),
        reason=True,
        for_unit=N_("提出异议"),
    ),
}
"""By the action of the API; `ask` is `extend` of those who may not set a date themselves."""

DECISIONS: Mapping[str, Deed] = {
    "grant": Deed(
        N_("同意延期"),
        "decide-extensions",
        "/v1/extensions/{part}/grant",
        N_("新期限立即生效，提醒改按新期限；也可以改成另一个日期。"),
        N_("已同意延期。"),
        fields=("due_on", "note"),
    ),
    "refuse": Deed(
        N_("不同意延期"),
        "decide-extensions",
        "/v1/extensions/{part}/refuse",
        N_("期限不变，理由告知单位。"),
        N_("已答复不同意延期。"),
        reason=True,
        is_grave=True,
    ),
    "drop-request": Deed(
        N_("撤回延期申请"),
        "answer",
        "/v1/extensions/{part}/withdraw",
        N_("期限不变。"),
        N_("延期申请已撤回。"),
    ),
    "correct": Deed(
        N_("更正延期"),
        "decide-extensions",
        "/v1/extensions/{part}/correct",
        N_("改成正确的日期，提醒随之调整；原来的日期保留在记录里。"),
        N_("延期已更正。"),
        fields=("due_on", "note"),
        reason=True,
    ),
    "take-back": Deed(
        N_("撤销延期"),
        "decide-extensions",
        "/v1/extensions/{part}/take-back",
        N_("恢复延期之前的期限，提醒随之调整。"),
        N_("延期已撤销。"),
        reason=True,
        is_grave=True,
    ),
    "uphold": Deed(
        N_("异议成立"),
        "decide-objections",
        "/v1/objections/{part}/uphold",
        N_("这个单位不再承担此项，提醒停止；填写了改办单位的，转由该单位承担。"),
        N_("已认定异议成立。"),
        fields=("unit_id", "note"),
        reason=True,
        is_grave=True,
    ),
    "reject": Deed(
        N_("异议不成立"),
        "decide-objections",
        "/v1/objections/{part}/reject",
        N_("仍由这个单位承担，理由告知单位。"),
        N_("已认定异议不成立。"),
        reason=True,
    ),
    "drop-objection": Deed(
        N_("撤回异议"),
        "answer",
        "/v1/objections/{part}/withdraw",
        N_("仍由这个单位承担。"),
        N_("异议已撤回。"),
    ),
    "evidence": Deed(
        N_("添加说明或链接"),
        "answer",
        _OBLIGATION + "evidence",
        N_("作为佐证材料存档。"),
        N_("材料已添加。"),
        fields=("link", "note"),
        names_version=False,
    ),
    "drop-evidence": Deed(
        N_("撤回材料"),
        "answer",
        "/v1/evidence/{part}/take-back",
        N_("不再作为佐证；曾经提交过的记录和指纹保留。"),
        N_("材料已撤回。"),
        reason=True,
        is_grave=True,
        names_version=False,
    ),
    "hearing": Deed(
        N_("登记听取汇报"),
        "answer",
        "/v1/units/{unit_id}/hearings",
        N_("计入这个单位当年所有听取汇报的事项。"),
        N_("听取汇报已登记。"),
        fields=("heard_on", "heard_by", "minutes"),
        names_version=False,
    ),
    "drop-hearing": Deed(
        N_("撤销登记"),
        "answer",
        "/v1/hearings/{part}/take-back",
        N_("因这次登记而办结的事项重新算作未办结。"),
        N_("登记已撤销。"),
        reason=True,
        is_grave=True,
        names_version=False,
    ),
}
DEEDS: Mapping[str, Deed] = {**ACTIONS, **DECISIONS}
MAIN = ("complete", "return", "extend", "ask", "reopen", "withdraw")
"""What the office does itself; the rest it enters for a unit."""


def list_actions(visit: Visit, obligation: ObligationOut) -> list[str]:
    """What the person may do with an obligation now: possible, and within their permissions."""
    names = [action.value for action in obligation.allowed]
    if "extend" in names and not visit.may("decide-extensions"):
        names[names.index("extend")] = "ask"
    return [name for name in names if visit.may(ACTIONS[name].needs)]


def choose_label(visit: Visit, deed: Deed) -> str:
    """What the deed is called for this person, in their language."""
    is_unit = visit.person.me.unit_id is not None
    return visit.gettext(deed.for_unit if is_unit and deed.for_unit else deed.label)
