"""The interface of a gateway."""

from typing import Protocol

from typing_extensions import override

from services.notifier.domain.message import Message, MessageRefused, Outcome, Refusal


class Gateway(Protocol):
    """Sends messages to contacts. Many tasks may use it at the same time.

    `name` is shown in events and metrics; it contains no address and no secret.
    """

    @property
    def name(self) -> str:
        """The gateway's name in events."""

    async def send(self, message: Message) -> Outcome:
        """Send a message once.

        Every error of the gateway or the network is an outcome; only cancellation is raised. It
        takes at most the gateway's time-out.
        """

    async def close(self) -> None:
        """Close the connections; no `send` is running any more."""


class NoGateway(Gateway):
    """For a channel without a gateway: it refuses every message."""

    name = "none"

    @override
    async def send(self, message: Message) -> Outcome:
        """Refuse."""
        return MessageRefused(Refusal.UNREACHABLE, permanent=False, detail="no gateway")

    @override
    async def close(self) -> None:
        """Do nothing."""
