"""设置: a line for each setting with its value and 修改; each setting has a form of its own."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.units import find_unit
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from services.console.texts.wording import STATUSES
from shared.api.settings import OfficeSettingsOut
from shared.api.units import UnitOut
from shared.schemas.life import ObligationStatus

ROUTER = APIRouter()
_PATH = "/v1/office/settings"
_NOT_FOUND, _INVALID = 404, 422
_READ_ONLY = {"changed_by", "changed_at"}
LIGHTS = ("red", "yellow", "green", "done", "none")
STOPPING = (
    ObligationStatus.ASSIGNED,
    ObligationStatus.ACCEPTED,
    ObligationStatus.IN_PROGRESS,
    ObligationStatus.SUBMITTED,
    ObligationStatus.RETURNED,
)
"""Statuses in which reminders may stop; done is always one."""
JOINT: Mapping[str, str] = {"each": N_("各单位各自办理"), "lead": N_("由牵头单位一并办理")}
REVIEW: Mapping[str, str] = {"yes": N_("由办公室审核"), "no": N_("不审核，报办结即办结")}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the settings.

    Attributes:
        kind: its form: number, text, hours, choice, statuses, lights, rate, logo or unit.
        choices: of a choice, by the form's value.
    """

    name: str
    label: str
    kind: str
    hint: str = ""
    choices: Mapping[str, str] | None = None


_DEFAULT = N_("不填则按系统默认。")
_HOURS = N_("可以跨过零点。都不填则按系统默认。")
_RATE = N_("同一人、同一方式。不填则按系统默认，0 为不限。")
_SIGNATURE = N_("短信【】内的签名，也用于通报落款。2 至 18 个字。")
_PRICE = N_("每条（70 字以内为一条）多少元，如 0.045。预测时据此计算费用；不填则不计算。")
_LOGO = N_("PNG 或 JPEG 图片，不超过 200 KB。不选文件则去掉标志。")
_RETENTION = N_("过后删去正文和地址，发送记录保留。不填则一直保留。")
_OWN_UNIT = N_("本办公室是名录中的哪个单位，填单位名称。规则可以提醒它的岗位；不填则没有。")
_APPROVAL = N_("按单位数的百分比。新规则改变的单位超过这个比例，须由另一人批准；100 为不须批准。")
SETTINGS = (
    Setting("lights", N_("灯色"), "lights", N_("各地叫法不同，可改名称和颜色。")),
    Setting("near_working_days", N_("提前多少个工作日算临期"), "number"),
    Setting("stops_reminders", N_("停止提醒的状态"), "statuses", N_("办结后总是停止提醒。")),
    Setting("review", N_("报办结后"), "choice", choices=REVIEW),
    Setting("joint", N_("多个单位共同的任务"), "choice", choices=JOINT),
    Setting("working_hours", N_("上班时间"), "hours", N_("此外的时间不发送。都不填则不限。")),
    Setting("quiet_email", N_("不发邮件的时间"), "hours", _HOURS),
    Setting("quiet_sms", N_("不发短信的时间"), "hours", _HOURS),
    Setting("rate", N_("每人收到的条数上限"), "rate", _RATE),
    Setting("useful_days", N_("迟到多少天的提醒不再发"), "number", _DEFAULT),
    Setting("signature", N_("签名"), "text", _SIGNATURE),
    Setting("sms_price", N_("短信单价"), "text", _PRICE),
    Setting("own_unit", N_("本办公室"), "unit", _OWN_UNIT),
    Setting("logo", N_("标志"), "logo", _LOGO),
    Setting("timezone", N_("时区"), "text", N_("如：Asia/Shanghai。")),
    Setting("rule_approval_share", N_("规则须他人批准的比例"), "number", _APPROVAL),
    Setting("retention_days", N_("消息正文保留天数"), "number", _RETENTION),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@ROUTER.get("/settings")
async def show_settings(visit: SignedIn) -> Response:
    """Everything that may be set, with its value."""
    visit.require("use-account")
    present = None
    if visit.may("read-drafts"):
        present = await visit.api.get(OfficeSettingsOut, _PATH)
    unit = await _name_unit(visit, present)
    lines = [
        (setting, describe_value(visit, setting, present, unit)) for setting in SETTINGS if present
    ]
    return visit.render("settings/settings.html", lines=lines, present=present)


@ROUTER.get("/settings/office/{name}")
async def show_setting(visit: SignedIn, name: str) -> Response:
    """The form of one setting."""
    visit.require("change-settings")
    setting = find_setting(name)
    present = await visit.api.get(OfficeSettingsOut, _PATH)
    form = begin_form(setting, present, await _name_unit(visit, present))
    return _render(visit, setting, form)


@ROUTER.post("/settings/office/{name}", max_body_size=2**19)
async def change_setting(visit: SignedIn, form: Posted, name: str) -> Response:
    """Replace the settings, of which this one differs."""
    visit.require("change-settings")
    setting = find_setting(name)
    present = await visit.api.get(OfficeSettingsOut, _PATH)
    changed = await read_changes(setting, form)
    if setting.kind == "unit" and form[name]:
        unit = await find_unit(visit, form[name])
        if unit is None:
            form = form.mark(**{name: visit.gettext(N_("名录中没有这个在用的单位。"))})
            return _render(visit, setting, form, _INVALID)
        changed = {name: str(unit.unit_id)}
    body = present.model_dump(mode="json", exclude=_READ_ONLY) | changed
    if form["version"] != str(present.version):
        body["version"] = int(form["version"]) if form["version"].isdecimal() else 0
    try:
        await visit.api.put(OfficeSettingsOut, _PATH, body, form.key)
    except ApiError as error:
        return _render(visit, setting, form.refuse(visit, error), error.status)
    return visit.redirect("/settings", visit.gettext("已保存。"))


async def _name_unit(visit: Visit, present: OfficeSettingsOut | None) -> str:
    """The name of the unit that is the office itself; empty when it named none."""
    if present is None or present.own_unit is None:
        return ""
    return (await visit.api.get(UnitOut, f"/v1/units/{present.own_unit}")).name


def _render(visit: Visit, setting: Setting, form: Form, status: int = 200) -> Response:
    return visit.render(
        "settings/setting.html",
        status,
        form=form,
        setting=setting,
        light_names=LIGHTS,
        statuses=STOPPING,
    )


def find_setting(name: str) -> Setting:
    """A setting by its name.

    Raises:
        HTTPException: 404 when there is none.
    """
    if name not in _BY_NAME:
        raise HTTPException(_NOT_FOUND)
    return _BY_NAME[name]


def begin_form(setting: Setting, present: OfficeSettingsOut, unit: str = "") -> Form:
    """The form of a setting, with its present value; `unit` is the name of the office's own."""
    values: dict[str, str | list[str] | None] = {"version": str(present.version)}
    shown = present.model_dump(mode="json")
    value: Any = shown.get(setting.name)
    match setting.kind:
        case "hours":
            values |= {part: value[part][:5] if value else "" for part in ("begin", "end")}
        case "rate":
            values |= {part: _write(shown[part]) for part in ("rate_limit", "rate_hours")}
        case "lights":
            for light, look in shown["lights"].items():
                values |= {f"{light}-name": look["name"], f"{light}-colour": look["colour"]}
        case "statuses":
            values["stops_reminders"] = list(value)
        case "choice" if isinstance(value, bool):
            values[setting.name] = "yes" if value else "no"
        case "logo":
            pass
        case "unit":
            values[setting.name] = unit
        case _:
            values[setting.name] = _write(value)
    return Form.begin(**values)


def _write(value: object) -> str:
    return "" if value is None else str(value)


async def read_changes(setting: Setting, form: Form) -> dict[str, Any]:
    """The settings that a form changes, as the API takes them."""
    name = setting.name
    value: Any = form[name] or None
    match setting.kind:
        case "rate":
            return {part: form[part] or None for part in ("rate_limit", "rate_hours")}
        case "hours":
            begin, end = form["begin"], form["end"]
            value = {"begin": begin, "end": end} if begin or end else None
        case "lights":
            value = {
                light: {"name": form[f"{light}-name"], "colour": form[f"{light}-colour"]}
                for light in LIGHTS
            }
        case "statuses":
            value = [*form.get_all(name), "done"]
        case "choice" if setting.choices is REVIEW:
            value = form[name] == "yes"
        case "logo":
            file = await form.read_file("logo")
            value = base64.b64encode(file.content).decode() if file else None
        case _:
            pass  # numbers and texts are as they were typed
    return {name: value}


def describe_value(
    visit: Visit, setting: Setting, present: OfficeSettingsOut, unit: str = ""
) -> str:
    """The value of a setting as a line shows it; `unit` is the name of the office's own."""
    say = visit.gettext
    shown: dict[str, Any] = present.model_dump(mode="json")
    value: Any = shown.get(setting.name)
    match setting.kind:
        case "lights":
            text = "、".join(shown["lights"][light]["name"] for light in LIGHTS)
        case "rate":
            text = _describe_rate(visit, present)
        case "statuses":
            text = "、".join(say(STATUSES[status]) for status in value)
        case "logo":
            text = say("已上传") if value else say("没有")
        case "choice" if setting.choices:
            key = ("yes" if value else "no") if isinstance(value, bool) else str(value)
            text = say(setting.choices[key])
        case "unit":
            text = unit or say("没有设置")
        case _ if value is None:
            text = say(_WHEN_EMPTY.get(setting.name, N_("按系统默认")))
        case "hours":
            text = f"{value['begin'][:5]} - {value['end'][:5]}"
        case _:
            text = str(value)
    return text


_WHEN_EMPTY = {
    "working_hours": N_("不限"),
    "retention_days": N_("不限"),
    "sms_price": N_("没有设置"),
}


def _describe_rate(visit: Visit, present: OfficeSettingsOut) -> str:
    limit, hours = present.rate_limit, present.rate_hours
    if limit is None and hours is None:
        return visit.gettext("按系统默认")
    if limit == 0:
        return visit.gettext("不限")
    default = visit.gettext("默认")
    return visit.gettext(
        "%(hours)s 小时内 %(limit)s 条",
        hours=hours if hours is not None else default,
        limit=limit if limit is not None else default,
    )
