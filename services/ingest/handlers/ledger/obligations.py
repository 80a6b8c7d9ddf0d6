"""What publishing a plan and confirming a revision share about obligations."""

from datetime import datetime
from typing import Any

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.store.ledger_rows import ObligationNumber, StoredObligation
from shared.schemas.facts import ObligationFacts
from shared.schemas.life import ObligationStatus

PER_EVENT = 200
"""Obligations in one event, far below the broker's limit even with the longest texts."""


def require_at_most(total: int, limit: int) -> None:
    """Make sure that a plan does not make more obligations than it can be meant to.

    Raises:
        RefusedError: they are more than `limit`.
    """
    if total > limit:
        raise RefusedError(
            Fault.CONFLICT,
            f"该任务表将产生 {total} 项责任事项，一次最多发布 {limit} 项。"
            "The plan makes more obligations than are published at once.",
            "请核对日期和单位。Check its dates and units, or raise CUIBAN_PUBLISH_LIMIT.",
        )


def to_columns(
    facts: ObligationFacts, old: ObligationNumber | StoredObligation, times: int, since: datetime
) -> dict[str, Any]:
    """The columns of an existing obligation that is owed as `facts` say, from an instant on.

    One that was withdrawn is assigned anew; what is done stays done.
    """
    is_withdrawn = old.status is ObligationStatus.WITHDRAWN
    status = ObligationStatus.ASSIGNED if is_withdrawn else old.status
    return {
        "obligation_id": facts.obligation_id,
        "kind": facts.kind,
        "due_on": facts.due_on,
        "known_on": facts.known_on,
        "lead": facts.lead,
        "times": times,
        "number": facts.number,
        "status": status,
        "reminded": is_withdrawn or old.reminded,
        "withdrawn_at": None,
        "since": since,
    }
