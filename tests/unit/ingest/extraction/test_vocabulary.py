"""Every reader knows the same units: names of county units, by each of the ways to read one."""

import pytest

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.actors.other_actors import has_other_actor
from services.ingest.extraction.actors.owners import split_by_owner
from services.ingest.extraction.actors.units import read_units
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.table.columns.layout import score_cell
from services.ingest.extraction.titles import read_frame
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.unit_names import has_organisation_ending

LISTED = """
    县财政局 县档案馆 县供电所 县消防救援大队 县融媒体中心 国网盐亭县供电公司 富驿镇人民政府
    云溪街道办事处 县税务局 县法院 县检察院 县委编办 县政府办 经开区管委会 县防汛抗旱指挥部
    县总工会 团县委 县妇联 县残联 县红十字会 县气象局 县邮政分公司 盐亭中学 县人民医院
    县农业银行 县城投集团 县委组织部 县委宣传部 县委统战部 县委政法委 县纪委监委
    县人大常委会办公室 县政协办公室 县委办公室 县政府办公室 县人武部 县委党校 县史志办
    县图书馆 县文化馆 县博物馆 县科协 县文联 县侨联 县工商联 县供销社 县农信社 县信用联社
    县烟草专卖局 县公路管理站 县水文站 县气象台 县广播电视台 县电视台 县疾控中心 县妇幼保健院
    县中医院 县职教中心 县实验小学 县机关幼儿园 县公安局交警大队 县森林公安局 县武警中队
    县住房公积金管理部 县人社局 县医保局 县行政审批局 县大数据中心 县机关事务服务中心
    县自然资源和规划局 盐亭生态环境局 县综合行政执法局 县城管大队 县水务集团 县燃气公司
    县公交公司 中国电信盐亭分公司 县移动公司 县联通公司 县铁塔公司 人民银行盐亭支行 县农发行
    县村镇银行 县人保财险公司 各乡镇人民政府 各街道办事处 县级各部门 高新区管委会
    县工业园区管委会 县信访局 县退役军人事务局 县应急管理局 县乡村振兴局 县市场监管局 县统计局
    县司法局 县教体局 县发改局 县工信局 县农业农村局 县林业局 县水利局 县交通运输局 县商务局
    县文旅局 县卫健局 县金融工作局 县经合局 县投资促进局 县机关工委 县直机关工委 县委老干部局
    县委社会工作部 县委网信办 县委巡察办 县目标绩效办 县双拥办 县河长办 县安委办
    县森防指办公室 县创建办 县扫黄打非办 县残疾人联合会 县青年商会 县个私协会 县消费者协会
    县慈善总会 县老科协 县关工委 县计生协 县法学会 县地震台 县国有林场 县种畜场 县自来水厂
    县污水处理厂 县垃圾处理厂 县殡仪馆 县敬老院 县福利院 县救助站 县看守所 县拘留所 县车管所
    县司法所 县财政所 富驿镇卫生院 富驿镇便民服务中心 城关派出所 县不动产登记中心
    县公共资源交易中心 县政务服务中心 县城建档案馆 县植保站 县农机站 县畜牧站 县种子站
    县水产站 县动物疫病预防控制中心 县农技推广中心 县森林防灭火大队 县环境监察执法大队
    县文化市场综合行政执法大队 县交通运输综合行政执法大队 县农业综合行政执法大队 县劳动监察大队
    县运管所 县公路局 县公路养护段 县海事处 县航务管理所 县盐业公司 县粮油公司 县国投公司
    县文旅集团 县交投集团 县农投公司 县新华书店 县邮政局 县体育中心 县青少年宫 县老年大学
    县广播电视大学 县技工学校 县特殊教育学校 县第一中学 县外事办 县台办 县侨办 县民宗局
    县接待办 县保密局 县机要局 县档案局 县地方志办公室 县融媒体公司 县产业园区 云溪社区
    城东村 县政府 县人大 县政协 县监委 县检验检测院 县规划设计院 县农科所 县林科院
    县土地储备中心 县房管中心 县园林所 县环卫所 县市政所 县路灯管理所 县水库管理处
    县灌区管理局 县税务局稽查局 县就业局 县社保局 县医保中心 县低保中心
"""


NAMES = LISTED.split()


def test_the_list_holds_two_hundred_names() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 200


@pytest.mark.parametrize("name", NAMES)
def test_all_readers_know_a_unit_by_its_name(name: str) -> None:
    assert read_units(name).names == [name]
    for mark in ("\n", "、", " ", "；\n", "、\n", "\n、"):
        listed = f"县教育局{mark}{name}{mark}县统计调查局"
        assert read_units(listed).names == ["县教育局", name, "县统计调查局"], mark
    assert read_units(f"县教育局和{name}").names == ["县教育局", name]
    assert read_units(f"{name}牵头").lead == [name]
    assert score_cell(Role.UNITS, name) > 0
    ((_, owner),) = split_by_owner(f"3.完善目录（{name}负责，6月底前完成）")
    assert owner is not None
    assert read_units(owner.units[Role.UNITS]).names[0] == name
    group = name.startswith("各") or name.endswith("各部门")
    assert has_other_actor(f"{name}负责开展检查。", ["甲"]) is not group
    assert not has_other_actor(f"{name}负责开展检查。", [name])


GROUPS = {"各乡镇人民政府", "各街道办事处", "县级各部门"}


VILLAGE = "城东村"  # issues no table of tasks


@pytest.mark.parametrize("name", [name for name in NAMES if name != VILLAGE])
@pytest.mark.parametrize(
    "title",
    [
        "{}关于印发2024年政务公开工作要点的通知",
        "{}2024年政务公开工作要点",
        "《{}关于印发2024年重点任务分解表》的通知",
    ],
)
def test_a_title_names_the_unit_that_issued_it(title: str, name: str) -> None:
    frame = read_frame([Paragraph(title.format(name), "line 1")], (), "a.txt")
    assert frame.issuer == (None if name in GROUPS else name)


@pytest.mark.parametrize("name", [name for name in NAMES if has_organisation_ending(name)])
def test_a_unit_that_signs_issued_the_table(name: str) -> None:
    title = [Paragraph("2024年政务公开工作要点", "line 1")]
    frame = read_frame(title, [Paragraph(name, "line 9")], "a.txt")
    assert frame.issuer == (None if name in GROUPS else name)


@pytest.mark.parametrize(
    "group",
    ["县级公立医院", "全县各单位", "各乡镇", "市属国有企业", "县直机关", "中小学校", "基层医院"],
)
def test_a_group_of_units_issues_nothing(group: str) -> None:
    assert read_frame([Paragraph(f"{group}2024年工作要点", "line 1")], (), "a.txt").issuer is None


@pytest.mark.parametrize("name", NAMES)
def test_a_name_torn_anywhere_is_one_unit(name: str) -> None:
    for at in range(1, len(name)):
        left, right = name[:at], name[at:]
        for cell in (f"县教育局、{left}\n{right}、县统计调查局", f"{left}\n{right}"):
            names = read_units(cell).names
            assert "".join(names).endswith((name, "县统计调查局"))
            assert right in "".join(names)


CERTAIN = [
    ("县教育局、县政\n府办公室", ["县教育局", "县政府办公室"]),
    ("县教育局、县\n审计局", ["县教育局", "县审计局"]),
    ("县委\n宣传部", ["县委宣传部"]),
    ("县财政局 、县教育局", ["县财政局", "县教育局"]),
    ("县财政局 ，", ["县财政局"]),
    ("县农业农\n村局 县教育局", ["县农业农村局", "县教育局"]),
    ("县农业农村\n局、县教育局", ["县农业农村局", "县教育局"]),
    ("团县\n委", ["团县委"]),
    ("县税务\n局", ["县税务局"]),
    ("县妇\n联、县残\n联", ["县妇联", "县残联"]),
    ("富驿镇\n人民政府", ["富驿镇人民政府"]),
    ("云溪街道\n办事处", ["云溪街道办事处"]),
    ("各乡\n镇人民政府", ["各乡镇人民政府"]),
    ("各乡镇（街\n道）、经开区", ["各乡镇（街道）", "经开区"]),
    ("各乡镇（街道\n办事处）", ["各乡镇（街道办事处）"]),
    ("县公安局\n县司法局", ["县公安局", "县司法局"]),
    ("财政局\n教育局", ["财政局", "教育局"]),
    ("三台县\n盐亭县", ["三台县", "盐亭县"]),
    ("县委\n县政府办", ["县委", "县政府办"]),
    ("县国资公\n司、县教育局", ["县国资公司", "县教育局"]),
    ("县发展和改革委\n员会", ["县发展和改革委员会"]),
    ("国网盐亭县供\n电公司", ["国网盐亭县供电公司"]),
    ("县人民\n法院\n县人民\n检察院", ["县人民法院", "县人民检察院"]),
]


@pytest.mark.parametrize(("cell", "names"), CERTAIN)
def test_a_line_break_parts_whole_names_alone(cell: str, names: list[str]) -> None:
    assert read_units(cell).names == names


@pytest.mark.parametrize("cell", ["——", "—", "－", "/", "无", "…", "--", "———", "\\", "_"])
def test_a_dash_is_no_unit(cell: str) -> None:
    assert read_units(cell).names == []
    assert read_units(f"县财政局、{cell}").names == ["县财政局"]


def paragraphs(*lines: str):
    text = "\n".join(["临江县2024年政务公开工作要点", *lines])
    return read_plan("plan.txt", text.encode())


@pytest.mark.parametrize(
    "lost",
    [
        "4.修葺古塔（县文保单元负责，6月底前完成）",
        "4.修葺古塔。（某某小分子负责）",
        "4.建设专栏",
        "（四）建设专栏",
        "四、建设专栏（县文保单元负责）",
        "4.建设专栏，责任人张三",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_numbered_paragraph_that_is_no_task_is_told(lost: str, *, first: bool) -> None:
    owed = [
        "2.完善目录。（县财政局负责，6月底前完成）",
        "3.公开预算。（县审计局负责，6月底前完成）",
    ]
    plan = paragraphs(*([lost, *owed] if first else [*owed, lost]))
    assert len(plan.tasks) == 2
    headings = [task.category or "" for task in plan.tasks]
    assert any(lost in told for told in [w.message for w in plan.warnings] + headings)


def test_a_paragraph_for_everyone_is_a_task_that_stays_open() -> None:
    plan = paragraphs("1.完善目录（各有关单位负责，6月底前完成）", "2.公开预算（县审计局负责）")
    assert [task.responsible.open_ended for task in plan.tasks] == [True, False]
    assert [str(day) for day in plan.tasks[0].measures[0].due] == ["2024-06-30"]


@pytest.mark.parametrize(
    "remark", ["公共场所", "含图书馆", "高速公路", "听证", "主题广场", "如博物馆", "备注：县财政局"]
)
def test_a_remark_in_a_bracket_names_no_owner(remark: str) -> None:
    ((_, owner),) = split_by_owner(f"3.开放场馆（{remark}）。")
    assert owner is None


def test_a_bracket_torn_over_two_lines_names_all_its_units() -> None:
    plan = paragraphs(
        "1.完善目录。（县财政局、县档",
        "案馆负责，6月底前完成）",
        "2.公开预算。（县审计局负责，2024年",
        "9月底前完成）",
        "3.建专栏（未完",
        "4.解读政策。（县司法局负责）",
    )
    assert [list(task.responsible.names) for task in plan.tasks] == [
        ["县财政局", "县档案馆"],
        ["县审计局"],
        ["县司法局"],
    ]
    assert [str(day) for day in plan.tasks[1].measures[0].due] == ["2024-09-30"]
    assert any("3.建专栏（未完" in warning.message for warning in plan.warnings)
