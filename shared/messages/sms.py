"""A short message: whose items, how many, until when, and where the details are. Pure.

Gateways drop a repeated text, so the text names a task and the days left.
"""

from shared.messages.sms_parts import count_parts
from shared.messages.wording import (
    Count,
    Digest,
    clean,
    count_items,
    format_day,
    sort_items,
)

PARTS = 3
"""The most parts of a message."""
_SHORT_UNIT = 16
_REPLY_HINT = "回复1签收，2已办结。"


def write_sms(digest: Digest, signature: str) -> str:
    """The short message for `digest`: the fullest wording that fits one part.

    If the unit's name is too long for that, it has more parts, at most `PARTS`.
    """
    sign = write_signature(signature)
    return f"{sign}{write_message(digest, sign)}"


def write_signature(signature: str) -> str:
    """The signature at the head of a short message; empty when there is none."""
    return f"【{clean(signature)}】" if clean(signature) else ""


def write_message(digest: Digest, sign: str = "") -> str:
    """What follows the signature `sign`, so short that `write_sms` holds."""
    unit = clean(digest.unit)
    heads, tails = _list_heads(digest, count_items(digest)), _list_tails(digest)
    for tail in tails:
        for head in heads:
            text = f"{unit}{head}{tail}"
            if count_parts(sign + text) == 1:
                return text
    text, tail = f"{unit}{heads[-1]}", tails[-1]
    if count_parts(sign + text + tail) > PARTS:
        text = f"{unit[:_SHORT_UNIT]}…{heads[-1]}"
    while count_parts(sign + text + tail) > PARTS:
        text = text[:-1]  # never the tail, which has the code
    return text + tail


def add_reply_hint(text: str) -> str:
    """The message with how to answer it, where that takes no further part."""
    hinted = f"{text}{_REPLY_HINT}"
    return hinted if count_parts(hinted) == count_parts(text) else text


def make_sms_words(digest: Digest) -> dict[str, str]:
    """What the variables of a platform's approved template may show, by name.

    `items`, `late`: numbers of items; `first`: the number of the first one; `when`: how pressing it
    is; `address`, `code`, `until`: the way into the portal, empty where there is none.
    """
    figures, door = count_items(digest), digest.door
    return {
        "items": str(figures.items),
        "late": str(figures.late),
        "first": clean(sort_items(digest.items)[0].ref)[:12],
        "when": describe_time(digest, figures),
        "address": door.address if door else "",
        "code": door.secret if door else "",
        "until": format_day(door.until, digest.today) if door else "",
    }


def _list_tails(digest: Digest) -> list[str]:
    """What to do and where the details are, from the fullest wording to the shortest."""
    if digest.told_unit:
        return ["请督促，详见邮件或台账。", "请督促，详见台账。", "请督促。"]
    if digest.door:
        return [f"办理：{digest.door.address} 办理码{digest.door.secret}。"]
    return ["详见邮件或台账。", "详见台账。"]


def _list_heads(digest: Digest, figures: Count) -> list[str]:
    """What is owed until when, from the fullest wording to the shortest."""
    items = sort_items(digest.items)
    first = clean(items[0].ref)[:12]
    named = f"（任务{first}{'等' if figures.items > 1 else ''}）"
    when = describe_time(digest, figures)
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
    return [f"{head}。" for head in heads]


def describe_time(digest: Digest, figures: Count) -> str:
    """How pressing it is: `1项已逾期5个工作日，最近12月31日到期，还有3个工作日`."""
    today, phrases = digest.today, []
    if figures.late:
        longest = digest.describe_time_left(min(item.due_on for item in digest.items))[0]
        if figures.items == 1:
            phrases.append(longest)
        elif figures.late == 1:
            phrases.append(f"1项{longest}")
        else:
            phrases.append(f"{figures.late}项已逾期（最长{longest.removeprefix('已')}）")
    if figures.nearest == today:
        phrases.append(f"{figures.today}项今日到期" if figures.items > 1 else "今日到期")
    elif figures.nearest:
        words = digest.describe_time_left(figures.nearest)[0]
        phrases.append(f"最近{format_day(figures.nearest, today)}到期，{words}")
    return "，".join(phrases)
