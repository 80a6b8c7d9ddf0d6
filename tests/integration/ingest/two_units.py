"""Sign-in with one-time codes."""

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
        ("extension_id", "objection_id", "hearing_id", "evidence_id", "proposal_id", "mute_id"),
        str(UUID(int=0)),
    )
    return {name: row[name] for name in ("unit_id", "obligation_id", "ref")} | none
