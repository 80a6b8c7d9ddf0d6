"""An office and a scheduler on one real database, without a broker between."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from services.ingest.projection import project
from services.scheduler.handlers import rules
from services.scheduler.handlers.tasks import Tasks
from services.scheduler.ticking import Ticking
from shared.kafka.broker.codec import decode
from shared.schemas.envelope import Envelope
from shared.schemas.topics import RULES, TASKS, TOPICS

if TYPE_CHECKING:
    from tests.integration.ingest.conftest import Api

BEGIN = datetime(2023, 6, 1, 1, tzinfo=UTC)
HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
ROWS = (
    ("目录", "编制并公布本部门政府信息公开目录。", "县财政局、县发展和改革局", "2023年6月20日"),
    ("答复", "规范答复依申请公开事项，健全会商机制。", "县财政局、凤灵街道", "2023年6月27日"),
    ("开放日", "组织开展政府开放日活动并公布情况。", "县财政局、凤灵街道", "2023年7月14日"),
    ("听取", "单位主要负责人每年至少听取1次政务公开工作情况汇报。", "凤灵街道", "2023年12月31日"),
)
_OUT = {
    "ingest": "WITH gone AS (DELETE FROM ingest.outbox RETURNING *) "
    "SELECT topic, value, headers::text AS headers FROM gone ORDER BY id",
    "scheduler": "WITH gone AS (DELETE FROM scheduler.outbox RETURNING *) "
    "SELECT topic, value, headers::text AS headers FROM gone ORDER BY id",
}


def table(*rows: tuple[str, str, str, str]) -> bytes:
    lines = ("\t".join((str(n), *row)) + "\n" for n, row in enumerate(rows, 1))
    return (HEAD + "".join(lines)).encode()


@dataclass
class ApiClock:
    """The API's clock, for the scheduler."""

    api: "Api"

    def now(self) -> datetime:
        return self.api.clock.instant

    def measure_skew(self, _: datetime) -> timedelta:
        return timedelta(0)


@dataclass
class County:
    """An office whose events go to a scheduler, and come back, without a broker between."""

    api: "Api"
    ticking: Ticking
    tasks: Tasks
    plan_id: str = ""

    async def start(self) -> None:
        free = {"version": 0, "rule_approval_share": 100}
        assert (await self.api.client.put("/v1/office/settings", json=free)).is_success
        assert (await self.api.import_units()).status_code == 200
        plan = await self.api.client.post("/v1/plans", files={"file": ("1.txt", table(*ROWS))})
        assert plan.json()["unknown_names"] == [], plan.text
        self.plan_id = plan.json()["plan_id"]
        await self.post(f"/v1/plans/{self.plan_id}/publish", {})
        await self.flow()

    async def post(self, path: str, body: object) -> dict[str, Any]:
        answer = await self.api.client.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    async def flow(self) -> None:
        """Take every event to who reads it."""
        for envelope in await self._out("ingest"):
            async with self.ticking.engine.begin() as db:
                if type(envelope.event) in TASKS.events:
                    await self.tasks.handle(db, [envelope])
                elif type(envelope.event) in RULES.events:
                    await rules.handle(db, [envelope])
        while await self.ticking.replan():
            pass
        await self._read(await self._out("scheduler"))

    async def _read(self, envelopes: list[Envelope]) -> None:
        async with self.api.engine.begin() as db:
            await project(db, envelopes)

    async def _out(self, schema: str) -> list[Envelope]:
        rows = await self.run(_OUT[schema])
        topics = {topic.name: topic for topic in TOPICS}
        return [
            replace(
                decode(
                    topics[row.topic],
                    row.value,
                    [(k, v.encode()) for k, v in json.loads(row.headers)],
                ),
                partition=0,
            )
            for row in rows
        ]

    async def run(self, statement: str, **values: object) -> list[Any]:
        async with self.api.engine.begin() as db:
            found = await db.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []

    async def tick(self, at: datetime) -> None:
        """Fire all that is due at an instant."""
        self.api.clock.instant = at
        while await self.ticking.fire():
            pass
        await self.flow()

    async def live(self, until: datetime) -> None:
        """Fire each slot a second after it, up to an instant."""
        while True:
            (row,) = await self.run("SELECT min(next_fire_at) AS slot FROM scheduler.agenda")
            if row.slot is None or row.slot >= until:
                break
            await self.tick(row.slot + timedelta(seconds=1))
        self.api.clock.instant = until

    async def owed(self, ref: str, unit: str) -> dict[str, Any]:
        rows = await self.api.list_ledger()
        named = {(row["ref"], row["unit"]): row for row in rows}
        return named[f"{ref}.1", unit]

    async def compared(self, first: str = "2023-06-01", last: str = "2023-07-20") -> dict[str, Any]:
        answer = await self.api.client.get("/v1/audit/expected", params={"from": first, "to": last})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def at(day: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00").astimezone(UTC)


JOINT = (
    "2023年政务服务任务分解表\n\n序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
    "1\t专区\t建成政务公开标准化专区。\t县财政局\t县发展和改革局、凤灵街道\t2023年6月28日\n"
)
