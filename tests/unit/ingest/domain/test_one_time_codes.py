"""One-time codes: accepted once, by a clock that is half a minute off at most."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from services.ingest.domain.one_time_codes import (
    find_step,
    generate_recovery_codes,
    generate_secret,
    hash_recovery_code,
    make_address,
)

NOW = datetime(2026, 12, 2, 9, tzinfo=UTC)
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def make_code(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


def test_the_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, appendix B, the last six digits for SHA-1."""
    assert find_step(SECRET, "287082", datetime.fromtimestamp(59, UTC), None) == 1
    assert find_step(SECRET, "081804", datetime.fromtimestamp(1111111109, UTC), None)


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_clock_may_be_half_a_minute_off(seconds: int) -> None:
    assert find_step(SECRET, make_code(NOW + timedelta(seconds=seconds)), NOW, None)


@pytest.mark.parametrize("seconds", [-90, 90, 3600])
def test_a_code_of_another_time_is_wrong(seconds: int) -> None:
    assert find_step(SECRET, make_code(NOW + timedelta(seconds=seconds)), NOW, None) is None


def test_no_code_is_accepted_twice_and_none_older_than_the_last() -> None:
    step = find_step(SECRET, make_code(NOW), NOW, None)
    assert step is not None
    assert find_step(SECRET, make_code(NOW), NOW, step) is None
    assert find_step(SECRET, make_code(NOW - timedelta(seconds=30)), NOW, step) is None
    later = NOW + timedelta(seconds=30)
    assert find_step(SECRET, make_code(later), later, step) == step + 1


@pytest.mark.parametrize("code", ["", "12345", "１２３４５６", "abcdef", "\ud800", "1" * 100])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert find_step(SECRET, code, NOW, None) is None


def test_spaces_within_a_code_do_not_count() -> None:
    code = make_code(NOW)
    assert find_step(SECRET, f" {code[:3]} {code[3:]} ", NOW, None)


def test_secrets_are_long_and_apps_can_read_their_address() -> None:
    secret = generate_secret()
    assert len(secret) == 32
    parsed = pyotp.parse_uri(make_address(secret, "张三"))
    assert (parsed.secret, parsed.name, parsed.issuer) == (secret, "张三", "催办 Cuiban")


def test_recovery_codes_differ_and_are_compared_without_their_form() -> None:
    codes = generate_recovery_codes()
    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) == 20 for code in codes)
    typed = codes[0].upper().replace("-", " ")
    assert hash_recovery_code(typed) == hash_recovery_code(codes[0])
