"""The pure parts of the local stack."""

from hypothesis import given
from hypothesis import strategies as st

from lab.stack import jars
from lab.stack.kafka import _escape_property
from lab.stack.processes import PORTS, find_free_ports
from lab.stack.record import select_external


def test_every_jar_is_pinned_once_and_the_broker_is_among_them() -> None:
    pins = jars.read_pins()
    assert len({(pin.group, pin.artifact) for pin in pins}) == len(pins)
    assert all(len(pin.sha256) == 64 for pin in pins)
    assert {"kafka_2.13-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= {str(pin) for pin in pins}


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_value_in_a_properties_file_reads_back_as_it_was(value: str) -> None:
    written = _escape_property(value)
    assert written.isascii()
    units = written.replace("\\\\", "\\u005c").encode().decode("unicode_escape")
    assert units.encode("utf-16", "surrogatepass").decode("utf-16") == value


def test_free_ports_are_distinct_and_below_those_of_outgoing_connections() -> None:
    ports = find_free_ports(20)
    assert len(set(ports)) == 20
    assert all(port in PORTS for port in ports)


def test_an_empty_address_points_nowhere_else() -> None:
    assert select_external({"CUIBAN_KAFKA": "", "CUIBAN_SMTP_URL": "smtp://a:25", "HOME": "/"}) == {
        "CUIBAN_SMTP_URL": "smtp://a:25"
    }
