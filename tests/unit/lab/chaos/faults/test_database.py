"""An outbox is mixed between keys, never within one."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lab.chaos.faults.database import _shuffle_queues


@given(st.lists(st.integers(0, 6), max_size=12), st.integers(0, 100))
def test_what_is_mixed_keeps_the_order_of_each_key(sizes: list[int], seed: int) -> None:
    queues = [[100 * key + place for place in range(size)] for key, size in enumerate(sizes)]
    order = _shuffle_queues(queues, random.Random(seed))  # noqa: S311 - a script, not a secret
    for key, queue in enumerate(queues):
        assert [item for item in order if item // 100 == key] == queue
    assert len(order) == sum(sizes)


def test_keys_do_change_places() -> None:
    queues = [[key] for key in range(20)]
    assert _shuffle_queues(queues, random.Random(1)) != list(range(20))  # noqa: S311 - a script
