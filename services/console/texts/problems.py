"""What a problem of the API says on a page: in the reader's language, with what to do. Pure.

The API's texts are Chinese followed by English. Where a text has no Chinese, the kind of the
problem is described in Chinese, and the API's own text stands behind it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.console.texts.languages import N_
from shared.api.problems import Problem, choose_part, replace_marks

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_BY_TYPE: Mapping[str, tuple[str, str]] = {
    "away": (N_("暂时连不上催办服务。"), N_("请稍后再试；仍不行请告诉系统管理员。")),
    "forbidden": (N_("您的账号没有这项权限。"), N_("需要时请联系本办公室的管理员。")),
    "not-found": (N_("没有找到，可能已被删除，或不属于本办公室。"), N_("请从列表重新进入。")),
    "conflict": (N_("现在的状态不允许这样做。"), N_("请刷新页面，看看最新情况再办。")),
    "invalid": (N_("填写的内容有误。"), N_("请按提示修改后再提交。")),
    "request-too-large": (N_("内容太大，无法提交。"), N_("请缩短内容，或拆分文件。")),
    "too-large": (N_("内容太大，无法提交。"), N_("请缩短内容，或拆分文件。")),
    "clock-wrong": (N_("服务器时间不准，暂时不能修改。"), N_("请告诉系统管理员校准服务器时间。")),
    "database-restored": (
        N_("数据库刚从备份恢复，暂时不能修改。"),
        N_("请等系统管理员核对后再试。"),
    ),
    "request-in-progress": (N_("同一个请求正在处理。"), N_("请稍等片刻，再刷新页面。")),
    "newer-release": (N_("系统正在升级，这项内容暂时看不到。"), N_("请升级完成后再试。")),
}
_OTHER = (N_("没有办成。"), N_("请稍后再试；仍不行请告诉系统管理员。"))
_FIELD_ERRORS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"[Ff]ield required|at least 1 (character|item)", N_("请填写这一项。")),
        (r"at most (?P<most>\d+) characters", N_("最多 %(most)s 个字。")),
        (r"valid date", N_("请写成 2026-12-02 这样的日期。")),
        (r"valid (integer|number)", N_("请填写数字。")),
        (r"greater than or equal to (?P<least>\S+)", N_("不能小于 %(least)s。")),
        (r"less than or equal to (?P<most>\S+)", N_("不能大于 %(most)s。")),
        (r"no mobile number", N_("手机号应为 11 位数字。")),
        (r"no e-mail address", N_("不是电子邮箱地址。")),
        (r"Give an e-mail address or a mobile", N_("手机和邮箱至少填一个。")),
        (r"The last day is before the first", N_("截止日期早于起始日期。")),
        (r"is no date", N_("请写成 2026-12-02 这样的日期。")),
        (r"is too long", N_("内容太长，请缩短。")),
        (r"control characters", N_("含有无法保存的字符，请删去。")),
        (r"valid (enumeration|literal|input)|Input should be '", N_("请从列出的选项中选择。")),
    )
)


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """A problem as a page shows it. `original` is the API's English text where it says more."""

    status: int
    text: str
    hint: str
    original: str = ""
    correlation_id: str = ""


def describe(problem: Problem, language: str, translate: Callable[[str], str]) -> ShownProblem:
    """A problem in a language."""
    name = problem.type.rpartition(":")[2]
    text, hint = map(translate, _BY_TYPE.get(name, _OTHER))
    if name not in _BY_TYPE and problem.title:
        text = choose_part(problem.title, language)
    detail, advice = (_read_text(each, language) for each in (problem.detail, problem.hint))
    if language != "zh" or _CHINESE.search(detail):
        original, text, hint = "", detail or text, advice or (hint if not detail else "")
    else:
        known = translate(problem.detail) if problem.detail else ""
        if known != problem.detail:
            original, text = "", known
        else:
            original = " ".join(filter(None, (problem.detail, problem.hint)))
    return ShownProblem(problem.status, text, hint, original, problem.correlation_id)


def _read_text(text: str, language: str) -> str:
    """A text of the API without what only a caller of the API knows."""
    return replace_marks(choose_part(text, language), lambda _mark: None)


def list_field_errors(problem: Problem, translate: Callable[[str], str]) -> dict[str, str]:
    """What is wrong with each field of a request's body, by the field's name."""
    errors: dict[str, str] = {}
    for row in problem.errors:
        place = str(row.get("where", "")).split(".")
        named = place[1] if len(place) > 1 and place[0] == "body" else place[0]
        if named.isidentifier() and (len(place) == 1 or place[0] == "body"):
            errors.setdefault(named, _describe_field(str(row.get("message", "")), translate))
    return errors


def _describe_field(message: str, translate: Callable[[str], str]) -> str:
    for pattern, text in _FIELD_ERRORS:
        if match := pattern.search(message):
            return translate(text) % match.groupdict() if match.groupdict() else translate(text)
    return _read_text(message.removeprefix("Value error, "), "zh")
