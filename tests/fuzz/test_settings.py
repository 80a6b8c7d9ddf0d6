"""Whatever the environment holds, a service's settings work or a variable is named, not shown."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.settings import IngestSettings
from services.notifier.dispatch.channels import make_lanes
from services.notifier.settings import NotifierSettings
from services.scheduler.settings import SchedulerSettings
from shared.clock import open_clock
from shared.database.engine import create_engine
from shared.errors import CuibanError
from shared.kafka.delivery.faust_agents import create_faust_app
from shared.settings import Settings
from tests.fuzz.profiles import fuzzed

CLASSES: tuple[type[Settings], ...] = (IngestSettings, SchedulerSettings, NotifierSettings)
SECRET = "hush5ecret"
FIELDS = sorted({name for each in CLASSES for name in each.model_fields})
WRITTEN = st.sampled_from(
    (
        *("", " ", "0", "-1", "1", "99999999999999999999", "1e400", "nan", "inf", "true", "null"),
        *("PT0S", "-PT1S", "PT10S", "P999999999D", "99999d", "0s", "5s 5m", "21:00-07:30", "9-5"),
        *("/", "/nowhere/at/all", "a b", "a\nb", "[]", "{}", "办", "\u202e", "DEBUG", "json"),
        *("127.0.0.1:9092", ":", "::1", "host:port", "a:1,b", ",", "http://[::1", "[", "//"),
        *("whsec_" + SECRET, "whsec_" + "QUJD" * 8, f"u:{SECRET}@h", "a@b.example", "名 <a@b>"),
        *(
            f"{scheme}://u:{SECRET}{rest}"
            for scheme in ("postgresql", "mysql", "smtp", "smtps", "http", "https", "gopher", "")
            for rest in (
                "@h",
                "@h:0",
                "@h:99999",
                "@h:port",
                "@[::1/x",
                "@",
                "@h/d?x=y",
                " @h",
                "\\@h",
            )
        ),
    )
) | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


def started(settings_class: type[Settings]) -> str:
    """What a service's `main` says of its settings before it reaches for anything."""
    try:
        settings = settings_class.load()
        engine = create_engine(settings, "test")
        create_faust_app(settings, "test")
        if isinstance(settings, NotifierSettings):
            make_lanes(settings, engine, open_clock(settings.clock_file))
    except CuibanError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("settings_class", CLASSES, ids=lambda each: each.__name__)
@fuzzed
@given(st.dictionaries(st.sampled_from(FIELDS), WRITTEN, min_size=1, max_size=2))
def test_whatever_is_written_it_works_or_the_variable_is_named(
    settings_class: type[Settings], written: dict[str, str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CUIBAN_")]:
            patch.delenv(name)
        for name, value in written.items():
            patch.setenv(f"CUIBAN_{name.upper()}", value)
        said = started(settings_class)
    assert not said or any(f"CUIBAN_{name.upper()}" in said for name in written), said
    assert SECRET not in said
