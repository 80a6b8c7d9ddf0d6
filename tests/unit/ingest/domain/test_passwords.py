"""Passwords: which may be chosen, and what of them is stored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain import passwords
from services.ingest.domain.passwords import check_password, hash_password, verify_password
from services.ingest.domain.refusals import RefusedError

PASSWORD = "绿色 订书机 七月 河"


def test_a_hash_is_argon2id_with_the_parameters_of_the_rfc() -> None:
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_only_the_same_password_has_a_hash() -> None:
    stored = hash_password(PASSWORD)
    assert stored != hash_password(PASSWORD)
    assert verify_password(stored, PASSWORD)
    assert not verify_password(stored, PASSWORD + " ")


def test_full_width_letters_of_an_input_method_are_the_same_password() -> None:
    assert verify_password(hash_password("staple-7421-x"), "ｓｔａｐｌｅ－７４２１－ｘ")


def test_without_a_hash_no_password_is_right_and_as_much_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[str] = []
    real = passwords._HASHER.verify

    class Hasher:
        def verify(self, stored: str, password: str) -> bool:
            computed.append(stored)
            return real(stored, password)

    decoy = passwords._make_decoy()
    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    assert not verify_password(None, PASSWORD)
    assert not verify_password(None, "a password that nobody has")
    assert computed == [decoy, decoy]


def test_a_damaged_hash_is_nobodys() -> None:
    assert not verify_password("$argon2id$broken", PASSWORD)


@pytest.mark.parametrize(
    "password",
    ["short-7", "x" * 129, "password", "Password", "12345678", "ｐａｓｓｗｏｒｄ", "aaaaaaaaaaaa"],
)
def test_a_short_long_or_common_password_is_refused(password: str) -> None:
    with pytest.raises(RefusedError):
        check_password(password, "zhangsan")


def test_the_own_name_is_no_password() -> None:
    with pytest.raises(RefusedError):
        check_password("ZhangSan-2026", "zhangsan-2026")


@pytest.mark.parametrize(
    "password",
    [
        "Cuiban-2026!",
        "催办催办催办催办",
        "zhangsan_123456",
        "政务公开办20261202",
        "ＣＵＩＢＡＮ１２３４",
    ],
)
def test_words_of_the_system_with_digits_are_no_password(password: str) -> None:
    with pytest.raises(RefusedError):
        check_password(password, "zhangsan")


@pytest.mark.parametrize("password", ["催办 订书机 七月 河", "cuiban staple", "2026-12-02/4411"])
def test_words_of_the_system_among_others_are_taken(password: str) -> None:
    check_password(password, "zhangsan")


@given(st.text(st.characters(categories=["L", "N"]), min_size=12, max_size=60))
@settings(max_examples=50)
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    distinct = password + "é中"
    if passwords.SHORTEST <= len(passwords._normalise(distinct)) <= passwords.LONGEST:
        check_password(distinct, "zhangsan")
