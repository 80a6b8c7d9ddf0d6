"""One request for each way to change an obligation, and what is asked, told and sent about it."""

from datetime import date, timedelta
from typing import Any

import httpx

from services.ingest.domain.statuses import MessageState
from tests.integration.ingest.changing_plans import PlanDesk
from tests.integration.ingest.dead_letters import put_dead_letter
from tests.integration.ingest.gateways import make_gateway, see
from tests.integration.ingest.gateways import tell as tell_gateways
from tests.integration.ingest.messages import put_message


class ObligationDesk(PlanDesk):
    """The obligations of the plan, in an order that works."""

    async def report(self) -> httpx.Response:
        row = await self.obligation("3.1")
        return await self.post(f"/v1/obligations/{row['obligation_id']}/status", {"status": "done"})

    async def extend(self) -> httpx.Response:
        row = await self.obligation("1.1")
        body = {"due_on": "2023-10-15", "reason": "系统迁移"}
        return await self.post(f"/v1/obligations/{row['obligation_id']}/extensions", body)

    async def hear(self) -> httpx.Response:
        row = await self.obligation("2.1")
        body = {"heard_on": "2023-05-31", "heard_by": "局长", "minutes": "纪要3号"}
        return await self.post(f"/v1/units/{row['unit_id']}/hearings", body)

    async def act(self, action: str, **body: object) -> httpx.Response:
        """Take an action on the first obligation that allows it, at its present version."""
        row = await self.find(action)
        wanted = {"version": row["version"], "note": "说明"} | body
        return await self.post(f"/v1/obligations/{row['obligation_id']}/{action}", wanted)

    async def withdraw(self) -> httpx.Response:
        answer = await self.act("withdraw")
        self.withdrawn = answer.json()
        return answer

    async def reopen(self) -> httpx.Response:
        path = f"/v1/obligations/{self.withdrawn['obligation_id']}/reopen"
        return await self.post(path, {"version": self.withdrawn["version"]})

    async def find(self, action: str) -> dict[str, Any]:
        """The first obligation that allows an action."""
        for row in await self.api.list_ledger():
            shown = await self.api.client.get(f"/v1/obligations/{row['obligation_id']}")
            if action in shown.json()["allowed"]:
                return dict(shown.json())
        raise AssertionError(action)

    async def take_back(self) -> httpx.Response:
        row = (await self.act("progress")).json()
        path = f"/v1/obligations/{row['obligation_id']}/take-back"
        return await self.post(path, {"version": row["version"], "note": "误报"})

    async def ask(self) -> tuple[str, date]:
        """Ask for an extension as a unit; returns its path and a date that may be granted."""
        row = await self.find("extend")
        day = date.fromisoformat(row["due_on"]) + timedelta(days=9)
        unit = await self.api.open_as("report", "read", unit_id=row["unit_id"])
        body = {"version": row["version"], "due_on": str(day), "note": "申请"}
        asked = await unit.post(f"/v1/obligations/{row['obligation_id']}/extend", json=body)
        pending = [each for each in asked.json()["extensions"] if each["state"] == "pending"]
        return f"/v1/extensions/{pending[0]['extension_id']}", day - timedelta(days=1)

    async def decide_extension(self, how: str) -> httpx.Response:
        path, _ = await self.ask()
        confirm = {"confirm": True} if how == "grant" else {}
        return await self.post(f"{path}/{how}", {"note": "说明"} | confirm)

    async def change_granted(self, how: str) -> httpx.Response:
        path, day = await self.ask()
        granted = (await self.post(f"{path}/grant", {"confirm": True})).json()
        body = {"due_on": str(day), "confirm": True} if how == "correct" else {}
        return await self.post(
            f"{path}/{how}", {"version": granted["version"], "note": "说明"} | body
        )

    async def decide_objection(self, how: str) -> httpx.Response:
        raised = (await self.act("object")).json()
        pending = [each for each in raised["objections"] if each["state"] == "pending"]
        path = f"/v1/objections/{pending[0]['objection_id']}"
        return await self.post(f"{path}/{how}", {"note": "说明"})

    async def take_back_hearing(self) -> httpx.Response:
        hearing_id = (await self.hear()).json()["hearing_id"]
        return await self.post(f"/v1/hearings/{hearing_id}/take-back", {"note": "误登"})

    async def add_evidence(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        return await self.post(f"/v1/obligations/{row['obligation_id']}/evidence", {"note": "说明"})

    async def add_file(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        file = ("a.pdf", b"%PDF-1.7")
        path = f"/v1/obligations/{row['obligation_id']}/files"
        return await self.api.client.post(path, files={"file": file})

    async def take_back_evidence(self) -> httpx.Response:
        added = (await self.add_evidence()).json()["evidence"][-1]
        return await self.post(f"/v1/evidence/{added['evidence_id']}/take-back", {"note": "有误"})

    async def dead_letter(self, how: str) -> httpx.Response:
        letter = await put_dead_letter(self.api)
        return await self.post(f"/v1/dead-letters/{letter}/{how}", {"reason": "已升级"})

    async def message(self, how: str, **body: object) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        waiting = {"state": MessageState.PENDING, "rank": 0, "reason": ""}
        values = waiting if how in {"cancel", "release"} else {}
        path = f"/v1/messages/{await put_message(self.api, row['unit_id'], **values)}"
        return await self.post(f"{path}/{how}", {"reason": "电话核实"} | body)

    async def readdress(self) -> httpx.Response:
        return await self.message("address", address="new@x.example")

    async def gateway_test(self) -> httpx.Response:
        await tell_gateways(self.api, see(make_gateway()))
        return await self.post("/v1/gateway-tests", {"gateway": "mas", "address": "13800000009"})

    async def messages(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        await put_message(self.api, row["unit_id"], gateway="mas")
        body = {"action": "resend", "reason": "网关已恢复", "expected": 1, "gateway": ["mas"]}
        return await self.post("/v1/messages/actions", body)
