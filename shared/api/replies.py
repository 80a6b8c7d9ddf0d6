"""What people answered to short messages, over HTTP."""

from datetime import datetime
from uuid import UUID

from shared.api.fields import Answer


class ReplyOut(Answer):
    """A reply. `state` is applied, repeated, waiting or settled.

    Of one that waits, `doubt` is why: other-text, unknown-number, several-people, nothing-open,
    several-open, other-unit or refused; `detail` is the refusal. `unit_id`, `unit` and `sender` are
    given where one person has the number, `obligation_id` where it is certain what the reply is
    about. `decision` is the note of who settled it.
    """

    reply_id: UUID
    gateway: str
    mobile: str
    text: str
    received_at: datetime
    state: str
    doubt: str | None
    detail: str
    unit_id: UUID | None
    unit: str
    sender: str
    obligation_id: UUID | None
    settled_at: datetime | None
    settled_by: str | None
    decision: str | None
