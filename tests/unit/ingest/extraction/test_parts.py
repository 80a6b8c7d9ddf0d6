"""One file with several tables: each under its own title and year."""

import io

import openpyxl
import pytest

from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan

HEAD = ["序号", "任务名称", "具体内容", "责任单位", "完成时限"]
OLD, NEW = "临江县2023年政务公开工作任务分解表", "临江县2024年政务公开工作任务分解表"


def table(title: str, *rows: list[str]) -> str:
    return "\n".join([title, "\t".join(HEAD), *("\t".join(row) for row in rows)])


def row(number: int, text: str, due: str = "6月底前") -> list[str]:
    return [str(number), f"任务{number}", text, "县财政局", due]


def in_text(*tables: str) -> ParsedPlan:
    return read_plan("plan.txt", "\n\n".join(tables).encode())


def in_sheets(*sheets: tuple[str, str | None, list[str]]) -> ParsedPlan:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, title, cells in sheets:
        sheet = book.create_sheet(name)
        for each in ([title] if title else None, HEAD, cells):
            if each:
                sheet.append(each)
    out = io.BytesIO()
    book.save(out)
    return read_plan("plan.xlsx", out.getvalue())


def check(plan: ParsedPlan) -> None:
    assert (plan.title, plan.year) == (NEW, 2024)
    dues = {m.text: (f"{m.due[0]}", m.review) for t in plan.tasks for m in t.measures}
    assert dues["编目录。"] == ("2024-06-30", ())
    assert dues["整理旧目录。"] == ("2023-06-30", ("before-document",))
    assert any("2023年" in warning.message for warning in plan.warnings)


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_table_of_another_year_is_told_and_asked_about(*, newest_first: bool) -> None:
    new, old = table(NEW, row(1, "编目录。")), table(OLD, row(1, "整理旧目录。"))
    check(in_text(*([new, old] if newest_first else [old, new])))
    sheets = [("分解表", NEW, row(1, "编目录。")), ("旧", OLD, row(1, "整理旧目录。"))]
    check(in_sheets(*(sheets if newest_first else sheets[::-1])))


def test_a_sheet_s_name_may_tell_its_year() -> None:
    plan = in_sheets(
        ("2024年", NEW, row(1, "编目录。")), ("2023年（旧）", None, row(1, "整理旧目录。"))
    )
    check(plan)


def test_a_table_without_a_title_has_the_one_before() -> None:
    plan = in_sheets(("一", NEW, row(1, "编目录。")), ("二", None, row(2, "建专栏。")))
    assert [m.review for t in plan.tasks for m in t.measures] == [(), ()]
    assert plan.warnings == ()


def test_a_titled_table_goes_on_from_no_task_above() -> None:
    plan = in_text(
        table(NEW, row(1, "编目录。")), table(OLD, ["", "", "整理旧目录。", "县教育局", "9月底前"])
    )
    assert [len(task.measures) for task in plan.tasks] == [1, 1]


@pytest.mark.parametrize(
    "item",
    [
        "3.修葺古塔。（县档案馆负责，6月底前完成）",
        "（三）修葺古塔（县供电所牵头）",
        "三、修葺古塔。（县文旅局）",
    ],
)
def test_a_numbered_paragraph_beside_a_table_is_told(item: str) -> None:
    plan = in_text(f"{item}\n{table(NEW, row(1, '编目录。'))}\n{item}")
    assert sum(item in warning.message for warning in plan.warnings) == 2


@pytest.mark.parametrize(
    "rule",
    [
        "所有任务务必于11月底前完成。",
        "其余事项应在12月10日前办结。",
        "未注明时限的，均于11月底前完成。",
    ],
)
def test_a_rule_for_all_tasks_beside_a_table_is_told(rule: str) -> None:
    plan = in_text(f"{table(NEW, row(1, '编目录。', ''))}\n{rule}")
    assert any(rule in warning.message for warning in plan.warnings)
