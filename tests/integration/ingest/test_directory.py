"""The directory: imported whole or not at all, and told unit by unit."""

import json

import pytest

pytestmark = pytest.mark.integration


def counts(answer):
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["created"], told["changed"], told["unchanged"]


async def test_an_import_creates_changes_and_leaves_alone(api):
    assert counts(await api.import_units()) == (3, 0, 0)
    assert counts(await api.import_units()) == (0, 0, 3)
    moved = "单位名称,联络员手机\n县财政局,13911112222\n凤灵街道,13800000003\n"
    assert counts(await api.import_units(moved)) == (0, 1, 1)
    found = (await api.client.get("/v1/units", params={"name": "县财政局"})).json()["items"]
    assert (found[0]["number"], found[0]["groups"]) == (2, ["县级各部门"])
    liaison = found[0]["contacts"][0]
    assert (liaison["email"], liaison["mobile"]) == ("czj@yanting.example", "13911112222")
    told = await api.fetch_rows(
        "SELECT value FROM ingest.outbox WHERE topic = 'cuiban.directory.v1' ORDER BY id"
    )
    last = json.loads(told[-1].value)
    assert len(told) == 4
    assert (last["number"], last["office_name"]) == (2, "盐亭县政务公开办")


async def test_one_wrong_row_refuses_the_whole_file(api):
    answer = await api.import_units("name,liaison_email\n甲,a@b.example\n乙,wrong\n")
    assert answer.status_code == 422
    message = "“wrong”不是邮箱地址。wrong is no e-mail address."
    assert answer.json()["errors"] == [
        {"where": "row 3", "column": "liaison_email", "message": message}
    ]
    assert await api.fetch_rows("SELECT 1 FROM ingest.units") == []


async def test_an_alias_that_means_two_units_is_refused(api):
    await api.import_units()
    answer = await api.import_units("name,aliases\n县发展局,县发改局\n")
    assert answer.status_code == 422
    assert "县发展和改革局" in answer.json()["errors"][0]["message"]


async def test_units_are_found_by_name_alias_or_part(api):
    await api.import_units()
    for name, number in (("县发改局", 1), ("街道", 1), ("县", 2), ("没有", 0)):
        found = (await api.client.get("/v1/units", params={"name": name})).json()["items"]
        assert len(found) == number, name


async def test_an_office_starts_with_the_default_rule_book_once(api):
    from services.ingest.handlers.office.bootstrap import create_office  # noqa: PLC0415

    async with api.engine.begin() as db:
        again = await create_office(db, "yanting", "x", api.clock.now())
    assert again == api.office_id
    told = await api.fetch_rows("SELECT key FROM ingest.outbox WHERE topic = 'cuiban.rules.v1'")
    assert [bytes(row.key).decode() for row in told] == [str(api.office_id)]
    office = (await api.client.get("/v1/office")).json()
    assert office["name"] == "盐亭县政务公开办"
