"""Variants of inputs that were once read wrongly: other forms of the same statements."""

import pytest

from services.ingest.extraction.actors.units import read_units
from services.ingest.extraction.models import ParsedMeasure
from services.ingest.extraction.plans.reading import read_plan

TITLE = "临江县2024年政务公开工作要点"


def measure(duty: str, due: str) -> ParsedMeasure:
    """The measure of a row with this duty and this deadline."""
    rows = [TITLE, "序号,任务,责任单位,完成时限", f'1,"{duty}",县财政局,"{due}"']
    (task,) = read_plan("plan.csv", "\n".join(rows).encode()).tasks
    return task.measures[0]


def months(first: int, last: int, day: int) -> list[str]:
    return [f"2024-{month:02}-{day:02}" for month in range(first, last + 1)]


def listed(each: ParsedMeasure) -> list[str]:
    return [str(day) for day in each.due]


@pytest.mark.parametrize(
    "due",
    [
        "2024年1—10月，每月25日前",
        "1-10月每月25日前",
        "1月至10月每月25日前",
        "1～10月，每月25日前",
        "一至十月，每月25日前",
    ],
)
def test_a_day_of_every_month_keeps_to_its_months(due: str) -> None:
    each = measure("报送台账。", due)
    assert (listed(each), each.review) == (months(1, 10, 25), ())


def test_a_sentence_may_repeat_within_months_and_end_with_another_date() -> None:
    each = measure("1-11月每月25日前更新台账，12月20日前总结。", "年底前")
    assert listed(each) == [*months(1, 11, 25), "2024-12-20"]


def test_a_recurrence_within_months_needs_a_decision() -> None:
    assert measure("6—9月每周开展检查。", "年底前").review == ("not-understood",)


@pytest.mark.parametrize("due", ["上、下半年各1次", "上、下半年末各1次", "上半年和下半年底各1次"])
def test_both_halves_are_a_recurrence_with_or_without_their_ends(due: str) -> None:
    each = measure("开展检查。", due)
    assert each.recurrence is not None
    assert (each.recurrence.per.value, each.recurrence.at_least) == ("half-year", 1)


@pytest.mark.parametrize(
    "duty",
    [
        "每隔两周更新专栏。",
        "每两周更新专栏。",
        "每10天更新专栏。",
        "每隔三天更新专栏。",
        "每四个月更新专栏。",
        "每半个月更新专栏。",
        "逢五逢十更新专栏。",
        "逢5、逢10更新专栏。",
        "每学期更新专栏。",
        "每学年更新专栏。",
    ],
)
def test_a_period_that_cannot_be_planned_is_marked(duty: str) -> None:
    assert "not-understood" in measure(duty, "年底前").review


@pytest.mark.parametrize(
    ("duty", "per"), [("每1个月更新专栏1次。", "month"), ("每一年更新专栏1次。", "year")]
)
def test_every_one_period_is_every_period(duty: str, per: str) -> None:
    each = measure(duty, "年底前")
    assert each.recurrence is not None
    assert (each.recurrence.per.value, each.review) == (per, ())


@pytest.mark.parametrize(
    "duty", ["节前一周发布提示。", "会前2天公布议程。", "开学前公开收费目录。"]
)
def test_a_deadline_before_an_event_is_marked(duty: str) -> None:
    assert "event-relative" in measure(duty, "年底前").review


@pytest.mark.parametrize(
    "due",
    ["2024-06-15 0:00", "2024-06-15 00:00:00", "2024/6/15 00:00", "2024-06-15 00:00:00.000"],
)
def test_midnight_behind_a_date_changes_nothing(due: str) -> None:
    each = measure("完善目录。", due)
    assert (listed(each), each.review) == (["2024-06-15"], ())


@pytest.mark.parametrize(
    "cell", ["①县财政局②县审计局", "1.县财政局2.县审计局", "1、县财政局2、县审计局"]
)
def test_a_number_inside_a_unit_list_begins_a_unit(cell: str) -> None:
    assert read_units(cell).names == ["县财政局", "县审计局"]


@pytest.mark.parametrize("mark", ["。", "；", "，", " "])
def test_labels_behind_a_sentence_may_be_sentences_themselves(mark: str) -> None:
    rows = [
        TITLE,
        f"1.完善目录。责任单位:县财政局{mark}完成时限:6月底前。",
        f"2.公开预算。牵头单位：县审计局{mark}配合单位：县统计局{mark}完成时限：9月底前",
    ]
    first, second = read_plan("plan.txt", "\n".join(rows).encode()).tasks
    assert (first.responsible.names, listed(first.measures[0])) == (("县财政局",), ["2024-06-30"])
    assert (second.responsible.names, second.responsible.lead) == (
        ("县审计局", "县统计局"),
        ("县审计局",),
    )
    assert listed(second.measures[0]) == ["2024-09-30"]
