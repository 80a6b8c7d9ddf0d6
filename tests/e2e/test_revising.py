"""A published plan and its revised document, on the running system."""

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e
HEAD = "序号\t任务名称\t具体内容\t责任单位\t完成时限"
STAYS = "编制并公布本部门政府信息公开目录。"
MOVES = "规范答复依申请公开事项，健全会商机制。"
GOES = "组织开展政府开放日活动并公布情况。"
WORDS = "健全政务新媒体管理制度，压实主体责任。"
REWORDED = "健全政务新媒体管理机制，压实主体责任。"
COMES = "建立政策解读专栏，集中展示解读材料。"


def table(path: Path, title: str, rows: list[tuple[str, str, date | str]]) -> str:
    lines = [title, "", HEAD]
    for number, (text, unit, due) in enumerate(rows, 1):
        when = due if isinstance(due, str) else f"{due.year}年{due.month}月{due.day}日"
        lines.append(f"{number}\t任务{text[:4]}\t{text}\t{unit}\t{when}")
    path.write_text("\n".join(lines))
    return str(path)


def about(mails: list[dict[str, Any]], text: str) -> int:
    return sum(text[:10] in mail["text"] for mail in mails)


async def test_a_revised_plan_is_reminded_of_as_revised(world, cuiban, tmp_path: Path) -> None:
    """The moved date on its new days alone; the untouched once a slot; the removed never again."""
    (name,) = world.enter_units(1)
    days = [world.find_working_day(number) for number in range(9)]
    first, later = days[4], days[8]
    title = f"{first.year}年{name}政务公开任务分解表"
    rows: list[tuple[str, str, date | str]] = [
        (text, name, first) for text in (STAYS, MOVES, GOES, WORDS)
    ]
    cuiban("import", table(tmp_path / "one.txt", title, rows))
    cuiban("plan", "publish", "--yes")
    await world.step_to(days[1])  # three working days before: all of it is reminded of
    (mail,) = world.list_messages(name)
    assert [about([mail], text) for text in (STAYS, MOVES, GOES, WORDS)] == [1, 1, 1, 1]

    rows = [(COMES, name, later), (STAYS, name, first), (MOVES, name, later)]
    rows.append((REWORDED, name, first))
    revised = table(tmp_path / "two.txt", title, rows)
    seen = cuiban("plan", "revise", revised, typed="no\n")
    assert "1 measures added, 2 changed, 1 removed, 1 renumbered, 0 unchanged" in seen
    assert f"date: {first} → {later}" in seen
    assert "Nothing was changed" in seen
    done = cuiban("plan", "revise", revised, typed="yes\n")
    assert "1 obligations added, 1 amended, 1 withdrawn, of 1 units" in done
    await world.wait_until_quiet()

    told: list[list[dict[str, Any]]] = []
    for day in days[2:]:
        before = len(world.list_messages(name))
        await world.step_to(day)
        told.append(world.list_messages(name)[before:])
    # One and no working days before the first date; then the third working day overdue.
    for text in (STAYS, REWORDED):
        assert [about(mails, text) for mails in told] == [0, 1, 1, 0, 0, 1, 0]
    # What is new or moved at the next slot; then three, one and no working days before the later
    # date, and never for the first.
    for text in (MOVES, COMES):
        assert [about(mails, text) for mails in told] == [1, 0, 0, 1, 0, 1, 1]
    assert all(about(mails, text) == 0 for mails in told for text in (GOES, WORDS))
    assert all(len(mails) <= 1 for mails in told)
    assert "holds for every unit and day" in cuiban("audit", "conservation")


async def test_a_person_answers_one_question_after_the_other(world, cuiban, tmp_path) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(9)
    rows = [
        ("公布目录一。", name, due),
        ("定期清理失效内容。", name, due),
        ("另行公布清单。", name, ""),
        ("配合公开工作。", f"{name}、远方局", due),
    ]
    title = f"{due.year}年{name}审阅任务分解表"
    cuiban("import", table(tmp_path / "plan.txt", title, rows))
    stopped = cuiban("plan", "review", typed="z\nr\n9\nquarter\n\n每季度一次\n")
    assert "定期清理失效内容" in stopped
    assert "settle how often" in stopped
    assert "z is none of" in stopped
    assert "9 is none of 1 to 5" in stopped
    assert "1 answers are stored; 2 items are left" in stopped
    answers = f"d\n年底\n{due}\n\n今年完成\ns\n"
    again = cuiban("plan", "review", typed=answers)
    assert "年底 is no date" in again
    assert "A reason is needed" in again
    assert "1 answers are stored; 1 items are left" in again
    lost = cuiban("plan", "review", typed=f"没有的局\n试\n{name}\n由其代管\n")
    assert "does not know 没有的局" in lost
    assert "Nothing is left to settle" in lost
    published = cuiban("plan", "publish", "--yes")
    assert "of 1 units" in published
    owed = world.api.list_items("/v1/ledger", unit_id=world.units[name])
    assert {row["ref"] for row in owed} == {"1.1", "2.1", "3.1", "4.1"}


def heed_interrupts() -> None:
    """A shell starts background jobs, and so all that they start, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_what_was_answered(world, cuiban, tmp_path) -> None:
    (name,) = world.enter_units(1)
    rows = [
        ("定期清理甲。", name, world.find_working_day(9)),
        ("定期清理乙。", name, world.find_working_day(9)),
    ]
    cuiban("import", table(tmp_path / "plan.txt", f"2023年{name}中断任务分解表", rows))
    command = ["plan", "review", "--state", str(world.stack.state)]
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.command", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "LANG": "en"},
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - nothing else runs between fork and exec
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("a\n每年一次\n")
        process.stdin.flush()
        shown = [process.stdout.readline()]
        while "── 1 left ──" not in shown[-1]:
            assert shown[-1], f"it ended before the second question: {''.join(shown)}"
            shown.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "1 answers are stored; 1 items are left" in said
    assert "Traceback" not in said


async def test_the_journal_is_proven_by_the_command(world, cuiban) -> None:
    world.enter_units(1)
    said = cuiban("audit", "verify")
    head = said.split("head ")[1].split()[0]
    world.enter_units(1)
    again = cuiban("audit", "verify", "--expect", head)
    assert "1 came after it" in again
    wrong = cuiban("audit", "verify", "--expect", "ab" * 32, status=1)
    assert "not in this chain" in wrong
