"""The walk over a batch: repeats are skipped, a hole is seen."""

from hypothesis import given
from hypothesis import strategies as st

from shared.positions import Partition, RawRecord, unbroken

AT = Partition("t", 0)


def records(offsets: list[int]) -> list[RawRecord]:
    return [RawRecord(AT, offset, None, None, ()) for offset in offsets]


@given(st.integers(0, 20), st.lists(st.integers(0, 30), max_size=30))
def test_a_walk_gives_each_offset_from_the_position_once_or_sees_a_hole(
    position: int, offsets: list[int]
) -> None:
    found = unbroken(position, records(sorted(offsets)))
    wanted = sorted({offset for offset in offsets if offset >= position})
    if wanted == list(range(position, position + len(wanted))):
        assert found is not None
        assert [record.offset for record in found] == wanted
    else:
        assert found is None
