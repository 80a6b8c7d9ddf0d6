"""The API calls of the demo's office and of its units."""

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from lab.demo.script import ZONE, ScriptedObligation, ScriptedReport
from shared.schemas.rules import Audience, ObligationKind

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TABLE, DIRECTORY = EXAMPLES / "yanting-2023.txt", EXAMPLES / "yanting-units.csv"
_REASONS = {
    "4.3": "定期检查按年度要求，以年底为完成时限",
    "8.2": "定期公示按年度要求，以年底为完成时限",
    "14.2": "定期清理按年度要求，以年底为完成时限",
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


def report(api: Calls, scripted: ScriptedReport) -> None:
    """Report an obligation as done, or that the unit's head heard its report."""
    obligation = scripted.obligation
    match obligation.kind:
        case ObligationKind.DEADLINE:
            body: dict[str, object] = {"status": "done", "note": "已办结"}
            api.post(f"/v1/obligations/{obligation.obligation_id}/status", body)
        case ObligationKind.HEARING:
            reported_on = scripted.at.astimezone(ZONE).date()
            heard = min(reported_on, obligation.due_on) if obligation.due_on else reported_on
            body = {
                "heard_on": heard.isoformat(),
                "heard_by": "主要负责人",
                "minutes": "专题会议纪要",
            }
            api.post(f"/v1/units/{obligation.unit_id}/hearings", body)


def count_contacts(api: Calls) -> dict[tuple[UUID, Audience], int]:
    """The number of contacts of each unit and post."""
    counted: dict[tuple[UUID, Audience], int] = {}
    for unit in api.list_items("/v1/units"):
        for contact in unit["contacts"]:
            post = (UUID(unit["unit_id"]), Audience(contact["post"]))
            counted[post] = counted.get(post, 0) + 1
    return counted


def _read_obligation(row: dict[str, Any]) -> ScriptedObligation:
    due = row["due_on"]
    return ScriptedObligation(
        UUID(row["obligation_id"]),
        UUID(row["unit_id"]),
        ObligationKind(row["kind"]),
        datetime.fromisoformat(due).date() if due else None,
    )
