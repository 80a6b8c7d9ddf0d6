"""From a table to delivered reminders, and what stops them."""

from datetime import time, timedelta

import pytest

from shared.links import hide_secrets

pytestmark = pytest.mark.e2e
EVENING = time(16, 30)


async def test_a_table_goes_in_and_mail_and_sms_come_out(world) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(5)
    rows = world.assign([name], due, tasks=3)
    assert {row["unit"] for row in rows} == {name}
    await world.step_to(world.find_working_day(2))  # three working days before
    mails, texts = world.list_messages(name), world.list_messages(name, "sms")
    assert len(mails) == len(texts) == 1
    assert "liaison@" in mails[0]["to"]
    assert name in mails[0]["text"]
    assert all(f"第{task}项公开目录" in mails[0]["text"] for task in (1, 2, 3))
    assert "3" in texts[0]["text"]
    await world.step_to(world.find_working_day(2))
    await world.step_to(due)
    assert len(world.list_messages(name)) == 3  # three, one and no working days before


async def test_overdue_reminders_go_higher_and_stop_when_done(world) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    (row,) = world.assign([name], due)
    await world.step_to(due)
    before = len(world.list_messages(name))
    for number in range(1, 5):
        await world.step_to(world.find_working_day(3))
        posts = [m["to"] for m in world.list_messages(name)[before:]]
        assert sum("liaison@" in to for to in posts) == number
        assert sum("deputy@" in to for to in posts) == (1 if number == 4 else 0)
    world.api.post(f"/v1/obligations/{row['obligation_id']}/status", {"status": "done"})
    await world.wait_until_quiet()
    told = len(world.list_messages(name))
    await world.step_to(world.find_working_day(10))
    assert len(world.list_messages(name)) == told
    (light,) = world.api.list_items("/v1/ledger", unit_id=world.units[name])
    assert (light["status"], light["light"]) == ("done", "done")


async def test_hearing_reminders_stop_when_a_hearing_is_recorded(world) -> None:
    (heard, silent) = world.enter_units(2)
    year = world.today.year
    due = world.today.replace(month=12, day=31)
    duty = "单位主要负责人每年至少听取1次政务公开工作情况汇报。"
    rows = world.assign([heard, silent], due, duty=duty)
    assert {row["kind"] for row in rows} == {"hearing"}
    june = world.today.replace(year=year, month=6, day=30)
    assert world.today < june
    await world.step_to(june)
    assert len(world.list_messages(heard)) == len(world.list_messages(silent)) == 1
    body = {"heard_on": world.today.isoformat(), "heard_by": "主要负责人", "minutes": "纪要3号"}
    world.api.post(f"/v1/units/{world.units[heard]}/hearings", body)
    await world.wait_until_quiet()
    september = june.replace(month=9, day=28)
    await world.step_to(september)
    assert len(world.list_messages(heard)) == 1
    assert len(world.list_messages(silent)) == 2


async def test_what_a_unit_was_told_can_be_read_back(world) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    world.assign([name], due)
    await world.step_to(due)
    history = world.api.list_items(f"/v1/units/{world.units[name]}/history")
    assert {(row["channel"], row["state"]) for row in history} == {
        ("email", "sent"),
        ("sms", "sent"),
    }
    (mail,) = (row for row in history if row["channel"] == "email")
    (seen,) = world.list_messages(name)
    assert mail["subject"] == seen["subject"]
    assert mail["body"].split() == hide_secrets(seen["text"]).split()


async def test_a_date_already_past_is_held_and_nobody_gets_a_burst(world) -> None:
    (name,) = world.enter_units(1)
    past = world.today - timedelta(days=30)
    number = len(world.api.list_items("/v1/plans"))
    head = (
        f"{past.year}年补登第{number}号任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    )
    row = f"1\t目录\t公布目录。\t{name}\t{past.year}年{past.month}月{past.day}日"
    plan = world._upload("/v1/plans", f"past-{number}.txt", head + row)["plan_id"]
    done = world.api.post(f"/v1/plans/{plan}/publish", {"include_past": False})
    assert done["obligations"] == 0
    assert [held["due_on"] for held in done["held"]["past"]] == [past.isoformat()]
    await world.step_to(world.find_working_day(3))
    assert world.list_messages(name) == []
    world.api.post(f"/v1/plans/{plan}/publish", {"include_past": True})
    await world.wait_until_quiet()
    assert world.list_messages(name) == []
    await world.step_to(world.find_working_day(3))
    assert len(world.list_messages(name)) == 1
