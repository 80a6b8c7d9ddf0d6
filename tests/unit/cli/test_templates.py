"""`cuiban templates check`: a template in a file, with the line of each problem in the file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.messages.templates.builtin import BUILT_IN
from shared.messages.templates.file import (
    TemplateFile,
    read_template_file,
    write_template_file,
)
from shared.schemas.templates import TemplateKind
from tests.unit.cli.conftest import Run

SOUND = """kind: digest-sms
text: |
  {{ unit }}：{{ figures.items }}项任务待办，{{ when }}。
  {% if door %}办理：{{ door.address }} 办理码{{ door.secret }}{% endif %}
"""


def write(folder: Path, text: str) -> str:
    file = folder / "sms.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_sound_template_passes_and_its_parts_are_counted(
    cuiban: Callable[..., Run], tmp_path: Path
) -> None:
    file = write(tmp_path, SOUND)
    checked = cuiban("templates", "check", file)
    assert checked.status == 0, checked.out + checked.err
    assert checked.out == f"{file}: nothing is wrong.\nParts of a short message: 1 to 2.\n"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (SOUND.replace("when", "wen"), 3, "unknown-name"),
        (SOUND.replace("door.secret", "door.secrt"), 4, "unknown-name"),
        ("kind: digest-sms\ntext: '{{ unti }}'\n", 2, "unknown-name"),
        ("kind: digest-sms\ntex: x\n", 2, "unknown-key"),
        ("kind: digest\ntext: x\n", 1, "unknown-value"),
        ("text: x\n", 1, "missing"),
        (SOUND + "html: <p></p>\n", 5, "unknown-key"),
        ("kind: digest-sms\n", 1, "missing"),
        ("kind: digest-sms\ntext: {{ unit }}\n", 2, "key"),
    ],
)
def test_what_is_wrong_is_named_with_the_line_of_the_file(
    cuiban: Callable[..., Run], tmp_path: Path, text: str, line: int, code: str
) -> None:
    checked = cuiban("templates", "check", write(tmp_path, text), "--json")
    assert checked.status == 1
    answer = json.loads(checked.out)
    assert answer["passed"] is False
    assert (answer["problems"][0]["line"], answer["problems"][0]["code"]) == (line, code)
    assert "。" not in answer["problems"][0]["message"], "only the language in use"


@pytest.mark.parametrize("kind", TemplateKind)
def test_a_written_template_is_read_as_the_same(kind: TemplateKind) -> None:
    file = TemplateFile(kind=kind, name="年底", note='"好"', **BUILT_IN[kind].model_dump())
    reading = read_template_file(write_template_file(file))
    assert reading.problems == ()
    assert reading.file is not None
    assert reading.file.model_dump() | {"text": "", "html": ""} == file.model_dump() | {
        "text": "",
        "html": "",
    }
    assert reading.file.text.rstrip() == file.text.rstrip()
    assert reading.file.html.rstrip() == file.html.rstrip()
