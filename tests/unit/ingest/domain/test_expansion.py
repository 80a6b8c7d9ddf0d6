"""Names become units when it is certain; what is only near is proposed."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.expansion import (
    Decision,
    DirectoryUnit,
    Home,
    build_directory,
    normalise_name,
    propose_matches,
    resolve,
)

SPACE = UUID(int=7)


def unit(name, *, groups=(), aliases=()):
    return DirectoryUnit(uuid5(SPACE, name), name, tuple(groups), tuple(aliases))


FINANCE = unit("县财政局", groups=["县级各部门"])
REFORM = unit("县发展和改革局", groups=["县级各部门"], aliases=["县发改局"])
INDUSTRY = unit("县工业和信息化局", groups=["县级各部门"])
TAX = unit("国家税务总局盐亭县税务局", aliases=["县税务局"])
STREET = unit("凤灵街道", groups=["各乡镇(街道)"])
TOWN = unit("玉龙镇", groups=["各乡镇(街道)"])
MARKET = unit("市场监管局")
KNOWN = build_directory([FINANCE, REFORM, INDUSTRY, TAX, STREET, TOWN, MARKET])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("县财政局", [FINANCE]),
        ("县发改局", [REFORM]),
        ("县税务局", [TAX]),
        ("县级各部门", [FINANCE, REFORM, INDUSTRY]),
        ("各乡镇（街道）", [STREET, TOWN]),
        ("各乡镇 (街道)", [STREET, TOWN]),
        ("县 财 政 局", [FINANCE]),
        ("财政局", [FINANCE]),
        ("发改局", [REFORM]),
        ("县市场监管局", [MARKET]),
        ("县\u200b财政局\ufeff", [FINANCE]),
        ("各乡（镇）街道", [STREET, TOWN]),
        ("各乡镇、街道", [STREET, TOWN]),
        ("各乡镇和街道", [STREET, TOWN]),
    ],
)
def test_a_certain_name_is_taken(name, expected):
    assert resolve(name, KNOWN, {}) == tuple(u.unit_id for u in expected)


@pytest.mark.parametrize(
    "name",
    [
        *("县工信局", "市财政局", "市市场监管局", "三台县财政局", "盐亭县财政局", "县教体局"),
        *("盐亭县税务局", "市税务局", "国家税务总局绵阳市税务局"),
        *("各乡镇", "街道", "各镇（街道）", "县级部门", "经开区", "", "县", "场监管局"),
    ],
)
def test_whatever_is_only_near_is_not_taken(name):
    assert resolve(name, KNOWN, {}) is None


def test_units_of_two_levels_are_not_taken_for_each_other():
    city = unit("市民政局")
    assert resolve("县民政局", build_directory([city]), {}) is None


def test_a_spelling_that_fits_two_units_fits_none():
    known = build_directory([unit("县水利局", aliases=["水务局"]), unit("县水务局")])
    assert resolve("县水务局", known, {}) is not None
    twins = build_directory(
        [unit("县水利局", aliases=["水局"]), unit("县水文局", aliases=["水局"])]
    )
    assert resolve("水局", twins, {}) is None


def test_a_persons_decision_goes_before_the_directory():
    decided = {"县财政局": Decision(()), "经开区": Decision((TOWN.unit_id, UUID(int=1)))}
    assert resolve("县财政局", KNOWN, decided) == ()
    assert resolve("经开区", KNOWN, decided) is None, "one of the two is gone: ask again"
    assert resolve("经开区", KNOWN, {"经开区": Decision((TOWN.unit_id,))}) == (TOWN.unit_id,)


def proposed(name, known=KNOWN):
    return [proposal.name for proposal in propose_matches(name, known)]


def test_an_abbreviation_is_proposed():
    assert proposed("县工信局")[0] == INDUSTRY.name


def test_of_two_names_with_the_same_characters_the_shorter_comes_first():
    known = build_directory([unit("县人民政府凤灵街道办事处"), unit("县人民政府办公室")])
    assert proposed("县府办", known) == ["县人民政府办公室", "县人民政府凤灵街道办事处"]


@pytest.mark.parametrize("name", ["各乡镇", "街道", "各镇（街道）", "各镇街", "各街道"])
def test_a_group_in_other_words_is_proposed(name):
    assert "各乡镇(街道)" in proposed(name)
    (group,) = [p for p in propose_matches(name, KNOWN) if p.name == "各乡镇(街道)"]
    assert group.unit_id is None


@pytest.mark.parametrize("name", ["盐亭县税务局", "市税务局"])
def test_an_agency_is_proposed_under_its_other_names(name):
    assert TAX.name in proposed(name)


def test_offices_that_share_only_their_sort_are_not_proposed():
    assert FINANCE.name not in proposed("县教体局")


EXAMPLE = build_directory(
    [
        unit("盐亭县人民政府办公室", aliases=["县政府办"]),
        unit("盐亭县财政局", aliases=["县财政局"]),
        unit("盐亭县市场监督管理局", aliases=["县市场监管局"]),
        unit("国家税务总局盐亭县税务局", aliases=["县税务局"]),
        unit("绵阳市盐亭生态环境局", aliases=["县生态环境局"]),
        unit("盐亭县云溪镇人民政府", aliases=["云溪镇"]),
        unit("四川盐亭经济开发区管理委员会", groups=["开发区"], aliases=["经开区"]),
    ]
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("财政局", "盐亭县财政局"),
        ("市场监督管理局", "盐亭县市场监督管理局"),
        ("盐亭县市场监管局", "盐亭县市场监督管理局"),
        ("盐亭县税务局", "国家税务总局盐亭县税务局"),
        ("税务局", "国家税务总局盐亭县税务局"),
        ("盐亭县云溪镇", "盐亭县云溪镇人民政府"),
        ("盐亭县生态环境局", "绵阳市盐亭生态环境局"),
    ],
)
def test_the_homes_own_prefix_may_be_put_before_or_left_out(name, expected):
    assert EXAMPLE.home == Home("盐亭县", "县")
    assert resolve(name, EXAMPLE, {}) == (unit(expected).unit_id,)


@pytest.mark.parametrize(
    "name",
    [
        "市财政局",
        "绵阳市财政局",
        "三台县财政局",
        "省市场监管局",
        "国家税务总局三台县税务局",
        "县县财政局",
    ],
)
def test_another_places_office_is_never_taken_for_the_homes(name):
    assert resolve(name, EXAMPLE, {}) is None


def test_a_district_is_its_own_home_and_not_its_citys():
    names = [f"成都市青羊区{office}" for office in ("财政局", "教育局", "民政局")]
    known = build_directory(unit(name, aliases=[name.removeprefix("成都市青羊")]) for name in names)
    assert known.home == Home("成都市青羊区", "区")
    assert resolve("区财政局", known, {}) == (unit(names[0]).unit_id,)
    assert resolve("市财政局", known, {}) is None


def test_a_name_that_is_a_unit_and_a_group_of_others_is_nobodys():
    zone = unit("经开区管委会", aliases=["经开区"])
    firms = [unit("甲公司", groups=["经开区"]), unit("乙公司", groups=["经开区"])]
    assert resolve("经开区", build_directory([zone, *firms]), {}) is None
    alone = unit("经开区管委会", aliases=["经开区"], groups=["经开区"])
    assert resolve("经开区", build_directory([alone]), {}) == (alone.unit_id,)


def test_a_group_that_two_rows_write_differently_is_one():
    first, second = unit("甲镇", groups=["各乡镇（街道）"]), unit("乙街道", groups=["各乡镇街道"])
    both = (first.unit_id, second.unit_id)
    assert resolve("各乡镇(街道)", build_directory([first, second]), {}) == both


STEMS = st.lists(st.sampled_from(["财政", "教育", "税务", "财政教育"]), min_size=2, max_size=12)
PREFIXES = ("盐亭县", "县", "", "国家税务总局盐亭县", "绵阳市盐亭", "市", "三台县")


@st.composite
def directories(draw):
    """Units as counties have them: full and short names, agencies, another level's office."""
    taken, units = set(), []
    for stem in draw(STEMS):
        prefix = draw(st.sampled_from(PREFIXES))
        kind = draw(st.sampled_from(["局", "局（中心）", "办"]))
        name = f"{prefix}{stem}{kind}"
        aliases = draw(st.lists(st.sampled_from([f"县{stem}{kind}", f"{stem}{kind}"]), unique=True))
        spellings = {normalise_name(one) for one in (name, *aliases)}
        if not spellings & taken:
            taken |= spellings
            units.append(unit(name, aliases=aliases))
    return units


@st.composite
def written(draw, name):
    """A name as another typist would write it."""
    shapes = {"（": "（(〔[【", "）": "）)〕]】"}
    parts = []
    for char in name:
        parts.append(draw(st.sampled_from(shapes.get(char, char))))
        parts.append(draw(st.sampled_from(["", "", "", " ", "\u3000", "\u200b", "\n"])))
    return "".join(parts)


@given(st.data())
def test_however_a_name_is_written_it_is_the_same_unit(data):
    units = data.draw(directories())
    known = build_directory(units)
    one = data.draw(st.sampled_from(units))
    name = data.draw(written(data.draw(st.sampled_from([one.name, *one.aliases]))))
    assert resolve(name, known, {}) == (one.unit_id,)


@given(st.data())
def test_two_units_are_never_confused(data):
    """Whatever prefix is put before or left out, the name is that unit's or nobody's."""
    units = data.draw(directories())
    known = build_directory(units)
    one = data.draw(st.sampled_from(units))
    bare = known.home.strip_prefix(normalise_name(one.name))
    for name in (bare, f"{known.home.level}{bare}", f"{known.home.place}{bare}"):
        said = {
            u.unit_id
            for u in units
            if normalise_name(name) in map(normalise_name, (u.name, *u.aliases))
        }
        found = resolve(name, known, {})
        assert found is None or set(found) <= (said or {one.unit_id})


@given(st.data())
def test_an_office_of_another_place_is_never_ours(data):
    units = data.draw(directories())
    known = build_directory(units)
    one = data.draw(st.sampled_from(units))
    bare = known.home.strip_prefix(normalise_name(one.name))
    for prefix in ("市", "省", "三台县", "绵阳市", "梓潼县"):
        name = f"{prefix}{bare}"
        said = {u.unit_id for u in units if name in map(normalise_name, (u.name, *u.aliases))}
        if prefix not in (known.home.level, known.home.place):
            assert set(resolve(name, known, {}) or ()) <= said


@given(st.text(max_size=20))
def test_any_text_is_answered(name):
    assert len(propose_matches(name, KNOWN)) <= 5
    found = resolve(name, KNOWN, {})
    assert found is None or set(found) <= set(KNOWN.units)


@pytest.mark.parametrize("name", ["县卫建局", "县卫健健局", "卫建局", "县卫健康局"])
def test_a_name_with_one_wrong_character_is_proposed(name):
    known = build_directory([unit("县卫健局"), unit("县财政局"), unit("县教育局")])
    assert "县卫健局" in proposed(name, known)
    assert resolve(name, known, {}) is None


@pytest.mark.parametrize("name", ["县卫健委", "县民宗局", "县局"])
def test_another_office_is_no_misprint(name):
    known = build_directory([unit("县财政局"), unit("县教育局")])
    assert proposed(name, known) == []


def test_a_misprint_needs_three_characters_and_the_same_kind_of_office():
    known = build_directory([unit("县卫健局"), unit("县甲局")])
    assert proposed("县卫健委", known) == ["县卫健局"], "by its characters, not as a misprint"
    assert proposed("县乙局", known) == []
    others = build_directory([unit("县档案馆"), unit("县财政局")])
    assert proposed("县档位局", others) == []


def test_at_most_five_names_are_proposed_each_once_and_none_that_shares_half():
    known = build_directory(
        [unit(f"县交通运输{n}队", aliases=[f"交通运输{n}队"]) for n in "一二三四五六"]
    )
    names = proposed("县交通运输队", known)
    assert (len(names), len(set(names))) == (5, 5)
    twice = build_directory([unit("县交通运输局", aliases=["县交通局办"])])
    assert proposed("县交通所", twice) == ["县交通运输局"]
    halves = build_directory([unit("县甲乙丙丁局")])
    assert proposed("县甲乙戊己局", halves) == []
    assert proposed("县甲乙丙己局", halves) == ["县甲乙丙丁局"]
