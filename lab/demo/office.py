"""What the demo's office and its units do through the API."""

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from lab.demo.script import ZONE, Deed, Owed
from shared.schemas.rules import Audience, ObligationKind

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TABLE, DIRECTORY = EXAMPLES / "yanting-2023.txt", EXAMPLES / "yanting-units.csv"
_SETTLED = {
    "4.3": "定期检查按年度要求，以年底为完成时限",
    "8.2": "定期公示按年度要求，以年底为完成时限",
    "14.2": "定期清理按年度要求，以年底为完成时限",
}


class Calls(Protocol):
    """The calls of the API that are made here: `Api`, or one that tries again."""

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of JSON."""

    def upload(self, path: str, file: Path) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of a file."""

    def every(self, path: str, **query: object) -> list[dict[str, Any]]:
        """All items of a list."""


def publish(api: Calls) -> list[Owed]:
    """What the office does on the first day: enter, import, settle, publish."""
    api.upload("/v1/units/import", DIRECTORY)
    plan = api.upload("/v1/plans", TABLE)["plan_id"]
    for ref, reason in _SETTLED.items():
        body = {"ref": ref, "action": "accept", "reason": reason}
        api.post(f"/v1/plans/{plan}/settlements", body)
    api.post(f"/v1/plans/{plan}/publish", {"include_past": False})
    return [_owed(row) for row in api.every("/v1/ledger", plan_id=plan)]


def do(api: Calls, deed: Deed) -> None:
    """Report what a unit has done, or that its head heard the report."""
    one = deed.obligation
    match one.kind:
        case ObligationKind.DEADLINE:
            body: dict[str, object] = {"status": "done", "note": "已办结"}
            api.post(f"/v1/obligations/{one.obligation_id}/status", body)
        case ObligationKind.HEARING:
            told = deed.at.astimezone(ZONE).date()
            heard = min(told, one.due_on) if one.due_on else told
            body = {
                "heard_on": heard.isoformat(),
                "heard_by": "主要负责人",
                "minutes": "专题会议纪要",
            }
            api.post(f"/v1/units/{one.unit_id}/hearings", body)


def contacts(api: Calls) -> dict[tuple[UUID, Audience], int]:
    """How many contacts hold each post of each unit."""
    counted: dict[tuple[UUID, Audience], int] = {}
    for unit in api.every("/v1/units"):
        for contact in unit["contacts"]:
            post = (UUID(unit["unit_id"]), Audience(contact["post"]))
            counted[post] = counted.get(post, 0) + 1
    return counted


def _owed(row: dict[str, Any]) -> Owed:
    due = row["due_on"]
    return Owed(
        UUID(row["obligation_id"]),
        UUID(row["unit_id"]),
        ObligationKind(row["kind"]),
        datetime.fromisoformat(due).date() if due else None,
    )
