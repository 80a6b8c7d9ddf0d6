"""What is overdue keeps the steps of the book in force when it became so, on the real database."""

from typing import Any

import pytest

from shared.rules.book import RuleBook
from shared.schemas.events import StatusReported
from shared.schemas.facts import Status
from shared.schemas.office_events import RuleBookPublished
from tests.integration.scheduler.world import (
    OFFICE,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
)

pytestmark = pytest.mark.integration
UNIT = get_unit_id("县财政局")


def make_book(version: int, audience: str, **published: Any) -> RuleBookPublished:
    rule = {
        "rule_id": "late",
        "when": [{"type": "while-overdue", "every_working_days": 1}],
        "who": [{"audience": audience}],
        "channels": ["email"],
    }
    book = RuleBook.model_validate({"version": version, "rules": [rule]}, extra="forbid")
    return RuleBookPublished(office_id=OFFICE, book=book, **published)


async def publish(world: World, version: int, audience: str, *, keeps_begun: bool = True) -> None:
    await world.apply_rules(make_book(version, audience, keeps_begun=keeps_begun))
    await world.replan()


async def list_heard(world: World, at: str) -> list[tuple[str, list[str]]]:
    """Who hears of which measures in a slot."""
    return [
        (reminder.audience.value, [item.ref for item in reminder.items])
        for reminder in await world.fire(at)
    ]


async def test_a_new_book_changes_no_escalation_that_has_begun(world: World) -> None:
    await publish(world, 2, "liaison")
    early, late = (
        make_obligation(UNIT, "1.1", "2023-08-28"),
        make_obligation(UNIT, "2.1", "2023-08-30"),
    )
    await world.tell(make_assignment(UNIT, ("1.1", early), ("2.1", late)))
    assert await list_heard(world, "2023-08-29 09:00") == [("liaison", ["1.1"])]
    await publish(world, 3, "head")
    assert await list_heard(world, "2023-08-30 09:00") == [("liaison", ["1.1"])]
    assert await list_heard(world, "2023-08-31 09:00") == [
        ("liaison", ["1.1"]),
        ("head", ["2.1"]),
    ]
    for number, status in enumerate((Status.DONE, Status.OPEN), 2):
        await world.tell(
            StatusReported(
                office_id=OFFICE,
                unit_id=UNIT,
                obligation_id=early.obligation_id,
                status=status,
                number=number,
                reported_by="unit",
            )
        )
    assert await list_heard(world, "2023-09-01 09:00") == [("head", ["1.1", "2.1"])]


async def test_a_book_of_an_older_release_replaces_the_steps(world: World) -> None:
    await publish(world, 2, "liaison")
    facts = make_obligation(UNIT, "1.1", "2023-08-28")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    await publish(world, 3, "deputy", keeps_begun=False)
    await publish(world, 4, "head")
    assert await list_heard(world, "2023-08-29 09:00") == [("head", ["1.1"])]
    await publish(world, 5, "deputy", keeps_begun=False)
    await publish(world, 6, "liaison")
    assert await list_heard(world, "2023-08-30 09:00") == [("deputy", ["1.1"])]
