"""One measure read from a text, a deadline cell and a unit cell."""

from datetime import date

from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan


def plan_with(text: str, due: str, units: str = "县财政局", year: int = 2024) -> ParsedPlan:
    """A plan of one duty, read from text like any other."""
    due = " ".join(f"<p>{part}</p>" for part in due.split("\n")) if "\n" in due else due
    lines = [
        f"临江县{year}年政务公开工作任务分解表",
        "序号\t任务名称\t具体内容\t责任单位\t完成时限",
        f"1\t平台建设\t{text}\t{units}\t{due}",
    ]
    return read_plan("plan.txt", "\n".join(lines).encode())


def measure(text: str, due: str, year: int = 2024):
    (task,) = plan_with(text, due, year=year).tasks
    (only,) = task.measures
    return only


def days(*texts: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)
