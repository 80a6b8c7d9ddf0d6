from datetime import UTC, datetime, timedelta

from services.scheduler.horizons import (
    NEVER,
    Horizon,
    Patience,
    View,
    compute_horizons,
    measure_waiting,
    select_due,
)
from services.scheduler.store.tables import UNKNOWN

NOW = datetime(2023, 8, 30, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BEFORE, LONG_BEFORE = NOW - MINUTE, NOW - 60 * MINUTE


def view(**seen) -> View:
    plain = {"heads": {0: NOW}, "tasks": {0: NOW}, "rules": {0: NOW}, "offices": [0]}
    return View(**plain | seen, database_now=NOW)


def test_a_partition_is_complete_as_far_as_its_own_facts_and_all_offices_rules_are() -> None:
    seen = view(
        heads={0: NOW, 1: NOW},
        tasks={0: NOW, 1: LONG_BEFORE},
        rules={0: BEFORE, 1: NOW, 2: None},
        offices=[0, 1],
    )
    assert list(compute_horizons(seen, NOW, None)) == [
        Horizon(0, BEFORE, BEFORE),
        Horizon(1, LONG_BEFORE, LONG_BEFORE),
    ]
    assert select_due(seen, compute_horizons(seen, NOW, None)) == []
    assert measure_waiting(seen, compute_horizons(seen, NOW, None), NOW) == {
        0: timedelta(0),
        1: timedelta(0),
    }


def test_nothing_fires_later_than_now_and_what_was_waited_for_fires() -> None:
    ahead = view(tasks={0: NOW + MINUTE}, rules={0: NOW + MINUTE})
    assert list(compute_horizons(ahead, NOW, None)) == [Horizon(0, NOW, NOW + MINUTE)]
    behind = view(tasks={0: LONG_BEFORE})
    assert list(compute_horizons(behind, NOW, BEFORE)) == [Horizon(0, BEFORE, LONG_BEFORE, BEFORE)]


def test_behind_a_parked_event_only_what_was_waited_for_fires_and_nothing_is_complete() -> None:
    assert Horizon(0, NOW, NOW).limit_to_timed_out() == Horizon(0, NEVER, NEVER)
    waited = Horizon(0, NOW, NOW, BEFORE).limit_to_timed_out()
    assert waited == Horizon(0, BEFORE, NEVER, BEFORE)


def test_where_the_partition_is_unknown_all_of_them_count() -> None:
    seen = view(
        heads={UNKNOWN: NOW, 7: NOW},
        tasks={0: NOW, 1: BEFORE},
        rules={0: NOW, 1: LONG_BEFORE},
        offices=[UNKNOWN],
    )
    assert [one.complete_until for one in compute_horizons(seen, NOW, None)] == [LONG_BEFORE] * 2
    unread = view(tasks={0: NOW, 1: None})
    assert [one.complete_until for one in compute_horizons(unread, NOW, None)] == [NOW]
    nothing = view(tasks={}, rules={})
    assert list(compute_horizons(nothing, NOW, None)) == [Horizon(0, NEVER, NEVER)]


def test_patience_is_counted_from_when_a_slot_could_first_have_fired() -> None:
    patience = Patience(timedelta(minutes=15))
    assert patience.find_timed_out(NOW, 1000.0) is None
    assert patience.find_timed_out(NOW + 14 * MINUTE, 1000.0 + 14 * 60) is None
    assert patience.find_timed_out(NOW + 15 * MINUTE, 1000.0 + 15 * 60) == NOW
    assert patience.find_timed_out(NOW + 30 * MINUTE, 1000.0 + 30 * 60) == NOW + 15 * MINUTE


def test_patience_forgets_what_a_clock_showed_that_was_set_back() -> None:
    patience = Patience(timedelta(minutes=15))
    patience.find_timed_out(NOW + 200 * 24 * 60 * MINUTE, 0.0)
    assert patience.find_timed_out(NOW, 16 * 60.0) is None
    assert patience.find_timed_out(NOW + 15 * MINUTE, 31 * 60.0) == NOW


def test_no_patience_means_that_nothing_waits() -> None:
    assert Patience(timedelta(0)).find_timed_out(NOW, 5.0) == NOW
