"""What ingest refuses at once, and what it leaves to the notifier."""

from services.ingest.domain.message_actions import REFUSALS, find_refusal, list_allowed
from shared.schemas.messages import ActionRefusal, MessageAction, MessageStatus

_A, _S = MessageAction, MessageStatus


def test_a_delivered_message_may_not_be_touched() -> None:
    assert list_allowed(_S.DELIVERED, "") == ()
    assert find_refusal(_A.RESEND, _S.DELIVERED, "") is ActionRefusal.DELIVERED


def test_whether_a_pending_one_is_unknown_the_notifier_decides() -> None:
    assert find_refusal(_A.RESEND, _S.PENDING, "") is None


def test_no_person_releases_what_has_no_gateway() -> None:
    assert find_refusal(_A.RELEASE, _S.HELD, "held/no-gateway") is ActionRefusal.NO_GATEWAY
    assert list_allowed(_S.HELD, "held/no-gateway") == (_A.CANCEL, _A.READDRESS)
    assert list_allowed(_S.HELD, "unknown-outcome") == (_A.RESEND, _A.CANCEL, _A.RELEASE)


def test_every_refusal_has_words() -> None:
    assert set(REFUSALS) == set(ActionRefusal)
