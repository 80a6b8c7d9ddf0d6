"""The demo counts notifications as the notifier fans them out."""

from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from lab.demo.figures import count_by_channel
from services.notifier.domain.fanout import DueReminder, fan_out
from shared.messages.recipients import Recipient
from shared.schemas.rules import Audience, Channel
from tests.integration.notifier.world import make_reminder

SLOT = datetime(2023, 8, 31, 1, tzinfo=UTC)
_EMAILS = st.sampled_from(("", "a@unit.example"))
_MOBILES = st.sampled_from(("", "13800000001"))


@given(
    st.lists(st.tuples(_EMAILS, _MOBILES), max_size=3),
    st.sets(st.sampled_from(Channel), min_size=1),
)
def test_a_reminder_has_as_many_notifications_as_the_notifier_makes(
    addresses: list[tuple[str, str]], channels: set[Channel]
) -> None:
    event = make_reminder().model_copy(update={"channels": tuple(channels), "slot": SLOT})
    due = DueReminder(
        reminder_id=event.reminder_id,
        office_id=event.office_id,
        unit_id=event.unit_id,
        audience=event.audience,
        slot=SLOT,
        timezone="Asia/Shanghai",
        channels=event.channels,
        obligation_ids=tuple(item.obligation_id for item in event.items),
        correlation_id=uuid4(),
    )
    recipients = [
        Recipient(
            contact_id=uuid4(),
            post=event.audience,
            email=email,
            mobile=mobile,
            valid_from=None,
            valid_to=None,
        )
        for email, mobile in addresses
    ]
    made = [plan.notification.channel for plan in fan_out(due, recipients, SLOT)]
    reachable = [frozenset(filter(each.get_address, Channel)) for each in recipients]
    key = (event.unit_id, Audience(event.audience))
    counted = count_by_channel([event], {key: reachable} if reachable else {})
    assert counted == {channel: made.count(channel) for channel in sorted(set(made))}
