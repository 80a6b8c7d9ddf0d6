"""Steps of units and office, revisions and joint duties, in any order: what a ledger promises.

A date moves by a granted extension or a revision alone, an obligation keeps its identity, and the
counts equal the rows.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.domain.transitions import NOT_OWED, Party, is_reminded
from shared.schemas.life import Action, Joint, ObligationStatus

pytestmark = pytest.mark.integration
S = ObligationStatus
HEAD = "\n\n序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
MEASURES = (
    ("目录", "编制并公布本部门政府信息公开目录。", "县财政局", "县发展和改革局、凤灵街道"),
    ("开放日", "组织开展政府开放日活动并公布情况。", "", "县财政局"),
)
LEADING, FOLLOWING = ("1.1", "县财政局"), {("1.1", "县发展和改革局"), ("1.1", "凤灵街道")}
OBLIGATIONS = (LEADING, *sorted(FOLLOWING), ("2.1", "县财政局"))
FIRST = date(2023, 9, 1)
NUMBERS = count(1)
ACTIONS = sorted(set(Action) - {Action.EXTEND, Action.OBJECT})
which = st.sampled_from(OBLIGATIONS)
days = st.integers(0, 100)
acts = st.tuples(st.just("act"), which, st.sampled_from(ACTIONS), st.sampled_from(Party))
extensions = st.tuples(st.just("extend"), which, days, st.sampled_from(Party))
revisions = st.tuples(st.just("revise"), st.sampled_from(("1.1", "2.1")), days)
joints = st.tuples(st.just("joint"), st.sampled_from(Joint))
steps = st.lists(st.one_of(acts, acts, extensions, revisions, joints), min_size=4, max_size=9)
Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass
class Ledger:
    """A published plan of two measures, its dates and who reports, and clients of its units."""

    api: Any
    plan_id: str = ""
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    due: dict[str, date] = field(default_factory=lambda: {"1.1": FIRST, "2.1": FIRST})
    joint: Joint = Joint.EACH
    clients: dict[str, Any] = field(default_factory=dict)

    def write(self) -> dict[str, Any]:
        """The document, as it now is; no two are the same."""
        rows = "".join(
            "\t".join((str(n), *cells, f"{self.due[f'{n}.1']:%Y年%-m月%-d日}")) + "\n"
            for n, cells in enumerate(MEASURES, 1)
        )
        title = f"县2023年政务公开任务分解表（第{next(NUMBERS)}稿）"
        return {"file": ("t.txt", (title + HEAD + rows).encode())}

    async def post(self, path: str, **sent: Any) -> dict[str, Any]:
        answer = await self.api.client.post(path, **sent)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    async def publish(self) -> None:
        self.plan_id = (await self.post("/v1/plans", files=self.write()))["plan_id"]
        await self.post(f"/v1/plans/{self.plan_id}/publish", json={})
        rows = await self.api.list_ledger(plan_id=self.plan_id)
        self.ids = {(row["ref"], row["unit"]): row["obligation_id"] for row in rows}
        assert self.ids.keys() == set(OBLIGATIONS)
        for row in rows:
            if row["unit"] not in self.clients:
                opened = await self.api.open_as("read", "report", unit_id=row["unit_id"])
                self.clients[row["unit"]] = opened
        await self.set_joint(Joint.EACH)

    async def set_joint(self, joint: Joint) -> None:
        await self.post(f"/v1/plans/{self.plan_id}/joint", json={"joint": joint})
        self.joint = joint

    async def revise(self, ref: str, due: date) -> None:
        self.due[ref] = due
        path = f"/v1/plans/{self.plan_id}/revisions"
        revision = await self.post(path, files=self.write())
        assert revision["ambiguous"] == [], revision
        await self.post(f"{path}/{revision['revision_id']}/confirm", json={})

    async def fetch(self) -> Rows:
        return {
            key: (await self.api.client.get(f"/v1/obligations/{id_}")).json()
            for key, id_ in self.ids.items()
        }

    async def act(self, rows: Rows, key: tuple[str, str], action: str, who: Party) -> bool:
        """Whether it was possible."""
        body = {"version": rows[key]["version"], "note": "因故", "confirm": True}
        if action.startswith(Action.EXTEND):
            action, _, body["due_on"] = action.partition(" ")
        client = self.api.client if who is Party.OFFICE else self.clients[key[1]]
        if action != Action.EXTEND:
            del body["confirm"]
        answer = await client.post(f"/v1/obligations/{self.ids[key]}/{action}", json=body)
        assert answer.status_code in {200, 403, 409, 422}, answer.text
        return bool(answer.status_code == 200)

    async def take(self, step: Any, before: Rows) -> set[tuple[str, str]]:
        """Take a step; returns the obligations whose date it may have moved."""
        match step:
            case ("act", key, action, who):
                await self.act(before, key, action, who)
                return set()
            case ("extend", key, number, who):
                due = FIRST + timedelta(days=number)
                may = await self.act(before, key, f"extend {due}", who) and who is Party.OFFICE
                leads = key == LEADING and self.joint is Joint.LEAD
                return ({key} | (FOLLOWING if leads else set())) if may else set()
            case ("revise", ref, number):
                await self.revise(ref, FIRST + timedelta(days=number))
                return {key for key in OBLIGATIONS if key[0] == ref}
            case ("joint", joint):
                await self.set_joint(joint)
        return set()


def check_row(shown: dict[str, Any], identity: str) -> None:
    status = S(shown["status"])
    assert shown["obligation_id"] == identity
    assert (shown["done_at"] is not None) == bool(shown["done_by"]) == (status is S.DONE)
    if status is S.WITHDRAWN:
        assert shown["withdrawn_at"]
    assert shown["reminded"] is is_reminded(status, frozenset({S.SUBMITTED}))
    waiting = [each for each in shown["extensions"] if each["state"] == "pending"]
    assert not (status in NOT_OWED and waiting)


def check_dates(ledger: Ledger, before: Rows, after: Rows, may_move: set[Any], step: Any) -> None:
    for key, row in after.items():
        moved = row["due_on"] != before[key]["due_on"]
        assert not moved or key in may_move, (step, key)
        if moved and step[0] == "extend":
            # A unit that another one leads moves with the extension of the leading unit.
            asked = [
                *row["extensions"],
                *(after[LEADING]["extensions"] if key in FOLLOWING else []),
            ]
            assert row["due_on"] in [e["granted_due"] for e in asked if e["state"] == "granted"]
        elif key in may_move and step[0] == "revise" and row["status"] != S.WITHDRAWN:
            printed = ledger.due[key[0]].isoformat()
            assert row["due_on"] == printed or (row["due_on"] > printed and not moved), (step, key)


async def check_counts(ledger: Ledger, after: Rows) -> None:
    rows = await ledger.api.list_ledger()
    listed = {row["obligation_id"] for row in rows}
    for shown in after.values():
        assert (shown["obligation_id"] in listed) == (shown["withdrawn_at"] is None)
    answer = await ledger.api.client.get("/v1/ledger/summary?limit=500")
    for counted in answer.json()["items"]:
        own = [row for row in rows if row["unit_id"] == counted["unit_id"]]
        done = sum(row["status"] == "done" for row in own)
        assert (counted["total"], counted["done"]) == (len(own), done)
        assert counted["open"] == len(own) - done


async def check_joint(ledger: Ledger, after: Rows) -> None:
    """Where the leading unit reports for all, no other unit may."""
    if ledger.joint is not Joint.LEAD or after[LEADING]["status"] == S.WITHDRAWN:
        return
    for key in FOLLOWING:
        path = f"/v1/obligations/{ledger.ids[key]}"
        assert "submit" not in (await ledger.clients[key[1]].get(path)).json()["allowed"]


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=steps)
async def test_steps_revisions_and_joint_duties_keep_what_the_ledger_promises(
    api: Any, drawn: Any
) -> None:
    if not await api.fetch_rows("SELECT 1 FROM ingest.units LIMIT 1"):
        await api.import_units()
    ledger = Ledger(api)
    await ledger.publish()
    before = await ledger.fetch()
    for step in drawn:
        api.clock.instant += timedelta(minutes=1)
        may_move = await ledger.take(step, before)
        after = await ledger.fetch()
        for key, row in after.items():
            check_row(row, ledger.ids[key])
        check_dates(ledger, before, after, may_move, step)
        await check_joint(ledger, after)
        before = after
    await check_counts(ledger, before)
