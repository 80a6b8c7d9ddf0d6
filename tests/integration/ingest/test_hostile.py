"""Whatever is sent, the answer is a problem with a status below 500."""

import json

import pytest

from services.ingest.api.endpoint_permissions import OPEN

pytestmark = pytest.mark.integration
NOBODY = "00000000-0000-0000-0000-000000000000"


def is_problem(answer, status=None):
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"].startswith("urn:cuiban:problem:")
    assert "Traceback" not in answer.text
    if status is not None:
        assert answer.status_code == status, answer.text
    return told


BODIES = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'"x"',
    b"\xff\xfe{}",
    b'{"status": NaN}',
    b'{"status": "open", "note": "\\u0000"}',
    b'{"status": "open", "note": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"status": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    json.dumps({"status": "open", "note": "x" * 5000}).encode(),
    b'{"status": "open", "extra": 1}',
]


@pytest.mark.parametrize("blank", ["   ", "\u3000", "\u200b", "\u2060 \ufe0f", "\u202e"])
async def test_a_name_or_reason_that_shows_nothing_is_refused(api, blank):
    await api.publish_plan()
    hearing = next(row for row in await api.list_ledger() if row["kind"] == "hearing")
    unit_id, obligation_id = hearing["unit_id"], hearing["obligation_id"]
    heard = {"heard_on": "2023-05-18", "heard_by": blank}
    for path, body in (
        ("/v1/tokens", {"name": blank, "scopes": ["read"]}),
        ("/v1/users", {"name": blank, "role": "viewer"}),
        (f"/v1/units/{unit_id}/hearings", heard),
        (f"/v1/units/{unit_id}/links/revoke", {"note": blank}),
        (f"/v1/obligations/{obligation_id}/withdraw", {"version": 1, "note": blank}),
    ):
        told = is_problem(await api.client.post(path, json=body), 422)
        assert "不能为空白" in told["errors"][0]["message"], path


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_hostile_body_is_refused(api, body):
    for path in (
        f"/v1/obligations/{NOBODY}/status",
        f"/v1/units/{NOBODY}/hearings",
        "/v1/rule-books",
        "/v1/calendars",
        "/v1/tokens",
        "/v1/receipts",
        f"/v1/plans/{NOBODY}/names",
        f"/v1/plans/{NOBODY}/settlements",
        f"/v1/plans/{NOBODY}/publish",
    ):
        if path.endswith("publish") and body in {b"", b"null"}:
            continue
        headers = {"Content-Type": "application/json"}
        is_problem(await api.client.post(path, content=body, headers=headers))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/ledger?limit=0",
        "/v1/ledger?limit=501",
        "/v1/ledger?limit=99999999999999999999999",
        "/v1/ledger?cursor=xx",
        "/v1/ledger?cursor=%00",
        "/v1/ledger?cursor=%E5%82%AC",
        "/v1/ledger?cursor=bGVkZ2VyCltd",
        "/v1/ledger?unit_id=nobody",
        "/v1/ledger?light=purple",
        "/v1/rule-books?cursor=cnVsZS1ib29rcwo5OTk5OTk5OTk5OTk5OTk5OTk5OQ==",
        "/v1/units?name=%00",
        f"/v1/units/{NOBODY}",
        f"/v1/units/{NOBODY}/history",
        "/v1/units/%00",
        f"/v1/plans/{NOBODY}",
        "/v1/nothing",
        "/",
    ],
)
async def test_a_hostile_address_is_refused(api, path):
    is_problem(await api.client.get(path))


async def test_odd_names_are_searched_for_without_harm(api):
    for name in ("%", "_", "'", "\\", "\ufffd", "x" * 200, "%F0%9F%98%80"):
        answer = await api.client.get("/v1/units", params={"name": name})
        assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_a_wrong_method_and_a_wrong_token_are_problems(api):
    answer = await api.client.put("/v1/plans")
    is_problem(answer, 405)
    assert answer.headers["allow"]
    for header in ("", "Bearer", "Bearer x", "Basic eDp4", "Bearer " + "x" * 5000, "Bearer \xff"):
        refused = await api.client.get(
            "/v1/office", headers={"Authorization": header.encode("latin-1")}
        )
        is_problem(refused, 401)


@pytest.mark.parametrize(
    "path", ["/v1/openapi.json", "/v1/ledger", "/v1/nowhere", "/v1/feeds/x.ics"]
)
async def test_a_browser_runs_frames_and_keeps_no_answer(api, path):
    headers = (await api.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] in {"no-store", "private, max-age=900"}
    assert "access-control-allow-origin" not in headers
    assert (await api.client.request("TRACE", path)).status_code == (
        404 if path == "/v1/nowhere" else 405
    )


async def test_a_request_over_the_limit_is_refused(api):
    big = b'{"days": {}, "x": "' + b"x" * (2**20) + b'"}'
    is_problem(await api.client.post("/v1/calendars", content=big), 413)

    async def without_length():
        for _ in range(40):
            yield b"x" * 2**16

    is_problem(await api.client.post("/v1/calendars", content=without_length()), 413)
    headers = {
        "Content-Length": str(60 * 2**20),
        "Content-Type": "multipart/form-data; boundary=b",
    }
    is_problem(await api.client.post("/v1/plans", content=b"", headers=headers), 413)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", None),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary="),
        (b"--b\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b"),
        (
            b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
        (
            b"--b\r\nContent-Disposition: form-data; name=\xff; filename=\xff\r\n\r\nx\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
        (b"{}", "application/json"),
        (b"\xff" * 1000, "multipart/form-data; boundary=\xff"),
    ],
)
async def test_a_broken_form_is_refused(api, content, kind):
    headers = {"Content-Type": kind.encode("latin-1")} if kind else {}
    for path in ("/v1/plans", "/v1/units/import"):
        is_problem(await api.client.post(path, content=content, headers=headers))


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 100, b"PK\x03\x04" + b"\x00" * 50, b"%PDF-1.7\n", b"<html>", b"\xff"]
)
async def test_a_hostile_document_is_refused_with_advice(api, data):
    answer = await api.client.post("/v1/plans", files={"file": ("../../a\x00.docx", data)})
    told = is_problem(answer, 422)
    assert told["detail"]


async def test_a_fault_inside_is_told_without_its_insides(api, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret inside")

    monkeypatch.setattr("services.ingest.handlers.ledger.ledger.get_office_day", broken)
    answer = await api.client.get("/v1/ledger")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:cuiban:problem:internal"
    assert "secret" not in answer.text
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]


async def test_what_no_event_could_tell_is_refused_and_not_kept(api, monkeypatch):
    monkeypatch.setattr("shared.kafka.outbox.publishing._LARGEST", 200)
    answer = await api.client.post("/v1/calendars", json={"days": {"2027-10-08": False}})
    told = is_problem(answer, 422)
    assert told["type"] == "urn:cuiban:problem:too-large"
    assert (await api.client.get("/v1/calendars")).json()["items"] == []


async def test_a_rule_book_is_validated_whole(api):
    book = (await api.client.get("/v1/rule-books")).json()["items"][0]["book"]
    book.pop("version")
    for change in (
        {"timezone": "Mars/Base"},
        {"timezone": "../../etc/passwd"},
        {"near_working_days": 10**9},
        {"rules": [book["rules"][0], book["rules"][0]]},
        {"rules": [book["rules"][0] | {"when": [{"type": "on-dates", "days": ["02-30"]}]}]},
        {"rules": [book["rules"][0] | {"when": [{"type": "on-dates", "days": ["W01-1"]}]}]},
    ):
        is_problem(await api.client.post("/v1/rule-books", json=book | change), 422)
    fine = await api.client.post("/v1/rule-books", json=book | {"near_working_days": 3})
    assert (fine.status_code, fine.json()["version"]) == (201, 2)


async def test_the_description_names_every_operation_with_a_summary(api):
    told = (await api.client.get("/v1/openapi.json")).json()
    operations = {
        f"{method.upper()} {path}": op
        for path, methods in told["paths"].items()
        for method, op in methods.items()
    }
    assert len(operations) >= 22
    assert all(op["summary"] and op["description"] for op in operations.values())
    assert all(op.get("security") for name, op in operations.items() if name not in OPEN)
