"""`cuiban templates` against the API: from the built-in template to a version and back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ingest.commands import Command, serve_command

pytestmark = pytest.mark.integration


@pytest.fixture
async def cuiban(api: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> AsyncIterator[Command]:
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


async def test_a_template_is_shown_changed_previewed_published_and_rolled_back(
    api: Any, cuiban: Command, tmp_path: Path
) -> None:
    await api.publish_plan()
    unit = next(row["unit"] for row in await api.list_ledger() if row["due_on"])
    shown = await cuiban("templates", "show", "digest-mail", "--json")
    assert (shown.status, shown.json["version"], shown.json["built_in"]) == (0, 0, True)
    text = (await cuiban("templates", "show", "digest-mail")).out
    file, html = tmp_path / "mail.yaml", tmp_path / "mail.html"
    begin = text.index("kind: digest-mail")
    changed = text[begin:].replace('subject: "{{ subject }}"', 'subject: "本办：{{ subject }}"')
    file.write_text(changed, encoding="utf-8")
    options = ("--unit", unit, "--html", str(html), "--json")
    made = await cuiban("templates", "preview", str(file), *options)
    assert made.status == 0, made.err
    assert made.json["subject"].startswith("本办：【")
    assert unit in html.read_text(encoding="utf-8")
    published = await cuiban("templates", "publish", str(file))
    assert "Version 1 of digest-mail standard is in use." in published.out
    listed = await cuiban("templates", "list", "--json")
    first = listed.json[0]
    assert (first["kind"], first["version"]) == ("digest-mail", 1)
    back = await cuiban("templates", "rollback", "digest-mail", "--to", "0", "--json")
    assert (back.json["version"], back.json["built_in"]) == (2, True)
    versions = await cuiban("templates", "list", "digest-mail", "--json")
    assert [row["version"] for row in versions.json] == [2, 1]


async def test_a_file_with_faults_is_not_sent(api: Any, cuiban: Command, tmp_path: Path) -> None:
    file = tmp_path / "sms.yaml"
    file.write_text("kind: digest-sms\ntext: '{{ unti }}'\n", encoding="utf-8")
    refused = await cuiban("templates", "publish", str(file))
    assert refused.status == 1
    assert "line 2, column 1: There is no name unti." in refused.err
    rows = await api.fetch_rows("SELECT count(*) FROM ingest.templates")
    assert rows[0][0] == 0
