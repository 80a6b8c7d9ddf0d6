"""The links that a leading relay gives to its records (`shared.broker.sequences`)."""

from collections.abc import Mapping

from shared.broker.sequences import Link
from shared.schemas.topics import TOPICS

TopicPartition = tuple[str, int]
"""A topic's name without prefix, and a partition's number."""
_COMPACTED = frozenset(topic.name for topic in TOPICS if topic.compacted)
"""Kafka drops records of these on purpose, so nothing can be said of what stands before one."""


def is_numbered(topic: str) -> bool:
    """Whether the records of a topic name what came before them."""
    return topic not in _COMPACTED


class SequenceNumbers:
    """One leading relay's count of its records in each partition.

    A number is taken when the broker has acknowledged the record. So one that the broker refused
    has none, and after any other error the relay begins a new run.
    """

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._before: dict[TopicPartition, tuple[int, int]] = {}
        self._last: dict[TopicPartition, int] = {}
        self.run = 0

    def begin_run(self, run: int, marked: Mapping[TopicPartition, tuple[int, int]]) -> None:
        """Begin a run after what is marked as sent: the run and number of the last record."""
        self.run = max(run, self.run + 1)
        self._before = dict(marked)
        self._last = {at: number for at, (_, number) in marked.items()}

    def get_last(self, at: TopicPartition) -> int:
        """The number of the last record that was acknowledged in a partition; 0 before any."""
        return self._last.get(at, 0)

    def build_headers(self, at: TopicPartition, number: int) -> list[tuple[str, bytes]]:
        """The header of the record that gets a number; of a watermark, with the last one's."""
        if not is_numbered(at[0]):
            return []
        prior, before = self._before.get(at, (0, 0))
        return [Link(self._writer, self.run, number, before + 1, prior).to_header(at[1])]

    def advance(self, at: TopicPartition, count: int) -> None:
        """Count acknowledged records."""
        self._last[at] = self.get_last(at) + count
