"""Named lists of the ledger."""

import pytest

from services.ingest.handlers.ledger import views

pytestmark = pytest.mark.integration
PATH = "/v1/ledger/views"


async def test_a_named_list_is_saved_replaced_listed_and_removed(api):
    first = await api.client.post(PATH, json={"name": "超期", "query": "light=red"})
    assert first.status_code == 200
    await api.client.post(PATH, json={"name": "临期", "query": "light=yellow"})
    again = await api.client.post(PATH, json={"name": "超期", "query": "light=red&sort=unit"})
    assert again.json()["view_id"] == first.json()["view_id"]
    listed = (await api.client.get(PATH)).json()
    assert {view["name"]: view["query"] for view in listed} == {
        "超期": "light=red&sort=unit",
        "临期": "light=yellow",
    }
    path = f"{PATH}/{first.json()['view_id']}"
    assert (await api.client.delete(path)).status_code == 204
    assert (await api.client.delete(path)).status_code == 404
    assert [view["name"] for view in (await api.client.get(PATH)).json()] == ["临期"]


async def test_a_query_that_is_no_query_and_one_list_too_many_are_refused(api, monkeypatch):
    for wrong in ("light=红", "a\nb", "x" * 2001):
        answer = await api.client.post(PATH, json={"name": "x", "query": wrong})
        assert answer.status_code == 422
    monkeypatch.setattr(views, "MOST", 1)
    assert (await api.client.post(PATH, json={"name": "a", "query": ""})).is_success
    assert (await api.client.post(PATH, json={"name": "b", "query": ""})).status_code == 409
    assert (await api.client.post(PATH, json={"name": "a", "query": "year=2023"})).is_success
