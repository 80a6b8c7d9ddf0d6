"""What holds for any plan, however it is printed: as a table, flattened, or in paragraphs."""

import calendar
from datetime import date

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.ingest.documents.errors import DocumentError
from services.ingest.documents.grid import Cell, Document, Paragraph, Row, Table
from services.ingest.extraction.actors.units import read_units
from services.ingest.extraction.dates.dates import read_cell, read_prose
from services.ingest.extraction.dates.recurrences import read_repeats
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.plan import extract_plan
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.vocabulary.prose import fold_text, split_paragraphs

YEARS = st.integers(2001, 2089)
MONTHS = st.integers(1, 12)
MONTH_LISTS = st.lists(MONTHS, min_size=2, max_size=6, unique=True).map(sorted)
DAY = st.integers(1, 28)


def end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


@given(YEARS, MONTH_LISTS, st.sampled_from("、,和及"))
def test_every_month_of_a_list_is_read_back(year: int, months: list[int], comma: str) -> None:
    ends = [end(year, month) for month in months]
    shared = comma.join(f"{month}月" for month in months) + "底前"
    each = comma.join(f"{month}月底" for month in months) + "前"
    assert read_cell(fold_text(shared), year).dates == ends
    assert read_cell(fold_text(each), year).dates == ends
    assert read_prose(fold_text(f"于{shared}报送。"), year).own.dates == ends


@given(YEARS, MONTH_LISTS, DAY)
def test_a_day_that_months_share_is_read_back(year: int, months: list[int], day: int) -> None:
    days = [date(year, month, day) for month in months]
    bare = "、".join(map(str, months)) + f"月{day}日前"
    spoken = "、".join(f"{month}月" for month in months) + f"的{day}日前"
    assert read_cell(bare, year).dates == days
    assert read_cell(spoken, year).dates == days
    assert read_prose(f"于{spoken}报送。", year).own.dates == days


@given(YEARS, st.lists(DAY, min_size=1, max_size=4, unique=True).map(sorted))
def test_the_days_of_every_month_are_expanded(year: int, days: list[int]) -> None:
    text = "每月" + "、".join(f"{day}日" for day in days) + "前"
    found = read_repeats(text, year)
    assert found.dates == [date(year, month, day) for month in range(1, 13) for day in days]
    assert not found.problems


@given(YEARS, MONTHS, YEARS, MONTHS, st.sampled_from(["至", "到", "-", "—", "——", "~"]))
def test_a_span_ends_with_its_last_month(
    first: int, month: int, last: int, until: int, dash: str
) -> None:
    text = f"{first}年{month}月{dash}{last}年{until}月"
    assert read_cell(fold_text(text), 2000).dates == [end(last, until)]
    assert read_cell(fold_text(f"{first}年{month}月{dash}{until}月"), 2000).dates == [
        end(first, until)
    ]


NAMES = st.lists(
    st.sampled_from(["县财政局", "县教育局", "县委宣传部", "县文化和旅游局", "各乡镇（街道）",
                     "县级各部门", "经开区", "县审计局（内审办）", "国网供电公司"]),
    min_size=1, max_size=6, unique=True,
)  # fmt: skip


@given(
    NAMES, st.lists(st.sampled_from(["、", "，", "；", "\n", "/", "　"]), min_size=5, max_size=5)
)
def test_units_are_read_back_whatever_parts_them(names: list[str], marks: list[str]) -> None:
    text = "".join(f"{name}{mark}" for name, mark in zip(names, [*marks, ""], strict=False))
    assert read_units(text).names == names
    assert read_units(text.replace("（", "(").replace("）", ")")).names == names
    assert read_units(f"{text.rstrip('、，；/　' + chr(10))}等相关部门").open_ended


@given(NAMES, NAMES)
def test_who_leads_is_read_back(lead: list[str], other: list[str]) -> None:
    text = f"{'、'.join(lead)}牵头，{'、'.join(other)}配合"
    units = read_units(text)
    assert units.lead == lead
    assert units.names == list(dict.fromkeys([*lead, *other]))


DUTIES = st.lists(
    st.text(
        st.sampled_from("公开目录预算解读办事清单，、编制完善流程"), min_size=4, max_size=30
    ).map(lambda text: f"做好{text.strip('，、')}工作。"),
    min_size=1,
    max_size=5,
)
MARKS = st.sampled_from(
    [lambda n: f"{n}.", lambda n: f"{n}、", lambda n: f"（{n}）", lambda n: chr(0x245F + n),
     lambda n: "一二三四五"[n - 1] + "是"]
)  # fmt: skip


@given(DUTIES, MARKS, st.sampled_from(["", "\n"]))
def test_numbered_duties_are_taken_apart_and_nothing_is_lost(duties, mark, between) -> None:
    printed = [mark(number) + text for number, text in enumerate(duties, start=1)]
    assert split_paragraphs(between.join(printed), habit=True) == printed


TASKS = st.lists(
    st.tuples(
        st.sampled_from(["县财政局", "县教育局、县审计局", "各乡镇（街道）", "县政府办"]),
        st.sampled_from(["6月底前", "2023年12月", "长期坚持", "每季度末"]),
    ),
    min_size=1,
    max_size=8,
)


def rows_of(tasks: list[tuple[str, str]]) -> list[list[str]]:
    return [
        [
            f"任务甲{'乙丙丁戊己庚辛壬'[n]}",
            f"公开第{'一二三四五六七八'[n]}类事项，完善流程。",
            units,
            due,
        ]
        for n, (units, due) in enumerate(tasks)
    ]


LABELS = ["任务名称", "具体内容", "责任单位", "完成时限"]
TITLE = Paragraph("云岭县2023年政务公开任务分解表", "line 1")


def content(plan: ParsedPlan | None) -> object:
    assert plan is not None
    return [
        (t.name, t.responsible, [m.model_dump() for m in t.measures]) for t in plan.tasks
    ]  # fmt: skip


@given(TASKS)
@settings(max_examples=50)
def test_a_flattened_table_reads_as_the_table_does(tasks: list[tuple[str, str]]) -> None:
    rows = [LABELS, *rows_of(tasks)]
    table = Table(tuple(Row(tuple(map(Cell, row)), "row") for row in rows), "table", exact=False)
    whole = content(extract_plan(Document("a.txt", (TITLE, table))))
    cells = [cell for row in rows for cell in row]
    lines = (TITLE, *(Paragraph(cell, "line") for cell in cells))
    barred = (TITLE, *(Paragraph(f"{cell} |", "line") for cell in cells))
    piped = (TITLE, *(Paragraph(" | ".join(row) + " |", "line") for row in rows))
    for blocks in (lines, barred, piped):
        assert content(extract_plan(Document("a.txt", blocks))) == whole


@given(TASKS)
@settings(max_examples=50)
def test_every_way_to_name_an_owner_in_paragraphs_reads_alike(tasks: list[tuple[str, str]]) -> None:
    items = [(f"{n}.{row[1]}", *row[2:]) for n, row in enumerate(rows_of(tasks), start=1)]
    ways = [
        [f"{text}（责任单位：{units}；完成时限：{due}）" for text, units, due in items],
        [f"{text}(责任单位:{units};完成时限:{due})" for text, units, due in items],
        [f"{text}〔责任单位：{units}，完成时限：{due}〕。" for text, units, due in items],
        [
            f"{text}责任单位：{units}。完成时限：{due}。".replace("。完成", "；完成")
            for text, units, due in items
        ],
        [
            line
            for text, units, due in items
            for line in (text, f"责任单位：{units}", f"完成时限：{due}")
        ],
        [
            line
            for text, units, due in items
            for line in (text, f"责任单位：{units}　完成时限：{due}")
        ],
    ]
    found = [read_plan("a.txt", "\n".join([TITLE.text, *lines]).encode()) for lines in ways]
    assert [content(plan) for plan in found] == [content(found[0])] * len(ways)
    assert len(found[0].tasks) == len(tasks)


PIECES = st.lists(
    st.sampled_from(
        ["一、", "（一）", "1.", "（1）", "①", "一是", "做好公开", "编目录。", "（县财政局负责）",
         "（试行）", "责任单位：县教育局", "牵头领导：王某", "6月底前", "，", "；", "：", "|", " ",
         "\n", "\n", "\n", "序号", "任务", "内容", "责任单位", "时限", "县审计局", "（", "）"]
    ),
    max_size=40,
)  # fmt: skip


@given(PIECES)
@example(["任务", "\n", "内容", "\n", "责任单位", "\n", "\n", "编目录。", "\n", "县审计局"])
@settings(max_examples=300)
def test_no_word_of_a_duty_is_invented_or_moved(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        plan = read_plan("a.txt", text.encode())
    except DocumentError:
        return
    printed = fold_text(text)
    for measure in (m for task in plan.tasks for m in task.measures):
        at = 0
        for char in fold_text(measure.text):
            at = printed.find(char, at) + 1
            assert at > 0, measure.text
