"""A large office as people leave it: made through the API, then months of work by SQL."""

import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cli.client import Api
from lab.bench.world.engines import ITEMS, World
from lab.bench.world.ledgers import derive_unit_name
from lab.bench.world.seeding import TEXT
from lab.bench.world.watching import watch_count
from services.ingest.store.activity import is_quiet

BEFORE = datetime(2023, 1, 10, 1, tzinfo=UTC)
"""When the plan is published: its dates are still to come."""
NOW = datetime(2023, 9, 1, 1, tzinfo=UTC)
_GROUP = "县级各部门"
_COLUMNS = "单位名称,类别,分组,联络员,联络员邮箱,联络员手机,分管领导,分管领导邮箱,分管领导手机"
_HEADER = "序号\t任务类别\t任务名称\t具体内容\t责任单位\t完成时限"
_HEARING = "单位主要负责人每年至少听取1次政务公开工作情况汇报。"
_REQUESTS = 20
_LAST_MONTH = 12
_COMING = {"due_from": NOW.date(), "due_to": "2023-11-30"}
_WORK = """
UPDATE ingest.obligations AS o SET status = w.status,
    submitted_at = CASE WHEN w.status IN ('submitted', 'done') THEN w.at END,
    submitted_by = CASE WHEN w.status IN ('submitted', 'done') THEN 'bench' END,
    done_at = CASE WHEN w.status = 'done' THEN w.at END,
    done_by = CASE WHEN w.status = 'done' THEN 'bench' END
FROM (SELECT obligation_id, (ARRAY['done', 'done', 'in-progress', 'accepted', 'in-progress',
        'assigned'])[1 + abs(hashtext(obligation_id::text)) % 6] AS status,
        due_on - (abs(hashtext(obligation_id::text)) % 30 - 10) * INTERVAL '1 day' AS at
    FROM ingest.obligations) AS w
WHERE w.obligation_id = o.obligation_id
"""
_SUBMITTED = """
UPDATE ingest.obligations SET status = 'submitted', submitted_at = due_on, submitted_by = 'bench'
WHERE status = 'in-progress' AND abs(hashtext(obligation_id::text)) % 50 = 0
"""
_REMINDERS = """
INSERT INTO ingest.reminders (reminder_id, office_id, unit_id, audience, slot, plan_title,
    rule_version, items)
SELECT md5(unit_id::text || n)::uuid, office_id, unit_id, 'liaison',
    TIMESTAMPTZ '2023-08-25 09:00+08' - n * INTERVAL '7 days', '要点分解表', 1, '[]'
FROM ingest.units, generate_series(1, 6) AS n
"""
_NOTIFICATIONS = """
INSERT INTO ingest.notifications (notification_id, reminder_id, office_id, unit_id, audience,
    channel, slot, state, rank, address, at, reason, gateway, subject, body, sent_at, attempts)
SELECT md5(r.reminder_id::text || c.channel)::uuid, r.reminder_id, r.office_id, r.unit_id,
    r.audience, c.channel, r.slot, s.state, 1, u.contacts -> 0 ->> c.part, r.slot,
    CASE WHEN s.state = 'failed' THEN 'rejected' ELSE '' END, 'bench', '催办', '请办理。', r.slot, 1
FROM ingest.reminders AS r JOIN ingest.units AS u USING (unit_id),
    (VALUES ('email', 'email'), ('sms', 'mobile')) AS c (channel, part),
    LATERAL (SELECT CASE WHEN abs(hashtext(r.unit_id::text)) % 100 = 0 THEN 'failed'
        ELSE 'delivered' END AS state) AS s
WHERE u.contacts -> 0 ->> c.part <> ''
"""

_REPLIES = """
INSERT INTO ingest.replies (reply_id, office_id, gateway, mobile, text, received_at, state, doubt)
SELECT md5(office_id::text)::uuid, office_id, 'bench', '13800000001', '收到', now(), 'waiting',
    'other-text'
FROM ingest.offices
"""
_FILLING = (_WORK, _SUBMITTED, _REMINDERS, _NOTIFICATIONS, _REPLIES)


async def fill_office(world: World) -> int:
    """Let units owe for eight months, and tell them so. Returns how many obligations there are.

    The plan of `publish_plan` is published before; its events are sent before this returns, so that
    the relay takes no time of what is measured.
    """
    await watch_count(partial(_count_quiet, world), 1)
    for statement in (*_FILLING, "VACUUM ANALYZE"):
        await world.execute(statement)
    return int(await world.fetch_number("SELECT count(*) FROM ingest.obligations"))


async def _count_quiet(world: World) -> float:
    """1 once every event of ingest has been sent."""
    async with world.database.connect() as db:
        return float(await is_quiet(db))


def publish_plan(api: Api, units: int) -> str:
    """A directory of some units, and a published plan with `ITEMS` measures that all owe; its id.

    Of each fifty units one has no mobile number, and one has no deputy.
    """
    rows = [_write_unit(number) for number in range(1, units + 1)]
    _upload(api, "/v1/units/import", "名录.csv", "\n".join([_COLUMNS, *rows]))
    plan = _upload(api, "/v1/plans", "要点.txt", _write_plan("要点分解表"))["plan_id"]
    api.post(f"/v1/plans/{plan}/publish")
    return str(plan)


def add_requests(api: Api, plan: str) -> dict[str, str]:
    """What people and units ask for, a draft and a revision; the names that addresses use."""
    owed = api.get("/v1/ledger", unit=[derive_unit_name(3)], limit=ITEMS)["items"]
    unit, first = owed[0]["unit_id"], owed[0]["obligation_id"]
    granted = {"name": "OA", "scopes": ["read", "report"], "unit_id": unit}
    token = api.post("/v1/tokens", granted)
    own = Api(api.base_url, token["token"])
    names = {"unit": unit, "unit_name": derive_unit_name(3), "obligation": first, "plan": plan}
    evidence = _upload(own, f"/v1/obligations/{first}/files", "说明.pdf", "%PDF-1.7")
    names["evidence"] = evidence["evidence"][0]["evidence_id"]
    hearing = {"heard_on": "2023-05-18", "heard_by": "局长"}
    names["hearing"] = own.post(f"/v1/units/{unit}/hearings", hearing)["hearing_id"]
    states = ["accepted", "in-progress"]
    asking = api.get("/v1/ledger", status=states, kind="deadline", limit=_REQUESTS, **_COMING)
    for item in asking["items"]:
        names |= _ask(api, item["obligation_id"])
    wanted = {"post": "liaison", "name": "张三", "mobile": "13900000009", "note": "换了号码"}
    proposed = own.post(f"/v1/units/{unit}/contact-proposals", wanted)
    own.close()
    revised = _write_plan("要点分解表", moved=True)
    revision = _upload(api, f"/v1/plans/{plan}/revisions", "修订.txt", revised)
    draft = _upload(api, "/v1/plans", "草案.txt", _write_plan("分解表", doubtful=True))
    rules = api.post("/v1/rule-drafts", {"from_version": 1, "note": "试行"})
    person = {"name": "经办人", "role": "viewer", "password": "绿色 订书机 七月 河"}
    return names | {
        "proposal": proposed["proposal_id"],
        "mute": api.post("/v1/mutes", _make_mute(unit))["mute_id"],
        "hold": api.post("/v1/holds", {"channel": "wecom", "reason": "维护"})["hold_id"],
        "revision": revision["revision_id"],
        "draft": draft["plan_id"],
        "rule_draft": rules["draft_id"],
        "message": api.get("/v1/messages", limit=1)["items"][0]["notification_id"],
        "reply": api.get("/v1/replies", limit=1)["items"][0]["reply_id"],
        "user": api.post("/v1/users", person)["user_id"],
        "view": api.post("/v1/ledger/views", {"name": "常看", "query": "light=red"})["view_id"],
    }


def _make_mute(unit_id: str) -> dict[str, str]:
    """A mute of one unit for a month."""
    until = NOW.date() + timedelta(days=30)
    return {"unit_id": unit_id, "until": until.isoformat(), "reason": "职责交接"}


def list_open(api: Api, number: int) -> list[dict[str, Any]]:
    """Obligations that units may report about, spread over the ledger."""
    query = {"status": ["accepted"], "sort": "-due_on"}
    items: list[dict[str, Any]] = api.get("/v1/ledger", limit=min(number, 500), **query)["items"]
    return items


def _ask(own: Api, obligation: str) -> dict[str, str]:
    """A request for a later date, and an objection, of one obligation."""
    path = f"/v1/obligations/{obligation}"
    version = own.get(path)["version"]
    later = {"version": version, "due_on": "2023-12-30", "note": "系统迁移"}
    asked = own.post(f"{path}/extend", later)
    objected = own.post(f"{path}/object", {"version": asked["version"], "note": "不属于本单位"})
    return {
        "obligation": obligation,
        "extension": asked["extensions"][0]["extension_id"],
        "objection": objected["objections"][0]["objection_id"],
    }


def _write_unit(number: int) -> str:
    name, mail = derive_unit_name(number), f"{number}@bench.example"
    mobile = "" if number % 50 == 0 else f"1{3_000_000_000 + number}"
    deputy = ",," if number % 50 == 1 else f"李四{number},d{mail},1{3_100_000_000 + number}"
    return f"{name},县级部门,{_GROUP}、组{number % 10},张三{number},{mail},{mobile},{deputy}"


def _write_plan(title: str, *, moved: bool = False, doubtful: bool = False) -> str:
    """A task table: a task for four measures, each owed by every unit by the end of a month."""
    lines = [f"盐亭县2023年政务公开{title}", _HEADER]
    for number in range(ITEMS):
        month = _LAST_MONTH - number % 11
        due = f"2023年{month - (moved and month == _LAST_MONTH)}月底前"
        if doubtful and number % 10 == 0:
            due = "定期"
        task, text = number // 4, _HEARING if number == ITEMS - 1 else f"{TEXT}{number}"
        lines.append(f"{task + 1}\t类别{task % 5}\t专栏建设{task}\t{text}\t{_GROUP}\t{due}")
    return "\n".join(lines)


def _upload(api: Api, path: str, name: str, text: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="cuiban-bench-") as folder:
        file = Path(folder) / name
        file.write_text(text, "utf-8")
        return dict(api.upload(path, file))
