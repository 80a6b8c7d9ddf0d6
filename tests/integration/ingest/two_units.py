"""An office with everything that an address may name, and one of its units."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

LATER = (
    "序号\t任务名称\t具体内容\t责任单位\t完成时限\n1\t目录\t公开目录。\t县财政局\t2023年9月30日\n"
)


@dataclass
class Office:
    """An office with a published plan, a draft, a revision, and the token of one of its units."""

    api: Any
    own: dict[str, str]
    foreign: dict[str, str]
    unit: Any


def _ids(row: dict[str, Any]) -> dict[str, str]:
    none = dict.fromkeys(
        (
            "extension_id",
            "objection_id",
            "hearing_id",
            "evidence_id",
            "proposal_id",
            "mute_id",
            "hold_id",
            "notification_id",
            "letter_id",
            "reply_id",
        ),
        str(UUID(int=0)),
    )
    return {name: row[name] for name in ("unit_id", "obligation_id", "ref")} | none


async def make_office(api: Any) -> Office:
    """Publish the real table; import a draft and a revision."""
    plan = await api.publish_plan()
    plan_id = plan["plan_id"]
    name = "县2023年政务公开任务分解表\n"
    draft = await api.client.post("/v1/plans", files={"file": ("d.txt", (name + LATER).encode())})
    revision = await api.client.post(
        f"/v1/plans/{plan_id}/revisions", files={"file": ("r.txt", ("新" + name + LATER).encode())}
    )
    assert (draft.status_code, revision.status_code) == (201, 201), draft.text + revision.text
    rows = await api.list_ledger()
    mine = rows[0]
    other = next(row for row in rows if row["unit_id"] != mine["unit_id"])
    unknown = "00000000-0000-0000-0000-000000000000"
    token = dict.fromkeys(("token_id", "user_id", "session_id", "view_id", "draft_id"), unknown)
    token |= {
        "kind": "digest-sms",
        "name": "standard",
        "secret": "unknown",
        "gateway": "unknown",
        "version": "1",
        "year": "2027",
    }
    revised = {"revision_id": revision.json()["revision_id"]}
    return Office(
        api,
        {"plan_id": plan_id, **revised, **token, **_ids(mine)},
        {"plan_id": draft.json()["plan_id"], **revised, **token, **_ids(other)},
        await api.open_as("read", "report", unit_id=mine["unit_id"]),
    )
