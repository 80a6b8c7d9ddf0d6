"""What a contact reads."""

import re
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.rendering.mail import render_mail
from services.notifier.rendering.sms import render_sms
from shared.links import hide_secrets
from shared.messages.sms import PARTS, add_reply_hint
from shared.messages.sms_parts import count_parts
from shared.messages.wording import Digest, Door, Tone, clean, sort_items
from shared.schemas.facts import ReminderItem
from shared.schemas.identity import NAMESPACE
from shared.schemas.rules import Audience, ReminderKind

TODAY = date(2023, 12, 26)  # a Tuesday
YEAR_END = date(2023, 12, 31)  # a Sunday


def item(ref: str = "2.1", due_on: date = YEAR_END, **more) -> ReminderItem:
    facts = {"task_name": "民生保障", "text": "及时公开。", "kind": ReminderKind.DEADLINE} | more
    return ReminderItem(obligation_id=uuid5(NAMESPACE, ref), ref=ref, due_on=due_on, **facts)


def digest(*items: ReminderItem, **more) -> Digest:
    facts = {
        "office": "盐亭县政务公开办公室",
        "unit": "盐亭县教育和体育局",
        "audience": Audience.LIAISON,
        "plan_title": "2023年盐亭县政务公开重点任务分解表",
        "slot_day": TODAY,
        "today": TODAY,
    } | more
    return Digest(items=items or (item(),), **facts)


LATE = item("11.1", date(2023, 12, 19), overdue=2, kind=ReminderKind.OVERDUE)
NOW = item("3.1", TODAY)
HEARING = item("16.1", kind=ReminderKind.HEARING)


@pytest.mark.parametrize(
    ("due_on", "today", "words", "tone"),
    [
        (YEAR_END, TODAY, "还有3个工作日", Tone.NEAR),
        (date(2024, 1, 31), TODAY, "还有25个工作日", Tone.CALM),
        (TODAY, TODAY, "今日到期", Tone.TODAY),
        (YEAR_END, date(2023, 12, 29), "期限前已无其他工作日", Tone.TODAY),
        (date(2023, 12, 19), TODAY, "已逾期5个工作日", Tone.LATE),
        (YEAR_END, date(2024, 1, 1), "已逾期", Tone.LATE),  # New Year's Day: none has passed yet
    ],
)
def test_the_time_left_is_told_in_working_days(
    due_on: date, today: date, words: str, tone: Tone
) -> None:
    assert digest(item(due_on=due_on), today=today).describe_time_left(due_on) == (words, tone)


def test_the_office_calendar_counts_and_a_later_day_takes_off_what_has_passed() -> None:
    """The office lets its people work on the 30th: four working days, not three."""
    told = digest(item(working_days=4))
    assert told.describe_time_left(YEAR_END) == ("还有4个工作日", Tone.CALM)
    a_day_late = digest(item(working_days=4), today=TODAY + timedelta(days=1))
    assert a_day_late.describe_time_left(YEAR_END) == ("还有3个工作日", Tone.NEAR)
    past = item("11.1", date(2023, 12, 19), overdue=2, working_days=-4)
    assert digest(past).describe_time_left(past.due_on) == ("已逾期4个工作日", Tone.LATE)
    assert "还有4个工作日" in render_sms(told, "政务公开").text
    assert "还有4个工作日" in render_mail(told).subject


@pytest.mark.parametrize(
    ("items", "subject"),
    [
        (
            [item()],
            "【工作提醒】盐亭县教育和体育局：1项任务待办，最近12月31日到期（还有3个工作日）",
        ),
        ([item(), NOW], "【今日到期】盐亭县教育和体育局：1项任务今日到期，另有1项待办"),
        ([LATE], "【逾期催办】盐亭县教育和体育局：1项任务已逾期（2023年12月26日）"),
        (
            [LATE, item()],
            "【逾期催办】盐亭县教育和体育局：1项任务已逾期，另有1项待办（2023年12月26日）",
        ),
        (
            [HEARING],
            "【工作提醒】盐亭县教育和体育局：请于12月31日前安排主要负责人听取汇报（还有3个工作日）",
        ),
    ],
)
def test_the_subject_tells_how_pressing_it_is(items: list[ReminderItem], subject: str) -> None:
    assert render_mail(digest(*items)).subject == subject


def test_the_text_part_lists_every_item_with_its_date() -> None:
    text = render_mail(digest(item(), LATE, NOW, HEARING)).text
    places = [text.index(f"任务{ref}　") for ref in ("11.1", "3.1", "2.1", "16.1")]
    assert places == sorted(places)
    assert "贵单位有4项工作需要办理（1项已逾期、1项今日到期、2项尚在期限内）" in text
    assert "完成时限：2023年12月31日（星期日）" in text
    assert "请安排主要负责人专题听取政务公开工作汇报" in text
    assert text.rstrip().endswith("（本邮件由系统自动发送，请勿直接回复。）")
    assert "\n\n\n" not in text


def test_leaders_are_asked_to_look_after_it() -> None:
    text = render_mail(digest(LATE, audience=Audience.HEAD)).text
    assert text.startswith("盐亭县教育和体育局主要负责人：")
    assert "需您关注和督促" in text


def test_the_html_escapes_what_comes_from_outside_and_loads_nothing() -> None:
    html = render_mail(digest(item(text='<img src=x onerror=alert(1)> & "“'))).html
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert not re.search(r"(src|href)=[\"']?http|url\(|@import", html)


def test_items_stand_by_urgency_below_a_heading_with_their_number() -> None:
    calm = item("4.1", date(2024, 1, 31))
    mail = render_mail(digest(calm, item(), LATE, NOW, HEARING))
    headings = ["已逾期（1项）", "马上到期（1项）", "3个工作日内到期（2项）", "尚有时间（1项）"]
    assert re.findall(r"<td colspan[^>]*><b>(.*?)</b>", mail.html) == headings
    assert re.findall(r"◆ (.*)", mail.text) == headings


def test_the_html_reads_well_where_style_sheets_are_removed() -> None:
    """As by QQ, 网易 and Outlook: styles stand in the tags, and two columns fit a phone."""
    html = render_mail(digest(LATE, door=DOOR)).html
    assert not re.search(r"<style|class=|display:|float:", html)
    assert len(re.findall(r"<th\b", html)) == 2


def test_an_office_without_a_name_signs_in_general() -> None:
    assert "政务公开办\n2023年12月26日" in render_mail(digest(office="")).text


def test_items_stand_by_date_and_then_by_place() -> None:
    assert [i.ref for i in sort_items([item("2.10"), item("2.9"), LATE])] == ["11.1", "2.9", "2.10"]


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([item()], "1项任务待办（任务2.1），最近12月31日到期，还有3个工作日。详见邮件或台账。"),
        ([NOW], "1项任务待办（任务3.1），今日到期。详见邮件或台账。"),
        ([LATE], "1项任务待办（任务11.1），已逾期5个工作日。详见邮件或台账。"),
        (
            [item(), LATE, NOW],
            "3项任务待办（任务11.1等），1项已逾期5个工作日，1项今日到期。详见邮件或台账。",
        ),
        (
            [HEARING],
            (
                "请安排主要负责人听取汇报（任务16.1），最近12月31日到期，还有3个工作日。"
                "详见邮件或台账。"
            ),
        ),
    ],
)
def test_the_short_message_fits_one_part(items: list[ReminderItem], text: str) -> None:
    found = render_sms(digest(*items), "盐亭政务公开").text
    assert found == f"【盐亭政务公开】盐亭县教育和体育局：{text}"
    assert count_parts(found) == 1


def test_two_days_never_give_the_same_short_message() -> None:
    days = [YEAR_END - timedelta(days=n) for n in (3, 4, 5, 6)]
    assert len({render_sms(digest(today=day), "公开").text for day in days}) == 4


names = st.text(max_size=400)


@given(unit=names, office=names, signature=names, plan=names, task=names, ref=names)
def test_no_text_breaks_a_line_or_takes_more_than_three_parts(  # noqa: PLR0917
    unit: str, office: str, signature: str, plan: str, task: str, ref: str
) -> None:
    told = digest(item(ref, task_name=task), unit=unit, office=office, plan_title=plan)
    subject = render_mail(told).subject
    short = render_sms(told, signature[:18]).text
    for line in (subject, short):
        assert line.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]", line)
    assert count_parts(short) <= PARTS
    assert len(subject) <= 120


@given(st.text())
def test_clean_leaves_no_control_character(text: str) -> None:
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\u202e\ud800-\udfff]", clean(text))


def test_one_plan_is_cited_once_and_several_each_with_their_numbers() -> None:
    one = render_mail(digest(item("1.1"), plan_title="甲清单"))
    assert "按照《甲清单》，" in one.text
    assert "任务1.1" in one.text
    assert "《甲清单》任务1.1" not in one.text
    two = render_mail(
        digest(item("1.1", plan="甲清单"), item("1.2", plan="乙清单"), plan_title="甲清单、乙清单")
    )
    assert "按照《甲清单》、《乙清单》，" in two.text
    assert "《甲清单》任务1.1" in two.text
    assert "《乙清单》任务1.2" in two.text
    assert "《甲清单》、《乙清单》" in two.html


def test_the_mail_says_whom_to_tell_and_names_no_ledger() -> None:
    content = render_mail(digest())
    assert "办结后请及时告知盐亭县政务公开办公室" in content.text
    assert "台账中登记" not in content.text + content.html
    answered = render_mail(digest(door=DOOR))
    for part in (answered.text, answered.html):
        assert "进展和办结情况请从“进入办理”报送" in part
        assert "请及时告知" not in part


DOOR = Door("https://portal.example/gk", "01234567", date(2024, 1, 2))


@given(
    unit=st.text(min_size=1, max_size=300),
    signature=st.text(max_size=18),
    portal=st.integers(10, 100),
)
def test_a_short_message_never_loses_its_code(unit: str, signature: str, portal: int) -> None:
    door = replace(DOOR, address="https://" + "p" * (portal - 8))
    short = render_sms(digest(LATE, unit=unit, door=door), signature)
    assert short.text.endswith(f"办理：{door.address} 办理码01234567。")
    assert count_parts(short.text) <= PARTS
    assert short.remove_secret().text.endswith(f"办理：{door.address} 办理码…。")


def test_a_mail_has_one_link_and_its_copy_has_none() -> None:
    door = Door("https://portal.example/u/a.b-c", "a.b-c", date(2024, 1, 2))
    mail = render_mail(digest(door=door))
    for part in (mail.text, mail.html):
        assert part.count("/u/") == 1
        assert "https://portal.example/u/a.b-c" in part
        assert "2024年1月2日前有效" in part
    copy = mail.remove_secret()
    assert "https://portal.example/u/…" in copy.text
    assert "a.b-c" not in copy.text + copy.html + repr(mail)
    assert hide_secrets(mail.text) == copy.text
    assert "/u/" not in render_mail(digest()).text + render_mail(digest()).html


@pytest.mark.parametrize("audience", Audience)
def test_another_unit_reads_whose_items_they_are_and_gets_no_way_in(audience: Audience) -> None:
    told = digest(LATE, item(), told_unit="盐亭县人民政府办公室", audience=audience)
    mail = render_mail(told)
    assert mail.subject.startswith("【逾期催办】盐亭县教育和体育局：")
    assert mail.text.startswith("盐亭县人民政府办公室")
    for text in (mail.text, mail.html):
        assert "盐亭县教育和体育局有" in re.sub(r"<[^>]*>", "", text)
        assert "以上是盐亭县教育和体育局的工作，请督促其抓紧办结" in text
        assert "贵单位" not in text
        assert "进入办理" not in text
    message = render_sms(told, "政务公开").text
    assert message.startswith("【政务公开】盐亭县教育和体育局：2项任务待办")
    assert "请督促" in message
    assert count_parts(message) == 1


@pytest.mark.parametrize(("length", "hinted"), [(10, True), (59, True), (60, False), (100, True)])
def test_how_to_reply_is_said_where_it_takes_no_further_part(length: int, hinted: bool) -> None:
    text = "办" * length
    shown = add_reply_hint(text)
    assert (shown != text) is hinted
    assert count_parts(shown) == count_parts(text)
