"""The phrases of real tables, one by one: understood, or marked for a person; never guessed."""

import pytest

from tests.unit.ingest.extraction.single_measures import days, measure, plan_with

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
