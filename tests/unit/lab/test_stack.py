"""The pure parts of the local stack."""

from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.sinks.gateways import Faults, decoded, keys_from
from lab.sinks.pages import body_parts
from lab.stack import jars
from lab.stack.errors import LocalStackError
from lab.stack.kafka import _escaped
from lab.stack.processes import PORTS, free_ports
from lab.stack.record import external


def test_every_jar_is_pinned_once_and_the_broker_is_among_them() -> None:
    pins = jars.read_pins()
    assert len({(pin.group, pin.artifact) for pin in pins}) == len(pins)
    assert all(len(pin.sha256) == 64 for pin in pins)
    assert {"kafka_2.13-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= {str(pin) for pin in pins}


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_value_in_a_properties_file_reads_back_as_it_was(value: str) -> None:
    written = _escaped(value)
    assert written.isascii()
    units = written.replace("\\\\", "\\u005c").encode().decode("unicode_escape")
    assert units.encode("utf-16", "surrogatepass").decode("utf-16") == value


def test_free_ports_are_distinct_and_below_those_of_outgoing_connections() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(port in PORTS for port in ports)


def test_an_empty_address_points_nowhere_else() -> None:
    assert external({"CUIBAN_KAFKA": "", "CUIBAN_SMTP_URL": "smtp://a:25", "HOME": "/"}) == {
        "CUIBAN_SMTP_URL": "smtp://a:25"
    }


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), min_size=1, max_size=60))
def test_an_encoded_unit_name_is_read_back(name: str) -> None:
    assert decoded(Header(name, "utf-8").encode()) == name


@pytest.mark.parametrize(
    ("header", "text"),
    [("%E5%8E%BF%E5%B1%80", "县局"), ("100%", "100%")],
)
def test_other_headers_are_read_as_well_as_they_can(header: str, text: str) -> None:
    assert decoded(header) == text


@given(st.binary(max_size=400))
def test_whatever_a_mail_holds_it_can_be_shown(raw: bytes) -> None:
    text, html = body_parts(raw)
    assert isinstance(text, str)
    assert isinstance(html, str)


def test_a_secret_is_base64_after_its_prefix() -> None:
    assert keys_from("whsec_YWJj whsec_ZGVm") == [b"abc", b"def"]
    with pytest.raises(LocalStackError):
        keys_from("whsec_$")


@pytest.mark.parametrize("wanted", [{"email": "false-success"}, {"sms": "no"}, {"fax": "ok"}])
async def test_a_fault_that_does_not_exist_changes_nothing(wanted: dict[str, object]) -> None:
    faults = Faults()
    with pytest.raises(LocalStackError):
        faults.change(wanted | {"sms": "no"})
    assert faults.modes == {"email": "ok", "sms": "ok"}
