"""What gateways push to the secret addresses of an office, and who may make these."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.ingest.handlers.office.bootstrap import create_office, issue_token
from shared.api.receipts import ReceiptAddressIn
from tests.integration.ingest.commands import Command, serve_command
from tests.integration.ingest.conftest import NOW, SCOPES

pytestmark = pytest.mark.integration
BODY = b'[{"msgGroup": "g1", "reportStatus": "CM:0000"}]'


async def make(api: Any, **body: object) -> str:
    answer = await api.client.post("/v1/receipt-addresses", json={"gateway": "MAS", **body})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


def nobody(api: Any) -> Any:
    client = api.open("none")
    del client.headers["authorization"]
    return client


async def list_pushes(api: Any) -> list[dict[str, Any]]:
    rows = await api.fetch_rows(
        "SELECT value FROM ingest.outbox WHERE topic = 'cuiban.receipts.v1' ORDER BY id"
    )
    return [json.loads(row.value) for row in rows]


async def test_a_push_is_passed_on_as_it_came_with_its_office_and_gateway(api: Any) -> None:
    path = await make(api)
    headers = {"Content-Type": "text/plain", "X-Sign": "s", "Cookie": "c", "X-Forwarded-For": "f"}
    answer = await nobody(api).post(path, content=BODY, headers=headers)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["code"], answer.json()["result"]) == (0, 0)
    (push,) = await list_pushes(api)
    assert (push["office_id"], push["gateway"]) == (str(api.office_id), "mas")
    assert b64decode(push["body"]) == BODY
    names = {name for name, _ in push["headers"]}
    assert {"content-type", "x-sign"} <= names
    assert names & {"cookie", "x-forwarded-for", "authorization", "host"} == set()


async def test_a_repeated_push_has_the_same_id(api: Any) -> None:
    path = await make(api)
    for body in (BODY, BODY, b"other"):
        assert (await nobody(api).post(path, content=body)).status_code == 200
    rows = await api.fetch_rows("SELECT headers FROM ingest.outbox WHERE topic LIKE '%receipts%'")
    ids = [dict(row.headers)["ce_id"] for row in rows]
    assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)


async def test_whatever_is_wrong_with_an_address_is_answered_alike(api: Any) -> None:
    path = await make(api, networks=["192.0.2.0/24"])
    open_path = await make(api, gateway="aliyun")
    secret = open_path.rpartition("/")[2]
    wrong = [
        path,  # from another network
        f"/v1/receipts/mas/{secret}",  # of another gateway
        f"/v1/receipts/none/{secret}",
        "/v1/receipts/mas/unknown",
        f"/v1/receipts/mas/{'x' * 500}",
    ]
    answers = [await nobody(api).post(each, content=BODY) for each in wrong]
    assert {answer.status_code for answer in answers} == {404}
    told = [{**answer.json(), "instance": ""} for answer in answers]
    assert all({**each, "correlation_id": ""} == {**told[0], "correlation_id": ""} for each in told)
    assert await list_pushes(api) == []
    assert (await nobody(api).post(open_path, content=BODY)).status_code == 200


async def test_a_push_from_an_allowed_network_is_taken_and_answered_as_wanted(api: Any) -> None:
    path = await make(api, networks=["127.0.0.1", "10.0.0.0/8"], answer="success")
    answer = await nobody(api).post(path, content=BODY)
    assert (answer.status_code, answer.text) == (200, "success")
    assert (await nobody(api).post(path, content=b"x" * 262145)).status_code == 413


async def test_a_renewed_or_ended_address_takes_nothing_and_is_told_without_its_secret(
    api: Any,
) -> None:
    old = await make(api)
    new = await make(api)
    assert (await nobody(api).post(old, content=BODY)).status_code == 404
    assert (await nobody(api).post(new, content=BODY)).status_code == 200
    listed = (await api.client.get("/v1/receipt-addresses")).json()["items"]
    assert [(each["gateway"], each["made_by"]) for each in listed] == [("mas", "office")]
    assert new.rpartition("/")[2] not in str(listed)
    assert (await api.client.delete("/v1/receipt-addresses/mas")).status_code == 204
    assert (await nobody(api).post(new, content=BODY)).status_code == 404
    assert (await api.client.delete("/v1/receipt-addresses/mas")).status_code == 404


async def test_an_office_sees_and_ends_its_own_addresses_alone(api: Any) -> None:
    path = await make(api)
    async with api.engine.begin() as db:
        other = await create_office(db, "santai", "三台县政务公开办", NOW)
        client = api.open(await issue_token(db, other, "x", SCOPES, now=NOW))
    assert (await client.get("/v1/receipt-addresses")).json()["items"] == []
    assert (await client.delete("/v1/receipt-addresses/mas")).status_code == 404
    made = await client.post("/v1/receipt-addresses", json={"gateway": "mas"})
    assert made.json()["renewed"] is False
    assert (await nobody(api).post(path, content=BODY)).status_code == 200
    (push,) = await list_pushes(api)
    assert push["office_id"] == str(api.office_id)


async def test_the_log_has_no_secret(api: Any, capsys: Any) -> None:
    path = await make(api)
    capsys.readouterr()
    await nobody(api).post(path, content=BODY)
    printed = capsys.readouterr().out
    assert "/v1/receipts/mas/…" in printed
    assert path.rpartition("/")[2] not in printed


def test_a_network_is_written_as_an_address_or_a_network() -> None:
    made = ReceiptAddressIn(gateway="mas", networks=("10.1.2.3/16", "::1"))
    assert made.networks == ("10.1.0.0/16", "::1/128")
    with pytest.raises(ValueError, match="网段"):
        ReceiptAddressIn(gateway="mas", networks=("mas.example",))


@pytest.fixture
async def cuiban(api: Any, monkeypatch: Any, capsys: Any) -> AsyncIterator[Command]:
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


async def test_the_command_makes_lists_and_ends_an_address(api: Any, cuiban: Command) -> None:
    made = await cuiban("receipts", "add", "mas", "--network", "10.0.0.0/8", "--json")
    assert made.status == 0, made.err
    assert made.json["path"].startswith("/v1/receipts/mas/")
    assert "shown once" in (await cuiban("receipts", "add", "aliyun")).out
    listed = (await cuiban("receipts", "list", "--json")).json
    assert [each["gateway"] for each in listed] == ["aliyun", "mas"]
    assert "10.0.0.0/8" in (await cuiban("receipts", "list")).out
    assert (await cuiban("receipts", "end", "mas")).status == 0
    assert (await cuiban("receipts", "end", "mas")).status == 2
