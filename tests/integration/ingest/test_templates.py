"""An office's templates: checked, previewed, published as versions, rolled back."""

import json
import re
from typing import Any

import pytest
import yaml

from services.ingest.handlers.reports.template_previews import MOST_ITEMS
from shared.messages.templates.builtin import BUILT_IN
from shared.schemas.templates import TemplateKind

pytestmark = pytest.mark.integration
MAIL = "/v1/templates/digest-mail/standard"
OWN = {
    "subject": "本办：{{ subject }}",
    "text": "{{ unit }}你好：\r\n{% for line in lines %}{{ line.ref }} {{ line.left }}\r\n"
    "{% endfor %}{% if door %}{{ door.address }}{% endif %}",
    "html": "<p>{{ unit }}</p>{% if door %}<a href='{{ door.address }}'>办理</a>{% endif %}",
}


async def publish(api: Any, version: int, path: str = MAIL, **parts: str) -> Any:
    body = {"version": version, "parts": OWN | parts, "note": "改称呼"}
    return await api.client.post(path, json=body)


async def list_events(api: Any) -> list[dict[str, Any]]:
    rows = await api.fetch_rows("SELECT value, headers FROM ingest.outbox ORDER BY id")
    return [
        json.loads(row.value)
        for row in rows
        if dict(row.headers)["ce_type"].endswith("TemplatePublished.v1")
    ]


async def test_each_publication_is_a_version_an_event_and_an_entry(api: Any) -> None:
    first = await publish(api, 0)
    assert first.status_code == 201, first.text
    second = await publish(api, 1, subject="{{ subject }}！")
    assert (second.json()["version"], second.json()["built_in"]) == (2, False)
    events = await list_events(api)
    assert [(each["kind"], each["name"], each["number"]) for each in events] == [
        ("digest-mail", "standard", 1),
        ("digest-mail", "standard", 2),
    ]
    assert events[0]["parts"]["text"] == OWN["text"].replace("\r\n", "\n")
    earlier = (await api.client.get(MAIL, params={"version": 1})).json()
    assert earlier["parts"]["subject"] == OWN["subject"]
    entries = (await api.client.get("/v1/journal")).json()["items"]
    (entry,) = [each for each in entries if each["after"].get("version") == 2]
    assert (entry["action"], entry["subject"]) == ("template.published", "digest-mail/standard")
    assert entry["before"]["sha256"]["subject"] != entry["after"]["sha256"]["subject"]


async def test_a_template_with_faults_is_refused_with_part_and_line(api: Any) -> None:
    answer = await publish(api, 0, text="甲\r\n{{ untit }}", html="<p>{{ unit|safe }}</p>")
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    places = [(each["part"], each["line"], each["code"]) for each in errors]
    assert places == [("text", 2, "unknown-name"), ("html", 1, "unescaped")]
    assert await list_events(api) == []
    assert (await api.client.get(MAIL)).json()["version"] == 0


async def test_who_has_seen_an_earlier_version_is_refused(api: Any) -> None:
    await publish(api, 0)
    answer = await publish(api, 0)
    assert answer.status_code == 409
    assert len(await list_events(api)) == 1


async def test_rolling_back_publishes_an_earlier_version_or_the_built_in_template(
    api: Any,
) -> None:
    await publish(api, 0)
    await publish(api, 1, subject="{{ unit }}")
    back = await api.client.post(f"{MAIL}/roll-back", json={"version": 2, "to": 1})
    assert back.status_code == 201, back.text
    assert (back.json()["version"], back.json()["restored_from"]) == (3, 1)
    assert back.json()["parts"]["subject"] == OWN["subject"]
    built_in = await api.client.post(f"{MAIL}/roll-back", json={"version": 3, "to": 0})
    assert (built_in.json()["version"], built_in.json()["built_in"]) == (4, True)
    parts = BUILT_IN[TemplateKind.DIGEST_MAIL].model_dump()
    assert built_in.json()["parts"] == parts
    assert (await list_events(api))[-1]["parts"] is None
    missing = await api.client.post(f"{MAIL}/roll-back", json={"version": 4, "to": 9})
    assert missing.status_code == 404
    versions = (await api.client.get(f"{MAIL}/versions")).json()
    assert [(each["version"], each["built_in"]) for each in versions] == [
        (4, True),
        (3, False),
        (2, False),
        (1, False),
    ]


async def test_templates_with_other_names_stand_beside_the_usual_one(api: Any) -> None:
    path = "/v1/templates/digest-mail/年底"
    assert (await api.client.get(path)).status_code == 404
    assert (await publish(api, 0, path)).status_code == 201
    listed = (await api.client.get("/v1/templates")).json()
    assert [(each["kind"], each["name"], each["version"]) for each in listed] == [
        ("digest-mail", "standard", 0),
        ("digest-mail", "年底", 1),
        ("digest-sms", "standard", 0),
        ("digest-group", "standard", 0),
        ("link-mail", "standard", 0),
    ]


async def preview(api: Any, kind: str = "digest-mail", **more: Any) -> Any:
    return await api.client.post("/v1/templates/preview", json={"kind": kind} | more)


async def test_a_preview_shows_what_a_unit_owes_now(api: Any) -> None:
    await api.publish_plan()
    rows = await api.list_ledger()
    unit = next(row for row in rows if row["due_on"])
    owed = [row for row in rows if row["unit_id"] == unit["unit_id"] and row["due_on"]]
    answer = await preview(api, parts=OWN, unit_id=unit["unit_id"])
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["problems"], made["items"]) == ([], min(len(owed), MOST_ITEMS))
    assert made["text"].startswith(f"{unit['unit']}你好：\n")
    shown = re.findall(r"^(\S+) 还有", made["text"], re.MULTILINE)
    assert len(shown) == made["items"]
    assert set(shown) <= {row["ref"] for row in owed}
    assert shown[0] == min(owed, key=lambda row: str(row["due_on"]))["ref"]
    assert made["html"].startswith(f"<p>{unit['unit']}</p>")
    sms = (await preview(api, "digest-sms", parts={"text": "{{ message }}"})).json()
    assert (sms["fewest_parts"], sms["most_parts"]) == (1, 2)
    assert sms["sms_parts"] in {1, 2}
    assert sms["text"].startswith("【政务公开】")


async def test_a_preview_tells_the_faults_and_changes_nothing(api: Any) -> None:
    before = (await api.client.get("/v1/audit/verify")).json()["entries"]
    made = (await preview(api, parts=OWN | {"subject": "{{ unt }}"})).json()
    (problem,) = made["problems"]
    assert (problem["part"], problem["line"], problem["code"]) == ("subject", 1, "unknown-name")
    assert "unit" in problem["hint"]
    assert (made["subject"], made["text"], made["html"]) == (None, None, None)
    assert (await api.client.get("/v1/audit/verify")).json()["entries"] == before


async def test_a_preview_of_a_unit_that_owes_nothing_is_refused(api: Any) -> None:
    await api.import_units()
    unit_id = (await api.client.get("/v1/units")).json()["items"][0]["unit_id"]
    answer = await preview(api, parts=OWN, unit_id=unit_id)
    assert answer.status_code == 409
    link = await preview(
        api, "link-mail", parts=BUILT_IN[TemplateKind.LINK_MAIL].model_dump(), unit_id=unit_id
    )
    assert link.status_code == 200, link.text


async def test_rules_name_a_template_that_is_there(api: Any) -> None:
    book = (await api.client.get("/v1/rule-books")).json()["items"][0]["book"]
    rule = book["rules"][0] | {"how": {"template": "年低"}}
    body = {"timezone": book["timezone"], "rules": [rule]}
    assert (await publish(api, 0, "/v1/templates/digest-mail/年底")).status_code == 201
    refused = await api.client.post("/v1/rule-books", json=body)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["where"], "年底" in error["hint"]) == ("rules.0.how.template", True)
    text = yaml.safe_dump(body, allow_unicode=True)
    draft = (await api.client.post("/v1/rule-drafts", json={"text": text})).json()
    (problem,) = draft["problems"]
    assert problem["code"] == "unknown-template"
    assert "年低" in text.splitlines()[problem["line"] - 1]
    rule["how"]["template"] = "年底"
    assert (await api.client.post("/v1/rule-books", json=body)).status_code == 201
