"""A short form of a plan's tasks."""

from services.ingest.extraction.models import ParsedPlan, Task


def brief(task: Task) -> tuple[int, str | None, str, list[str], list[str]]:
    unit = task.responsible
    return task.number, task.category, task.name, list(unit.names), list(unit.lead)


def dues(plan: ParsedPlan) -> list[list[str]]:
    return [[d.isoformat() for d in m.due] for t in plan.tasks for m in t.measures]
