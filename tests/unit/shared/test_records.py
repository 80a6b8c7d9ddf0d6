"""The walk over a batch: repeats are skipped, a hole is seen."""

from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.broker.records import Partition, RawRecord, drop_repeats, split_by_size

AT = Partition("t", 0)


def records(offsets: list[int]) -> list[RawRecord]:
    return [RawRecord(AT, offset, None, None, ()) for offset in offsets]


@given(st.integers(0, 20), st.lists(st.integers(0, 30), max_size=30))
def test_a_walk_gives_each_offset_from_the_position_once_or_sees_a_hole(
    position: int, offsets: list[int]
) -> None:
    found = drop_repeats(position, records(sorted(offsets)))
    wanted = sorted({offset for offset in offsets if offset >= position})
    if wanted == list(range(position, position + len(wanted))):
        assert found is not None
        assert [record.offset for record in found] == wanted
    else:
        assert found is None


def test_large_records_are_applied_in_parts() -> None:
    values = [b"xxxx", b"xxxx", b"xxxxxxxxxxxx", None, b"xx"]
    batch = [RawRecord(AT, n, b"k", v, ()) for n, v in enumerate(values)]
    parts = [[record.offset for record in part] for part in split_by_size(batch, most=10)]
    assert parts == [[0, 1], [2], [3, 4]]


@given(st.lists(st.binary(max_size=20)), st.integers(1, 40))
def test_parts_hold_every_record_once_and_in_order(values: list[bytes], most: int) -> None:
    batch = [RawRecord(AT, n, None, v, ()) for n, v in enumerate(values)]
    parts = list(split_by_size(batch, most))
    assert [record for part in parts for record in part] == batch
    assert all(part for part in parts)


def test_no_records_make_no_parts() -> None:
    assert list(split_by_size([])) == []
