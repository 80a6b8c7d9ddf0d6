"""The fault list is the seed's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.chaos.faults.schedule import (
    CLOCK_KINDS,
    RUNNING,
    STEPPED,
    FaultClasses,
    FaultKind,
    count_by_kind,
    draw_faults,
)


@given(st.integers(0, 10**6), st.integers(0, 60))
def test_the_same_seed_gives_the_same_list_in_order(seed: int, count: int) -> None:
    faults = draw_faults(seed, count)
    assert faults == draw_faults(seed, count)
    assert [fault.number for fault in faults] == list(range(count))
    places = [fault.place for fault in faults if fault.kind not in CLOCK_KINDS]
    assert places == sorted(places)
    assert all(0 <= fault.place < 1 for fault in faults)
    assert sum(count_by_kind(faults).values()) == count


@pytest.mark.parametrize("seed", range(20))
def test_a_short_run_has_every_class_of_faults(seed: int) -> None:
    found = {fault.kind for fault in draw_faults(seed, 12)}
    for group in (
        {FaultKind.SERVICE_KILLED},
        {FaultKind.SERVICE_TERMINATED},
        {FaultKind.SERVICE_FROZEN},
        {FaultKind.BROKER_KILLED, FaultKind.DATABASE_KILLED},
        {FaultKind.DATABASE_FULL},
        {kind for kind in FaultKind if kind.startswith("gateway")},
        {FaultKind.POISON},
        {FaultKind.TOLD_TWICE, FaultKind.OUT_OF_ORDER},
        {FaultKind.CLOCK_FORWARD},
        {FaultKind.CLOCK_BACK},
    ):
        assert found & group


@pytest.mark.parametrize("classes", [STEPPED, RUNNING], ids=["stepped", "running"])
def test_a_long_run_has_every_kind_of_its_clock(classes: FaultClasses) -> None:
    wanted = {kind for group in classes for kind in group}
    assert {fault.kind for fault in draw_faults(7, 100, classes)} == wanted


def test_a_short_run_with_a_running_clock_has_every_class() -> None:
    found = {fault.kind for fault in draw_faults(3, len(RUNNING), RUNNING)}
    assert all(found & set(group) for group in RUNNING)


def test_what_a_machine_cannot_do_is_left_out() -> None:
    kinds = count_by_kind(
        draw_faults(3, 100, RUNNING, {FaultKind.DISK_FULL, FaultKind.GATEWAY_PROXY})
    )
    assert kinds["disk-full"] == kinds["gateway-proxy"] == 0
    assert sum(kinds.values()) == 100
