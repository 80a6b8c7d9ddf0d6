"""`cuiban audit expected`: the reminders of some days beside what the ledger asked for."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from cli.client import AsJson, connect
from deploy.places import STATE, NotRunningError, StateOption
from shared.errors import CuibanError

_DIFFERS, _WRONG_USE, _NOT_RUNNING = 1, 2, 3
_SHOWN = 50
"""How many rows a table shows; `--json` lists up to 1000."""
_REFS = 8
"""How many items of a reminder a table names."""
_KINDS = {"missing": "缺 missing", "extra": "多 extra", "items-differ": "事项不同 items differ"}
_AUDIENCES = {"liaison": "联络员", "deputy": "分管领导", "head": "主要负责人"}
_REASONS = {
    "never-fired": "应催未催 never-fired",
    "not-owed": "台账无此事项 not-owed",
    "fired-incomplete": "事实未到齐即触发 fired-incomplete",
    "fact-applied-late": "事实生效过晚 fact-applied-late",
    "rule-book-changed-meanwhile": "规则其间改变 rule-book-changed-meanwhile",
    "calendar-changed": "日历其间改变 calendar-changed",
    "fired-late": "触发过晚 fired-late",
    "catch-up-left-out": "停机后按规则略过 catch-up-left-out",
}
_UNCHECKED = {
    "not-yet-due": "条提醒太新,可能仍在途中 reminders are so new that they may be on their way",
    "no-firing-time": "条提醒没有触发时间记录 reminders are of a time without recorded firing",
    "no-history": "项义务当时的状态没有记录 obligations have no recorded history that far back",
    "no-rule-book": "项义务所在机关没有规则 obligations are of an office without a rule book",
    "reading-stopped": "个提醒分区已停止读取 partitions of the reminders are not read any more",
    "records-parked": "条提醒记录已搁置 records of the reminders are set aside",
}
_out = Console()


def compare_expected(
    first: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first day."),
    ],
    last: Annotated[
        datetime,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="The last day."),
    ],
    office: Annotated[
        str | None, typer.Option(help="The office's short name: is the token that office's?")
    ] = None,
    as_json: AsJson = False,
    state: StateOption = STATE,
) -> None:
    """对照台账与已发提醒: compare the reminders of some days with what the ledger asked for.

    It computes anew, from ingest's ledger, rules and calendars alone, which reminders should have
    been emitted. Ends with status 0 when nothing differs, 1 when something does, 2 when it is used
    wrongly, 3 when nothing runs.
    """
    try:
        found = _asked(first, last, office, state)
    except NotRunningError as error:
        raise _ended(error, _NOT_RUNNING) from error
    except CuibanError as error:
        raise _ended(error, _WRONG_USE) from error
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        show(found)
    if found["differences"]:
        raise typer.Exit(_DIFFERS)


def _asked(first: datetime, last: datetime, office: str | None, state: Path) -> dict[str, Any]:
    if last < first:
        raise CuibanError("--to lies before --from.", "Give the earlier day as --from.")
    api = connect(state)
    try:
        if office is not None and (own := api.get("/v1/office")["slug"]) != office:
            raise CuibanError(
                f"The token is that of the office {own}, not of {office}.",
                f"Set CUIBAN_TOKEN to a token of {office}, or leave out --office.",
            )
        days = {"from": first.date().isoformat(), "to": last.date().isoformat()}
        found: dict[str, Any] = api.get("/v1/audit/expected", **days)
    finally:
        api.close()
    return found


def _ended(error: CuibanError, status: int) -> typer.Exit:
    told = Console(stderr=True)
    told.print(error.message, style="red", markup=False, soft_wrap=True)
    if error.hint:
        told.print(error.hint, markup=False, soft_wrap=True)
    return typer.Exit(status)


def show(found: dict[str, Any]) -> None:
    """Print a comparison for people."""
    days = f"{found['from']} – {found['to']}"
    _out.print(
        f"{days}: 应有 expected {found['expected']}, 已发 emitted {found['emitted']}, "
        f"不符 differing {found['differing']}, 可解释 explained {found['explaining']}",
        soft_wrap=True,
    )
    for row in found["not_checked"]:
        _out.print(
            f"[yellow]未核对 not checked: {row['number']} {_UNCHECKED[row['reason']]}.[/]",
            soft_wrap=True,
        )
    if not found["differences"]:
        _out.print("[green]没有遗漏。Nothing is missing.[/]")
        return
    table = Table(
        "时点 slot", "单位 unit", "对象 audience", "差异 kind", "原因 reason", "事项 items"
    )
    zone = ZoneInfo(found["timezone"])
    for row in found["differences"][:_SHOWN]:
        refs = [ref or str(one) for ref, one in zip(row["refs"], row["obligations"], strict=True)]
        rest = f" … {len(refs)}" if len(refs) > _REFS else ""
        table.add_row(
            datetime.fromisoformat(row["slot"]).astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            row["unit"] or row["unit_id"],
            _AUDIENCES.get(row["audience"], row["audience"]),
            _KINDS[row["kind"]],
            _REASONS[row["reason"]],
            ", ".join(refs[:_REFS]) + rest,
        )
    _out.print(table)
    if (rest := found["differing"] - _SHOWN) > 0:
        _out.print(f"另有 {rest} 条,用 --json 查看。{rest} more: see --json.")
