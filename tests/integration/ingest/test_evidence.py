"""Evidence: notes, links and files of an obligation, for its unit and the office alone."""

import hashlib
import io
import zipfile
from datetime import timedelta
from typing import Any

import docx
import pytest

pytestmark = pytest.mark.integration
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 2000


@pytest.fixture
async def owed(api: Any) -> tuple[dict[str, Any], Any, Any]:
    """An obligation, a client of its unit, and one of another unit."""
    await api.publish_plan()
    rows = await api.list_ledger()
    item = next(row for row in rows if row["kind"] == "deadline")
    other = next(row["unit_id"] for row in rows if row["unit_id"] != item["unit_id"])
    unit = await api.open_as("read", "report", unit_id=item["unit_id"])
    return item, unit, await api.open_as("read", "report", unit_id=other)


async def upload(client: Any, item: Any, name: str, content: bytes, **headers: str) -> Any:
    path = f"/v1/obligations/{item['obligation_id']}/files"
    return await client.post(path, files={"file": (name, content)}, headers=headers)


def make_word_file(**parts: bytes) -> bytes:
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph("已公开")
    document.save(file)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


MACROS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le")


async def test_a_file_is_kept_with_its_hash_and_read_by_its_unit_and_the_office(
    api: Any, owed: Any
) -> None:
    item, unit, foreign = owed
    content = make_word_file()
    answer = await upload(unit, item, "公开情况.docx", content)
    assert answer.status_code == 200, answer.text
    (kept,) = answer.json()["evidence"]
    assert (kept["kind"], kept["name"], kept["size"]) == ("file", "公开情况.docx", len(content))
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()
    assert (answer.json()["version"], kept["added_by"]) == (2, "other")
    path = f"/v1/evidence/{kept['evidence_id']}/file"
    for client in (unit, api.client):
        file = await client.get(path)
        assert (file.status_code, file.content) == (200, content)
        assert file.headers["content-type"] == kept["media_type"]
        assert file.headers["content-disposition"].startswith("attachment;")
        assert file.headers["x-content-type-options"] == "nosniff"
    assert (await foreign.get(path)).status_code == 404
    assert (await upload(foreign, item, "x.png", PNG)).status_code == 404
    again = await upload(unit, item, "公开情况.docx", content)
    assert (again.json()["version"], len(again.json()["evidence"])) == (2, 1)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("报告.pdf", PNG, (422, "内容却是 PNG")),
        ("网页.html", b"<html><script>alert(1)</script></html>", (422, "不收这种文件")),
        ("打包.docx", b"PK\x03\x04 damaged", (422, "不收这种文件")),
        ("空.pdf", b"", (422, "空的")),
        ("宏.docx", make_word_file(vbaProject=MACROS), (422, "文件含有宏")),
        ("炸弹.docx", make_word_file(blank=bytes(70 * 2**20)), (422, "文件解压后过大")),
        ("报告\u202efdp.exe", b"MZ\x90", (422, "不收这种文件")),
        ("大.png", PNG + b"0" * 21 * 2**20, (413, "larger")),
    ],
)
async def test_a_refused_file_says_why(
    api: Any, owed: Any, name: str, content: bytes, expected: tuple[int, str]
) -> None:
    item, unit, _ = owed
    refused = await upload(unit, item, name, content)
    assert refused.status_code == expected[0], refused.text
    assert expected[1] in refused.json()["detail"]
    shown = (await unit.get(f"/v1/obligations/{item['obligation_id']}")).json()
    assert (shown["version"], shown["evidence"]) == (1, [])


async def test_characters_that_nobody_sees_are_removed_from_a_files_name(
    api: Any, owed: Any
) -> None:
    item, unit, _ = owed
    name = "公开\u200b情\u202e况\u2066.png\u2069\U000e0041 "
    (kept,) = (await upload(unit, item, name, PNG)).json()["evidence"]
    assert kept["name"] == "公开情况.png"
    unnamed = await upload(unit, item, "\u202e\u3164", PNG)
    assert "无扩展名" in unnamed.json()["detail"]


async def test_links_and_notes_are_evidence_and_are_taken_back_with_a_reason(
    api: Any, owed: Any
) -> None:
    item, unit, foreign = owed
    path = f"/v1/obligations/{item['obligation_id']}/evidence"
    link = {"link": "https://www.yanting.example/a.html", "note": "已公开"}
    assert (await unit.post(path, json=link)).status_code == 200
    api.clock.instant += timedelta(minutes=1)
    assert (await unit.post(path, json={"note": "局务会已研究"})).status_code == 200
    for wrong in ({}, {"link": "javascript:alert(1)"}, {"link": "file:///etc/passwd"}):
        assert (await unit.post(path, json=wrong)).status_code == 422
    assert (await foreign.post(path, json=link)).status_code == 404
    shown = (await unit.get(f"/v1/obligations/{item['obligation_id']}")).json()
    assert [each["kind"] for each in shown["evidence"]] == ["link", "note"]
    taken = f"/v1/evidence/{shown['evidence'][0]['evidence_id']}/take-back"
    assert (await foreign.post(taken, json={"note": "x"})).status_code == 404
    assert (await unit.post(taken, json={})).status_code == 422
    after = (await unit.post(taken, json={"note": "链接有误"})).json()
    first = after["evidence"][0]
    assert (first["removed_why"], first["removed_by"]) == ("链接有误", "other")
    assert (await unit.post(taken, json={"note": "x"})).status_code == 404
    lines = (await unit.get(f"/v1/obligations/{item['obligation_id']}/timeline")).json()
    assert [line["text"] for line in lines[1:]] == [
        "提交佐证材料：https://www.yanting.example/a.html",
        "提交佐证材料：局务会已研究",
        "撤回佐证材料：https://www.yanting.example/a.html；链接有误",
    ]


async def test_what_is_done_keeps_its_evidence_and_what_is_withdrawn_takes_none(
    api: Any, owed: Any
) -> None:
    item, unit, _ = owed
    path = f"/v1/obligations/{item['obligation_id']}"
    added = (await upload(unit, item, "截图.png", PNG)).json()
    taken = f"/v1/evidence/{added['evidence'][0]['evidence_id']}/take-back"
    await api.client.post(f"{path}/complete", json={"version": 2})
    refused = await unit.post(taken, json={"note": "x"})
    assert (refused.status_code, "退回" in refused.json()["hint"]) == (409, True)
    assert (await api.client.post(taken, json={"note": "涉密"})).status_code == 200
    await api.client.post(f"{path}/reopen", json={"version": 4})
    gone = await api.client.post(f"{path}/withdraw", json={"version": 5, "note": "重复"})
    assert gone.status_code == 200, gone.text
    for refused in (
        await unit.post(f"{path}/evidence", json={"note": "x"}),
        await upload(unit, item, "截图.png", PNG),
    ):
        assert refused.status_code == 409
        assert refused.json()["detail"].startswith("该单位已不承担此项")


async def test_a_repeated_upload_with_one_key_is_stored_once(api: Any, owed: Any) -> None:
    item, unit, _ = owed
    first = await upload(unit, item, "截图.png", PNG, **{"Idempotency-Key": "k1"})
    again = await upload(unit, item, "截图.png", PNG, **{"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    other = await upload(unit, item, "截图.png", PNG + b"1", **{"Idempotency-Key": "k1"})
    assert other.status_code == 422
