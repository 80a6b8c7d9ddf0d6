"""The gateways of one claim: what each message may get, and how much each gateway takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.dispatch.choosing import (
    Choosing,
    Chosen,
    OutletState,
    Postponed,
    make_candidates,
)
from services.notifier.dispatch.offers import ChannelRules, GatewayRules
from services.notifier.domain.breaker import Circuit
from services.notifier.domain.limits import CountedOffer, Limits, hash_text, parse_rate
from services.notifier.domain.message import Content
from services.notifier.domain.retry import OpenReason, RetryPolicy, WhenUnknown
from services.notifier.store.tried import Tried
from shared.messages.stages import Policy
from shared.schemas.rules import Channel

NOW = datetime(2023, 12, 26, 1, tzinfo=UTC)
NAMES = ("a", "b", "c")
RETRYING = RetryPolicy((timedelta(seconds=5),), timedelta(seconds=30), WhenUnknown.REOFFER)
TEXT = Content("", "正文")
ONE_A_MINUTE = Limits(number=(parse_rate("1/min"),))


def open_for(states: list[OutletState], limits: Limits | None = None) -> Choosing:
    gateways = tuple(
        GatewayRules(name, Channel.SMS, RETRYING, limits=limits or Limits())
        for name, _ in zip(NAMES, states, strict=False)
    )
    rules = ChannelRules(Channel.SMS, Policy(), gateways, "", timedelta(seconds=30))
    candidates = make_candidates(rules, dict(zip(NAMES, states, strict=False)))
    return Choosing(rules, NOW, {each.name: each for each in candidates})


STATES = st.builds(
    OutletState,
    room=st.integers(0, 3),
    circuit=st.sampled_from(Circuit),
    share=st.sampled_from([1.0, 0.25]),
)
TRIED = st.builds(
    Tried,
    refusals=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3)),
    rejected=st.sets(st.sampled_from(NAMES)),
)


@given(st.lists(STATES, min_size=1, max_size=3), TRIED, st.sampled_from(["a", "gone"]))
def test_what_stays_with_a_gateway_is_given_to_no_other(
    states: list[OutletState], tried: Tried, stays_at: str
) -> None:
    chosen = open_for(states).choose(UUID(int=1), "138", TEXT, tried, stays_at)
    if isinstance(chosen, Chosen):
        assert chosen.gateway.name == stays_at
        assert not chosen.elsewhere


@given(st.lists(STATES, min_size=1, max_size=3), st.lists(TRIED, max_size=12))
def test_no_gateway_gets_more_than_it_has_room_for(
    states: list[OutletState], messages: list[Tried]
) -> None:
    choosing = open_for(states)
    given_to = [
        choosing.choose(UUID(int=n), "138", TEXT, tried, "") for n, tried in enumerate(messages)
    ]
    for name, state in zip(NAMES, states, strict=False):
        number = sum(isinstance(each, Chosen) and each.gateway.name == name for each in given_to)
        assert number <= (0 if state.circuit is Circuit.OPEN else state.room)


def test_an_earlier_offer_of_another_message_counts_for_a_number_and_its_own_does_not() -> None:
    choosing = open_for([OutletState(5)], ONE_A_MINUTE)
    before = NOW - timedelta(seconds=20)
    offer = CountedOffer(UUID(int=1), hash_text("138"), hash_text("正文"), before)
    choosing._to_addresses["a"] = {
        offer.address: [offer],
        hash_text("139"): [replace(offer, address=hash_text("139"))],
    }
    own = choosing.choose(UUID(int=1), "138", TEXT, Tried(), "")
    assert isinstance(own, Chosen)
    other = choosing.choose(UUID(int=2), "139", TEXT, Tried(), "")
    assert other == Postponed(timedelta(seconds=41), OpenReason.GATEWAY_LIMIT)
