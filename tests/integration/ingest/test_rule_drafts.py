"""Drafts of the rule book: saved with faults, compared, published, approved, rolled back."""

from typing import Any
from uuid import uuid4

import pytest

from shared.rules.defaults import make_default_rule_book
from shared.rules.writing import write_book
from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.people import PASSWORD, Person, join

pytestmark = pytest.mark.integration
DRAFTS, BOOKS = "/v1/rule-drafts", "/v1/rule-books"
DEFAULT = write_book(make_default_rule_book())
COMMENTED = "# 试行一年\n" + DEFAULT
EARLIER = COMMENTED.replace("[30, 15, 7", "[15, 7")
"""The real table's dates are less than 30 working days away on no unit's list alone."""


async def begin(client: Any, text: str = EARLIER, note: str = "") -> dict[str, Any]:
    answer = await client.post(DRAFTS, json={"text": text, "note": note})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def publish(client: Any, draft: dict[str, Any], how: str = "publish") -> Any:
    path = f"{DRAFTS}/{draft['draft_id']}/{how}"
    return await client.post(path, json={"version": draft["version"]})


async def list_actions(api: Any) -> list[str]:
    rows = await api.fetch_rows(
        "SELECT action FROM ingest.journal WHERE action LIKE 'rule-book.%' ORDER BY id"
    )
    return [row.action for row in rows]


@pytest.fixture
async def ledger(api: Any) -> Any:
    """An office whose units owe something."""
    await api.publish_plan()
    return api


async def join_office(api: Any) -> tuple[Person, Person]:
    return await join(api, "起草人", "editor"), await join(api, "审批人", "approver")


async def test_a_draft_keeps_its_text_and_is_published_with_it(api: Any) -> None:
    draft = await begin(api.client, EARLIER, "少提醒一次")
    assert (draft["text"], draft["problems"], draft["live"]) == (EARLIER, [], 1)
    answer = await publish(api.client, draft)
    assert answer.status_code == 201, answer.text
    shown = (await api.client.get(f"{BOOKS}/2")).json()
    assert shown["text"] == EARLIER
    assert (shown["note"], shown["drafted_by"], shown["approved_by"]) == (
        "少提醒一次",
        "office",
        None,
    )
    assert (await api.client.get(DRAFTS)).json() == []
    assert await list_actions(api) == [
        "rule-book.published",
        "rule-book.drafted",
        "rule-book.published",
    ]
    assert (await publish(api.client, draft)).status_code == 404


async def test_a_draft_with_faults_is_saved_and_not_published(api: Any) -> None:
    draft = await begin(api.client, DEFAULT.replace("catch_up", "catchup", 1))
    (first, *_) = draft["problems"]
    assert (first["line"], first["column"], first["code"]) == (16, 5, "unknown-key")
    assert "catch_up" in first["hint"]
    assert draft["book"] is None
    refused = await publish(api.client, draft)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"] == "16:5"
    path = f"{DRAFTS}/{draft['draft_id']}"
    changed = await api.client.put(path, json={"version": 1, "text": DEFAULT, "note": "改好"})
    assert (changed.json()["version"], changed.json()["problems"]) == (2, [])
    stale = await publish(api.client, draft)
    assert (stale.status_code, "第 2 稿" in stale.json()["detail"]) == (409, True)
    assert (await api.client.put(path, json={"version": 1, "text": "x"})).status_code == 409


async def test_books_are_compared_in_sentences(api: Any) -> None:
    draft = await begin(api.client, EARLIER)
    query = {"before": 1, "after": draft["draft_id"]}
    changes = (await api.client.get("/v1/rule-comparison", params=query)).json()
    assert [change["chinese"] for change in changes] == [
        "规则“deadline”：提前量由 30、15、7、3、1 个工作日、当天改为 15、7、3、1 个工作日、当天"
    ]
    query = {"before": 1, "after": 9}
    assert (await api.client.get("/v1/rule-comparison", params=query)).status_code == 404


async def test_what_many_units_hear_changes_only_with_a_second_person(ledger: Any) -> None:
    writer, approver = await join_office(ledger)
    draft = await begin(writer.client)
    effect = (await writer.client.get(f"{DRAFTS}/{draft['draft_id']}/effect")).json()
    assert effect["needs_approval"]
    assert 0 < effect["differing"] <= effect["units"]
    assert effect["names"]
    same = (await writer.client.post(DRAFTS, json={"from_version": 1})).json()
    none = (await writer.client.get(f"{DRAFTS}/{same['draft_id']}/effect")).json()
    assert (none["units"], none["differing"], none["names"]) == (effect["units"], 0, [])
    assert (await publish(writer.client, draft)).status_code == 403
    refused = await publish(approver.client, draft)
    assert refused.status_code == 409, refused.text
    assert f"改变 {effect['differing']} 个单位" in refused.json()["detail"]
    by_token = await publish(ledger.client, draft, "approve")
    assert (by_token.status_code, "控制台" in by_token.json()["hint"]) == (403, True)
    approved = await publish(approver.client, draft, "approve")
    assert approved.status_code == 201, approved.text
    assert (approved.json()["drafted_by"], approved.json()["approved_by"]) == ("起草人", "审批人")
    assert (await list_actions(ledger))[-2:] == ["rule-book.approved", "rule-book.published"]


async def test_who_wrote_in_a_draft_cannot_approve_it(ledger: Any) -> None:
    writer, _ = await join_office(ledger)
    admin = await join(ledger, "管理员", "admin")
    draft = await begin(writer.client)
    changed = await admin.client.put(
        f"{DRAFTS}/{draft['draft_id']}", json={"version": 1, "text": EARLIER + "# 改\n"}
    )
    refused = await publish(admin.client, changed.json(), "approve")
    assert (refused.status_code, "不能自己批准" in refused.json()["detail"]) == (403, True)


async def test_no_other_way_goes_around_the_second_person(ledger: Any) -> None:
    book = make_default_rule_book().model_dump(mode="json", exclude={"version"})
    same = await ledger.client.post(BOOKS, json=book | {"near_working_days": 3})
    assert same.status_code == 201, same.text  # the light is no message
    late = book | {"rules": [rule | {"at": "10:00"} for rule in book["rules"]]}
    refused = await ledger.client.post(BOOKS, json=late)
    assert (refused.status_code, "草稿" in refused.json()["hint"]) == (409, True)
    settings = (await ledger.client.get("/v1/office/settings")).json()
    kept = {k: v for k, v in settings.items() if k not in {"changed_by", "changed_at"}}
    path = "/v1/office/settings"
    moved = await ledger.client.put(path, json=kept | {"timezone": "Asia/Urumqi"})
    assert moved.status_code == 409
    free = await ledger.client.put(path, json=kept | {"rule_approval_share": 100})
    assert free.json()["rule_approval_share"] == 100
    assert (await ledger.client.post(BOOKS, json=late)).status_code == 201
    kept = free.json() | {"rule_approval_share": 20}
    assert (
        await ledger.client.put(
            path, json={k: v for k, v in kept.items() if k not in {"changed_by", "changed_at"}}
        )
    ).is_success
    back = await ledger.client.post(f"{BOOKS}/1/roll-back")
    assert (back.status_code, "第 1 版起草" in back.json()["hint"]) == (409, True)
    begun = await ledger.client.post(DRAFTS, json={"from_version": 1})
    assert begun.json()["text"] == DEFAULT


async def test_an_earlier_version_comes_back_as_the_next_one(api: Any) -> None:
    await publish(api.client, await begin(api.client, EARLIER, "少提醒一次"))
    assert (await api.client.post(f"{BOOKS}/2/roll-back")).status_code == 409
    back = await api.client.post(f"{BOOKS}/1/roll-back")
    assert back.status_code == 201, back.text
    assert (back.json()["version"], back.json()["restored_from"]) == (3, 1)
    assert (await api.client.post(f"{BOOKS}/2/roll-back")).json()["note"] == "少提醒一次"
    assert (await api.client.get(f"{BOOKS}/4")).json()["text"] == EARLIER
    assert (await list_actions(api))[-2:] == ["rule-book.rolled-back", "rule-book.published"]


async def test_a_draft_on_an_earlier_book_is_not_published_over_a_newer_one(api: Any) -> None:
    first, second = await begin(api.client), await begin(api.client, COMMENTED)
    assert (await publish(api.client, first)).status_code == 201
    refused = await publish(api.client, second)
    assert (refused.status_code, "现在已是第 2 版" in refused.json()["detail"]) == (409, True)
    path = f"{DRAFTS}/{second['draft_id']}"
    saved = await api.client.put(path, json={"version": 1, "text": COMMENTED})
    assert saved.json()["based_on"] == 2
    assert (await publish(api.client, saved.json())).status_code == 201
    assert (await api.client.delete(f"{DRAFTS}/{uuid4()}")).status_code == 404


async def test_the_command_drafts_compares_approves_and_rolls_back(
    ledger: Any, monkeypatch: Any, capsys: Any, tmp_path: Any
) -> None:
    await join(ledger, "审批人", "approver")
    file = tmp_path / "book.yaml"
    file.write_text(EARLIER, "utf-8")
    async with serve_command(ledger, monkeypatch, capsys) as cuiban:
        saved = await cuiban("rules", "draft", str(file), "--note", "少提醒一次")
        assert saved.status == 0, saved.err
        assert "from 30, 15, 7, 3, 1, 0 to 15, 7, 3, 1, 0" in saved.out
        assert "cuiban rules approve" in saved.out
        refused = await cuiban("rules", "publish")
        assert (refused.status, "a second person must approve it" in refused.err) == (1, True)
        by_token = await cuiban("rules", "approve")
        assert (by_token.status, "--password-stdin" in by_token.err) == (2, True)
        typed = ("rules", "approve", "latest", "--as", "审批人", "--password-stdin", "--json")
        approved = await cuiban(*typed, stdin=PASSWORD + "\n")
        assert (approved.status, approved.json["version"]) == (0, 2), approved.err
        assert "# 试行一年" in (await cuiban("rules", "show", "2")).out
        listed = (await cuiban("rules", "list", "--json")).json
        assert [each["approved_by"] for each in listed["versions"]] == ["审批人", None]
        assert "They say the same." in (await cuiban("rules", "compare", "2", "2")).out
        back = await cuiban("rules", "rollback", "1")
        assert (back.status, "rules draft --from-version 1" in back.err) == (1, True)
        begun = await cuiban("rules", "draft", "--from-version", "1", "--json")
        draft_id = begun.json["draft_id"]
        assert "rule_id: deadline" in (await cuiban("rules", "show", draft_id[:8])).out
        assert (await cuiban("rules", "discard", draft_id[:8])).status == 0
        assert (await cuiban("rules", "discard", draft_id[:8])).status == 2
