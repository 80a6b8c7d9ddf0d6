"""The phrases of real tables, one by one: understood, or marked for a person; never guessed."""

from datetime import date

import pytest

from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan


def plan_with(text: str, due: str, units: str = "县财政局", year: int = 2024) -> ParsedPlan:
    """A plan of one duty, read from text like any other."""
    due = " ".join(f"<p>{part}</p>" for part in due.split("\n")) if "\n" in due else due
    lines = [
        f"临江县{year}年政务公开工作任务分解表",
        "序号\t任务名称\t具体内容\t责任单位\t完成时限",
        f"1\t平台建设\t{text}\t{units}\t{due}",
    ]
    return read_plan("plan.txt", "\n".join(lines).encode())


def measure(text: str, due: str, year: int = 2024):
    (task,) = plan_with(text, due, year=year).tasks
    (only,) = task.measures
    return only


def days(*texts: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)


IN_CELL = [
    ("2024年年底", "2024-12-31"),
    ("2024年底前", "2024-12-31"),
    ("2024 年底前", "2024-12-31"),
    ("2024年年底前", "2024-12-31"),
    ("2024年末", "2024-12-31"),
    ("２０２４年年底", "2024-12-31"),
    ("二〇二四年年底", "2024-12-31"),
    ("2024年8月底", "2024-08-31"),
    ("2024年6月底前完成", "2024-06-30"),
    ("2024年12月底前报送", "2024-12-31"),
    ("2024年2月底前", "2024-02-29"),
    ("2024年3月15日前", "2024-03-15"),
    ("到2024年", "2024-12-31"),
    ("到2025年底前", "2025-12-31"),
    ("到2027年", "2027-12-31"),
    ("2024年", "2024-12-31"),
    ("年底前", "2024-12-31"),
    ("年内", "2024-12-31"),
    ("12月底前", "2024-12-31"),
    ("5月底前动工", "2024-05-31"),
    ("9月投入使用", "2024-09-30"),
    ("6月底完成", "2024-06-30"),
    ("6月底前", "2024-06-30"),
    ("六月底前", "2024-06-30"),
    ("十二月底前", "2024-12-31"),
    ("1月31日前", "2024-01-31"),
    ("6月10日前", "2024-06-10"),
    ("2月29日前", "2024-02-29"),
    ("11月前", "2024-10-31"),
    ("12月前", "2024-11-30"),
    ("1月前", "2023-12-31"),
    ("6月上旬", "2024-06-10"),
    ("6月中旬前", "2024-06-20"),
    ("6月下旬", "2024-06-30"),
    ("上半年", "2024-06-30"),
    ("下半年", "2024-12-31"),
    ("第一季度", "2024-03-31"),
    ("三季度末前", "2024-09-30"),
    ("2024年第4季度", "2024-12-31"),
    ("第三季度前", "2024-06-30"),
    ("2024年3月至6月", "2024-06-30"),
    ("3-6月", "2024-06-30"),
    ("2024年3—11月", "2024-11-30"),
    ("2024年1月1日-2024年6月15日", "2024-06-15"),
    ("2024.6.30", "2024-06-30"),
    ("2024-06-30", "2024-06-30"),
    ("2024/6/30", "2024-06-30"),
    ("2024.6", "2024-06-30"),
    ("20240630", "2024-06-30"),
    ("202406", "2024-06-30"),
    ("45473", "2024-06-30"),
    ("次年1月31日前", "2025-01-31"),
    ("2024年12月", "2024-12-31"),
    ("立行立改，2024年10月底前", "2024-10-31"),
]


@pytest.mark.parametrize(("cell", "due"), IN_CELL)
def test_a_deadline_in_the_cell_is_read(cell: str, due: str) -> None:
    found = measure("完善目录。", cell)
    assert found.due == days(due)
    assert found.continuous is False
    assert found.recurrence is None
    problems = {"before-document"} if due < "2024" else set()
    assert set(found.review) == problems


IN_TEXT = [
    ("8月底前实现统一查询。", ["2024-08-31"]),
    ("争取6月底前开工10所，12月底前全部开工。", ["2024-06-30", "2024-12-31"]),
    ("11月前全面完成，12月查漏补缺和完善提升。", ["2024-10-31", "2024-12-31"]),
    ("原则上于2024年4月底前完成清理、2024年6月底前完成公布。", ["2024-04-30", "2024-06-30"]),
    ("2024年2月3日前报初稿，2月7日前报定稿。", ["2024-02-03", "2024-02-07"]),
    ("到2025年底基本建成。", ["2025-12-31"]),
    ("每年1月31日前公开上年度报告。", ["2024-01-31"]),
    ("2020年起，每年2月底前报送计划。", ["2024-02-29"]),
    ("每年4月1日之前公布。", ["2024-04-01"]),
    ("每年12月15日前送审，每年2月1日前公布。", ["2024-02-01", "2024-12-15"]),
    ("每季度末月20日前报送进展。",
     ["2024-03-20", "2024-06-20", "2024-09-20", "2024-12-20"]),
    ("于每季度末向县政府报告。",
     ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]),
    ("6月、12月底前各报送一份总结。", ["2024-06-30", "2024-12-31"]),
    ("2024年底前报告全年落实情况。", ["2024-12-31"]),
    ("9月投入使用。", ["2024-09-30"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "due"), IN_TEXT)
def test_a_date_in_the_text_beats_the_cell(text: str, due: list[str]) -> None:
    found = measure(text, "2024年11月底")
    assert found.due == days(*due)
    assert found.review == ()


NO_DEADLINE_IN_TEXT = [
    "落实2022年12月印发的通知要求。",
    "自2023年5月1日起施行的办法要抓好落实。",
    "按照国办发〔2019〕6号文件要求做好解读。",
    "完善12345政务服务便民热线知识库。",
    "推进2024年度重大行政决策事项目录公开。",
    "做好2023年以来规范性文件的清理。",
    "第2季度网站检查中发现的问题要立即整改。",
]


@pytest.mark.parametrize("text", NO_DEADLINE_IN_TEXT)
def test_a_date_that_ends_nothing_leaves_the_cells_deadline(text: str) -> None:
    found = measure(text, "2024年11月底")
    assert found.due == days("2024-11-30")


REPEATED = [
    ("每月5日前", [f"2024-{m:02d}-05" for m in range(1, 13)]),
    ("每月底前", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31",
                  "2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30", "2024-10-31",
                  "2024-11-30", "2024-12-31"]),
    ("每季度末", ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]),
    ("每季度末月20日前", ["2024-03-20", "2024-06-20", "2024-09-20", "2024-12-20"]),
    ("每季度最后一个月20日前", ["2024-03-20", "2024-06-20", "2024-09-20", "2024-12-20"]),
    ("每季度首月10日前", ["2024-01-10", "2024-04-10", "2024-07-10", "2024-10-10"]),
    ("每半年末", ["2024-06-30", "2024-12-31"]),
    ("每年底", ["2024-12-31"]),
    ("每年3月底前", ["2024-03-31"]),
    ("每年6月、12月底前", ["2024-06-30", "2024-12-31"]),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "due"), REPEATED)
def test_a_day_that_repeats_is_expanded_within_the_year(cell: str, due: list[str]) -> None:
    found = measure("报送工作进展。", cell)
    assert found.due == days(*due)
    assert found.review == ()


COUNTED = [
    ("单位主要负责人每年至少听取1次政务公开工作情况汇报。", "year", 1),
    ("每年至少开展1次专项检查。", "year", 1),
    ("总经理每年至少听取一次工作汇报。", "year", 1),
    ("每年不少于2次集中培训。", "year", 2),
    ("每季度至少主持召开一次专题会，听取工作汇报。", "quarter", 1),
    ("每半年通报一次。", "half-year", 1),
    ("半年反馈一次。", "half-year", 1),
    ("每季反馈一次。", "quarter", 1),
    ("按月公开全市财政收支情况。", "month", 1),
    ("逐月汇总。", "month", 1),
    ("每周至少更新2次。", "week", 2),
    ("每月通报进展。", "month", 1),
    ("每年举办新闻发布会不少于十二场。", "year", 12),
    ("一年两次组织抽查。", "year", 2),
    ("每月定期通报。", "month", 1),
]


@pytest.mark.parametrize(("text", "per", "count"), COUNTED)
def test_so_many_times_in_a_period_is_a_recurrence(text: str, per: str, count: int) -> None:
    found = measure(text, "2024年年底")
    assert found.recurrence is not None
    assert (found.recurrence.per, found.recurrence.at_least) == (per, count)
    assert found.due == days("2024-12-31")
    assert found.review == ()


@pytest.mark.parametrize(
    ("cell", "per"),
    [("每季度", "quarter"), ("按月", "month"), ("每年", "year"), ("每周", "week"),
     ("按年公开", "year"), ("每季度一次", "quarter"), ("每半年1次", "half-year")],
)  # fmt: skip
def test_a_bare_period_in_the_cell_is_a_recurrence_without_a_date(cell: str, per: str) -> None:
    found = measure("公开财政收支情况。", cell)
    assert found.recurrence is not None
    assert (found.recurrence.per, found.recurrence.at_least) == (per, 1)
    assert found.due == ()
    assert found.review == ()


@pytest.mark.parametrize(
    "cell",
    [
        "持续推进",
        "长期坚持",
        "常态化",
        "常态化开展",
        "长期",
        "立行立改，长期坚持",
        "已经完成，长期坚持",
        "取得阶段性成果并持续推进",
        "长效、有序推进",
        "全年",
        "贯穿全年",
        "持续",
    ],
)
def test_a_continuing_duty_has_no_made_up_date(cell: str) -> None:
    found = measure("规范信息发布。", cell)
    assert found.continuous is True
    assert found.due == ()
    assert found.review == ()


@pytest.mark.parametrize("cell", ["2024年底前，并长期坚持", "2024年年底，持续推进"])
def test_a_duty_can_be_dated_and_continue(cell: str) -> None:
    found = measure("规范信息发布。", cell)
    assert found.continuous is True
    assert found.due == days("2024-12-31")


@pytest.mark.parametrize(
    "text", ["常态化开展调查研究。", "持续推进政务公开。", "长期坚持例会制度。"]
)
def test_the_text_alone_can_make_a_duty_continue(text: str) -> None:
    assert measure(text, "2024年年底").continuous is True
    assert measure(text, "").review == ()


@pytest.mark.parametrize(
    "text", ["持续规范栏目建设。", "持续巩固成果。", "不断完善机制。", "健全长效机制。"]
)
def test_a_verb_of_effort_is_no_continuing_duty(text: str) -> None:
    assert measure(text, "2024年年底").continuous is False


@pytest.mark.parametrize(
    "cell",
    ["信息形成或者变更之日起20个工作日内", "信息形成后，7个工作日内公开", "20个工作日内",
     "部门预算经本级财政部门批复后20日内公开", "收到建议、提案之日起3个月内", "会后7日内",
     "会后5个工作日内报告落实情况", "文件印发后", "信息形成后"],
)  # fmt: skip
def test_a_deadline_that_counts_from_an_event_is_marked(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert "event-relative" in found.review
    assert found.due == ()


@pytest.mark.parametrize("cell", ["2024年2月30日前", "2024年6月31日", "13月底前", "2023年2月29日"])
def test_a_date_that_does_not_exist_is_marked(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert "no-such-date" in found.review
    assert found.due == ()


@pytest.mark.parametrize(
    "cell",
    ["按上级要求", "视情况而定", "1年", "6个月", "按时间节点", "年中", "6月初", "良好以上",
     "每两年一次", "每月最后一个工作日前", "每季度结束后5日内", "2024年6月底（视上级安排调整）",
     "2022年底11月前", "已完成", "即日起"],
)  # fmt: skip
def test_a_deadline_that_is_not_understood_goes_to_a_person(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert {"not-understood", "event-relative"} & set(found.review)


@pytest.mark.parametrize("cell", ["", "/", "—", "无"])
def test_a_cell_that_says_nothing_is_no_deadline(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert found.review == ("no-deadline",)
    assert found.due == ()


@pytest.mark.parametrize("cell", ["定期", "不定期", "适时", "及时"])
def test_an_open_period_in_the_cell_is_marked(cell: str) -> None:
    assert measure("公开信息。", cell).review == ("period-open",)


@pytest.mark.parametrize("text", ["定期清理过时内容。", "主要负责人要定期听取汇报。"])
def test_an_open_period_in_the_text_is_marked(text: str) -> None:
    assert "period-open" in measure(text, "2024年年底").review


def test_a_year_long_gone_is_marked() -> None:
    found = measure("公开信息。", "2011年底前", year=2020)
    assert found.review == ("before-document",)
    assert found.due == days("2011-12-31")


TARGETS = [
    ("多元化解读比例不得低于50%。", 50),
    ("不少于本单位执法人员总数的5%。", 5),
    ("公开率达100%，解读率达100%。", 100),
    ("公开率达到百分之百。", 100),
    ("办结率≥98.5%。", 98.5),
    ("增长6%以上。", 6),
    ("比例不低于２０％。", 20),
]


@pytest.mark.parametrize(("text", "percent"), TARGETS)
def test_a_lower_bound_in_percent_is_a_target(text: str, percent: float) -> None:
    target = measure(text, "2024年年底").target
    assert target is not None
    assert target.at_least_percent == percent


@pytest.mark.parametrize(
    "text", ["控制在3%以内。", "增长6.2%左右。", "下降5%以上。", "不得超过10%。", "新建2座。"]
)
def test_other_quantities_are_no_target(text: str) -> None:
    assert measure(text, "2024年年底").target is None


@pytest.mark.parametrize(
    "text",
    [
        "保密行政管理部门要把审查纳入监管。",
        "县教体局负责组织实施。",
        "由县审计局牵头开展检查。",
        "县委组织部负责考核。",
    ],
)
def test_an_actor_named_only_in_the_text_is_marked(text: str) -> None:
    assert "actor-in-text" in measure(text, "2024年年底").review


@pytest.mark.parametrize(
    "text",
    [
        "单位主要负责人要听取汇报。",
        "各部门要认真落实。",
        "各级各部门应当公开。",
        "县财政局要做好公开。",
        "各责任单位要加强协调。",
        "推动县级政务服务大厅设置窗口。",
        "起草部门要同步解读。",
        "政府网站主办单位要落实责任。",
    ],
)
def test_whoever_the_unit_cell_names_is_no_other_actor(text: str) -> None:
    assert "actor-in-text" not in measure(text, "2024年年底").review


@pytest.mark.parametrize(
    ("units", "names", "lead", "open_ended"),
    [
        ("县发改局、县工信局等相关部门", ["县发改局", "县工信局"], [], True),
        ("县发改局等部门，各乡镇(街道)", ["县发改局", "各乡镇（街道）"], [], True),
        ("财政所、便民综合服务中心、土管所等", ["财政所", "便民综合服务中心", "土管所"], [], True),
        (
            "市发改委牵头，市住建局、市水利局配合",
            ["市发改委", "市住建局", "市水利局"],
            ["市发改委"],
            False,
        ),
        ("市发改委、市财政局分别牵头", ["市发改委", "市财政局"], ["市发改委", "市财政局"], False),
        ("办公室牵头，各科室配合", ["办公室", "各科室"], ["办公室"], False),
        ("县财政局、县教体局按职责分工负责", ["县财政局", "县教体局"], [], False),
        ("县委宣传部（牵头）、县文旅局", ["县委宣传部", "县文旅局"], ["县委宣传部"], False),
        (
            "牵头单位：县政府办；配合单位：县司法局、县信访局",
            ["县政府办", "县司法局", "县信访局"],
            ["县政府办"],
            False,
        ),
        ("县文化和旅游局、县发展和改革局", ["县文化和旅游局", "县发展和改革局"], [], False),
        ("各乡镇（街道、园区），经开区", ["各乡镇（街道、园区）", "经开区"], [], False),
        ("（县财政局、县税务局）", ["县财政局", "县税务局"], [], False),
        ("县财政局；县税务局/县统计局", ["县财政局", "县税务局", "县统计局"], [], False),
        ("县级各部门，各乡镇（街道）", ["县级各部门", "各乡镇（街道）"], [], False),
        ("市卫生健康委、各有关单位", ["市卫生健康委"], [], True),
        ("市农业农村局会同有关部门负责", ["市农业农村局"], [], True),
        ("县财政局<br>县税务局", ["县财政局", "县税务局"], [], False),
        ("县生态环<br>境局、县住建局", ["县生态环境局", "县住建局"], [], False),
        ("县财政局 县教育局　县民政局", ["县财政局", "县教育局", "县民政局"], [], False),
        ("县 财 政 局、县教 育局", ["县财政局", "县教育局"], [], False),
        ("县住建局、6月底完成", ["县住建局"], [], False),
    ],
)
def test_units_are_read_as_printed(
    units: str, names: list[str], lead: list[str], *, open_ended: bool
) -> None:
    found = plan_with("完善目录。", "2024年年底", units).tasks[0].responsible
    assert list(found.names) == names
    assert list(found.lead) == lead
    assert found.open_ended is open_ended
