"""What the sinks hold against what the planner says. Pure.

A message counts once for each id. A repeat of an id is *offered again*, and that is allowed
where the notifier could not know that the gateway had taken it: after an answer that the gateway
withheld, and once for each connection that was cut with a notifier, its database or the gateway.
Everything beyond is a double.
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

from services.notifier.policy.fanout import Planned
from shared.schemas.events import ReminderDue

_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Expected:
    """A notification that the planner says must be made, and at which instant of the office."""

    planned: Planned
    reminder: ReminderDue
    unit: str
    at: datetime

    @override
    def __str__(self) -> str:
        slot = self.reminder.slot.astimezone(_ZONE)
        refs = "、".join(item.ref for item in self.reminder.items)
        one = self.planned.notification
        return (
            f"{one.notification_id}: {one.channel} to {one.address or 'nobody'} "
            f"({self.unit}, {self.reminder.audience}), slot {slot:%Y-%m-%d %H:%M}, "
            f"items {refs}, reminder {one.reminder_id}"
        )


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as a sink took it, once for each time that it was offered.

    Attributes:
        name: the Message-ID or the webhook id.
        at: the office's time then; `received` is the machine's.
        answered: whether the sender was told that it was taken.
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
        """The notification's id in the name; None when it holds none."""
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


def arrived(told: Mapping[str, Any]) -> Arrived:
    """A message as the sinks tell it."""
    return Arrived(
        name=told["id"],
        channel=told["channel"],
        to=told["to"],
        unit=told["unit"],
        text=told["text"],
        subject=told.get("subject", ""),
        at=datetime.fromisoformat(told["at"]),
        received=datetime.fromisoformat(told["received"]),
        answered=told["answered"],
    )


@dataclass(slots=True)
class Episode:
    """From one moment at which all was quiet to the next; nothing is under way across its end.

    Attributes:
        until: its end, by the machine's clock.
        cut: how many connections of each channel were cut in it.
    """

    until: datetime
    cut: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came of what was due; each entry names what is wrong.

    Of what was `reoffered`, `withheld` is because of a gateway that did not say that it had it.
    """

    due: int
    delivered: int
    reoffered: int
    withheld: int
    lost: list[str]
    doubled: list[str]
    unexpected: list[str]


def judge(
    expected: Mapping[UUID, Expected], messages: Sequence[Arrived], episodes: Sequence[Episode]
) -> Arrivals:
    """Compare. `expected` holds what must be sent, by notification; `messages` rise in time."""
    copies: dict[str, list[Arrived]] = defaultdict(list)
    for message in messages:
        copies[message.name].append(message)
    came: set[UUID] = set()
    doubled: list[str] = []
    unexpected: list[str] = []
    for same in copies.values():
        first = same[0]
        one = expected.get(first.notification_id) if first.notification_id else None
        if one is None:
            twin = _twin(first, expected, copies)
            (doubled if twin else unexpected).append(f"{first}{twin}")
        else:
            came.add(one.planned.notification.notification_id)
            if first.to != one.planned.notification.address:
                unexpected.append(f"{first} is not for this address; planned: {one}")
            if first.at != one.at:
                unexpected.append(f"{first} came too early or too late; planned: {one}")
    withheld, cut, beyond = explain_repeats(copies, episodes)
    return Arrivals(
        due=len(expected),
        delivered=len(came),
        reoffered=withheld + cut,
        withheld=withheld,
        lost=[str(expected[name]) for name in expected.keys() - came],
        doubled=doubled + beyond,
        unexpected=unexpected,
    )


def _twin(
    stray: Arrived, expected: Mapping[UUID, Expected], copies: Mapping[str, Sequence[Arrived]]
) -> str:
    """Names an expected message that said the same to the same address, if there is one."""
    for same in copies.values():
        first = same[0]
        alike = (first.channel, first.to, first.text) == (stray.channel, stray.to, stray.text)
        if alike and first.notification_id in expected:
            return f" says the same as {first}"
    return ""


def explain_repeats(
    copies: Mapping[str, Sequence[Arrived]], episodes: Sequence[Episode]
) -> tuple[int, int, list[str]]:
    """How many repeats an answer that was withheld explains, how many a cut, and the others."""
    cut = [*(Counter(episode.cut) for episode in episodes), Counter[str]()]
    withheld, by_cut, beyond = 0, 0, []
    repeats = sorted(
        (pair for same in copies.values() for pair in pairwise(same)),
        key=lambda pair: pair[1].received,
    )
    for before, again in repeats:
        place = _episode(episodes, again.received)
        if not before.answered:
            withheld += 1
        elif place == _episode(episodes, before.received) and cut[place][again.channel]:
            cut[place][again.channel] -= 1
            by_cut += 1
        else:
            beyond.append(f"{again} again; it had been taken at {before.received:%H:%M:%S.%f}")
    return withheld, by_cut, beyond


def _episode(episodes: Sequence[Episode], instant: datetime) -> int:
    """The place of the episode in which an instant lies; their number when it is after all."""
    found = (n for n, episode in enumerate(episodes) if instant <= episode.until)
    return next(found, len(episodes))
