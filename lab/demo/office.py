"""The API calls of the demo's office and of its units."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, assert_never
from uuid import UUID

from lab.demo.life import LifeStep, ScriptedStep
from lab.demo.script import ZONE, ScriptedObligation, ScriptedReport
from shared.schemas.rules import Audience, Channel, ObligationKind

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TABLE, DIRECTORY = EXAMPLES / "yanting-2023.txt", EXAMPLES / "yanting-units.csv"
_FIRST_VERSION = 1
"""Of an obligation that has just been published."""
_REASONS = {
    "4.3": "定期检查按年度要求，以年底为完成时限",
    "8.2": "定期公示按年度要求，以年底为完成时限",
    "14.2": "定期清理按年度要求，以年底为完成时限",
}
_NOTES = {
    LifeStep.ACCEPT: "已签收",
    LifeStep.SUBMIT: "已办结，材料见县政府网站",
    LifeStep.EXTEND: "网站改版未完成，申请延期",
    LifeStep.OBJECT: "该项工作不属本单位职责",
    LifeStep.COMPLETE: "审核通过",
    LifeStep.RETURN: "材料不全，请补充后再报",
    LifeStep.GRANT: "同意延期",
    LifeStep.REFUSE: "请按原时限完成",
    LifeStep.UPHOLD: "情况属实，不再由该单位办理",
    LifeStep.REJECT: "职责分工中已明确，请按期办理",
}


class Calls(Protocol):
    """The API calls made here: by `cli.client.Api`, or by a client that retries."""

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """POST JSON; returns the answer."""

    def upload(self, path: str, file: Path) -> Any:  # noqa: ANN401 - JSON
        """POST a file; returns the answer."""

    def list_items(self, path: str, **query: object) -> list[dict[str, Any]]:
        """GET all items of a list."""


def publish(api: Calls) -> list[ScriptedObligation]:
    """The office's first day: import units and plan, publish; returns the obligations."""
    api.upload("/v1/units/import", DIRECTORY)
    plan = api.upload("/v1/plans", TABLE)["plan_id"]
    for ref, reason in _REASONS.items():
        body = {"ref": ref, "action": "accept", "reason": reason}
        api.post(f"/v1/plans/{plan}/settlements", body)
    api.post(f"/v1/plans/{plan}/publish", {"include_past": False})
    return [_read_obligation(row) for row in api.list_items("/v1/ledger", plan_id=plan)]


class Ledger:
    """Takes the steps of the demo's units and of its office.

    It keeps the version that each obligation had in the newest answer, and what waits for a
    decision. The steps of one obligation are taken one after the other, and nobody else changes
    it: a version that is not the present one would be refused, and end the demo.
    """

    def __init__(self, office: Calls, units: Calls) -> None:
        self._office, self._units = office, units
        self._versions: dict[UUID, int] = {}
        self._asked: dict[UUID, str] = {}  # the address of a request that is not decided

    def take(self, scripted: ScriptedStep) -> None:
        """Take a step through the API."""
        obligation_id = scripted.obligation.obligation_id
        match scripted.step:
            case LifeStep.HEAR:
                record_hearing(self._units, scripted.obligation, scripted.at)
            case LifeStep.ACCEPT | LifeStep.SUBMIT | LifeStep.OBJECT:
                self._report(self._units, scripted.step, obligation_id)
            case LifeStep.EXTEND:
                self._report(self._units, scripted.step, obligation_id, due_on=scripted.due_on)
            case LifeStep.COMPLETE | LifeStep.RETURN:
                self._report(self._office, scripted.step, obligation_id)
            case LifeStep.GRANT:
                # A date in the next year has to be confirmed.
                self._decide(scripted.step, obligation_id, confirm=True)
            case LifeStep.REFUSE | LifeStep.UPHOLD | LifeStep.REJECT:
                self._decide(scripted.step, obligation_id)
            case _:
                assert_never(scripted.step)

    def _report(
        self, api: Calls, step: LifeStep, obligation_id: UUID, *, due_on: date | None = None
    ) -> None:
        place = f"/v1/obligations/{obligation_id}"
        version = self._versions.get(obligation_id, _FIRST_VERSION)
        body: dict[str, object] = {"version": version, "note": _NOTES[step]}
        if due_on:
            body |= {"due_on": due_on.isoformat(), "confirm": True}
        self._keep(obligation_id, api.post(f"{place}/{step.value}", body))

    def _decide(self, step: LifeStep, obligation_id: UUID, **more: object) -> None:
        place = self._asked.pop(obligation_id)
        answer = self._office.post(f"{place}/{step.value}", {"note": _NOTES[step], **more})
        self._keep(obligation_id, answer)

    def _keep(self, obligation_id: UUID, answer: dict[str, Any]) -> None:
        self._versions[obligation_id] = answer["version"]
        for kind in ("extension", "objection"):
            for asked in answer[f"{kind}s"]:
                if asked["state"] == "pending":
                    self._asked[obligation_id] = f"/v1/{kind}s/{asked[f'{kind}_id']}"


def open_for_units(api: Calls) -> str:
    """Issue the token by which the units' system reports; returns it."""
    issued = api.post("/v1/tokens", {"name": "单位业务系统", "scopes": ["read", "report"]})
    return str(issued["token"])


def report(api: Calls, scripted: ScriptedReport) -> None:
    """Report an obligation as done, or that the unit's head heard its report."""
    obligation = scripted.obligation
    match obligation.kind:
        case ObligationKind.DEADLINE:
            body: dict[str, object] = {"status": "done", "note": "已办结"}
            api.post(f"/v1/obligations/{obligation.obligation_id}/status", body)
        case ObligationKind.HEARING:
            record_hearing(api, obligation, scripted.at)


def record_hearing(api: Calls, obligation: ScriptedObligation, at: datetime) -> None:
    """Record that the head of an obligation's unit heard its report: in time, if it can be."""
    reported_on = at.astimezone(ZONE).date()
    heard = min(reported_on, obligation.due_on) if obligation.due_on else reported_on
    body = {
        "heard_on": heard.isoformat(),
        "heard_by": "主要负责人",
        "minutes": "专题会议纪要",
    }
    api.post(f"/v1/units/{obligation.unit_id}/hearings", body)


def list_reachable(api: Calls) -> dict[tuple[UUID, Audience], list[frozenset[Channel]]]:
    """The contacts of each unit and post: for each the channels on which it has an address."""
    reachable: dict[tuple[UUID, Audience], list[frozenset[Channel]]] = {}
    for unit in api.list_items("/v1/units"):
        for contact in unit["contacts"]:
            addresses = {Channel.EMAIL: contact["email"], Channel.SMS: contact["mobile"]}
            channels = frozenset(channel for channel, address in addresses.items() if address)
            post = (UUID(unit["unit_id"]), Audience(contact["post"]))
            reachable.setdefault(post, []).append(channels)
    return reachable


def _read_obligation(row: dict[str, Any]) -> ScriptedObligation:
    due = row["due_on"]
    return ScriptedObligation(
        UUID(row["obligation_id"]),
        UUID(row["unit_id"]),
        ObligationKind(row["kind"]),
        datetime.fromisoformat(due).date() if due else None,
    )
