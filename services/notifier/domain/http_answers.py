"""What an HTTP gateway's answer means, and what caused a refusal. Pure.

HTTP 200 alone is no success: the gateways that offices use put the result into the body. An answer
that is not understood is neither success nor refusal: the outcome is unknown.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.vocabulary import (
    BAD,
    GOOD,
    find_reason_by_code,
    find_reason_in_text,
    normalise,
)

_DEEP = 4
"""Levels of an answer that are searched: Tencent puts its codes on the third."""
_CODES = (
    *("code", "errcode", "status", "statuscode", "errorcode", "errno", "rspcod", "rspcode"),
    *("respcode", "returnstatus", "returncode", "resultcode"),
)
"""Keys of a result, in lower case without `_` and `-`."""
_WORDED = {"status", "returnstatus", "result"}
"""In these an unknown word may mean anything; in the other keys it means a failure."""
_HOLDERS = ("response", "sendstatusset", "data", "result", "results", "body")
"""Keys of objects that may contain the result, if the outer level has none."""
_ERRORS = ("error", "errors")
_TEXTS = ("message", "msg", "errmsg", "errormsg", "errormessage", "description", "desc", "reason")
_IDS = (
    *("gatewaymessageid", "messageid", "msgid", "msggroup", "mgsgroup", "bizid", "smsmsgid"),
    *("serialno", "id"),
)
_LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
_ADDRESS_WRONG = {
    *(HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT),
    *(HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED),
    *(HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED),
    *(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.MISDIRECTED_REQUEST),
    HTTPStatus.UPGRADE_REQUIRED,
}
"""These statuses are about the URL, our account or our request, not about the message."""


class _Kind(Enum):
    GOOD = "good"
    BAD = "bad"
    ODD = "odd"  # there is a result, and it is not understood


@dataclass(frozen=True, slots=True)
class _Result:
    kind: _Kind
    shown: str
    reason: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """How one gateway's answers are read.

    Attributes:
        success: values of a result that mean success.
        permanent: values that mean that no later attempt can succeed.
    """

    success: frozenset[str]
    permanent: frozenset[str] = frozenset()


def judge_answer(status: int, body: bytes, name: str, words: Words) -> Outcome:
    """What an answer means. Its details are as the gateway wrote them, of any length.

    Args:
        status: of HTTP.
        body: complete for a status of 2xx; otherwise as much as could be read.
        name: the id of the message, for a gateway that gives it none.
        words: how this gateway's answers are read.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _judge_body(body, name, words)
    return _judge_status(status, body, words)


def _judge_status(status: int, body: bytes, words: Words) -> MessageRefused | OutcomeUnknown:
    """A status outside 2xx. A proxy may send 5xx after the gateway accepted the message."""
    detail = f"HTTP {status}"
    if status in _LATER:
        return MessageRefused(Refusal.BUSY, permanent=False, detail=detail)
    if status in _ADDRESS_WRONG:
        return MessageRefused(Refusal.REFUSES_US, permanent=False, detail=detail)
    if not 400 <= status < 500 or status == HTTPStatus.CONFLICT:  # noqa: PLR2004 - HTTP 4xx
        return OutcomeUnknown(detail)  # 409 may answer a repeat
    if status == HTTPStatus.UNAUTHORIZED:
        return MessageRefused(Refusal.UNAUTHORISED, permanent=False, detail=detail)
    if status == HTTPStatus.GONE:
        return MessageRefused(Refusal.GONE, permanent=False, detail=detail)
    shown = _find_result(_parse(body), words, _DEEP)
    reason = shown.reason if shown else None
    if shown:
        detail = f"{detail}, {shown.shown}"
    if status == HTTPStatus.FORBIDDEN and reason in {None, Refusal.REFUSES_US}:
        reason = Refusal.FORBIDDEN
    reason = reason or Refusal.REJECTED
    return MessageRefused(reason, permanent=reason is Refusal.REJECTED, detail=detail)


def _judge_body(body: bytes, name: str, words: Words) -> Outcome:
    if not body.strip():
        return MessageAccepted(name)
    answer = _parse(body)
    if answer is _NO_JSON:
        word = normalise(body.decode("ascii", "replace"))
        if word in words.success:
            return MessageAccepted(name)
        return OutcomeUnknown(f"not understood: {body.decode('utf-8', 'replace')}")
    if isinstance(answer, dict) or answer == []:  # an object without a result is a plain 2xx
        result = _find_result(answer, words, _DEEP) or _Result(_Kind.GOOD, "")
    elif isinstance(answer, list):
        result = _find_result(answer, words, _DEEP) or _Result(_Kind.ODD, str(answer))
    else:
        result = _judge_scalar(answer, words)
    match result.kind:
        case _Kind.GOOD:
            return MessageAccepted(_find_id(answer) or name)
        case _Kind.ODD:
            return OutcomeUnknown(f"not understood: {result.shown}")
        case _Kind.BAD:
            return _make_refusal(result, answer, words)


def _judge_scalar(answer: object, words: Words) -> _Result:
    good = normalise(answer) in words.success
    return _Result(_Kind.GOOD if good else _Kind.ODD, str(answer))


def _make_refusal(result: _Result, answer: object, words: Words) -> MessageRefused:
    if _collect_codes(answer) & words.permanent:
        return MessageRefused(Refusal.ANSWERED_FAILURE, permanent=True, detail=result.shown)
    reason = result.reason or Refusal.ANSWERED_FAILURE
    return MessageRefused(reason, permanent=reason is Refusal.REJECTED, detail=result.shown)


_NO_JSON = object()


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # also bytes that are no UTF-8, or nested too deep
        return _NO_JSON


def _normalise_key(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


def _find_result(answer: object, words: Words, deep: int) -> _Result | None:
    """The result in an answer: on the outermost level that has any, the worst."""
    if not deep:
        return None
    if isinstance(answer, list):
        return _pick_worst([_find_result(item, words, deep - 1) for item in answer])
    if not isinstance(answer, dict):
        return None
    fields = {_normalise_key(key): value for key, value in answer.items() if isinstance(key, str)}
    results = [_judge_error(fields[key], words, deep) for key in _ERRORS if key in fields]
    if "success" in fields:
        results.append(_judge_success(fields["success"]))
    results += [_judge_field(key, fields[key], words) for key in _CODES if key in fields]
    if not any(results):
        results.append(_judge_field("result", fields.get("result"), words))
    inner = [_find_result(fields[key], words, deep - 1) for key in _HOLDERS if key in fields]
    result = _pick_worst(results) or _pick_worst(inner)
    if result is None or result.kind is not _Kind.BAD or result.reason:
        return result
    deeper = (item.reason for item in (*results, *inner) if item and item.reason)
    texts = " ".join(str(fields[key]) for key in _TEXTS if key in fields)
    return _Result(result.kind, result.shown, next(deeper, None) or find_reason_in_text(texts))


def _pick_worst(results: Sequence[_Result | None]) -> _Result | None:
    for kind in (_Kind.BAD, _Kind.ODD, _Kind.GOOD):
        for item in results:
            if item and item.kind is kind:
                return item
    return None


def _judge_success(value: object) -> _Result | None:
    if value is None:
        return None
    shown, word = f"success: {value}", normalise(value)
    if word in GOOD or word == "1":
        return _Result(_Kind.GOOD, shown)
    return _Result(_Kind.BAD if word in BAD or word == "0" else _Kind.ODD, shown)


def _judge_field(key: str, value: object, words: Words) -> _Result | None:
    """The result that one field gives; None when it gives none, or contains other fields."""
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    shown, word = f"{key}: {value}", normalise(value)
    if word in words.success or value is True:
        return _Result(_Kind.GOOD, shown)
    if isinstance(value, float) and not math.isfinite(value):
        return _Result(_Kind.ODD, shown)
    known = find_reason_by_code(word)
    number = isinstance(value, int | float) or word.lstrip("+-").isdigit()
    if known or number or word in BAD or key not in _WORDED:
        return _Result(_Kind.BAD, shown, known)
    return _Result(_Kind.ODD, shown)


def _judge_error(value: object, words: Words, deep: int) -> _Result | None:
    """The result that an `error` field gives. An unknown code is not understood."""
    if not value:
        return None
    if isinstance(value, dict | list):
        inner = _find_result(value, words, deep - 1)
        if inner and inner.kind is _Kind.BAD and inner.reason:
            return inner
        return _Result(_Kind.ODD, f"error: {value}")
    if normalise(value) in words.success - {"true"}:
        return None
    reason = find_reason_by_code(normalise(value)) or find_reason_in_text(str(value))
    if reason or value is True or isinstance(value, int | float):
        return _Result(_Kind.BAD, f"error: {value}", reason)
    return _Result(_Kind.ODD, f"error: {value}")


def _collect_codes(answer: object, deep: int = _DEEP) -> set[str]:
    if not deep or not isinstance(answer, dict | list):
        return set()
    if isinstance(answer, list):
        return set[str]().union(*(_collect_codes(item, deep - 1) for item in answer))
    own = {normalise(value) for key, value in answer.items() if _normalise_key(key) in _CODES}
    return own.union(*(_collect_codes(value, deep - 1) for value in answer.values()))


def _find_id(answer: object, deep: int = _DEEP) -> str:
    """The gateway's own id of the message, from the outermost level that has one."""
    if not deep or not isinstance(answer, dict | list):
        return ""
    inner: Sequence[object] = answer if isinstance(answer, list) else list(answer.values())
    if isinstance(answer, dict):
        fields = {
            _normalise_key(key): value for key, value in answer.items() if isinstance(key, str)
        }
        for key in _IDS:
            value = fields.get(key)
            if value and isinstance(value, str | int) and value is not True:
                return str(value)
    return next((name for item in inner if (name := _find_id(item, deep - 1))), "")
