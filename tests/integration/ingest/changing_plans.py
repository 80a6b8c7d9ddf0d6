"""One request for each way to change units, plans and revisions."""

from itertools import count
from typing import Any

import httpx

from tests.integration.ingest.replies import put_reply

HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
CATALOGUE = "1\t目录\t编制并公布公开目录。\t县财政局\t2023年9月30日\n"
HEARING = "2\t汇报\t单位主要负责人每年至少听取1次政务公开工作情况汇报。\t县财政局\t2023年年底\n"
DOUBTFUL = "3\t清理\t定期清理失效内容。\t县财政局、远方局\t2023年年底\n"
LATER = "1\t目录\t编制并公布公开目录。\t县财政局\t2023年10月31日\n"


class PlanDesk:
    """Units, a plan and its revision, in an order that works."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.plan = self.revision = self.token = self.draft = self.receipts = ""
        self.approver: httpx.AsyncClient | None = None
        self.withdrawn: dict[str, Any] = {}
        self.numbers = count()

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.api.client.post(path, json=body)

    async def upload(self, path: str, text: str) -> httpx.Response:
        return await self.api.client.post(path, files={"file": ("t.txt", text.encode())})

    async def obligation(self, ref: str) -> dict[str, Any]:
        return next(row for row in await self.api.list_ledger() if row["ref"] == ref)

    async def units(self) -> httpx.Response:
        return await self.api.import_units()

    async def unit(self) -> str:
        row = await self.obligation("1.1")
        return f"/v1/units/{row['unit_id']}"

    async def take_over(self) -> httpx.Response:
        body = {"post": "liaison", "name": "新联络员", "email": "new@finance.example"}
        return await self.post(f"{await self.unit()}/contacts", body)

    async def rename(self) -> httpx.Response:
        return await self.post(f"{await self.unit()}/rename", {"name": "县财政和国资局"})

    async def aliases(self) -> httpx.Response:
        return await self.post(f"{await self.unit()}/aliases", {"add": ["县财金局"]})

    async def retire(self) -> httpx.Response:
        return await self.post(f"{await self.unit()}/retire", {"reason": "机构合并"})

    async def settle_reply(self) -> httpx.Response:
        path = f"/v1/replies/{await put_reply(self.api)}/settle"
        return await self.post(path, {"note": "已电话联系"})

    async def import_plan(self) -> httpx.Response:
        answer = await self.upload("/v1/plans", HEAD + CATALOGUE + HEARING + DOUBTFUL)
        self.plan = f"/v1/plans/{answer.json()['plan_id']}"
        return answer

    async def settle(self) -> httpx.Response:
        body = {"ref": "3.1", "action": "accept", "reason": "年底前"}
        return await self.post(f"{self.plan}/settlements", body)

    async def details(self) -> httpx.Response:
        return await self.post(f"{self.plan}/details", {"issuer": "县政府办公室", "reason": "补"})

    async def decide(self) -> httpx.Response:
        body = {"name": "远方局", "ignore": True, "reason": "不在本县"}
        return await self.post(f"{self.plan}/names", body)

    async def publish(self) -> httpx.Response:
        return await self.post(f"{self.plan}/publish", {})

    async def decide_members(self) -> httpx.Response:
        await self.api.import_units("单位名称,分组\n县审计局,县级监督部门\n")
        plan = HEAD + "4\t检查\t开展检查。\t县级监督部门\t2023年12月20日\n"
        answer = await self.upload("/v1/plans", plan)
        path = f"/v1/plans/{answer.json()['plan_id']}"
        await self.post(f"{path}/publish", {})
        await self.api.import_units("单位名称,分组\n县司法局,县级监督部门\n")
        body = {"decision": "confirm", "reason": "新增成员"}
        return await self.post(f"{path}/directory-changes", body)

    async def set_joint(self) -> httpx.Response:
        return await self.post(f"{self.plan}/joint", {"joint": "lead"})

    async def withdraw_measure(self) -> httpx.Response:
        return await self.post(f"{self.plan}/measures/1.1/withdraw", {"note": "重复"})

    async def withdraw_plan(self) -> httpx.Response:
        return await self.post(f"{self.plan}/withdraw", {"note": "文件已废止"})

    async def delete_draft(self) -> httpx.Response:
        draft = await self.upload("/v1/plans", HEAD + DOUBTFUL)
        return await self.api.client.delete(f"/v1/plans/{draft.json()['plan_id']}")

    async def revise(self) -> httpx.Response:
        answer = await self.upload(f"{self.plan}/revisions", HEAD + LATER + HEARING + DOUBTFUL)
        self.revision = f"{self.plan}/revisions/{answer.json()['revision_id']}"
        return answer

    async def pair(self) -> httpx.Response:
        return await self.post(f"{self.revision}/pairs", {"ref": "1.1", "with": "1.1"})

    async def confirm(self) -> httpx.Response:
        return await self.post(f"{self.revision}/confirm", {})
