"""`cuiban calendars`: what an officer types when the year's notice has come."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ingest.commands import Command, serve_command
from tests.integration.ingest.test_calendars import NOTICE

pytestmark = pytest.mark.integration


@pytest.fixture
async def cuiban(api: Any, monkeypatch: Any, capsys: Any) -> AsyncIterator[Command]:
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_notice_goes_from_a_file_to_the_calendar(
    cuiban: Command, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "notice.txt"
    file.write_text(NOTICE, encoding)
    shown = await cuiban("calendars", "import", str(file), "--preview")
    assert shown.status == 0, shown.err
    assert "Nothing was kept." in shown.out
    assert (await cuiban("calendars", "publish")).status != 0
    imported = await cuiban("calendars", "import", str(file))
    assert "cuiban calendars publish" in imported.out
    draft = await cuiban("calendars", "show", "2027", "--draft")
    assert "make-up working day" in draft.out
    assert (await cuiban("calendars", "show", "2026", "--draft")).status == 2
    assert (await cuiban("calendars", "show", "2027", "--json")).json["state"] == "unknown"
    published = await cuiban("calendars", "publish")
    assert published.status == 0, published.err
    assert "calendar 1" in published.out
    year = (await cuiban("calendars", "show", "2027", "--json")).json
    assert (year["state"], year["number"], len(year["days"])) == ("known", 1, 365)


async def test_a_doubtful_notice_is_published_only_when_its_doubts_are_accepted(
    cuiban: Command, tmp_path: Path
) -> None:
    file = tmp_path / "notice.txt"
    file.write_text(NOTICE.replace("1月1日（周五）", "1月1日（周一）"))
    imported = await cuiban("calendars", "import", str(file), "--json")
    assert imported.status == 1
    assert [each["code"] for each in imported.json["doubts"]] == ["weekday-differs"]
    assert (
        "line 2: The day 2027-01-01 is a Friday"
        in (await cuiban("calendars", "import", str(file))).out
    )
    refused = await cuiban("calendars", "publish")
    assert refused.status == 1
    assert "--accept-doubts" in refused.err
    assert "2027-01-01 is a Friday" in refused.err
    assert (await cuiban("calendars", "publish", "--accept-doubts")).status == 0


async def test_a_draft_is_discarded(cuiban: Command, tmp_path: Path) -> None:
    file = tmp_path / "notice.txt"
    file.write_text(NOTICE)
    await cuiban("calendars", "import", str(file))
    assert (await cuiban("calendars", "discard")).status == 0
    assert (await cuiban("calendars", "publish")).status == 2


async def test_own_days_are_set_and_removed(cuiban: Command) -> None:
    seen = await cuiban("calendars", "set", "2027-10-08", "off", "--preview")
    assert "2027-10-08" in seen.out
    assert "Nothing was kept." in seen.out
    done = await cuiban("calendars", "set", "2027-10-08", "off", "--last", "2027-10-11", "--json")
    assert (done.json["number"], done.json["changed"]) == (1, ["2027-10-08", "2027-10-11"])
    removed = await cuiban("calendars", "set", "2027-10-08", "none")
    assert "calendar 2" in removed.out
    wrong = await cuiban("calendars", "set", "2027-10-08", "off", "--last", "2027-10-01")
    assert wrong.status == 2


async def test_a_year_that_should_be_known_is_warned_of(cuiban: Command, api: Any) -> None:
    assert "cuiban calendars import" not in (await cuiban("calendars", "show", "2026")).out
    api.clock.instant = datetime.fromisoformat("2026-10-08T01:00:00Z")
    assert "holidays of 2027 are not known" in (await cuiban("calendars", "show", "2026")).out
