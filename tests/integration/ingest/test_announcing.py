"""What units will hear is said before it happens, and what is moved is announced."""

import pytest

from tests.integration.ingest.revising import COLUMN, FIRST, HEAD, ONE, THREE, TWO, dated

pytestmark = pytest.mark.integration
NEXT_SLOT = "2023-06-02T01:00:00Z"
"""The office's time is 09:00 on 1 June: the slot of that day has begun."""
DIRECTORY = """单位名称,联络员邮箱,联络员截止日期
县财政局,czj@yanting.example,
县发展和改革局,,
凤灵街道,fl@yanting.example,2023-05-31
"""


async def test_a_publication_names_plan_units_and_first_reminders_and_changes_nothing_yet(api):
    assert (await api.import_units(DIRECTORY)).status_code == 200
    draft = (await api.client.post("/v1/plans", files={"file": ("1.txt", FIRST.encode())})).json()
    path = f"/v1/plans/{draft['plan_id']}/publish"
    shown = (await api.client.post(path, json={"preview": True})).json()
    assert (shown["title"], shown["year"]) == ("2023年政务公开任务分解表", 2023)
    assert (shown["applied"], shown["obligations"], shown["units"]) == (False, 5, 3)
    heard = {each["unit"]: (each["obligations"], each["slot"]) for each in shown["first_heard"]}
    assert heard == {
        "县财政局": (3, NEXT_SLOT),
        "县发展和改革局": (1, NEXT_SLOT),
        "凤灵街道": (1, NEXT_SLOT),
    }
    gaps = [(each["unit"], each["post"], each["gap"]) for each in shown["unreachable"]]
    assert gaps == [("凤灵街道", "liaison", "ended"), ("县发展和改革局", "liaison", "nobody")]
    assert await api.list_ledger() == []
    assert (await api.client.get(f"/v1/plans/{draft['plan_id']}")).json()["status"] == "draft"
    done = (await api.client.post(path, json={})).json()
    assert done == shown | {"applied": True}
    assert len(await api.list_ledger()) == 5


async def test_a_preview_counts_what_is_held_back_and_who_leads_as_the_publication_does(api):
    assert (await api.import_units(DIRECTORY)).status_code == 200
    who = {"who": [{"audience": "liaison"}], "channels": ["email"]}
    rules = [
        {
            "rule_id": f"lead-{lead}",
            "select": {"lead": lead},
            "when": [{"type": "before-due", "working_days": [days]}],
        }
        for lead, days in ((True, 20), (False, 3))
    ]
    book = await api.client.post("/v1/rule-books", json={"rules": [rule | who for rule in rules]})
    assert book.is_success, book.text
    table = (
        "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
        "1\t目录\t编制公开目录。\t县财政局\t县发展和改革局、凤灵街道\t2023年12月29日\n"
        "2\t旧事\t公布旧目录。\t县财政局\t县发展和改革局、凤灵街道\t2023年3月31日\n"
    )
    draft = (await api.client.post("/v1/plans", files={"file": ("1.txt", table.encode())})).json()
    path = f"/v1/plans/{draft['plan_id']}/publish"
    shown = (await api.client.post(path, json={"preview": True})).json()
    assert shown["held"]["past"] == [{"ref": "2.1", "due_on": "2023-03-31", "units": 3}]
    slots = {each["unit"]: each["slot"] for each in shown["first_heard"]}
    assert slots["县财政局"] < slots["县发展和改革局"] == slots["凤灵街道"]
    assert (await api.client.post(path, json={})).json() == shown | {"applied": True}


async def test_what_is_new_and_due_today_is_heard_of_at_the_next_slot(office):
    await office.publish(HEAD + "1\t目录\t公布目录。\t县财政局\t2023年6月1日\n")
    again = await office.post(f"/v1/plans/{office.plan_id}/publish", {"preview": True})
    assert again["first_heard"] == []
    ((_, row),) = (await office.owed()).items()
    assert (row["due_on"], row["known_on"]) == ("2023-06-01", "2023-06-02")


async def test_a_date_that_a_revision_moves_is_announced_from_the_next_slot_on(office):
    await office.publish()
    found = await office.revise(dated(ONE, "2023年6月1日"), TWO, THREE)
    done = await office.confirm(found)
    amended = [fact for event in await office.events() for fact in event.obligations]
    assert {(str(fact.due_on), str(fact.known_on)) for fact in amended} == {
        ("2023-06-01", "2023-06-02")
    }
    heard = [(each["unit"], each["obligations"], each["slot"]) for each in done["first_heard"]]
    assert heard == [("县发展和改革局", 1, NEXT_SLOT), ("县财政局", 1, NEXT_SLOT)]
    assert await office.confirm(found) == done
    assert (await office.seen(found))["outcome"] == done


async def test_a_revision_says_who_first_hears_when_and_whom_no_message_reaches(office):
    await office.publish()
    assert (await office.api.import_units(DIRECTORY)).status_code == 200
    rows = await office.owed()
    await office.report(rows["1.1", "县财政局"])  # what is done is not reminded of
    street = ("专栏", COLUMN, "凤灵街道", "2023年12月31日")
    found = await office.revise(dated(ONE, "2023年10月20日"), TWO, street)
    done = await office.confirm(found)
    heard = {each["unit"]: (each["obligations"], each["slot"]) for each in done["first_heard"]}
    assert heard == {"县发展和改革局": (1, NEXT_SLOT), "凤灵街道": (1, NEXT_SLOT)}
    gaps = [(each["unit"], each["post"], each["gap"]) for each in done["unreachable"]]
    assert gaps == [("凤灵街道", "liaison", "ended")]
    (entry,) = await office.api.fetch_rows(
        "SELECT after FROM ingest.journal WHERE action = 'plan.revised'"
    )
    assert "first_heard" not in entry.after
    assert entry.after["obligations_added"] == 1


async def test_a_revision_counts_all_that_is_new_and_names_the_first_slot_of_it(office):
    """Quarters to come are heard of later, and what only continues never."""
    await office.publish()
    found = await office.revise(
        ONE,
        TWO,
        THREE,
        ("进展", "公布重点工作进展情况。", "凤灵街道", "每季度"),
        ("长期", "加强政策解读工作。", "凤灵街道、县发展和改革局", "持续推进"),
        ("专栏", COLUMN, "县财政局", "2023年12月31日"),
        ("培训", "组织开展业务培训。", "县财政局", "2023年12月31日"),
    )
    done = await office.confirm(found)
    assert [(each["unit"], each["obligations"], each["slot"]) for each in done["first_heard"]] == [
        ("凤灵街道", 4, NEXT_SLOT),
        ("县发展和改革局", 1, None),
        ("县财政局", 2, NEXT_SLOT),
    ]


async def test_a_granted_date_is_announced_and_so_is_the_one_that_comes_back(office):
    await office.publish()
    row = (await office.owed())["1.1", "县财政局"]
    await office.extend(row, "2023-11-15")
    (event,) = await office.events()
    assert (str(event.due_on), str(event.known_on)) == ("2023-11-15", "2023-06-02")
    shown = (await office.api.client.get(f"/v1/obligations/{row['obligation_id']}")).json()
    granted = shown["extensions"][0]["extension_id"]
    body = {"version": shown["version"], "note": "误批"}
    await office.post(f"/v1/extensions/{granted}/take-back", body)
    (event,) = await office.events()
    assert (str(event.due_on), str(event.known_on)) == ("2023-09-30", "2023-06-02")


async def test_a_revision_names_the_unit_that_keeps_a_granted_date(office):
    await office.publish()
    await office.extend((await office.owed())["1.1", "县财政局"], "2023-12-15")
    found = await office.revise(dated(ONE, "2023年10月20日"), TWO, THREE)
    (change,) = found["changed"]
    keeping = [(each["name"], each["due_on"]) for each in change["units_keeping"]]
    assert keeping == [("县财政局", "2023-12-15")]
    assert (found["plan_title"], found["plan_year"]) == ("2023年政务公开任务分解表", 2023)
    await office.confirm(found)
    assert (await office.owed())["1.1", "县财政局"]["due_on"] == "2023-12-15"


async def test_a_new_title_is_told_for_every_measure_that_is_owed(office):
    await office.publish()
    text = FIRST.replace("2023年政务公开任务分解表", "2023年政务公开工作任务清单")
    files = {"file": ("2.txt", text.replace("2023年9月30日", "2023年10月20日").encode())}
    answer = await office.api.client.post(f"/v1/plans/{office.plan_id}/revisions", files=files)
    await office.confirm(answer.json())
    events = await office.events()
    assert {event.plan_title for event in events} == {"2023年政务公开工作任务清单"}
    measures = [facts.ref for event in events for facts in event.measures]
    assert sorted(set(measures)) == ["1.1", "2.1", "3.1"]

    body = {"title": "2023年政务公开任务分解表（修订）", "reason": "更正标题"}
    path = f"/v1/plans/{office.plan_id}/details"
    assert (await office.post(path, body))["title"] == body["title"]
    events = await office.events()
    assert {event.plan_title for event in events} == {body["title"]}
    measures = [facts.ref for event in events for facts in event.measures]
    assert sorted(measures) == ["1.1", "2.1", "3.1"]
    await office.post(path, body)
    assert await office.events() == []
    refused = await office.post(path, {"year": 2024, "reason": "x"}, 409)
    assert "Only the year of a draft" in refused["detail"]


async def test_a_document_without_a_title_is_doubtful_until_somebody_enters_one(api):
    await api.import_units()
    head = HEAD.partition("\n\n")[2]
    rows = head + "1\t目录\t公布目录。\t县财政局\t2023年9月30日\n"
    draft = (await api.client.post("/v1/plans", files={"file": ("a.txt", rows.encode())})).json()
    path = f"/v1/plans/{draft['plan_id']}"
    shown = (await api.client.get(path)).json()
    assert shown["title"] is None
    assert "no-title" in shown["doubts"]
    details = {"title": "2023年任务分解表", "year": 2023, "issuer": "县政府", "reason": "图片标题"}
    after = (await api.client.post(f"{path}/details", json=details)).json()
    assert (after["title"], after["year"], after["issuer"]) == ("2023年任务分解表", 2023, "县政府")
    assert after["doubts"] == []


async def test_a_settlement_names_the_version_that_its_person_saw(api):
    await api.import_units()
    plan = await api.import_plan()
    path = f"/v1/plans/{plan['plan_id']}"
    seen = (await api.client.get(path)).json()["version"]
    body = {"ref": "8.2", "action": "accept", "reason": "一并清理", "version": seen}
    first = await api.client.post(f"{path}/settlements", json=body)
    assert (first.status_code, first.json()["version"]) == (200, seen + 1)
    second = await api.client.post(f"{path}/settlements", json=body | {"action": "drop"})
    assert second.status_code == 409
    assert "is stale" in second.json()["detail"]


async def test_a_withdrawn_plan_is_still_shown_and_listed(office):
    await office.publish()
    await office.post(f"/v1/plans/{office.plan_id}/withdraw", {"note": "文件已废止"})
    listed = (await office.api.client.get("/v1/plans")).json()["items"]
    assert [plan["status"] for plan in listed] == ["withdrawn"]
    shown = await office.api.client.get(f"/v1/plans/{office.plan_id}")
    assert shown.json()["status"] == "withdrawn"
