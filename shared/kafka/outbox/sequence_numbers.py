"""The sequence numbers that the leading relay gives to its records."""

from collections.abc import Mapping

from shared.kafka.broker.sequences import Link
from shared.schemas.topics import TOPICS

TopicPartition = tuple[str, int]
"""A topic's name without prefix, and a partition's number."""
_COMPACTED = frozenset(topic.name for topic in TOPICS if topic.compacted)
"""Compaction removes records of these topics, so a gap in their numbers shows no loss."""


def is_numbered(topic: str) -> bool:
    """Whether the records of a topic have sequence numbers."""
    return topic not in _COMPACTED


class SequenceNumbers:
    """The leading relay's numbers in each partition (`shared.kafka.broker.sequences`).

    A number is used once the broker has acknowledged its record. A refused record uses none, and
    after any other error the relay begins a new run.
    """

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._before: dict[TopicPartition, tuple[int, int]] = {}
        self._last: dict[TopicPartition, int] = {}
        self.run = 0

    def begin_run(self, run: int, marked: Mapping[TopicPartition, tuple[int, int]]) -> None:
        """Begin a run; `marked` holds the run and number of the last record marked as sent."""
        self.run = max(run, self.run + 1)
        self._before = dict(marked)
        self._last = {at: number for at, (_, number) in marked.items()}

    def get_last(self, at: TopicPartition) -> int:
        """The number of the last acknowledged record of a partition; 0 before the first."""
        return self._last.get(at, 0)

    def build_headers(self, at: TopicPartition, number: int) -> list[tuple[str, bytes]]:
        """The header of the record with a number. A watermark has the number of the last record."""
        if not is_numbered(at[0]):
            return []
        prior, before = self._before.get(at, (0, 0))
        return [Link(self._writer, self.run, number, before + 1, prior).to_header(at[1])]

    def advance(self, at: TopicPartition, count: int) -> None:
        """Use the numbers of `count` acknowledged records."""
        self._last[at] = self.get_last(at) + count
