"""The file of gateways: what is read, and what is said of what is wrong, with line and column."""

import json
import re
import textwrap
from pathlib import Path

import jsonschema
import pytest
import yaml

from deploy import gateways_schema
from services.notifier.domain.retry import WhenUnknown
from services.notifier.gateways.building import build_gateways, load_file
from services.notifier.gateways.file import build_schema, read_gateways
from services.notifier.gateways.protocol import NoGateway
from services.notifier.settings import NotifierSettings
from shared.errors import CuibanError
from shared.schemas.rules import Channel
from tests.unit.notifier.gateways.vendors.entries import ENTRIES

EXAMPLE = Path("examples/gateways.yaml")
ROBOT = """\
gateways:
  - name: 工作群
    vendor: wecom-robot
    key: {env: ROBOT_KEY}
"""


TWICE = ROBOT + ROBOT.partition("\n")[2]


def tell(text: str) -> list[tuple[int, int, str]]:
    reading = read_gateways(text, lambda written: written["env"])
    return [(each.mark.line, each.mark.column, each.code) for each in reading.problems]


def test_every_vendor_can_stand_in_the_file() -> None:
    for vendor, entry in ENTRIES.items():
        text = json.dumps({"gateways": [{"name": vendor, "vendor": vendor, **entry}]})
        assert tell(text) == [], vendor


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, 1, "empty")]),
        ("[]", [(1, 1, "wrong-type")]),
        (ROBOT.replace("wecom-robot", "wecom-robto"), [(3, 13, "unknown-value")]),
        (ROBOT.replace("vendor: wecom-robot", "keys: x"), [(2, 5, "missing")]),
        (ROBOT.replace("key: {", "kye: {"), [(2, 5, "missing"), (4, 5, "unknown-key")]),
        (ROBOT.replace("{env: ROBOT_KEY}", "plain-key"), [(4, 10, "invalid")]),
        (ROBOT + "    concurrency: 0\n", [(5, 18, "out-of-bounds")]),
        (ROBOT + "    url: ftp://host\n", [(5, 10, "invalid")]),
        (TWICE, [(5, 11, "duplicate-name")]),
        (ROBOT + "    limits: {total: [20/week]}\n", [(5, 22, "invalid")]),
        (ROBOT + "    priority: -1\n", [(5, 15, "out-of-bounds")]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    text: str, problems: list[tuple[int, int, str]]
) -> None:
    assert sorted(tell(text)) == problems


BOUNCES = """\
gateways:
  - name: mail
    vendor: smtp
    host: mail.example
    mail_from: 公开办 <gkb@mail.example>
    bounces:
      host: mail.example
      user: bounces
      password: {env: PASSWORD}
      keys: {env: a-key-of-the-office}
      address: bounce+{key}@mail.example
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("bounce+{key}@", "bounce@", (11, 16)),
        ("bounce+{key}@", "x{key}{key}@", (11, 16)),
        ("bounce+{key}@mail", "bounce@{key}", (11, 16)),
        ("bounce+{key}@", "a-long-local-part{key}@", (11, 16)),
        ("bounce+{key}@", "退信+{key}@", (11, 16)),
        ("a-key-of-the-office", "short", (10, 13)),
        ("{env: a-key-of-the-office}", "plain-text", (10, 13)),
    ],
)
def test_what_is_wrong_with_a_mailbox_of_bounces(
    old: str, new: str, place: tuple[int, int]
) -> None:
    assert tell(BOUNCES) == []
    assert tell(BOUNCES.replace(old, new)) == [(*place, "invalid")]


def test_two_gateways_have_two_folders_of_bounces() -> None:
    again = BOUNCES.partition("\n")[2].replace("name: mail", "name: other")
    assert tell(BOUNCES + again) == [(17, 7, "duplicate-name")]
    assert tell(BOUNCES + again + "      folder: Other\n") == []


def test_a_secret_comes_from_a_variable_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBOT_KEY", " k1\n")
    (tmp_path / "key").write_text("k2\n")
    for text, key in (
        (ROBOT, "k1"),
        (ROBOT.replace("env: ROBOT_KEY", f"file: {tmp_path}/key"), "k2"),
    ):
        file = read_gateways(text).file
        assert file is not None
        assert file.gateways[0].key.get_secret_value() == key  # type: ignore[union-attr]
        assert key not in repr(file)


@pytest.mark.parametrize("where", ["env: NOT_SET", "file: /nowhere", "env: A, file: B", "at: B"])
def test_a_secret_that_is_not_there_is_a_problem(where: str) -> None:
    reading = read_gateways(ROBOT.replace("env: ROBOT_KEY", where))
    assert [(each.mark.line, each.code) for each in reading.problems] == [(4, "invalid")]


def test_an_unknown_variable_of_a_template_is_named() -> None:
    entry = {"name": "a", "vendor": "aliyun", **ENTRIES["aliyun"], "parameters": {"x": "{txt}"}}
    reading = read_gateways(json.dumps({"gateways": [entry]}), lambda written: written["env"])
    assert "txt" in reading.problems[0].message
    assert reading.problems[0].path == "gateways.0.parameters.x"


def test_the_schema_in_the_documents_is_the_present_one() -> None:
    assert gateways_schema.PLACE.read_text(encoding="utf-8") == gateways_schema.render()


def test_the_example_fits_the_schema_and_is_read() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert (
        read_gateways(text, lambda written: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").problems == ()
    )
    jsonschema.validate(yaml.safe_load(text), build_schema())


@pytest.mark.parametrize("handbook", ["docs/handbook.md", "docs/zh/handbook.md"])
def test_the_examples_of_the_handbooks_are_read(handbook: str) -> None:
    text = Path(handbook).read_text(encoding="utf-8")
    examples = re.findall(r"^    gateways:\n(?:    .*\n)+", text, re.MULTILINE)
    assert len(examples) == 3
    for example in examples:
        reading = read_gateways(textwrap.dedent(example), lambda _: "a-secret-of-the-office")
        assert reading.problems == ()


def test_a_channel_that_the_file_does_not_name_has_the_gateway_of_the_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gateways.yaml"
    entry = {"name": "aliyun-1", "vendor": "aliyun", **ENTRIES["aliyun"]}
    path.write_text(json.dumps({"gateways": [entry]}))
    monkeypatch.setenv("key", "hush")
    monkeypatch.setenv("CUIBAN_GATEWAYS", str(path))
    monkeypatch.setenv("CUIBAN_SMTP_URL", "smtp://127.0.0.1:9")
    monkeypatch.setenv("CUIBAN_SMS_URL", "http://127.0.0.1:9/sms")
    built = build_gateways(NotifierSettings.load())
    names = {channel: each[0].gateway.name for channel, each in built.items()}
    assert (names[Channel.SMS], names[Channel.EMAIL]) == ("aliyun-1", "smtp")
    assert built[Channel.SMS][0].when_unknown is WhenUnknown.HOLD
    assert isinstance(built[Channel.WECOM][0].gateway, NoGateway)


def test_a_start_with_a_wrong_file_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "gateways.yaml"
    path.write_text(ROBOT.replace("wecom-robot", "wecom"))
    with pytest.raises(CuibanError, match=r"line 3, column 13: .*Did you mean wecom-"):
        load_file(path)
    with pytest.raises(CuibanError, match="CUIBAN_GATEWAYS"):
        load_file(tmp_path / "missing.yaml")
