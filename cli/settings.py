"""`cuiban settings`: an office's own lights, hours, limits and signature."""

import base64
import json
import re
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import Api, connect, read_file
from cli.ledger import STATUSES
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.settings import OfficeSettingsOut
from shared.api.units import UnitOut
from shared.schemas.life import ObligationStatus

settings = typer.Typer(help="The office's settings.", no_args_is_help=True)
_PATH = "/v1/office/settings"
_HOURS = re.compile(r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})")
_READ_ONLY = {"version", "changed_by", "changed_at"}
_LABELS = {
    "version": N_("version of the settings"),
    "timezone": N_("time zone"),
    "near_working_days": N_("working days before a date from which its light is yellow"),
    "working_hours": N_("hours outside of which nothing is sent, on any channel"),
    "quiet_email": N_("hours in which no mail is sent"),
    "quiet_sms": N_("hours in which no short message is sent"),
    "rate_limit": N_("most messages to one person on one channel"),
    "rate_hours": N_("hours in which that limit counts"),
    "useful_days": N_("days after which a late reminder is not sent"),
    "signature": N_("signature of short messages and reports"),
    "retention_days": N_(
        "days that texts and addresses of sent messages are kept; Kafka and backups keep theirs"
    ),
    "sms_price": N_("price of one part of a short message, in yuan"),
    "own_unit": N_("the unit that is the office itself"),
    "logo": N_("logo"),
    "stops_reminders": N_("statuses in which nothing is reminded of"),
    "review": N_("the office reviews what units report as done"),
    "joint": N_("who reports for a duty of several units"),
    "rule_approval_share": N_(
        "percent of the units: rules that change what more of them hear need a second person"
    ),
    "changed_by": N_("last changed by"),
    "changed_at": N_("last changed at"),
    "lights": N_("name and colour of a light"),
}
_VALUES = {
    "true": N_("yes"),
    "false": N_("no"),
    "each": N_("each unit for itself"),
    "lead": N_("the leading unit for all"),
}


@settings.command("show")
def show_settings(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the office's settings; what is empty is as the installation has it."""
    api = connect(state)
    present = OfficeSettingsOut.model_validate(api.get(_PATH))
    show_answer(present, as_json, partial(_show_rows, api))


@settings.command("set")
def change_settings(
    changes: Annotated[
        list[str],
        typer.Argument(
            help="NAME=VALUE, such as quiet_sms=21:00-07:30 or lights.yellow.name=临近; "
            "NAME= goes back to the installation's; logo=@FILE; own_unit=UNIT."
        ),
    ],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Change some of the office's settings; the others stay."""
    api = connect(state)
    present = api.get(_PATH)
    for change in changes:
        _apply(present, change)
    if present.get("own_unit") is not None:
        present["own_unit"] = str(find_unit(api, present["own_unit"]).unit_id)
    body = {name: value for name, value in present.items() if name not in _READ_ONLY}
    changed = api.put(_PATH, body | {"version": present["version"]})
    show_answer(OfficeSettingsOut.model_validate(changed), as_json, partial(_show_rows, api))


def _apply(present: dict[str, Any], change: str) -> None:
    """Enter one NAME=VALUE.

    Raises:
        WrongUseError: there is no such setting, or no =.
    """
    name, separator, value = change.partition("=")
    *path, last = name.strip().split(".")
    place: Any = present
    for step in path:
        place = place.get(step) if isinstance(place, dict) else None
    if not separator or not isinstance(place, dict) or last not in place or last in _READ_ONLY:
        message = _("There is no setting {name}, or no = after it.").format(name=name)
        names = ", ".join(key for key in present if key not in _READ_ONLY)
        raise WrongUseError(message, _("There are {names}.").format(names=names))
    place[last] = _read_value(value.strip())


def _read_value(written: str) -> object:
    """Nothing, hours, the content of @FILE, a number, or the text as it is."""
    if not written:
        return None
    if written.startswith("@"):
        return base64.b64encode(read_file(Path(written[1:]))).decode()
    if hours := _HOURS.fullmatch(written):
        return {"begin": hours[1].zfill(5), "end": hours[2].zfill(5)}
    try:
        return json.loads(written)
    except ValueError:
        return written


def _show_rows(api: Api, present: OfficeSettingsOut) -> None:
    values = present.model_dump(mode="json")
    if present.own_unit is not None:
        values["own_unit"] = UnitOut.model_validate(api.get(f"/v1/units/{present.own_unit}")).name
    lights = values.pop("lights")
    rows = [(name, _(_LABELS[name]), _describe(name, value)) for name, value in values.items()]
    rows += [
        (f"lights.{light}", _(_LABELS["lights"]), f"{look['name']} {look['colour']}")
        for light, look in lights.items()
    ]
    show_table((_("setting"), _("meaning"), _("value")), rows)


def _describe(name: str, value: Any) -> str:  # noqa: ANN401 - any setting's
    if value is None:
        return "" if name in {"changed_at", "own_unit"} else _("as the installation has it")
    if isinstance(value, dict):
        return f"{value['begin'][:5]}-{value['end'][:5]}"
    if name == "logo":
        return _("(a picture)")
    if name == "changed_at":
        return format_instant(datetime.fromisoformat(value))
    if name == "stops_reminders":
        return "、".join(_(STATUSES[ObligationStatus(status)]) for status in value)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return _(_VALUES[written]) if written in _VALUES else written
