"""Which gateway of a channel gets a message."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.breaker import Circuit
from services.notifier.domain.choice import (
    PATIENCE,
    ChoosableGateway,
    choose,
    count_room,
    is_another_free,
)

FIRST = ChoosableGateway("first", priority=1, room=3)
BACKUP = ChoosableGateway("backup", priority=2, room=3)
LONG, SHORT = PATIENCE * 2, PATIENCE / 2


def pick(*gateways: ChoosableGateway, chance: float = 0.5) -> str | None:
    chosen = choose(gateways, chance)
    return chosen.name if chosen else None


@pytest.mark.parametrize(
    ("first", "chosen"),
    [
        ({}, "first"),
        ({"room": 0}, None),
        ({"circuit": Circuit.OPEN, "room": 0}, "backup"),
        ({"circuit": Circuit.HALF_OPEN, "room": 1}, "first"),
        ({"circuit": Circuit.HALF_OPEN, "room": 0}, "backup"),
        ({"room": 0, "wait": SHORT}, None),
        ({"room": 0, "wait": LONG}, "backup"),
        ({"refusals": 1}, "backup"),
        ({"rejected": True}, "backup"),
    ],
)
def test_the_backup_gets_what_the_first_can_not_take(first: dict, chosen: str | None) -> None:
    assert pick(replace(FIRST, **first), BACKUP) == chosen


def test_one_that_refused_less_often_goes_first() -> None:
    assert pick(replace(FIRST, refusals=2), replace(BACKUP, refusals=1)) == "backup"
    assert pick(replace(FIRST, refusals=1), replace(BACKUP, refusals=1)) == "first"


def test_what_all_rejected_is_offered_again_and_what_none_can_take_waits() -> None:
    assert pick(replace(FIRST, rejected=True), replace(BACKUP, rejected=True)) == "first"
    shut = ChoosableGateway("first", circuit=Circuit.OPEN, room=0)
    assert pick(shut, replace(shut, name="backup")) is None


def test_within_a_priority_weight_and_share_decide() -> None:
    gateways = (
        ChoosableGateway("a", weight=3),
        ChoosableGateway("b", weight=2, share=0.5),
        ChoosableGateway("full", weight=50, room=0),
    )
    drawn = Counter(pick(*gateways, chance=n / 100) for n in range(100))
    assert drawn == {"a": 75, "b": 25}


@pytest.mark.parametrize(
    ("others", "free"),
    [
        ([], False),
        ([BACKUP], True),
        ([replace(BACKUP, room=0)], True),
        ([replace(BACKUP, refusals=1)], False),
        ([replace(BACKUP, rejected=True)], False),
        ([replace(BACKUP, circuit=Circuit.OPEN)], False),
        ([replace(BACKUP, wait=LONG)], False),
    ],
)
def test_a_refused_message_goes_elsewhere_at_once_if_another_was_not_asked_yet(
    others: list[ChoosableGateway], free: bool
) -> None:
    assert is_another_free([FIRST, *others], FIRST) is free


def test_a_refusal_by_one_that_was_asked_before_ends_the_round() -> None:
    asked = replace(FIRST, refusals=1)
    assert not is_another_free([asked, BACKUP], asked)


@pytest.mark.parametrize(
    ("gateways", "room"),
    [
        ([FIRST, BACKUP], 3),
        ([replace(FIRST, room=0), BACKUP], 0),
        ([replace(FIRST, circuit=Circuit.OPEN, room=0), BACKUP], 3),
        ([replace(FIRST, circuit=Circuit.HALF_OPEN, room=1), BACKUP], 4),
        ([replace(FIRST, circuit=Circuit.HALF_OPEN, room=1)], 1),
        ([FIRST, replace(BACKUP, priority=1)], 6),
        ([replace(FIRST, room=0, wait=LONG), BACKUP], 3),
        ([replace(FIRST, circuit=Circuit.OPEN, room=0)], 0),
    ],
)
def test_how_many_fresh_messages_can_be_given_away(
    gateways: list[ChoosableGateway], room: int
) -> None:
    assert count_room(gateways) == room


GATEWAYS = st.builds(
    ChoosableGateway,
    name=st.uuids().map(str),
    priority=st.integers(0, 3),
    weight=st.integers(1, 9),
    share=st.sampled_from([1.0, 0.25, 0.0625]),
    room=st.integers(0, 2),
    circuit=st.sampled_from(Circuit),
    wait=st.sampled_from([None, None, timedelta(seconds=5), timedelta(hours=1)]),
    refusals=st.integers(0, 2),
    rejected=st.booleans(),
)


@given(st.lists(GATEWAYS, max_size=5), st.floats(0, 1, exclude_max=True))
def test_the_chosen_one_can_take_the_message_and_no_better_one_can(
    gateways: list[ChoosableGateway], chance: float
) -> None:
    chosen = choose(gateways, chance)
    if chosen is None:
        return
    assert chosen.has_room
    assert chosen.circuit is not Circuit.OPEN
    better = [
        each
        for each in gateways
        if each.has_room
        and (each.rejected, each.refusals, each.priority)
        < (chosen.rejected, chosen.refusals, chosen.priority)
    ]
    assert better == []


@given(st.lists(GATEWAYS, max_size=5), st.floats(0, 1, exclude_max=True))
def test_as_many_fresh_messages_are_given_away_as_there_is_room(
    gateways: list[ChoosableGateway], chance: float
) -> None:
    fresh = {
        each.name: replace(
            each, refusals=0, rejected=False, room=min(each.room, each.circuit is not Circuit.OPEN)
        )
        for each in gateways
    }
    for _ in range(count_room(fresh.values())):
        chosen = choose(fresh.values(), chance)
        assert chosen is not None
        fresh[chosen.name] = replace(fresh[chosen.name], room=chosen.room - 1)


@given(st.lists(GATEWAYS, min_size=1, max_size=4, unique_by=lambda each: each.name))
def test_a_message_that_all_refuse_backs_off_after_one_round(
    gateways: list[ChoosableGateway],
) -> None:
    open_to = {each.name: replace(each, refusals=0, rejected=False) for each in gateways}
    for offered in range(1, len(gateways) + 2):
        chosen = choose(open_to.values(), 0.5)
        if chosen is None or not is_another_free(open_to.values(), chosen):
            assert offered <= len(gateways)
            return
        open_to[chosen.name] = replace(chosen, refusals=chosen.refusals + 1)
    raise AssertionError("it went round without a pause")
