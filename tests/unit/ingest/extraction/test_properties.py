"""What holds for any table: dates read back, layout changes nothing, bytes never surprise."""

import random
from datetime import date, timedelta
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.dates.dates import read_cell
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.vocabulary.prose import fold_text

ROOT = Path(__file__).parents[4]
SEED = (ROOT / "examples/yanting-2023.txt").read_text("utf-8")
PLAN = read_plan("yanting-2023.txt", SEED.encode())
DAYS = st.dates(date(2001, 1, 1), date(2089, 12, 31))
FULL = {ord(c): ord(c) + 0xFEE0 for c in "0123456789%"}
CHINESE = "〇一二三四五六七八九"


def chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else CHINESE[tens] + "十"
    return head + (CHINESE[ones] if ones else "")


WAYS = {
    "{y}年{m}月{d}日前": lambda d: f"{d.year}年{d.month}月{d.day}日前",
    "full width": lambda d: f"{d.year}年{d.month}月{d.day}日".translate(FULL),
    "blanks": lambda d: f" {d.year} 年 {d.month} 月 {d.day} 日 前",
    "dots": lambda d: f"{d.year}.{d.month}.{d.day}",
    "dashes": lambda d: d.isoformat(),
    "slashes": lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
    "digits": lambda d: f"{d:%Y%m%d}",
    "Chinese": lambda d: (
        "".join(CHINESE[int(c)] for c in str(d.year))
        + f"年{chinese(d.month)}月{chinese(d.day)}日前"
    ),
}


@given(DAYS, st.sampled_from(sorted(WAYS)))
def test_a_rendered_date_is_read_back(day: date, way: str) -> None:
    assert read_cell(fold_text(WAYS[way](day)), None).dates == [day]


@given(
    DAYS,
    st.sampled_from(
        ["{}年{}月底前", "{}年{}月底", "{}年{}月末", "{}年{}月", "{} 年 {} 月底前完成"]
    ),
)
def test_a_rendered_month_ends_on_its_last_day(day: date, form: str) -> None:
    (found,) = read_cell(fold_text(form.format(day.year, day.month)), None).dates
    assert (found.year, found.month) == (day.year, day.month)
    assert (found + timedelta(days=1)).day == 1


@given(DAYS, st.integers(2001, 2089))
def test_a_date_without_a_year_takes_the_plans(day: date, year: int) -> None:
    found = read_cell(f"{day.month}月{day.day}日前", year)
    leap_only = (day.month, day.day) == (2, 29)
    assert leap_only or found.dates == [day.replace(year=year)]


def without_widths(plan: ParsedPlan) -> str:
    return fold_text(plan.model_dump_json())


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_blanks_between_characters_change_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same for the same seed
    lines = []
    for line in SEED.split("\n"):
        cells = line.split("\t")
        for index in range(len(cells)):
            # A blank inside 任务名称 may part a category from a name: that one is a writer's.
            text = cells[index]
            if (index < 3 and len(text) < 20) or len(text) < 5 or "<" in text:
                continue
            at = chance.randrange(1, len(text))
            if not text[at - 1 : at + 1].isascii():
                cells[index] = text[:at] + chance.choice(" 　") + text[at:]
        lines.append("\t".join(cells))
    assert read_plan("a.txt", "\n".join(lines).encode()) == PLAN


def test_full_width_figures_change_nothing_but_themselves() -> None:
    wide = SEED.translate(FULL)
    assert without_widths(read_plan("a.txt", wide.encode())) == without_widths(PLAN)


ROWS = [
    f"{n}\t推进第{w}类公开\t公开{w}类事项目录，完善公开流程，接受社会监督。\t县财政局、县审计局等部门\t2023年{n}月底前"
    for n, w in enumerate("甲乙丙丁戊己", start=1)
]
TABLE = ["云岭县2023年政务公开任务分解表", "序号\t任务名称\t具体内容\t责任单位\t完成时限", *ROWS]
WHOLE = read_plan("a.txt", "\n".join(TABLE).encode())


@given(st.integers(0, 5), st.data())
@settings(max_examples=60)
def test_a_page_break_inside_a_row_changes_nothing(row: int, data: st.DataObject) -> None:
    number, name, text, units, due = ROWS[row].split("\t")
    at = data.draw(st.integers(2, len(text) - 2))
    unit_at = data.draw(st.integers(1, len(units)))
    torn = [
        f"{number}\t{name}\t{text[:at]}\t{units[:unit_at]}\t{due}",
        data.draw(st.sampled_from(["", "\n- 3 -\n", "\f"])),
        f"\t\t{text[at:]}\t{units[unit_at:]}\t",
    ]
    lines = [*TABLE[: row + 2], *torn, *TABLE[row + 3 :]]
    assert read_plan("a.txt", "\n".join(lines).encode()) == WHOLE


@given(st.sets(st.integers(2, 7)))
def test_a_page_break_between_rows_changes_nothing(breaks: set[int]) -> None:
    lines = []
    for index, line in enumerate(TABLE):
        lines += ["", TABLE[1], line] if index in breaks and index > 2 else [line]
    assert read_plan("a.txt", "\n".join(lines).encode()) == WHOLE


NAMES = st.sampled_from(["a.txt", "a.csv", "a.html", "a.docx", "a.xlsx", "a.pdf", "a", ""])
HEADS = st.sampled_from(
    [
        b"",
        b"PK\x03\x04",
        b"%PDF-1.4\n",
        b"<table><tr>",
        "序号\t内容\t责任单位\t时限\n".encode(),
        b"\xff\xfe",
    ]
)


@given(NAMES, HEADS, st.binary(max_size=2000))
@settings(max_examples=200)
def test_any_bytes_are_a_plan_or_a_document_error(name: str, head: bytes, data: bytes) -> None:
    answer: ParsedPlan | DocumentError
    try:
        answer = read_plan(name, head + data)
    except DocumentError as error:
        answer = error
    assert answer.tasks if isinstance(answer, ParsedPlan) else answer.message


LETTERS = (
    "每年月日季度半底前末至少不于次12345一二十第、，。；-/%（）()"
    "等局部门牵头定期持续推进 \n起内后个工作"
)
WORDS = st.text(
    st.sampled_from(LETTERS),
    max_size=40,
)


@given(WORDS, WORDS, WORDS)
@example("每年至少", "0月0日前", "等")
@example("局", "持续", "")
@settings(max_examples=300)
def test_any_words_in_the_cells_are_read_without_a_fault(text: str, units: str, due: str) -> None:
    cells = [part.replace("\n", "<p>") for part in (text, units, due)]
    lines = [TABLE[0], TABLE[1], "1\t名称\t" + "\t".join(cells)]
    plan = read_plan("a.txt", "\n".join(lines).encode())
    assert not fold_text(text) or all(task.measures for task in plan.tasks)
    shown = "".join(m.text for t in plan.tasks for m in t.measures)
    # A unit's name in the content's cell may be a cell that a web archive moved to the left.
    moved = "".join(task.responsible.printed for task in plan.tasks)
    assert fold_text(text) in {fold_text(shown), fold_text(moved)}
