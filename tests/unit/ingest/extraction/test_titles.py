"""Title, year and issuer as the document prints them."""

import pytest

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.titles import read_frame


def frame(*lines: str, after: tuple[str, ...] = (), name: str = "a.txt"):
    def block(texts: tuple[str, ...]) -> list[Paragraph]:
        return [Paragraph(text, f"line {i}") for i, text in enumerate(texts)]

    return read_frame(block(lines), block(after), name)


@pytest.mark.parametrize(
    ("title", "issuer"),
    [
        ("滁江市人民政府关于2020年重点工作责任分解的通知", "滁江市人民政府"),
        ("柳州市2022年政务公开要点", "柳州市"),
        ("新乡市2022年政务公开要点", "新乡市"),
        ("沙市区2022年政务公开要点", "沙市区"),
        ("青江市土地储备中心2021年任务分工表", "青江市土地储备中心"),
        ("青江市东门区残联2024年公开目录", "青江市东门区残联"),
        ("云山县政务公开办公室关于2023年整改台账", "云山县政务公开办公室"),
        ("《云山县人民政府办公室关于印发2023年要点》的通知", "云山县人民政府办公室"),
        ("云山土家族苗族自治州青溪县2023年要点", "云山土家族苗族自治州青溪县"),
        ("青江市城东区沙头街道2023年要点", "青江市城东区沙头街道"),
        ("立山区政府2023年分工方案", "立山区政府"),
        ("县卫健局2023年任务分解表", "县卫健局"),
        ("关于印发2023年云山县政务公开要点的通知", "云山县"),
        ("全县2023年任务分解表", None),
        ("贯彻落实国务院办公厅2021年要点任务分解表", None),
        ("2021年主要任务分解表", None),
    ],
)
def test_the_issuer_is_named_whole(title: str, issuer: str | None) -> None:
    assert frame(title).issuer == issuer


def test_the_last_sure_title_before_the_tasks_counts() -> None:
    found = frame("青江市规划责任分解", "为落实规划，制定本方案。", "9个具体任务")
    assert found.title == "青江市规划责任分解"


def test_without_a_sure_title_the_last_likely_one_counts() -> None:
    assert frame("为民服务", "青江市2023年十项任务").title == "青江市2023年十项任务"


def test_a_title_in_two_lines_is_joined_but_not_with_a_dateline() -> None:
    assert (
        frame("青江市2023年政务公开", "重点任务分解表").title
        == "青江市2023年政务公开重点任务分解表"
    )
    assert frame("2023年2月26日", "重点任务分解表").title == "重点任务分解表"
    assert frame("各乡镇，各部门：", "重点任务分解表").title == "重点任务分解表"
    assert frame("重点任务分解表").title == "重点任务分解表"


@pytest.mark.parametrize(
    ("lines", "after", "name", "year"),
    [
        (("青江市2023年要点",), (), "a.txt", 2023),
        (("青江市二〇二三年要点",), (), "a.txt", 2023),
        (("青江市2023-2025年要点",), (), "a.txt", 2023),
        (("任务分解表", "为做好2022年工作，制定本表"), (), "a.txt", 2022),
        (("任务分解表",), ("2021年3月4日",), "a.txt", 2021),
        (("任务分解表",), (), "2020年任务.txt", 2020),
        (("任务分解表",), (), "a.txt", None),
    ],
)
def test_the_year_is_looked_for_from_the_title_outward(
    lines: tuple[str, ...], after: tuple[str, ...], name: str, year: int | None
) -> None:
    assert frame(*lines, after=after, name=name).year == year


def test_a_dateline_that_names_no_day_of_the_calendar_is_none() -> None:
    assert frame("要点", after=("2023年2月30日",)).issued is None
    assert frame("要点", after=("本要点经研究于二〇二三年六月由县政府常务会议审议通过并印发各单位执行2023年6月3日",)).issued is None  # fmt: skip # noqa: E501


def test_an_organ_that_signs_is_the_issuer_of_a_title_without_one() -> None:
    assert (
        frame("2021年任务分解表", after=("青江市人民政府办公室",)).issuer == "青江市人民政府办公室"
    )
    assert frame("2021年任务分解表", after=("张三",)).issuer is None
    assert frame("无题").title is None
