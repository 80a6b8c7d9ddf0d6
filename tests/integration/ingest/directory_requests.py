"""Requests about the directory, and what they left."""

import json

CHANGED = """单位名称,分组,别名,联络员邮箱,联络员手机
县财政局,县级各部门,财局,new@yanting.example,13800000001
县发改局,县级各部门,县发改局,fgj@yanting.example,13800000002
县发展改革和科技局,县级各部门,,,
"""


async def unit(api, name):
    found = (await api.client.get("/v1/units", params={"name": name})).json()["items"]
    return next(one for one in found if name in (one["name"], *one["aliases"]))


async def post(api, one, action, body, status=200):
    answer = await api.client.post(f"/v1/units/{one['unit_id']}/{action}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def told(api):
    rows = await api.fetch_rows(
        "SELECT value FROM ingest.outbox WHERE topic = 'cuiban.directory.v1' ORDER BY id"
    )
    return [json.loads(row.value) for row in rows]


async def sent(api, table, preview):
    answer = await api.client.post(
        "/v1/units/import",
        params={"preview": "true"} if preview else {},
        files={"file": ("u.csv", table)},
        headers={"Idempotency-Key": f"key-{preview}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()
