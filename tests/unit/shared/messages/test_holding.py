"""What holds keep: every scope against every office, channel and gateway."""

from itertools import combinations, product
from uuid import UUID

import pytest

from shared.messages.holding import ActiveHold, HeldOffices, find_held, is_held, list_shut
from shared.schemas.rules import Channel

A, B = UUID(int=1), UUID(int=2)
OFFICES = (A, B)
CHANNELS = (Channel.EMAIL, Channel.SMS)
GATEWAYS = {Channel.EMAIL: ("smtp",), Channel.SMS: ("first", "second")}
MESSAGES = [(o, c, g) for o, c in product(OFFICES, CHANNELS) for g in GATEWAYS[c]]
ALL, OF_A = ActiveHold(), ActiveHold(A)
SCOPES: dict[ActiveHold, set[tuple[UUID, str]]] = {
    ALL: {(A, "smtp"), (A, "first"), (A, "second"), (B, "smtp"), (B, "first"), (B, "second")},
    OF_A: {(A, "smtp"), (A, "first"), (A, "second")},
    ActiveHold(None, Channel.SMS): {(A, "first"), (A, "second"), (B, "first"), (B, "second")},
    ActiveHold(A, Channel.SMS): {(A, "first"), (A, "second")},
    ActiveHold(A, Channel.EMAIL): {(A, "smtp")},
    ActiveHold(None, Channel.SMS, "first"): {(A, "first"), (B, "first")},
    ActiveHold(A, Channel.SMS, "first"): {(A, "first")},
    ActiveHold(A, Channel.SMS, "second"): {(A, "second")},
    ActiveHold(B, Channel.SMS, "first"): {(B, "first")},
    ActiveHold(A, Channel.EMAIL, "first"): set(),
    ActiveHold(A, Channel.WECOM): set(),
}
"""What each hold keeps: the office, and the gateway that gets no message of it."""
SETS = [chosen for number in range(4) for chosen in combinations(SCOPES, number)]


@pytest.mark.parametrize("hold", SCOPES, ids=str)
def test_a_hold_keeps_exactly_what_it_names(hold: ActiveHold) -> None:
    kept = {(o, g) for o, c, g in MESSAGES if is_held([hold], o, c, g)}
    assert kept == SCOPES[hold]


def test_several_holds_keep_what_any_of_them_keeps() -> None:
    for holds in SETS:
        kept = {(o, g) for o, c, g in MESSAGES if is_held(holds, o, c, g)}
        assert kept == set().union(*(SCOPES[hold] for hold in holds))


def test_an_office_is_held_on_a_channel_when_none_of_its_gateways_is_left() -> None:
    for holds, channel in product(SETS, CHANNELS):
        held = find_held(holds, channel, GATEWAYS[channel])
        for office in OFFICES:
            shut = all(is_held(holds, office, channel, each) for each in GATEWAYS[channel])
            assert (held.every or office in held.ids) == shut, (holds, channel)


def test_all_offices_are_held_only_by_holds_of_all_offices() -> None:
    every_gateway = [ActiveHold(None, Channel.SMS, each) for each in GATEWAYS[Channel.SMS]]
    assert find_held(every_gateway, Channel.SMS, GATEWAYS[Channel.SMS]) == HeldOffices(every=True)
    assert not find_held(every_gateway[:1], Channel.SMS, GATEWAYS[Channel.SMS]).every
    both = [ActiveHold(A), ActiveHold(B)]  # a third office may come
    assert find_held(both, Channel.SMS, ("first",)) == HeldOffices(
        every=False, ids=frozenset({A, B})
    )


def test_an_office_and_all_offices_may_hold_a_gateway_each() -> None:
    mixed = [ActiveHold(None, Channel.SMS, "first"), ActiveHold(A, Channel.SMS, "second")]
    held = find_held(mixed, Channel.SMS, GATEWAYS[Channel.SMS])
    assert held == HeldOffices(every=False, ids=frozenset({A}))


def test_the_gateways_shut_for_an_office_are_those_of_its_own_holds_and_of_all() -> None:
    holds = [
        ActiveHold(None, Channel.SMS, "first"),
        ActiveHold(A, Channel.SMS, "second"),
        ActiveHold(A, Channel.EMAIL, "smtp"),
        ActiveHold(B),
    ]
    assert list_shut(holds, A, Channel.SMS) == {"first", "second"}
    assert list_shut(holds, B, Channel.SMS) == {"first"}
    assert list_shut(holds, None, Channel.SMS) == {"first"}
    assert list_shut(holds, A, Channel.EMAIL) == {"smtp"}
