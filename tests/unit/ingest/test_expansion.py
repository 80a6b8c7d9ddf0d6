"""Names become units when it is certain; what is only near is proposed."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.expansion import Decision, Unit, directory, near, resolve

SPACE = UUID(int=7)


def unit(name, *, groups=(), aliases=()):
    return Unit(uuid5(SPACE, name), name, tuple(groups), tuple(aliases))


FINANCE = unit("县财政局", groups=["县级各部门"])
REFORM = unit("县发展和改革局", groups=["县级各部门"], aliases=["县发改局"])
INDUSTRY = unit("县工业和信息化局", groups=["县级各部门"])
TAX = unit("国家税务总局盐亭县税务局", aliases=["县税务局"])
STREET = unit("凤灵街道", groups=["各乡镇(街道)"])
TOWN = unit("玉龙镇", groups=["各乡镇(街道)"])
MARKET = unit("市场监管局")
KNOWN = directory([FINANCE, REFORM, INDUSTRY, TAX, STREET, TOWN, MARKET])


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
    ],
)
def test_a_certain_name_is_taken(name, expected):
    assert resolve(name, KNOWN, {}) == tuple(u.unit_id for u in expected)


@pytest.mark.parametrize(
    "name", ["县工信局", "市财政局", "县教体局", "经开区", "", "县", "场监管局"]
)
def test_whatever_is_only_near_is_not_taken(name):
    assert resolve(name, KNOWN, {}) is None


def test_units_of_two_levels_are_not_taken_for_each_other():
    city = unit("市民政局")
    assert resolve("县民政局", directory([city]), {}) is None


def test_a_spelling_that_fits_two_units_fits_none():
    known = directory([unit("县水利局", aliases=["水务局"]), unit("县水务局")])
    assert resolve("县水务局", known, {}) is not None
    twins = directory([unit("县水利局", aliases=["水局"]), unit("县水文局", aliases=["水局"])])
    assert resolve("水局", twins, {}) is None


def test_a_persons_decision_goes_before_the_directory():
    decided = {"县财政局": Decision(()), "经开区": Decision((TOWN.unit_id, UUID(int=1)))}
    assert resolve("县财政局", KNOWN, decided) == ()
    assert resolve("经开区", KNOWN, decided) == (TOWN.unit_id,)


def test_an_abbreviation_is_proposed():
    assert near("县工信局", KNOWN)[0] == INDUSTRY


def test_offices_that_share_only_their_sort_are_not_proposed():
    assert FINANCE not in near("县教体局", KNOWN)


@given(st.text(max_size=20))
def test_any_text_is_answered(name):
    assert len(near(name, KNOWN)) <= 5
    found = resolve(name, KNOWN, {})
    assert found is None or set(found) <= set(KNOWN.units)
