"""The same POST with the same key is carried out once, however often and at once it comes."""

import asyncio

import pytest

pytestmark = pytest.mark.integration


async def test_the_same_request_gets_the_same_answer(api):
    await api.publish_plan()
    item = (await api.list_ledger())[0]
    path = f"/v1/obligations/{item['obligation_id']}/status"
    body = {"status": "done", "note": "x"}
    headers = {"Idempotency-Key": "k-1"}
    first = await api.client.post(path, json=body, headers=headers)
    again = await api.client.post(path, json=body, headers=headers)
    assert again.text == first.text
    assert again.status_code == first.status_code
    assert again.headers["idempotency-replayed"] == "true"
    other = await api.client.post(path, json={"status": "open"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:cuiban:problem:idempotency-key-reused"


async def test_many_at_once_are_carried_out_once(api):
    await api.publish_plan()
    item = (await api.list_ledger())[0]
    path = f"/v1/obligations/{item['obligation_id']}/status"

    async def send():
        body = {"status": "in-progress", "note": "x"}
        return await api.client.post(path, json=body, headers={"Idempotency-Key": "race"})

    answers = await asyncio.gather(*(send() for _ in range(12)))
    assert {a.status_code for a in answers} <= {200, 409}
    assert len({a.text for a in answers if a.status_code == 200}) == 1
    rows = await api.fetch_rows(
        "SELECT count(*) FROM ingest.journal WHERE action = 'obligation.progressed'"
    )
    assert rows[0][0] == 1


async def test_reports_at_once_without_a_key_are_all_counted_in_turn(api):
    await api.publish_plan()
    item = (await api.list_ledger())[0]
    path = f"/v1/obligations/{item['obligation_id']}/status"
    answers = await asyncio.gather(
        *(api.client.post(path, json={"status": "open", "note": f"{n}"}) for n in range(8))
    )
    assert sorted(a.json()["number"] for a in answers) == list(range(2, 10))


async def test_a_refusal_is_not_kept(api):
    await api.publish_plan()
    item = (await api.list_ledger())[0]
    path = f"/v1/obligations/{item['obligation_id']}/extensions"
    headers = {"Idempotency-Key": "later"}
    body = {"due_on": "2024-02-01", "reason": "x", "confirm": True}
    status = f"/v1/obligations/{item['obligation_id']}/status"
    await api.client.post(status, json={"status": "done"})
    assert (await api.client.post(path, json=body, headers=headers)).status_code == 409
    await api.client.post(status, json={"status": "open"})
    assert (await api.client.post(path, json=body, headers=headers)).status_code == 201


async def test_an_upload_is_the_same_by_its_file(api):
    headers = {"Idempotency-Key": "units"}
    files = {"file": ("u.csv", "name\n甲\n")}
    for _ in range(2):  # each time with another boundary
        answer = await api.client.post("/v1/units/import", files=files, headers=headers)
        assert answer.json()["created"] == 1


async def test_a_tokens_secret_is_never_stored(api):
    headers = {"Idempotency-Key": "token"}
    body = {"name": "OA", "scopes": ["read"]}
    first = (await api.client.post("/v1/tokens", json=body, headers=headers)).json()
    again = (await api.client.post("/v1/tokens", json=body, headers=headers)).json()
    assert first["token"]
    assert again == first | {"token": ""}


@pytest.mark.parametrize("key", ["", "x" * 256, "a b"])
async def test_a_malformed_key_is_refused(api, key):
    answer = await api.client.post(
        "/v1/calendars", json={"days": {}}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 400


async def test_two_publications_at_once_make_each_obligation_once(api):
    await api.import_units()
    plan = await api.import_plan()
    path = f"/v1/plans/{plan['plan_id']}/publish"
    answers = await asyncio.gather(*(api.client.post(path, json={}) for _ in range(3)))
    made = [a.json()["obligations"] for a in answers]
    assert sorted(made)[:2] == [0, 0]
    assert len(await api.list_ledger()) == max(made)
    told = await api.fetch_rows(
        "SELECT count(*) FROM ingest.outbox WHERE topic = 'cuiban.tasks.v1'"
    )
    assert told[0][0] == 3
