"""A short message: who, how many, by when, and where the rest stands. Pure.

One part of a Chinese short message holds 70 UCS-2 characters, a part of a longer one 67; the
signature counts. Gateways drop a text that repeats, so the text names a task and the days left.
"""

from services.notifier.message import Content
from services.notifier.rendering.wording import Count, Digest, clean, count, day_of, in_order

ONE_PART, PART, PARTS = 70, 67, 3
_LONGEST = PART * PARTS
_SHORT_UNIT = 16


def ucs2(text: str) -> int:
    """How long a gateway counts `text`: a character outside the BMP counts twice."""
    return len(text.encode("utf-16-be")) // 2


def parts(text: str) -> int:
    """How many parts are paid for `text`."""
    length = ucs2(text)
    return 1 if length <= ONE_PART else -(-length // PART)


def sms(digest: Digest, signature: str) -> Content:
    """The short message for `digest`: the fullest wording that one part holds.

    A unit's name that is too long for that makes more parts, never more than three.
    """
    sign = f"【{clean(signature)}】" if clean(signature) else ""
    unit = clean(digest.unit)
    wordings = _wordings(digest, count(digest))
    for wording in wordings:
        text = f"{sign}{unit}{wording}"
        if ucs2(text) <= ONE_PART:
            return Content("", text)
    text = f"{sign}{unit}{wordings[-1]}"
    if ucs2(text) > _LONGEST:
        text = f"{sign}{unit[:_SHORT_UNIT]}…{wordings[-1]}"
    while ucs2(text) > _LONGEST:
        text = text[:-1]
    return Content("", text)


def _wordings(digest: Digest, figures: Count) -> list[str]:
    """From the fullest to the shortest."""
    items = in_order(digest.items)
    first = clean(items[0].ref)[:12]
    named = f"（任务{first}{'等' if figures.items > 1 else ''}）"
    when = _when(digest, figures)
    hearing = "（含听取汇报）" if 0 < figures.hearings < figures.items else ""
    if figures.hearings == figures.items:
        what, named = "请安排主要负责人听取汇报", f"（任务{first}）"
        heads = [f"：{what}{named}，{when}", f"：{what}，{when}"]
    else:
        much = f"{figures.items}项任务待办"
        heads = [
            f"：{much}{named}{hearing}，{when}",
            f"：{much}{named}，{when}",
        ]
    return [f"{head}。{tail}" for tail in ("详见邮件或台账。", "详见台账。") for head in heads]


def _when(digest: Digest, figures: Count) -> str:
    today, said = digest.today, []
    if figures.late:
        longest = digest.left(min(item.due_on for item in digest.items))[0]
        if figures.items == 1:
            said.append(longest)
        elif figures.late == 1:
            said.append(f"1项{longest}")
        else:
            said.append(f"{figures.late}项已逾期（最长{longest.removeprefix('已')}）")
    if figures.nearest == today:
        said.append(f"{figures.today}项今日到期" if figures.items > 1 else "今日到期")
    elif figures.nearest:
        words = digest.left(figures.nearest)[0]
        said.append(f"最近{day_of(figures.nearest, today)}到期，{words}")
    return "，".join(said)
