"""The pure parts of the sinks."""

from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.sinks.gateways import Faults, decode_header_text
from lab.sinks.pages import list_links, read_body_parts
from lab.sinks.signatures import parse_keys
from shared.errors import CuibanError


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), min_size=1, max_size=60))
def test_an_encoded_unit_name_is_read_back(name: str) -> None:
    assert decode_header_text(Header(name, "utf-8").encode()) == name


@pytest.mark.parametrize(
    ("header", "text"),
    [("%E5%8E%BF%E5%B1%80", "县局"), ("100%", "100%")],
)
def test_other_headers_are_read_as_well_as_they_can(header: str, text: str) -> None:
    assert decode_header_text(header) == text


@given(st.binary(max_size=400))
def test_whatever_a_mail_holds_it_can_be_shown(raw: bytes) -> None:
    text, html = read_body_parts(raw)
    assert isinstance(text, str)
    assert isinstance(html, str)


def test_addresses_that_can_be_opened_are_found_in_a_text() -> None:
    text = "办理：http://127.0.0.1:8090/u/a.b-C_1。又见http://127.0.0.1:8090/u 办理码12345678。"
    assert list_links(text) == ["http://127.0.0.1:8090/u/a.b-C_1", "http://127.0.0.1:8090/u"]
    assert list_links('javascript:alert(1) ftp://x "http://a.example/<b>') == ["http://a.example/"]


def test_a_secret_is_base64_after_its_prefix() -> None:
    assert parse_keys("whsec_YWJj whsec_ZGVm") == [b"abc", b"def"]
    with pytest.raises(CuibanError):
        parse_keys("whsec_$")


@pytest.mark.parametrize("wanted", [{"email": "false-success"}, {"sms": "no"}, {"fax": "ok"}])
async def test_a_fault_that_does_not_exist_changes_nothing(wanted: dict[str, object]) -> None:
    faults = Faults()
    with pytest.raises(CuibanError):
        faults.change(wanted | {"sms": "no"})
    assert faults.modes == {"email": "ok", "sms": "ok"}
