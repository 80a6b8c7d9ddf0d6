"""The first day of the office of a run with a running clock, before the clock starts."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from lab.chaos.clients.api import RetryingApi
from lab.chaos.oracle.facts import PublishedObligation
from lab.chaos.running import office
from lab.chaos.running.people.actions import SecondPlan
from lab.demo import office as demo_office
from lab.demo.script import START

_SECOND_UNITS = 12
_SECOND_DUE = date(2023, 9, 15)
_OVERDUE_UNITS = 30
_OVERDUE_SINCE = timedelta(days=3)
"""A third of the units of the plan of overdue duties are overdue from the first day on."""
_LIGHT_DUE = date(2023, 10, 31)
_TITLE, _OVERDUE_TITLE = ("2023年政务公开补充任务分解表", "2023年政务公开限期任务分解表")
_LIGHT_TITLE = "2023年政务公开简明任务分解表"
_FIRST_LIGHT, _FIRST, _FIRST_OVERDUE = 101, 201, 301
"""Numbers of measures that no other plan has."""
_APPROVER, _PASSWORD = "审批人", "绿色 订书机 七月 河"


def publish_all(api: RetryingApi, directory: Path, *, light: bool) -> SecondPlan:
    """The office's first day: a calendar, a rule book, and three plans.

    The book comes first: while no unit owes anything, nobody has to approve it. `light` replaces
    the real table by one measure for each unit.
    """
    api.post("/v1/calendars", {"days": _format_days(office.build_calendar(START.date()))})
    body = office.build_rule_book(office.FIRST_BOOK).model_dump(mode="json", exclude={"version"})
    api.post("/v1/rule-books", body)
    if light:
        api.upload("/v1/units/import", demo_office.DIRECTORY)
    else:
        demo_office.publish(api)
    units = [unit["name"] for unit in api.list_items("/v1/units")]
    if light:
        due = dict.fromkeys(units, _LIGHT_DUE)
        file = office.write_table(directory / "light.txt", _LIGHT_TITLE, _FIRST_LIGHT, due)
        _publish_plan(api, file)
    overdue = {unit: _choose_overdue_day(n) for n, unit in enumerate(units[-_OVERDUE_UNITS:])}
    file = office.write_table(directory / "overdue.txt", _OVERDUE_TITLE, _FIRST_OVERDUE, overdue)
    _publish_plan(api, file)
    dates = dict.fromkeys(units[:_SECOND_UNITS], _SECOND_DUE)
    file = office.write_table(directory / "second.txt", _TITLE, _FIRST, dates)
    plan = _publish_plan(api, file)
    rows = api.list_items("/v1/ledger", plan_id=plan)
    obligations = {row["unit"]: UUID(row["obligation_id"]) for row in rows}
    return SecondPlan(UUID(plan), _TITLE, _FIRST, file, dates, obligations)


def _format_days(days: Mapping[date, bool]) -> dict[str, bool]:
    return {day.isoformat(): works for day, works in days.items()}


def _choose_overdue_day(number: int) -> date:
    """The date of a duty that is overdue on the first day, or becomes so on one of the next."""
    return START.date() - _OVERDUE_SINCE + timedelta(days=number % 9)


def _publish_plan(api: RetryingApi, file: Path) -> str:
    """Import and publish a plan; its id."""
    plan = str(api.upload("/v1/plans", file)["plan_id"])
    api.post(f"/v1/plans/{plan}/publish", {"include_past": True})
    return plan


def sign_in_approver(api: RetryingApi) -> str:
    """Make an account of a second person; the token of its session."""
    account = {"name": _APPROVER, "role": "approver", "password": _PASSWORD}
    api.post("/v1/users", account)
    session = api.post("/v1/sessions", {"name": _APPROVER, "password": _PASSWORD, "code": ""})
    return str(session["token"])


def fetch_obligations(api: RetryingApi) -> dict[UUID, PublishedObligation]:
    """Every obligation of the ledger, by id."""
    obligations = map(office.read_obligation, api.list_items("/v1/ledger"))
    return {obligation.obligation_id: obligation for obligation in obligations}
