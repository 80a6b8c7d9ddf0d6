"""An obligation and what is done with it, through the API."""


async def take(api, **query):
    """An obligation of a unit, with a client of that unit."""
    await api.publish_plan()
    item = next(
        row
        for row in await api.list_ledger(**query)
        if row["kind"] == "deadline" and row["due_on"] == "2023-12-31"
    )
    unit = await api.open_as("read", "report", unit_id=item["unit_id"])
    return item["obligation_id"], unit


async def send(client, obligation_id, action, **body):
    return await client.post(f"/v1/obligations/{obligation_id}/{action}", json=body)


async def show(client, obligation_id):
    answer = await client.get(f"/v1/obligations/{obligation_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def kinds(client, obligation_id):
    lines = (await client.get(f"/v1/obligations/{obligation_id}/timeline")).json()
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    return [line["kind"] for line in lines]


async def told(api, event_type):
    return await api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox "
        "WHERE convert_from(value, 'UTF8') LIKE :part ORDER BY id",
        part=f"%{event_type}%",
    )


async def ask_for_date(api):
    """An obligation for which a later date is asked, and the address of that extension."""
    obligation_id, unit = await take(api)
    body = {"version": 1, "due_on": "2024-01-31", "note": "系统迁移"}
    asked = (await send(unit, obligation_id, "extend", **body)).json()
    return obligation_id, f"/v1/extensions/{asked['extensions'][0]['extension_id']}"


HEARING = (
    "县政府2023年{title}任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    "1\t汇报\t单位主要负责人每年至少听取1次政务公开工作情况汇报。\t县财政局\t2023年年底\n"
)


async def import_text(api, text):
    made = await api.client.post("/v1/plans", files={"file": ("t.txt", text.encode())})
    assert made.status_code == 201, made.text
    return f"/v1/plans/{made.json()['plan_id']}"
