"""Which measure of a revised document is which, and which date is which."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.lifecycle import Duty, ObligationDraft, derive_obligations
from services.ingest.domain.periods import Period
from services.ingest.domain.revision import Match, Passage, keep_periods, match_passages
from shared.schemas.rules import ObligationKind

TEXTS = (
    "编制并公布本部门政府信息公开目录。",
    "规范答复依申请公开事项，健全会商机制。",
    "组织开展政府开放日活动不少于两次。",
    "单位主要负责人每年至少听取1次政务公开工作情况汇报。",
)


def passages(rows: Sequence[tuple[str, str, str]], start: int) -> list[Passage]:
    return [
        Passage(UUID(int=start + number), ref, task, text)
        for number, (ref, task, text) in enumerate(rows)
    ]


def matched(old: Sequence[tuple[str, str, str]], new: Sequence[tuple[str, str, str]]) -> list:
    """For each new row the number of the old one, None for new, or the list of candidates."""
    found = match_passages(passages(old, 0), passages(new, 1000))
    shown = []
    for number in range(len(new)):
        one = found[UUID(int=1000 + number)]
        shown.append([key.int for key in one.candidates] or (one.old.int if one.old else None))
        if one.old == UUID(int=0):
            shown[-1] = 0
    return shown


PLAN = [(f"{n}.1", f"任务{n}", text) for n, text in enumerate(TEXTS, 1)]


def test_a_document_is_matched_with_itself() -> None:
    assert matched(PLAN, PLAN) == [0, 1, 2, 3]


def test_a_measure_that_is_put_in_renumbers_the_others_and_nothing_else() -> None:
    inserted = ("2.1", "新任务", "建立政策解读专栏并每月更新。")
    later = [(f"{n + 1}.1", task, text) for n, (_, task, text) in enumerate(PLAN[1:], 2)]
    assert matched(PLAN, [PLAN[0], inserted, *later]) == [0, None, 1, 2, 3]


def test_a_removed_measure_is_matched_with_nothing() -> None:
    assert matched(PLAN, [PLAN[0], *PLAN[2:]]) == [0, 2, 3]


def test_spaces_and_punctuation_are_no_change() -> None:
    spaced = ("9.9", "别的任务", TEXTS[0].replace("。", "；").replace("公布", "公布 "))
    assert matched(PLAN, [spaced]) == [0]


def test_a_slightly_reworded_measure_keeps_its_identity() -> None:
    reworded = ("1.1", "任务1", "编制并及时公布本部门政府信息公开目录清单。")
    assert matched(PLAN, [reworded, *PLAN[1:]]) == [0, 1, 2, 3]


def test_a_measure_that_is_reworded_and_renumbered_keeps_its_identity() -> None:
    moved = ("7.3", "别的任务", "规范答复依申请公开事项，健全会商工作机制。")
    assert matched(PLAN, [PLAN[0], *PLAN[2:], moved]) == [0, 2, 3, 1]


def test_another_figure_elsewhere_may_be_another_measure_so_a_person_decides() -> None:
    old = [("1.1", "甲", "公布第一批公共服务事项目录。")]
    new = [("2.1", "乙", "公布第二批公共服务事项目录。")]
    assert matched(old, new) == [[0]]


def test_two_that_are_alike_are_left_to_a_person() -> None:
    old = [("1.1", "", "公布教育领域公开目录。"), ("1.2", "", "公布医疗领域公开目录。")]
    new = [("1.3", "", "公布养老领域公开目录。")]
    (candidates,) = matched(old, new)
    assert sorted(candidates) == [0, 1]


def test_what_shares_nothing_is_new_even_in_the_same_place() -> None:
    assert matched(PLAN[:1], [("1.1", "任务1", "举办新闻发布会。")]) == [None]


def test_the_same_words_in_several_tasks_stay_in_their_tasks() -> None:
    old = [("1.1", "甲", "按时完成。"), ("2.1", "乙", "按时完成。")]
    new = [
        ("1.1", "丙", "另行安排新事。"),
        ("2.1", "甲", "按时完成。"),
        ("3.1", "乙", "按时完成。"),
    ]
    assert matched(old, new) == [None, 0, 1]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1.1", "1.2", "2.1"]),
        st.sampled_from("甲乙"),
        st.text("公布目录", max_size=6),
    ),
    max_size=8,
)


@given(ROWS, ROWS)
def test_no_measure_is_two_and_none_is_lost(old: list, new: list) -> None:
    before, after = passages(old, 0), passages(new, 1000)
    found = match_passages(before, after)
    assert set(found) == {one.key for one in after}
    taken = [one.old for one in found.values() if one.old is not None]
    assert len(set(taken)) == len(taken)
    for one in found.values():
        assert isinstance(one, Match)
        assert not (one.old and one.candidates)
        assert not set(one.candidates) & set(taken)


# --- dates -----------------------------------------------------------------------------------


def on(*days: date, **more: object) -> tuple[ObligationDraft, ...]:
    return derive_obligations(Duty("x", due=days, year=2023, **more))  # type: ignore[arg-type]


def named(*made: ObligationDraft) -> dict[str, ObligationDraft]:
    return {draft.period: draft for draft in made}


JUNE, SEPTEMBER, OCTOBER = date(2023, 6, 30), date(2023, 9, 30), date(2023, 10, 31)


def test_a_moved_date_keeps_the_name_of_its_obligations() -> None:
    assert keep_periods(named(*on(SEPTEMBER)), on(OCTOBER)) == {"2023-10-31": "2023-09-30"}


def test_of_several_dates_the_one_that_moved_is_told_from_those_that_stayed() -> None:
    kept = keep_periods(named(*on(JUNE, SEPTEMBER)), on(JUNE, OCTOBER))
    assert kept == {"2023-06-30": "2023-06-30", "2023-10-31": "2023-09-30"}


def test_a_date_that_is_added_has_a_name_of_its_own() -> None:
    kept = keep_periods(named(*on(JUNE)), on(JUNE, SEPTEMBER))
    assert kept == {"2023-06-30": "2023-06-30", "2023-09-30": "2023-09-30"}


def test_a_name_that_a_moved_date_still_carries_is_not_given_twice() -> None:
    (moved,) = on(OCTOBER)
    kept = keep_periods({"2023-09-30": moved}, on(SEPTEMBER, OCTOBER))
    assert kept == {"2023-10-31": "2023-09-30", "2023-09-30": "2023-09-30~2"}


def test_a_duty_without_end_that_gets_a_date_stays_the_same_obligation() -> None:
    assert keep_periods(named(*on(continuous=True)), on(OCTOBER)) == {"2023-10-31": "2023"}


def test_a_date_becomes_the_quarter_of_the_same_day() -> None:
    kept = keep_periods(named(*on(SEPTEMBER)), on(per=Period.QUARTER))
    assert kept["2023-Q3"] == "2023-09-30"
    assert kept["2023-Q1"] == "2023-Q1"


DAYS = st.lists(st.dates(date(2023, 1, 1), date(2023, 12, 31)), max_size=5, unique=True)


@given(DAYS, DAYS)
def test_each_date_has_one_name_and_each_name_one_date(before: list, after: list) -> None:
    kept = keep_periods(named(*on(*before)), on(*after))
    assert set(kept) == {draft.period for draft in on(*after)}
    assert len(set(kept.values())) == len(kept)


def test_kinds_are_not_asked_for() -> None:
    """A duty of the year that becomes a hearing of the year is the same obligation."""
    hearing = ObligationDraft(ObligationKind.HEARING, "2023", date(2023, 12, 31))
    before = named(ObligationDraft(ObligationKind.DEADLINE, "2023", date(2023, 12, 31)))
    assert keep_periods(before, [hearing]) == {"2023": "2023"}
