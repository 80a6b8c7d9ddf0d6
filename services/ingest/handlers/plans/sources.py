"""A plan's document as it was read, beside the plan."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.extraction.models import ParsedPlan
from services.ingest.handlers.acting import Act
from services.ingest.handlers.plans.measure_rows import list_refs
from services.ingest.handlers.plans.plans import get_plan
from services.ingest.store import plans as store
from services.ingest.store import revisions


async def view_source(db: AsyncConnection, act: Act, plan_id: UUID) -> dict[str, Any]:
    """The document in force of a plan or revision: its blocks, and the cells of each measure.

    Raises:
        RefusedError: no such plan.
    """
    plan = await get_plan(db, act, plan_id)
    document = await get_plan(db, act, plan.revised_by) if plan.revised_by else plan
    source = await store.load_source(db, document.plan_id)
    parsed = ParsedPlan.model_validate(await revisions.load_document(db, document.plan_id))
    refs = list_refs(parsed) if source else []
    measures = [
        {"ref": ref, **cells} for ref, cells in zip(refs, source.get("measures", ()), strict=True)
    ]
    return {
        "plan_id": plan.plan_id,
        "document_name": document.document_name,
        "blocks": source.get("blocks", []),
        "measures": measures,
    }
