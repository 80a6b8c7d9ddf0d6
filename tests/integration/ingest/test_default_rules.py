"""An office that only followed the default rules gets those of the present release by night."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.ingest.domain.default_rules import DEFAULTS
from services.ingest.nightly import Nightly
from shared.rules.book import RuleBook
from tests.integration.ingest.conftest import Api

pytestmark = pytest.mark.integration
FIRST, PRESENT = DEFAULTS[0], DEFAULTS[-1]
EARLIER = RuleBook(version=1, rules=FIRST, timezone="Asia/Urumqi", near_working_days=10)


async def start_with(api: Api, book: RuleBook) -> None:
    """Let an earlier release have made the office."""
    async with api.engine.begin() as db:
        await db.execute(
            text("UPDATE ingest.rule_books SET book = CAST(:book AS JSONB) WHERE version = 1"),
            {"book": book.model_dump_json()},
        )


async def pass_night(api: Api) -> None:
    api.clock.instant += timedelta(days=1)
    nightly = Nightly(api.engine, api.clock, api.settings)
    assert await nightly.audit_due_offices() == 1


async def list_books(api: Api) -> list[dict[str, Any]]:
    listed = await api.client.get("/v1/rule-books")
    return [dict(book) for book in listed.json()["items"]]


async def test_default_rules_of_an_earlier_release_are_renewed_once_and_keep_the_zone(
    api: Api,
) -> None:
    await start_with(api, EARLIER)
    told = "SELECT id FROM ingest.outbox WHERE topic LIKE '%rules%'"
    before = await api.fetch_rows(told)
    await pass_night(api)
    newest, earlier = await list_books(api)
    assert RuleBook.model_validate(newest["book"]) == EARLIER.model_copy(
        update={"rules": PRESENT, "version": 2}
    )
    assert RuleBook.model_validate(earlier["book"]) == EARLIER
    assert len(await api.fetch_rows(told)) > len(before)
    entries = await api.fetch_rows(
        "SELECT actor, subject FROM ingest.journal WHERE action = 'rule-book.published' "
        "ORDER BY id DESC LIMIT 1"
    )
    assert [(row.actor, row.subject) for row in entries] == [("ingest", "2")]
    await pass_night(api)
    assert len(await list_books(api)) == 2


@pytest.mark.parametrize("rules", [PRESENT[:1], PRESENT])
async def test_an_office_that_had_rules_of_its_own_keeps_what_it_chose(
    api: Api, rules: tuple[Any, ...]
) -> None:
    await start_with(api, EARLIER.model_copy(update={"rules": rules}))
    chosen = EARLIER.model_dump(mode="json", exclude={"version"})
    assert (await api.client.post("/v1/rule-books", json=chosen)).status_code == 201
    await pass_night(api)
    assert len(await list_books(api)) == 2


async def test_what_the_language_does_not_know_is_refused(api: Api) -> None:
    present = (await api.client.get("/v1/rule-books")).json()["items"][0]["book"]
    chosen = {"timezone": present["timezone"]}
    chosen["rules"] = [present["rules"][0] | {"chanels": ["sms"]}]
    answer = await api.client.post("/v1/rule-books", json=chosen)
    assert answer.status_code == 422
    hint = "rules.0.chanels：没有 chanels 这一项。There is no key chanels."
    assert answer.json()["hint"] == hint


async def test_all_that_is_wrong_with_a_book_is_named_also_a_rule_that_never_reminds(
    api: Api,
) -> None:
    present = (await api.client.get("/v1/rule-books")).json()["items"][0]["book"]
    never = present["rules"][0] | {"select": {"kind": "deadline", "not": {"kind": "deadline"}}}
    named = present["rules"][1] | {"select": {"lead": True, "not": {"lead": True}}}
    chosen = {"timezone": present["timezone"], "rules": [never, named]}
    answer = await api.client.post("/v1/rule-books", json=chosen)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("invalid")
    places = {each["where"] for each in answer.json()["errors"]}
    assert places == {"rules.0.select", "rules.1.select"}
    assert len((await api.client.get("/v1/rule-books")).json()["items"]) == 1
