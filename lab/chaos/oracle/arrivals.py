"""Compares the messages that the sinks hold with the notifications that the planner expects. Pure.

A message counts once per id. A repeat of an id is *offered again*. That is allowed where the
notifier could not know that the gateway had taken the message: after an answer that the gateway
withheld, and once for each connection that was cut when a notifier, its database or the gateway
was killed. Every other repeat is a double.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from typing_extensions import override

from services.notifier.domain.fanout import PlannedNotification
from shared.schemas.events import ReminderDue

_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class ExpectedNotification:
    """A notification that the planner expects, and the office's time at which it is due."""

    planned: PlannedNotification
    reminder: ReminderDue
    unit: str
    at: datetime

    @override
    def __str__(self) -> str:
        slot = self.reminder.slot.astimezone(_ZONE)
        refs = "、".join(item.ref for item in self.reminder.items)
        notification = self.planned.notification
        address = notification.address or "nobody"
        return (
            f"{notification.notification_id}: {notification.channel} to {address} "
            f"({self.unit}, {self.reminder.audience}), slot {slot:%Y-%m-%d %H:%M}, "
            f"items {refs}, reminder {notification.reminder_id}"
        )


@dataclass(frozen=True, slots=True)
class ArrivedMessage:
    """A message as a sink took it; one for each time that it was offered.

    Attributes:
        name: the Message-ID or the webhook id.
        at: the office's time; `received` is the machine's.
        answered: whether the sender got the answer that it was taken.
    """

    name: str
    channel: str
    to: str
    unit: str
    text: str
    subject: str
    at: datetime
    received: datetime
    answered: bool

    @property
    def notification_id(self) -> UUID | None:
        """The notification's id in the name; None when the name holds none."""
        return self.id_in(self.name)

    @staticmethod
    def id_in(name: str) -> UUID | None:
        """The notification's id in a Message-ID or webhook id; None when it holds none."""
        try:
            return UUID(name.strip("<>").partition("@")[0])
        except ValueError:
            return None

    @override
    def __str__(self) -> str:
        when = self.at.astimezone(_ZONE)
        return f"{self.name}: {self.channel} to {self.to} ({self.unit}) at {when:%Y-%m-%d %H:%M}"


def parse_message(message: Mapping[str, Any]) -> ArrivedMessage:
    """Parse a message from the JSON of the sinks."""
    return ArrivedMessage(
        name=message["id"],
        channel=message["channel"],
        to=message["to"],
        unit=message["unit"],
        text=message["text"],
        subject=message.get("subject", ""),
        at=datetime.fromisoformat(message["at"]),
        received=datetime.fromisoformat(message["received"]),
        answered=message["answered"],
    )


@dataclass(slots=True)
class Episode:
    """The time from one quiet moment to the next; no offer is under way at its ends.

    Attributes:
        until: its end, by the machine's clock.
        cut: how many connections of each channel were cut in it.
    """

    until: datetime
    cut: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ArrivalJudgement:
    """The result of the comparison; each entry of a list names a problem.

    Of the `reoffered` messages, `withheld` are those after an answer that the gateway withheld.
    """

    due: int
    delivered: int
    reoffered: int
    withheld: int
    lost: list[str]
    doubled: list[str]
    unexpected: list[str]


def judge_arrivals(
    expected: Mapping[UUID, ExpectedNotification],
    messages: Sequence[ArrivedMessage],
    episodes: Sequence[Episode],
) -> ArrivalJudgement:
    """Compare `expected`, by notification id, with `messages`, which are sorted by time."""
    copies: dict[str, list[ArrivedMessage]] = defaultdict(list)
    for message in messages:
        copies[message.name].append(message)
    delivered: set[UUID] = set()
    doubled: list[str] = []
    unexpected: list[str] = []
    for same in copies.values():
        first = same[0]
        expectation = expected.get(first.notification_id) if first.notification_id else None
        if expectation is None:
            twin = _describe_twin(first, expected, copies)
            (doubled if twin else unexpected).append(f"{first}{twin}")
        else:
            delivered.add(expectation.planned.notification.notification_id)
            if first.to != expectation.planned.notification.address:
                unexpected.append(f"{first} is not for this address; planned: {expectation}")
            if first.at != expectation.at:
                unexpected.append(f"{first} came at the wrong time; planned: {expectation}")
    withheld, cut, unexplained = explain_repeats(copies, episodes)
    return ArrivalJudgement(
        due=len(expected),
        delivered=len(delivered),
        reoffered=withheld + cut,
        withheld=withheld,
        lost=[str(expected[name]) for name in expected.keys() - delivered],
        doubled=doubled + unexplained,
        unexpected=unexpected,
    )


def _describe_twin(
    stray: ArrivedMessage,
    expected: Mapping[UUID, ExpectedNotification],
    copies: Mapping[str, Sequence[ArrivedMessage]],
) -> str:
    """Name an expected message with the same text and address; empty when there is none."""
    for same in copies.values():
        first = same[0]
        alike = (first.channel, first.to, first.text) == (stray.channel, stray.to, stray.text)
        if alike and first.notification_id in expected:
            return f" has the same text as {first}"
    return ""


def explain_repeats(
    copies: Mapping[str, Sequence[ArrivedMessage]], episodes: Sequence[Episode]
) -> tuple[int, int, list[str]]:
    """Count the repeats after a withheld answer, those after a cut, and list the others."""
    cut = [*(Counter(episode.cut) for episode in episodes), Counter[str]()]
    withheld, by_cut, unexplained = 0, 0, []
    repeats = sorted(
        (pair for same in copies.values() for pair in pairwise(same)),
        key=lambda pair: pair[1].received,
    )
    for before, again in repeats:
        place = _locate_episode(episodes, again.received)
        if not before.answered:
            withheld += 1
        elif place == _locate_episode(episodes, before.received) and cut[place][again.channel]:
            cut[place][again.channel] -= 1
            by_cut += 1
        else:
            unexplained.append(f"{again} again; first taken at {before.received:%H:%M:%S.%f}")
    return withheld, by_cut, unexplained


def _locate_episode(episodes: Sequence[Episode], instant: datetime) -> int:
    """The index of the episode in which an instant lies; their number when it is after all."""
    positions = (n for n, episode in enumerate(episodes) if instant <= episode.until)
    return next(positions, len(episodes))
