"""A done obligation has a doer and a date, also those that were done before the columns existed."""

import asyncio
from datetime import UTC, datetime

import pytest
from alembic import command

from shared.database.migrating import _configure_alembic, migrate

pytestmark = pytest.mark.integration


async def report(api, item, status, client=None, **more):
    path = f"/v1/obligations/{item['obligation_id']}/status"
    answer = await (client or api.client).post(path, json={"status": status, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def deadline(api):
    return next(row for row in await api.list_ledger() if row["kind"] == "deadline")


def instant(item):
    return datetime.fromisoformat(item["done_at"])


async def test_a_report_of_done_sets_them_and_another_status_takes_them_back(api):
    await api.publish_plan()
    item = await deadline(api)
    assert (item["done_at"], item["done_by"]) == (None, None)
    done = await report(api, item, "done")
    assert (instant(done), done["done_by"]) == (api.clock.instant, "office")
    unit = await api.open_as("report", unit_id=item["unit_id"])
    first, api.clock.instant = api.clock.instant, datetime(2023, 7, 1, tzinfo=UTC)
    again = await report(api, item, "done", unit, note="补充说明")
    assert (instant(again), again["done_by"]) == (first, "office")
    assert (await report(api, item, "open"))["done_at"] is None
    assert (await report(api, item, "done", unit))["done_at"] is None  # it is reviewed
    submitted, api.clock.instant = api.clock.instant, datetime(2023, 8, 1, tzinfo=UTC)
    later = await report(api, item, "done")
    api.clock.instant = submitted
    assert (instant(later), later["done_by"]) == (api.clock.instant, "other")


async def hear(api, unit_id, day, by="局长"):
    body = {"heard_on": day, "heard_by": by}
    answer = await api.client.post(f"/v1/units/{unit_id}/hearings", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["obligations"][0]


async def test_a_hearing_counts_from_the_day_on_which_it_was_held(api):
    await api.publish_plan()
    owed = next(row for row in await api.list_ledger() if row["kind"] == "hearing")
    done = await hear(api, owed["unit_id"], "2023-05-18")
    assert instant(done) == datetime(2023, 5, 17, 16, tzinfo=UTC)
    assert done["done_by"] == "office"


async def test_the_migration_fills_them_in_from_the_journal_and_the_hearings(api):
    await api.publish_plan()
    item = await deadline(api)
    await report(api, item, "done")
    await report(api, item, "open")
    api.clock.instant = datetime(2023, 7, 1, tzinfo=UTC)
    await report(api, item, "done")
    api.clock.instant = datetime(2023, 8, 1, tzinfo=UTC)
    await report(api, item, "done", note="再报")
    owed = next(row for row in await api.list_ledger() if row["kind"] == "hearing")
    await hear(api, owed["unit_id"], "2023-05-18")
    before = {row["obligation_id"]: row for row in await api.list_ledger(status="done")}
    assert len(before) > 1
    url = api.settings.database_url.get_secret_value()
    config = _configure_alembic(url, "ingest")
    await asyncio.to_thread(command.downgrade, config, "2026_11_27_chain")
    await api.engine.dispose()
    await asyncio.to_thread(migrate, url, "ingest")
    assert {row["obligation_id"]: row for row in await api.list_ledger(status="done")} == before
