"""A year's notice: read, compared with the ledger, published, and seen day by day."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from services.ingest.nightly import Nightly
from shared.api.calendars import CalendarDraftOut
from shared.calendar import WorkingCalendar
from shared.rules.defaults import make_default_rule_book

pytestmark = pytest.mark.integration
DRAFT, PUBLISH = "/v1/calendars/draft", "/v1/calendars/draft/publish"
OWN = "/v1/calendars/own-days"
NOTICE = """2027年部分节假日安排
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（周五）至11日（周四）放假调休，共7天。2月20日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。5月8日（周六）上班。
五、端午节：6月9日（周三）放假1天。
六、中秋节：9月15日（周三）放假1天。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。
"""


async def show(api: Any, year: int) -> dict[str, Any]:
    answer = await api.client.get(f"/v1/calendars/{year}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_notice_is_imported_then_published_with_the_offices_own_days(api: Any) -> None:
    assert (await show(api, 2027))["state"] == "unknown"
    own = {"days": {"2027-03-08": False, "2027-10-09": False}}
    assert (await api.client.post("/v1/calendars", json=own)).status_code == 201
    assert (await show(api, 2027))["state"] == "partly-known"
    draft = await api.client.post(DRAFT, json={"text": NOTICE})
    assert draft.status_code == 201, draft.text
    codes = [doubt["code"] for doubt in draft.json()["doubts"]]
    assert codes == ["own-day-differs"]
    assert (await show(api, 2027))["state"] == "partly-known"
    body = {"draft_id": draft.json()["draft_id"]}
    refused = await api.client.post(PUBLISH, json=body)
    assert refused.status_code in {409, 422}
    assert refused.json()["errors"]
    published = await api.client.post(PUBLISH, json=body | {"accept_doubts": True})
    assert published.status_code == 201, published.text
    days = published.json()["days"]
    assert days["2027-10-09"] is False
    assert days["2027-02-20"] is True
    assert days["2027-03-08"] is False
    assert (await api.client.get(DRAFT)).status_code == 404
    year = await show(api, 2027)
    assert (year["state"], year["number"]) == ("known", 2)
    reasons = {day["day"]: (day["reason"], day["name"], day["own"]) for day in year["days"]}
    assert reasons["2027-02-20"] == ("make-up", "春节", True)
    assert reasons["2027-03-08"] == ("own-off", "", True)
    assert reasons["2027-10-09"] == ("own-off", "", True)
    assert reasons["2027-03-09"] == ("workday", "", False)


async def test_a_later_notice_takes_the_place_of_the_earlier(api: Any) -> None:
    for text in (NOTICE, NOTICE.replace("2月20日（周六）", "2月21日（周日）")):
        draft = (await api.client.post(DRAFT, json={"text": text})).json()
        assert draft["doubts"] == []
        done = await api.client.post(PUBLISH, json={"draft_id": draft["draft_id"]})
        assert done.status_code == 201, done.text
    days = (await api.client.get("/v1/calendars")).json()["items"][0]["days"]
    assert "2027-02-20" not in days
    assert days["2027-02-21"] is True


async def test_a_preview_stores_nothing_and_an_older_draft_is_not_published(api: Any) -> None:
    shown = await api.client.post(DRAFT, json={"text": NOTICE, "preview": True})
    assert shown.status_code == 200
    assert shown.json()["draft_id"] is None
    assert shown.json()["shown"]["state"] == "known"
    assert (await api.client.get(DRAFT)).status_code == 404
    first = (await api.client.post(DRAFT, json={"text": NOTICE})).json()
    await api.client.post(DRAFT, json={"text": NOTICE})
    refused = await api.client.post(PUBLISH, json={"draft_id": first["draft_id"]})
    assert refused.status_code == 409
    assert (await api.client.get("/v1/calendars")).json()["items"] == []


async def test_a_text_that_is_no_notice_is_refused(api: Any) -> None:
    refused = await api.client.post(DRAFT, json={"text": "关于召开会议的通知"})
    assert refused.status_code == 422
    assert "没有找到节日安排" in refused.text


async def test_the_preview_names_what_the_planner_moves(api: Any) -> None:
    await api.publish_plan()
    rows = await api.list_ledger()
    due = {row["due_on"] for row in rows if row["kind"] == "deadline" and row["due_on"]}
    day = WorkingCalendar().roll_backward(date.fromisoformat(min(due)))
    text = f'{{"year": {day.year}, "days": {{"{day}": false}}}}'
    answer = await api.client.post(DRAFT, json={"text": text, "preview": True})
    draft = CalendarDraftOut.model_validate(answer.json())
    zone = ZoneInfo(make_default_rule_book().timezone)
    gone = [
        each for each in draft.moves if each.before and each.before.astimezone(zone).date() == day
    ]
    concerned = {row["unit_id"] for row in rows if row["due_on"] == min(due)}
    assert gone
    assert max(each.units for each in gone) >= len(concerned)
    assert all(len(each.unit_names) == each.units for each in gone)
    for each in draft.moves:
        assert each.before != each.after
        for slot in filter(None, (each.before, each.after)):
            assert slot > api.clock.now()
            assert slot.astimezone(zone).date() != day or slot == each.before


async def test_an_unknown_next_year_is_named_from_october_on(api: Any) -> None:
    seen = []
    for instant in ("2026-09-30T15:59:00Z", "2026-09-30T16:00:00Z"):  # midnight at the office
        api.clock.instant = datetime.fromisoformat(instant)
        seen.append((await api.client.get("/v1/office")).json()["unknown_year"])
    assert seen == [None, 2027]
    draft = (await api.client.post(DRAFT, json={"text": NOTICE})).json()
    await api.client.post(PUBLISH, json={"draft_id": draft["draft_id"]})
    assert (await api.client.get("/v1/office")).json()["unknown_year"] is None


async def test_own_days_are_set_and_removed_above_the_notice(api: Any) -> None:
    draft = (await api.client.post(DRAFT, json={"text": NOTICE})).json()
    await api.client.post(PUBLISH, json={"draft_id": draft["draft_id"]})
    days = {"2027-10-09": False, "2027-03-08": False}
    seen = await api.client.post(OWN, json={"days": days, "preview": True})
    assert seen.status_code == 200, seen.text
    assert (seen.json()["number"], seen.json()["changed"]) == (None, ["2027-03-08", "2027-10-09"])
    assert (await show(api, 2027))["number"] == 1
    done = await api.client.post(OWN, json={"days": days})
    assert (done.status_code, done.json()["number"]) == (201, 2)
    again = await api.client.post(OWN, json={"days": days, "preview": True})
    assert (again.json()["changed"], again.json()["moving"]) == ([], 0)
    removed = await api.client.post(OWN, json={"days": dict.fromkeys(days)})
    assert removed.json()["changed"] == sorted(days)
    year = await show(api, 2027)
    reasons = {day["day"]: (day["reason"], day["name"]) for day in year["days"]}
    assert reasons["2027-10-09"] == ("make-up", "国庆节")
    assert reasons["2027-03-08"] == ("workday", "")
    assert (year["state"], year["number"]) == ("known", 3)


async def test_a_notice_of_a_year_that_is_over_is_doubtful(api: Any) -> None:
    api.clock.instant = datetime.fromisoformat("2028-01-02T00:00:00Z")
    shown = await api.client.post(DRAFT, json={"text": NOTICE, "preview": True})
    assert [doubt["code"] for doubt in shown.json()["doubts"]] == ["year-past"]


async def test_an_unknown_year_is_logged_at_night(api: Any) -> None:
    seen = []
    for instant in ("2026-09-20T02:00:00Z", "2026-10-08T02:00:00Z"):
        api.clock.instant = datetime.fromisoformat(instant)
        with capture_logs() as lines:
            assert await Nightly(api.engine, api.clock, api.settings).audit_due_offices() == 1
        seen.append([line["year"] for line in lines if line["event"] == "calendar.unknown"])
    assert seen == [[], [2027]]
