"""What every gateway offers to the dispatch."""

from typing import Protocol

from typing_extensions import override

from services.notifier.message import Message, Outcome, Refusal, Refused


class Gateway(Protocol):
    """A way to reach contacts. Safe to use from many tasks at once.

    `name` is shown in events and metrics; it holds no address and no secret.
    """

    @property
    def name(self) -> str:
        """What the events call it."""

    async def send(self, message: Message) -> Outcome:
        """Offer a message once.

        Every fault of the gateway or the network is an outcome; only cancellation is raised. It
        takes no longer than the gateway's time-out.
        """

    async def close(self) -> None:
        """Close the connections; no `send` is running any more."""


class NoGateway(Gateway):
    """Stands where a channel has no gateway: nothing can be offered to it."""

    name = "none"

    @override
    async def send(self, message: Message) -> Outcome:
        """Refuse."""
        return Refused(Refusal.UNREACHABLE, permanent=False, detail="no gateway")

    @override
    async def close(self) -> None:
        """Do nothing."""
