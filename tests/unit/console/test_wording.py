"""Dates, distances and problems in words."""

import re
from datetime import UTC, date, datetime

import pytest

from services.console.texts.languages import load_catalogs
from services.console.texts.problems import describe, list_field_errors
from services.console.texts.wording import REASONS, STATUSES, Wording
from services.notifier.domain.message import Refusal
from services.notifier.domain.retry import FailReason, OpenReason
from shared.api.problems import Problem, choose_part
from shared.calendar import WorkingCalendar
from shared.messages.stages import HoldReason, SuppressReason

CATALOGS = load_catalogs()
ZH, EN = (Wording(language, CATALOGS[language].gettext) for language in ("zh", "en"))
CALENDAR = WorkingCalendar()


def test_a_date_has_its_weekday() -> None:
    assert ZH.write_date(date(2026, 12, 2)) == "2026-12-02（周三）"
    assert EN.write_date(date(2026, 12, 2)) == "2026-12-02 (Wed)"
    assert ZH.write_date(None) == "—"


def test_an_instant_is_in_the_offices_zone() -> None:
    assert ZH.write_moment(datetime(2026, 12, 2, 22, 5, tzinfo=UTC)) == "2026-12-03 06:05"


@pytest.mark.parametrize(
    ("due", "text"),
    [
        (date(2023, 6, 1), "今天到期"),
        (date(2023, 6, 6), "还有 3 个工作日"),
        (date(2023, 5, 30), "已超期 2 个工作日"),
        (None, ""),
    ],
)
def test_a_distance_is_in_working_days(due: date | None, text: str) -> None:
    assert ZH.write_distance(due, date(2023, 6, 1), CALENDAR) == text


def test_a_distance_over_a_weekend_alone_says_so() -> None:
    saturday, sunday = date(2023, 6, 3), date(2023, 6, 4)
    assert ZH.write_distance(sunday, saturday, CALENDAR) == "到期前已无工作日"
    assert ZH.write_distance(saturday, sunday, CALENDAR) == "已超期，尚无工作日"


def test_an_unknown_word_is_shown_as_it_is() -> None:
    assert ZH.name_value("done", STATUSES) == "已办结"
    assert ZH.name_value("of-a-newer-release", STATUSES) == "of-a-newer-release"


BILINGUAL = "用户名或密码不正确。The name or the password is wrong."


def test_a_text_in_both_languages_is_shown_in_one() -> None:
    assert choose_part(BILINGUAL, "zh") == "用户名或密码不正确。"
    assert choose_part(BILINGUAL, "en") == "The name or the password is wrong."
    assert choose_part("该办公室未配置统一身份认证。", "zh") == "该办公室未配置统一身份认证。"
    assert choose_part("Only English.", "zh") == "Only English."
    named = "没有单位“县财政局”。There is no unit 县财政局（本级）、县审计局."
    assert choose_part(named, "zh") == "没有单位“县财政局”。"
    assert choose_part(named, "en") == "There is no unit 县财政局（本级）、县审计局."
    assert choose_part("县财政局 already exists.", "zh") == "县财政局 already exists."


def make_problem(name: str, detail: str, hint: str = "") -> Problem:
    kind = f"urn:cuiban:problem:{name}"
    return Problem(type=kind, title="", status=409, detail=detail, hint=hint)


def test_an_english_problem_is_described_in_chinese_with_the_original_behind() -> None:
    shown = describe(make_problem("conflict", "It is done.", "Look."), "zh", ZH.gettext)
    assert shown.text == "现在的状态不允许这样做。"
    assert shown.original == "It is done. Look."
    english = describe(make_problem("conflict", "It is done.", "Look."), "en", EN.gettext)
    assert (english.text, english.hint, english.original) == ("It is done.", "Look.", "")


def test_names_that_only_a_caller_of_the_api_knows_are_left_out() -> None:
    hint = "请填写理由（`note`）。Read it again (`GET /v1/plans/7`), then say why (`note`)."
    problem = make_problem("conflict", BILINGUAL, hint)
    assert describe(problem, "zh", ZH.gettext).hint == "请填写理由。"
    assert describe(problem, "en", EN.gettext).hint == "Read it again, then say why."


def test_a_problem_without_a_detail_is_shown_by_its_title() -> None:
    title = "请求未被接受。The request was refused: I'm a Teapot."
    problem = make_problem("i-am-a-teapot", "").model_copy(update={"title": title})
    assert describe(problem, "zh", ZH.gettext).text == "请求未被接受。"
    assert describe(problem, "en", EN.gettext).text == "The request was refused: I'm a Teapot."


def test_a_chinese_problem_is_shown_as_it_is() -> None:
    shown = describe(make_problem("wrong", BILINGUAL, "请检查后重试。Try again."), "zh", ZH.gettext)
    assert (shown.text, shown.hint, shown.original) == (
        "用户名或密码不正确。",
        "请检查后重试。",
        "",
    )


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Field required", "请填写这一项。"),
        ("String should have at least 1 character", "请填写这一项。"),
        ("String should have at most 200 characters", "最多 200 个字。"),
        ("Input should be a valid date or datetime", "请写成 2026-12-02 这样的日期。"),
        ("Value error, 链接须以 http:// 开头。A link begins so.", "链接须以 http:// 开头。"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_in_chinese(message: str, text: str) -> None:
    problem = make_problem("invalid", "")
    problem.errors = [{"where": "body.due_on", "message": message}, {"where": "query.x"}]
    assert list_field_errors(problem, ZH.gettext) == {"due_on": text}


_KINDS = (SuppressReason, Refusal, FailReason, OpenReason, HoldReason)


@pytest.mark.parametrize("reason", [reason for kind in _KINDS for reason in kind])
def test_why_a_message_was_not_sent_is_said_in_both_languages(reason: str) -> None:
    chinese = Wording("zh", ZH.gettext).name_value(reason, REASONS)
    english = Wording("en", EN.gettext).name_value(reason, REASONS)
    assert reason not in {chinese, english}
    assert not re.search("[A-Za-z]", chinese)
    assert not re.search("[\u4e00-\u9fff]", english)
