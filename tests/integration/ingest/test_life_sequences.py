"""Whatever is done with an obligation, in any order, its row keeps what a ledger promises."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.domain.transitions import (
    NOT_OWED,
    Party,
    Situation,
    find_next_status,
    is_reminded,
    list_allowed,
)
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import ObligationKind

pytestmark = pytest.mark.integration
S, A = ObligationStatus, Action
DUE = date(2023, 12, 31)
OF_EXTENSIONS = ("grant", "refuse", "withdraw", "correct", "take-back")
OF_OBJECTIONS = ("uphold", "reject", "withdraw")
STEPS = [
    *(("obligations", action.value) for action in Action),
    *[("obligations", "take-back")] * 4,
    *(("extensions", action) for action in OF_EXTENSIONS),
    *(("objections", action) for action in OF_OBJECTIONS),
]
TAKE_BACK, ASKED, OBJECTED = (("obligations", name) for name in ("take-back", "extend", "object"))
ANSWERS = {("obligations", name) for name in ("accept", "progress", "submit", "extend", "object")}
QUIET = frozenset({S.SUBMITTED})
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(Party), st.integers(1, 60)),
    min_size=5,
    max_size=14,
)


@pytest.fixture
async def pool(api: Any) -> Any:
    """Obligations of a published plan that nothing was done with, and clients of their units."""
    await api.publish_plan()
    rows = [row for row in await api.list_ledger() if row["kind"] == "deadline"]
    fresh = [row for row in rows if row["due_on"] == DUE.isoformat()]
    units = {row["unit_id"] for row in fresh}
    clients = {id_: await api.open_as("read", "report", unit_id=id_) for id_ in units}
    return iter(fresh), clients


def read_situation(shown: dict[str, Any]) -> Situation:
    return Situation(
        S(shown["status"]),
        ObligationKind.DEADLINE,
        asked=any(each["state"] == "pending" for each in shown["extensions"]),
        objected=any(each["state"] == "pending" for each in shown["objections"]),
    )


def find_subject(shown: dict[str, Any], area: str) -> dict[str, Any] | None:
    """The newest extension or objection."""
    return max(
        shown[area], key=lambda row: row.get("asked_at") or row.get("raised_at"), default=None
    )


@dataclass(frozen=True)
class Given:
    """A step that was taken, and the status before it."""

    step: tuple[str, str]
    who: Party
    before: S

    @property
    def is_answer(self) -> bool:
        """Whether it can be taken back by who gave it."""
        return self.step in ANSWERS and (self.step != ASKED or self.who is Party.UNIT)


def follow(given: list[Given], step: tuple[str, str], who: Party, before: S) -> list[Given]:
    """The steps that hold after one more, in order."""
    if step == TAKE_BACK:
        return given[:-1]
    undone = {("extensions", "withdraw"): ASKED, ("objections", "withdraw"): OBJECTED}.get(step)
    if undone is None:
        return [*given, Given(step, who, before)]
    place = max(place for place, each in enumerate(given) if each.step == undone)
    return [each for at, each in enumerate(given) if at != place]


def find_expected(
    shown: dict[str, Any], given: list[Given], step: tuple[str, str], who: Party, due: str
) -> tuple[S, str] | None:
    """Status and date after a step, by the table of transitions; None when it is refused."""
    area, name = step
    status, present = S(shown["status"]), shown["due_on"]
    if step == TAKE_BACK:
        last = given[-1] if given else None
        return (last.before, present) if last and last.is_answer and last.who is who else None
    if area == "obligations":
        reached = find_next_status(read_situation(shown), A(name), who)
        if name == A.EXTEND and due <= present:
            return None
        moved = name == A.EXTEND and who is Party.OFFICE
        return None if reached is None else (reached, due if moved else present)
    subject = find_subject(shown, area)
    assert subject is not None
    is_pending, before = subject["state"] == "pending", subject.get("due_before")
    in_force = subject["state"] == "granted" and subject["granted_due"] == present
    in_force = in_force and status not in NOT_OWED
    possible = {
        "grant": (is_pending and due > present, (status, due)),
        "correct": (in_force and due > (before or due), (status, due)),
        "take-back": (in_force, (status, before)),
        "uphold": (is_pending, (S.WITHDRAWN, present)),
    }
    may, after = possible.get(name, (is_pending, (status, present)))
    return after if may and (who is Party.OFFICE or name == "withdraw") else None


async def send(client: Any, shown: dict[str, Any], step: tuple[str, str], due: str) -> Any:
    area, name = step
    body: dict[str, Any] = {"version": shown["version"], "note": "因故"}
    if area == "obligations":
        path = f"/v1/obligations/{shown['obligation_id']}/{name}"
    else:
        subject = find_subject(shown, area)
        assert subject is not None
        path = f"/v1/{area}/{subject[area[:-1] + '_id']}/{name}"
    if name in {"extend", "grant", "correct"}:
        body |= {"due_on": due, "confirm": True}
    return await client.post(path, json=body)


def check_row(shown: dict[str, Any], unit: dict[str, Any]) -> None:
    """What holds for every obligation at every time."""
    status, situation = S(shown["status"]), read_situation(shown)
    is_done, is_withdrawn = status is S.DONE, status is S.WITHDRAWN
    assert (shown["done_at"] is not None) == (bool(shown["done_by"])) == is_done
    assert (shown["withdrawn_at"] is not None) == bool(shown["withdrawn_why"]) == is_withdrawn
    assert shown["reminded"] is is_reminded(status, QUIET)
    assert not (status in NOT_OWED and (situation.asked or situation.objected))
    assert shown["allowed"] == list(list_allowed(situation, Party.OFFICE))
    assert unit["allowed"] == list(list_allowed(situation, Party.UNIT))
    dated = [each["granted_due"] for each in shown["extensions"] if each["state"] == "granted"]
    assert shown["due_on"] in {DUE.isoformat(), *dated}


def check_refusal(answer: Any, who: Party) -> None:
    """A refusal says what is possible, in Chinese and then in English."""
    assert answer.status_code in ({403, 409, 422} if who is Party.UNIT else {409, 422})
    if answer.status_code == 403:
        return
    problem = answer.json()
    for text in (problem["detail"], problem["hint"]):
        chinese, stop, english = text.partition("。")
        assert stop, text
        assert re.search("[\u4e00-\u9fff]", chinese), text
        assert english.isascii() or "“" in english, text


async def check_counts(api: Any, shown: dict[str, Any]) -> None:
    """The counts of the unit equal its rows, and the journal has one entry for each change."""
    unit_id = shown["unit_id"]
    rows = await api.list_ledger(unit_id=unit_id)
    summaries = (await api.client.get("/v1/ledger/summary?limit=500")).json()["items"]
    counted = next(each for each in summaries if each["unit_id"] == unit_id)
    done = sum(row["status"] == "done" for row in rows)
    assert (counted["total"], counted["done"]) == (len(rows), done)
    entries = await api.fetch_rows(
        "SELECT after FROM ingest.journal WHERE subject = :id ORDER BY id",
        id=shown["obligation_id"],
    )
    assert [row.after["number"] for row in entries] == [*range(2, shown["version"] + 1)]
    path = f"/v1/obligations/{shown['obligation_id']}/timeline"
    assert len((await api.client.get(path)).json()) == len(entries) + 1


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps)
async def test_any_sequence_of_steps_keeps_what_the_ledger_promises(
    api: Any, pool: Any, drawn: Any
) -> None:
    fresh, clients = pool
    item = next(fresh)
    unit = clients[item["unit_id"]]
    path = f"/v1/obligations/{item['obligation_id']}"
    shown = (await api.client.get(path)).json()
    given: list[Given] = []
    for step, who, days in drawn:
        if step[0] != "obligations" and not shown[step[0]]:
            continue
        api.clock.instant += timedelta(minutes=1)
        due = (DUE + timedelta(days=days)).isoformat()
        expected = find_expected(shown, given, step, who, due)
        answer = await send(unit if who is Party.UNIT else api.client, shown, step, due)
        after = (await api.client.get(path)).json()
        if expected is None:
            check_refusal(answer, who)
            assert after == shown
        else:
            assert answer.status_code == 200, answer.text
            assert after["version"] == shown["version"] + 1
            assert (after["status"], after["due_on"]) == expected
            given = follow(given, step, who, S(shown["status"]))
        shown = after
        check_row(shown, (await unit.get(path)).json())
    await check_counts(api, shown)
