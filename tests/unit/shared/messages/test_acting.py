"""What a person may do with a message: every pair of action and standing."""

import pytest

from shared.messages.acting import Effect, MessageStanding, decide_action
from shared.schemas.messages import ActionRefusal, MessageAction

PAIRS = [(action, standing) for action in MessageAction for standing in MessageStanding]


@pytest.mark.parametrize(("action", "standing"), PAIRS)
def test_every_pair_has_an_effect_or_a_reason(
    action: MessageAction, standing: MessageStanding
) -> None:
    assert isinstance(decide_action(action, standing), Effect | ActionRefusal)


@pytest.mark.parametrize(
    "standing", [MessageStanding.ACCEPTED, MessageStanding.DELIVERED, MessageStanding.SENDING]
)
@pytest.mark.parametrize("action", list(MessageAction))
def test_what_a_gateway_has_for_certain_is_never_touched(
    action: MessageAction, standing: MessageStanding
) -> None:
    assert isinstance(decide_action(action, standing), ActionRefusal)


def test_an_address_changes_only_where_no_gateway_can_have_the_message() -> None:
    able = {
        standing
        for standing in MessageStanding
        if decide_action(MessageAction.READDRESS, standing) is Effect.CHANGE_ADDRESS
    }
    assert able == {
        *(
            MessageStanding.WAITING,
            MessageStanding.UNCONNECTED,
            MessageStanding.FAILED,
            MessageStanding.UNDELIVERED,
        ),
    }


def test_only_what_failed_or_is_unknown_is_sent_again() -> None:
    able = {
        standing
        for standing in MessageStanding
        if decide_action(MessageAction.RESEND, standing) is Effect.OFFER_AGAIN
    }
    assert able == {
        *(
            MessageStanding.UNKNOWN,
            MessageStanding.HELD,
            MessageStanding.FAILED,
            MessageStanding.UNDELIVERED,
        ),
    }
