"""What an HTTP gateway's answer means, and whose fault a refusal is. Pure.

HTTP 200 is not success by itself: the gateways that units use put the result into the body. And
what is not understood is neither success nor refusal: nobody can tell whether it was taken.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from services.notifier.message import Accepted, Outcome, Refusal, Refused, Unknown
from services.notifier.policy.vocabulary import (
    BAD,
    GOOD,
    canonical,
    reason_of_code,
    reason_of_text,
)

_DEEP = 4
"""Levels of an answer that are looked into: Tencent puts its codes on the third."""
_CODES = (
    *("code", "errcode", "status", "statuscode", "errorcode", "errno", "rspcod", "rspcode"),
    *("respcode", "returnstatus", "returncode", "resultcode"),
)
"""Names of a result, in lower case without `_` and `-`."""
_WORDED = {"status", "returnstatus", "result"}
"""Those whose unknown words may tell of anything; an unknown word in the others is a failure."""
_HOLDERS = ("response", "sendstatusset", "data", "result", "results", "body")
"""Names of what may hold the result, where the outer level tells none."""
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
"""They speak of the address that we post to, of our account or of how we post."""


class _Kind(Enum):
    GOOD = "good"
    BAD = "bad"
    ODD = "odd"  # there is a result, and nobody can tell which


@dataclass(frozen=True, slots=True)
class _Result:
    kind: _Kind
    told: str
    reason: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """How one gateway's answers are read.

    Attributes:
        success: values of a result that mean success.
        permanent: values that no later attempt can mend.
    """

    success: frozenset[str]
    permanent: frozenset[str] = frozenset()


def judge_answer(status: int, body: bytes, name: str, words: Words) -> Outcome:
    """What an answer means. Its details are as the gateway wrote them, of any length.

    Args:
        status: of HTTP.
        body: all of it; of a status outside 2xx as much as could be read.
        name: of the message, where the gateway names it otherwise not.
        words: how this gateway's answers are read.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _judge_body(body, name, words)
    return _judge_status(status, body, words)


def _judge_status(status: int, body: bytes, words: Words) -> Refused | Unknown:
    """A status outside 2xx. 5xx may come from a proxy after the gateway took the message."""
    detail = f"HTTP {status}"
    if status in _LATER:
        return Refused(Refusal.BUSY, permanent=False, detail=detail)
    if status in _ADDRESS_WRONG:
        return Refused(Refusal.REFUSES_US, permanent=False, detail=detail)
    if not 400 <= status < 500 or status == HTTPStatus.CONFLICT:  # noqa: PLR2004 - HTTP 4xx
        return Unknown(detail)  # 409 may well be said to a repeat
    if status == HTTPStatus.UNAUTHORIZED:
        return Refused(Refusal.UNAUTHORISED, permanent=False, detail=detail)
    if status == HTTPStatus.GONE:
        return Refused(Refusal.GONE, permanent=False, detail=detail)
    told = _result_of(_loaded(body), words, _DEEP)
    reason = told.reason if told else None
    if status == HTTPStatus.FORBIDDEN and reason in {None, Refusal.REFUSES_US}:
        reason = Refusal.FORBIDDEN
    reason = reason or Refusal.REJECTED
    return Refused(reason, permanent=reason is Refusal.REJECTED, detail=detail)


def _judge_body(body: bytes, name: str, words: Words) -> Outcome:
    if not body.strip():
        return Accepted(name)
    said = _loaded(body)
    if said is _TORN:
        word = canonical(body.decode("ascii", "replace"))
        told = body.decode("utf-8", "replace")
        return Accepted(name) if word in words.success else Unknown(f"not understood: {told}")
    if isinstance(said, dict) or said == []:  # an object that tells no result is a plain 2xx
        result = _result_of(said, words, _DEEP) or _Result(_Kind.GOOD, "")
    elif isinstance(said, list):
        result = _result_of(said, words, _DEEP) or _Result(_Kind.ODD, str(said))
    else:
        result = _scalar(said, words)
    match result.kind:
        case _Kind.GOOD:
            return Accepted(_id_in(said) or name)
        case _Kind.ODD:
            return Unknown(f"not understood: {result.told}")
        case _Kind.BAD:
            return _failure(result, said, words)


def _scalar(said: object, words: Words) -> _Result:
    good = canonical(said) in words.success
    return _Result(_Kind.GOOD if good else _Kind.ODD, str(said))


def _failure(result: _Result, said: object, words: Words) -> Refused:
    if _codes_of(said) & words.permanent:
        return Refused(Refusal.ANSWERED_FAILURE, permanent=True, detail=result.told)
    reason = result.reason or Refusal.ANSWERED_FAILURE
    return Refused(reason, permanent=reason is Refusal.REJECTED, detail=result.told)


_TORN = object()


def _loaded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # also a text that is no UTF-8, or nested without end
        return _TORN


def _plain(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


def _result_of(said: object, words: Words, deep: int) -> _Result | None:
    """The result that an answer tells: of the outermost level that tells any, the worst."""
    if not deep:
        return None
    if isinstance(said, list):
        return _worst([_result_of(each, words, deep - 1) for each in said])
    if not isinstance(said, dict):
        return None
    fields = {_plain(key): value for key, value in said.items() if isinstance(key, str)}
    found = [_error(fields[key], words, deep) for key in _ERRORS if key in fields]
    if "success" in fields:
        found.append(_success(fields["success"]))
    found += [_value(key, fields[key], words) for key in _CODES if key in fields]
    if not any(found):
        found.append(_value("result", fields.get("result"), words))
    inner = [_result_of(fields[key], words, deep - 1) for key in _HOLDERS if key in fields]
    result = _worst(found) or _worst(inner)
    if result is None or result.kind is not _Kind.BAD or result.reason:
        return result
    deeper = (each.reason for each in (*found, *inner) if each and each.reason)
    texts = " ".join(str(fields[key]) for key in _TEXTS if key in fields)
    return _Result(result.kind, result.told, next(deeper, None) or reason_of_text(texts))


def _worst(found: Sequence[_Result | None]) -> _Result | None:
    for kind in (_Kind.BAD, _Kind.ODD, _Kind.GOOD):
        for each in found:
            if each and each.kind is kind:
                return each
    return None


def _success(value: object) -> _Result | None:
    if value is None:
        return None
    told, word = f"success: {value}", canonical(value)
    if word in GOOD or word == "1":
        return _Result(_Kind.GOOD, told)
    return _Result(_Kind.BAD if word in BAD or word == "0" else _Kind.ODD, told)


def _value(key: str, value: object, words: Words) -> _Result | None:
    """What one field tells of the result; None when it tells nothing, or holds others."""
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    told, word = f"{key}: {value}", canonical(value)
    if word in words.success or value is True:
        return _Result(_Kind.GOOD, told)
    if isinstance(value, float) and not math.isfinite(value):
        return _Result(_Kind.ODD, told)
    known = reason_of_code(word)
    number = isinstance(value, int | float) or word.lstrip("+-").isdigit()
    if known or number or word in BAD or key not in _WORDED:
        return _Result(_Kind.BAD, told, known)
    return _Result(_Kind.ODD, told)


def _error(value: object, words: Words, deep: int) -> _Result | None:
    """What an `error` tells. One whose code is not known is not understood."""
    if not value:
        return None
    if isinstance(value, dict | list):
        inner = _result_of(value, words, deep - 1)
        if inner and inner.kind is _Kind.BAD and inner.reason:
            return inner
        return _Result(_Kind.ODD, f"error: {value}")
    if canonical(value) in words.success - {"true"}:
        return None
    reason = reason_of_code(canonical(value)) or reason_of_text(str(value))
    if reason or value is True or isinstance(value, int | float):
        return _Result(_Kind.BAD, f"error: {value}", reason)
    return _Result(_Kind.ODD, f"error: {value}")


def _codes_of(said: object, deep: int = _DEEP) -> set[str]:
    if not deep or not isinstance(said, dict | list):
        return set()
    if isinstance(said, list):
        return set[str]().union(*(_codes_of(each, deep - 1) for each in said))
    own = {canonical(value) for key, value in said.items() if _plain(key) in _CODES}
    return own.union(*(_codes_of(value, deep - 1) for value in said.values()))


def _id_in(said: object, deep: int = _DEEP) -> str:
    """The gateway's own name of the message, from the outermost level that has one."""
    if not deep or not isinstance(said, dict | list):
        return ""
    inner: Sequence[object] = said if isinstance(said, list) else list(said.values())
    if isinstance(said, dict):
        fields = {_plain(key): value for key, value in said.items() if isinstance(key, str)}
        for key in _IDS:
            value = fields.get(key)
            if value and isinstance(value, str | int) and value is not True:
                return str(value)
    return next((name for each in inner if (name := _id_in(each, deep - 1))), "")
