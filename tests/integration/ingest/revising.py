"""A plan of three duties and its revisions, through the API."""

from typing import Any

from sqlalchemy import text

from shared.kafka.broker.codec import decode
from shared.schemas.topics import TASKS

HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"


CATALOGUE = "编制并公布本部门政府信息公开目录。"


ANSWERS = "规范答复依申请公开事项，健全会商机制。"


OPEN_DAY = "组织开展政府开放日活动并公布情况。"


COLUMN = "建立政策解读专栏，集中展示解读材料。"


def table(*rows: tuple[str, str, str, str]) -> str:
    """Rows of task name, text, units, deadline; numbered as they come."""
    return HEAD + "".join("\t".join((str(n), *row)) + "\n" for n, row in enumerate(rows, 1))


ONE = ("目录", CATALOGUE, "县财政局、县发展和改革局", "2023年9月30日")


TWO = ("答复", ANSWERS, "县财政局", "2023年10月31日")


THREE = ("开放日", OPEN_DAY, "县财政局、凤灵街道", "2023年11月30日")


FIRST = table(ONE, TWO, THREE)


class Office:
    """An office at work with plans and revisions over HTTP."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.plan_id = ""

    async def publish(self, text: str = FIRST, **body: object) -> None:
        assert (await self.api.import_units()).status_code == 200
        answer = await self.api.client.post("/v1/plans", files={"file": ("1.txt", text.encode())})
        assert answer.json()["unknown_names"] == [], answer.text
        self.plan_id = answer.json()["plan_id"]
        await self.post(f"/v1/plans/{self.plan_id}/publish", body)
        await self.events()

    async def post(self, path: str, body: object, status: int = 200) -> dict[str, Any]:
        answer = await self.api.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def revise(self, *rows: tuple[str, str, str, str], status: int = 201) -> dict[str, Any]:
        files = {"file": ("2.txt", table(*rows).encode())}
        answer = await self.api.client.post(f"/v1/plans/{self.plan_id}/revisions", files=files)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def confirm(
        self, revision: dict[str, Any], status: int = 200, **body: object
    ) -> dict[str, Any]:
        return await self.post(self.path(revision, "/confirm"), body, status)

    def path(self, revision: dict[str, Any], more: str = "") -> str:
        return f"/v1/plans/{self.plan_id}/revisions/{revision['revision_id']}{more}"

    async def seen(self, revision: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.api.client.get(self.path(revision))).json())

    async def owed(self) -> dict[tuple[str, str], dict[str, Any]]:
        rows = await self.api.list_ledger(plan_id=self.plan_id)
        return {(row["ref"], row["unit"]): row for row in rows}

    async def events(self) -> list[Any]:
        """What was told of tasks since the last time; it is taken away as the relay would."""
        rows = await self.api.fetch_rows("SELECT * FROM ingest.outbox ORDER BY id")
        async with self.api.engine.begin() as db:
            await db.execute(text("DELETE FROM ingest.outbox"))
        return [
            decode(TASKS, row.value, [(name, value.encode()) for name, value in row.headers]).event
            for row in rows
            if row.topic == TASKS.name
        ]

    async def report(self, row: dict[str, Any], status: str = "done") -> None:
        await self.post(f"/v1/obligations/{row['obligation_id']}/status", {"status": status})

    async def erase(self, table: str) -> None:
        """Import a directory file whose dashes empty fields."""
        files = {"file": ("u.csv", table)}
        answer = await self.api.client.post("/v1/units/import?erase=true", files=files)
        assert answer.status_code == 200, answer.text

    async def extend(self, row: dict[str, Any], due_on: str) -> None:
        body = {"due_on": due_on, "reason": "同意延期"}
        await self.post(f"/v1/obligations/{row['obligation_id']}/extensions", body, 201)


def dated(row: tuple[str, str, str, str], day: str) -> tuple[str, str, str, str]:
    return (*row[:3], day)


async def submit(office, row):
    unit = await office.api.open_as("read", "report", unit_id=row["unit_id"])
    path = f"/v1/obligations/{row['obligation_id']}"
    answer = await unit.post(f"{path}/submit", json={"version": 1, "note": "已公布"})
    assert answer.status_code == 200, answer.text
    return path
