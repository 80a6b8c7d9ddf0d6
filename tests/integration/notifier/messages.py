"""A message, and how long a gateway may take."""

from datetime import timedelta
from uuid import UUID

from services.notifier.domain.message import (
    Content,
    Message,
)

MESSAGE = Message(UUID(int=7), "jtj@jtj.example", "县教体局", Content("题目", "正文", "<p></p>"))


LONG = timedelta(seconds=60)


SHORT = timedelta(seconds=3)
"""For tests in which it runs out, and within which a server on this machine hears of us."""
