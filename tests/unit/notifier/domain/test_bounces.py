"""What a bounce says of a message, and whether its address is gone."""

import pytest

from services.notifier.domain.bounces import (
    BounceAction,
    BounceVerdict,
    Fate,
    RecipientStatus,
    judge_bounce,
)

OURS, OTHER = "jtj@jtj.example", "private@elsewhere.example"
FAILED, DELAYED = BounceAction.FAILED, BounceAction.DELAYED


def of(
    address: str, action: BounceAction | None, status: str, diagnostic: str = ""
) -> RecipientStatus:
    return RecipientStatus((address,), action, status, diagnostic)


@pytest.mark.parametrize(
    ("status", "fate", "gone"),
    [
        (of(OURS, FAILED, "5.1.1", "550 5.1.1 User unknown"), Fate.FAILED, True),
        (of(OURS, FAILED, "5.1.1"), Fate.FAILED, True),
        (of(OURS, FAILED, "5.0.0", "550 用户不存在"), Fate.FAILED, True),
        (
            of(OURS, FAILED, "5.1.10", "550 5.1.10 RecipientNotFound"),
            Fate.FAILED,
            True,
        ),
        (of(OURS, FAILED, "5.1.1", "552 5.2.2 mailbox full"), Fate.FAILED, False),
        (of(OURS, FAILED, "5.2.2", "552 5.2.2 over quota"), Fate.FAILED, False),
        (of(OURS, FAILED, "5.7.1", "554 5.7.1 blocked using zen.spamhaus.org"), Fate.FAILED, False),
        (of(OURS, FAILED, "5.1.1", "550 too many messages, rate limit"), Fate.FAILED, False),
        (of(OURS, FAILED, "4.4.7", "delivery time expired"), Fate.FAILED, False),
        (of(OURS, FAILED, ""), Fate.FAILED, False),
        (of(OURS, DELAYED, "4.4.1", "connection timed out"), Fate.OPEN, False),
        (of(OURS, DELAYED, "5.1.1"), Fate.OPEN, False),
        (of(OURS, BounceAction.RELAYED, "2.0.0"), Fate.OPEN, False),
        (of(OURS, BounceAction.EXPANDED, "2.0.0"), Fate.OPEN, False),
        (of(OURS, BounceAction.DELIVERED, "2.0.0"), Fate.DELIVERED, False),
        (of(OURS, None, "5.1.1"), Fate.FAILED, True),
        (of(OURS, None, "4.2.2"), Fate.OPEN, False),
        (of(OURS, None, "2.0.0"), Fate.OPEN, False),
        (of(OTHER, FAILED, "5.1.1", "550 5.1.1 User unknown"), Fate.FAILED, False),
    ],
)
def test_one_recipient(status: RecipientStatus, fate: Fate, gone: bool) -> None:
    verdict = judge_bounce([status], "JTJ@jtj.example")
    assert (verdict.fate, verdict.gone) == (fate, gone)


def test_of_several_recipients_the_address_itself_decides() -> None:
    gone = of(OURS, FAILED, "5.1.1")
    delivered = of(OTHER, BounceAction.DELIVERED, "2.0.0")
    assert judge_bounce([delivered, gone], OURS).gone
    assert judge_bounce([of(OTHER, FAILED, "5.1.1"), of(OURS, DELAYED, "4.4.1")], OURS) == (
        BounceVerdict(Fate.OPEN)
    )


def test_after_a_forwarding_one_that_got_it_is_enough() -> None:
    failed, delayed = of(OTHER, FAILED, "5.1.1"), of("b@c.example", DELAYED, "4.4.1")
    delivered = of("d@e.example", BounceAction.DELIVERED, "2.0.0")
    assert judge_bounce([failed, delivered], OURS).fate is Fate.DELIVERED
    assert judge_bounce([failed, delayed], OURS).fate is Fate.OPEN
    assert judge_bounce([failed, failed], OURS).fate is Fate.FAILED


@pytest.mark.parametrize("address", ["", OURS])
def test_without_any_recipient_nothing_follows(address: str) -> None:
    assert judge_bounce([], address) == BounceVerdict(Fate.OPEN)


def test_an_address_that_is_erased_is_not_gone() -> None:
    assert not judge_bounce([of(OURS, FAILED, "5.1.1")], "").gone


def test_the_detail_has_no_address_and_an_end() -> None:
    text = f"550 5.1.1 <{OURS}>: unknown " + "x" * 1000
    detail = judge_bounce([of(OURS, FAILED, "5.1.1", text)], OURS).detail
    assert detail.startswith("5.1.1 550 5.1.1 <…>: unknown")
    assert len(detail) == 200
