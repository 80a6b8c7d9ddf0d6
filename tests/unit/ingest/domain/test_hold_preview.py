"""What the release of a hold would send, by what waits and by the other holds."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.ingest.domain.hold_preview import HoldScope, WaitingMessages, preview_release

A, B = UUID(int=1), UUID(int=2)
EARLY, LATE = datetime(2023, 6, 1, tzinfo=UTC), datetime(2023, 6, 5, tzinfo=UTC)
WAITING = [
    WaitingMessages(A, "县财政局", "email", 3, 1, LATE),
    WaitingMessages(A, "县财政局", "sms", 2, 0, LATE),
    WaitingMessages(B, "县卫健局", "email", 4, 0, EARLY),
    WaitingMessages(B, "县卫健局", "sms", 1, 1, None),
]


@pytest.mark.parametrize(
    ("hold", "others", "counts", "oldest"),
    [
        (HoldScope(), [], (8, 2, 0), EARLY),
        (HoldScope("email"), [], (6, 1, 0), EARLY),
        (HoldScope("sms"), [], (2, 1, 0), LATE),
        (HoldScope("sms", "first"), [], (2, 1, 0), LATE),
        (HoldScope("wecom"), [], (0, 0, 0), None),
        (HoldScope(), [HoldScope("email")], (2, 1, 7), LATE),
        (HoldScope("email"), [HoldScope()], (0, 0, 7), None),
        (HoldScope("email"), [HoldScope("sms")], (6, 1, 0), EARLY),
        (HoldScope(), [HoldScope("sms", "first")], (8, 2, 0), EARLY),
    ],
)
def test_a_release_sends_what_it_names_and_no_other_hold_keeps(
    hold: HoldScope,
    others: list[HoldScope],
    counts: tuple[int, int, int],
    oldest: datetime | None,
) -> None:
    """Counts: sent, withdrawn, and kept by another hold."""
    preview = preview_release(hold, others, WAITING)
    assert (preview.messages, preview.pointless, preview.kept) == counts
    assert preview.oldest == oldest
    assert sum(each.messages for each in preview.channels) == counts[0]


def test_it_is_counted_by_channel_and_unit_the_most_first() -> None:
    preview = preview_release(HoldScope(), [], WAITING)
    assert [(each.channel, each.messages, each.units) for each in preview.channels] == [
        ("email", 6, 2),
        ("sms", 2, 1),
    ]
    assert [(each.unit, each.channel, each.messages) for each in preview.units] == [
        ("县卫健局", "email", 4),
        ("县财政局", "email", 2),
        ("县财政局", "sms", 2),
    ]
