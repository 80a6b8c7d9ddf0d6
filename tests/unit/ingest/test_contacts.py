"""Who holds a post: at once, from a day, as a file says."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.handlers.units.contacts import (
    correct_holder,
    find_holder,
    make_holder,
    merge_contacts,
    replace_holder,
)
from shared.schemas.rules import Audience

UNIT = UUID(int=5)
TODAY = date(2023, 8, 15)
LIAISON = Audience.LIAISON


def person(email, valid_from=None, valid_to=None, post=LIAISON):
    return make_holder(UNIT, post, {"email": email, "valid_from": valid_from, "valid_to": valid_to})


def told(held):
    return [(one["email"], one.get("valid_from"), one.get("valid_to")) for one in held]


OLD = person("old@x")


def test_who_takes_over_at_once_holds_the_post_alone():
    planned = [OLD, person("planned@x", "2023-10-01")]
    assert told(replace_holder(planned, person("new@x"), TODAY)) == [("new@x", None, None)]
    today = person("new@x", TODAY.isoformat())
    assert replace_holder([OLD], today, TODAY) == [today]


def test_who_takes_over_later_lets_the_other_stay_until_the_day_before():
    held = replace_holder([OLD], person("new@x", "2023-09-01"), TODAY)
    assert told(held) == [("old@x", None, "2023-08-31"), ("new@x", "2023-09-01", None)]
    assert {one["contact_id"] for one in held} == {OLD["contact_id"]}


def test_who_had_left_is_forgotten_and_who_was_planned_later_gives_way():
    held = [
        person("gone@x", None, "2023-07-31"),
        person("now@x", "2023-08-01", "2023-12-31"),
        person("planned@x", "2024-01-01"),
    ]
    assert told(replace_holder(held, person("new@x", "2023-09-01"), TODAY)) == [
        ("now@x", "2023-08-01", "2023-08-31"),
        ("new@x", "2023-09-01", None),
    ]


@given(st.lists(st.integers(-40, 40), max_size=6))
def test_on_no_day_do_two_people_hold_a_post_and_who_came_last_holds_it(offsets):
    held = []
    for number, offset in enumerate(offsets):
        first = TODAY + timedelta(days=offset)
        held = replace_holder(held, person(f"p{number}@x", first.isoformat()), TODAY)
        for day in (TODAY + timedelta(days=n) for n in range(45)):
            text = day.isoformat()
            holds = [
                one["email"]
                for one in held
                if one.get("valid_from", "") <= text <= one.get("valid_to", "9999")
            ]
            assert len(holds) <= 1
            if day >= first:
                assert holds == [f"p{number}@x"]


def correct(held, **parts):
    return correct_holder(UNIT, held, LIAISON, {"name": "", "mobile": "", **parts}, TODAY)


def test_a_correction_leaves_the_days_of_the_holder_and_those_who_follow():
    held = [person("old@x", "2023-08-01", "2023-09-30"), person("next@x", "2023-10-01")]
    corrected = correct(held, email="right@x", mobile="138")
    assert told(corrected) == [
        ("right@x", "2023-08-01", "2023-09-30"),
        ("next@x", "2023-10-01", None),
    ]
    assert [one["mobile"] for one in corrected] == ["138", ""]
    assert told(held)[0][0] == "old@x", "what was given is not changed"


def test_a_correction_of_a_post_that_nobody_holds_enters_someone_until_the_next_begins():
    assert told(correct([], email="new@x")) == [("new@x", None, None)]
    gone = person("gone@x", None, "2023-08-14")
    assert told(correct([gone, person("next@x", "2023-10-01")], email="new@x")) == [
        ("new@x", None, "2023-09-30"),
        ("next@x", "2023-10-01", None),
    ]


def test_of_two_who_hold_a_post_the_last_listed_does():
    held = [OLD, person("new@x", "2023-08-01"), person("next@x", "2023-10-01")]
    assert find_holder(held, UUID(OLD["contact_id"]), TODAY) is held[1]
    assert find_holder(held, UUID(int=1), TODAY) is None


def said(**parts):
    return {LIAISON: parts}


def test_a_file_corrects_the_person_whose_address_it_gives():
    held = replace_holder([OLD], person("new@x", "2023-09-01"), TODAY)
    assert merge_contacts(UNIT, held, said(email="old@x"), TODAY) == held, (
        "an older file undoes nothing"
    )
    mobile = merge_contacts(UNIT, held, said(email="old@x", mobile="138"), TODAY)
    assert [(one["email"], one["mobile"]) for one in mobile] == [("old@x", "138"), ("new@x", "")]


def test_a_files_new_person_with_a_day_to_come_takes_over_then():
    with_mobile = make_holder(UNIT, LIAISON, {"email": "old@x", "mobile": "138"})
    held = merge_contacts(
        UNIT, [with_mobile], said(email="new@x", valid_from="2023-09-01", valid_to=""), TODAY
    )
    assert told(held) == [("old@x", None, "2023-08-31"), ("new@x", "2023-09-01", None)]
    assert held[1]["mobile"] == "", "the other's number is not theirs"


def test_a_files_new_address_without_a_day_replaces_the_old_one():
    assert told(merge_contacts(UNIT, [OLD], said(email="new@x"), TODAY)) == [("new@x", None, None)]


def test_what_a_file_leaves_out_stays_and_what_it_empties_goes():
    head = person("head@x", post=Audience.HEAD)
    assert merge_contacts(UNIT, [OLD, head], {}, TODAY) == [OLD, head]
    assert merge_contacts(UNIT, [OLD, head], said(name="", email="", mobile=""), TODAY) == [head]
