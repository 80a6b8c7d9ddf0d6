"""Sign-in slows down with each failure, and locks."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.accounts import normalise_sign_in_name
from services.ingest.domain.sign_in_limits import ACCOUNT, ADDRESS


def test_an_account_may_be_mistyped_three_times_and_then_each_pause_doubles() -> None:
    pauses = [ACCOUNT.compute_pause(failures).total_seconds() for failures in range(12)]
    assert pauses == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 900, 900]


@given(st.integers(0, 2 * ADDRESS.locks_at) | st.integers(0, 10**9))
def test_a_pause_never_shrinks_with_failures_and_never_exceeds_the_lock(failures: int) -> None:
    for limit in (ACCOUNT, ADDRESS):
        now, next_one = limit.compute_pause(failures), limit.compute_pause(failures + 1)
        assert timedelta(0) <= now <= next_one <= limit.lock


def test_an_address_has_more_attempts_than_an_account() -> None:
    assert ADDRESS.free > ACCOUNT.free
    assert ADDRESS.locks_at > ACCOUNT.locks_at


def test_names_are_compared_without_width_case_and_space() -> None:
    assert normalise_sign_in_name(" ＺhangSan  三 ") == "zhangsan 三"
    assert normalise_sign_in_name("Straße") == normalise_sign_in_name("STRASSE")
