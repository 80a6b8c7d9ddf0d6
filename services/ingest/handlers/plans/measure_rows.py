"""The measures of a document, as it was read, as rows to store. Pure."""

from typing import Any
from uuid import UUID

from services.ingest.extraction.models import ParsedMeasure, ParsedPlan, Task
from services.ingest.extraction.plans.quantities import Bound
from services.ingest.handlers.acting import Act
from shared.schemas import identity


def list_measure_rows(act: Act, plan_id: UUID, parsed: ParsedPlan) -> list[dict[str, Any]]:
    """The measures of a document as it was read, as rows to store."""
    rows: list[dict[str, Any]] = []
    refs = iter(list_refs(parsed))
    for task in parsed.tasks:
        for measure in task.measures:
            ref = next(refs)
            rows.append(
                {
                    "measure_id": identity.derive_measure_id(plan_id, ref),
                    "plan_id": plan_id,
                    "office_id": act.office_id,
                    "ordinal": len(rows) + 1,
                    "ref": ref,
                    "category": task.category,
                    "task_name": task.name,
                    "text": measure.text,
                    "due": [day.isoformat() for day in measure.due],
                    "printed_due": measure.printed_due,
                    "continuous": measure.continuous,
                    "recurrence": (
                        measure.recurrence.model_dump(mode="json") if measure.recurrence else None
                    ),
                    "target": _make_target(measure),
                    "names": _list_responsible(task),
                    "lead": list(task.responsible.lead),
                    "codes": [code.value for code in measure.review],
                    "settled": [],
                }
            )
    return rows


def list_refs(parsed: ParsedPlan) -> list[str]:
    """The ref of each measure, in the document's order."""
    seen: dict[str, int] = {}
    return [
        _make_unique(f"{task.number}.{number}", seen)
        for task in parsed.tasks
        for number, _ in enumerate(task.measures, start=1)
    ]


def _make_target(measure: ParsedMeasure) -> dict[str, Any] | None:
    """The share that a measure's target column names; its text is read when it is shown."""
    if measure.target is None:
        return None
    number = measure.target.at_least_percent
    return {"number": number, "unit": "%", "kind": Bound.AT_LEAST}


def _list_responsible(task: Task) -> list[str]:
    """The names of all who are responsible, the leading ones first."""
    return list(dict.fromkeys((*task.responsible.lead, *task.responsible.names)))


def _make_unique(ref: str, seen: dict[str, int]) -> str:
    """A ref that no other measure has, even if the document numbers two rows alike."""
    seen[ref] = seen.get(ref, 0) + 1
    return ref if seen[ref] == 1 else f"{ref}~{seen[ref]}"
