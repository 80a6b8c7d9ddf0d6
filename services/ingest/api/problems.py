"""Answers every error as problem+json (RFC 9457), without internal details."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from services.ingest.api.problem_titles import get_title
from services.ingest.api.value_faults import describe_value_fault
from services.ingest.documents.errors import DocumentError
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.accounts.signing_in import SignInError, SignInFault
from shared.api.problems import Problem
from shared.errors import NewerValueError
from shared.kafka.outbox.publishing import TooLargeError
from shared.logging import log

_MOST = 100
REALM = 'Bearer realm="cuiban"'
"""The header WWW-Authenticate of a 401."""
_UNSTORABLE = ("22", "54")
"""SQLSTATE classes: a value that PostgreSQL refuses, and one over its limits."""
_STATUS = {
    Fault.NOT_FOUND: 404,
    Fault.CONFLICT: 409,
    Fault.UNCONFIRMED: 409,
    Fault.INVALID: 422,
    Fault.FORBIDDEN: 403,
    Fault.TOO_MANY: 429,
}

_SIGN_IN = {
    SignInFault.WRONG: (
        "用户名或密码不正确。The name or the password is wrong.",
        "请检查后重试；忘记密码请联系管理员重置。Try again, or ask an administrator for a reset.",
    ),
    SignInFault.CODE_NEEDED: (
        "还需要一次性验证码。A one-time code is needed.",
        "请输入验证器上的六位数字，或一个恢复码（`code`）。Enter it, or a recovery code (`code`).",
    ),
    SignInFault.WRONG_CODE: (
        "验证码不正确或已用过。The code is wrong, or was used before.",
        "请等下一个验证码，并校准手机时间。Wait for the next code, and set the telephone's clock.",
    ),
    SignInFault.PROVIDER_AWAY: (
        "统一身份认证暂时无法使用。The identity provider does not answer as it must.",
        "请稍后再试，或用用户名和密码登录。Try again later, or sign in with name and password.",
    ),
    SignInFault.PROVIDER_REFUSED: (
        "统一身份认证未确认本次登录。The identity provider did not confirm this sign-in.",
        "请重新登录，并在十分钟内完成。Begin again, and finish within ten minutes.",
    ),
    SignInFault.NO_ACCOUNT: (
        "您在本系统中没有可用的账号。You have no account here that can be used.",
        "请联系本单位管理员开通账号。Ask an administrator of the office for an account.",
    ),
    SignInFault.WAIT: (
        "登录失败次数过多，请稍后再试。There were too many failed sign-ins.",
        "请稍等后再试（`Retry-After`：秒数）。Wait before trying again (`Retry-After`: seconds).",
    ),
}

_HTTP_FAULTS = {
    400: "请求无法解析。",
    404: "没有这个地址。",
    405: "这个地址不支持该方法。",
}
"""What the framework refuses by itself; it says it in English."""
_HTTP_HINTS = {
    404: "请核对地址（`GET /v1/openapi.json`）。Check the address (`GET /v1/openapi.json`).",
    405: "请核对地址和方法（`GET /v1/openapi.json`）。Check the method (`GET /v1/openapi.json`).",
    413: "请分几次发送，或减小后重试。Send less at once.",
}
_HINTS = {
    Fault.NOT_FOUND: "它可能已删除，或不归您办理，请从列表中重新查找。"
    "It may have been deleted, or is not yours: look for it in its list again.",
    Fault.CONFLICT: "请重新查看后再办理。Look at it again, then decide anew.",
    Fault.INVALID: "请修改后重新提交。Correct it, then send it again.",
}
"""What to do about a refusal that does not say it itself."""
_UNAUTHORIZED = 401
_SIGN_IN_STATUS = {SignInFault.WAIT: 429, SignInFault.PROVIDER_AWAY: 503}
"""Other statuses than 401."""


class ProblemError(Exception):
    """A refusal of the API itself, before or after a handler."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail, self.hint = status, name, detail, hint
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def make_problem(
    status: int,
    name: str,
    detail: str,
    *,
    hint: str = "",
    errors: Sequence[Mapping[str, Any]] = (),
    allowed: Sequence[str] = (),
    correlation_id: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response. Characters that are no Unicode are replaced."""
    body = Problem(
        type=f"urn:cuiban:problem:{name}",
        title=get_title(name, status),
        status=status,
        detail=_clean_text(detail),
        hint=_clean_text(hint),
        errors=[{key: _clean_value(value) for key, value in row.items()} for row in errors],
        allowed=list(allowed),
        correlation_id=correlation_id,
    )
    return Response(
        body.model_dump_json(), status, headers=headers, media_type="application/problem+json"
    )


def _clean_text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()[:1000]


def _clean_value(value: object) -> object:
    return _clean_text(value) if isinstance(value, str) else value


def _get_correlation_id(request: Request) -> str:
    return str(request.scope.get("cuiban.correlation_id", ""))


async def _answer_problem(request: Request, error: ProblemError) -> Response:
    return make_problem(
        error.status,
        error.name,
        error.detail,
        hint=error.hint,
        errors=error.errors,
        headers=error.headers,
        correlation_id=_get_correlation_id(request),
    )


async def _answer_refusal(request: Request, error: RefusedError) -> Response:
    return make_problem(
        _STATUS[error.fault],
        error.fault.value,
        error.message,
        hint=error.hint or _HINTS.get(error.fault, ""),
        errors=error.details,
        allowed=error.allowed,
        correlation_id=_get_correlation_id(request),
    )


async def _answer_sign_in(request: Request, error: SignInError) -> Response:
    detail, hint = _SIGN_IN[error.fault]
    status = _SIGN_IN_STATUS.get(error.fault, 401)
    seconds = str(ceil(error.wait.total_seconds()))
    return make_problem(
        status,
        error.fault.value,
        detail,
        hint=hint,
        headers={"WWW-Authenticate": REALM}
        if status == _UNAUTHORIZED
        else {"Retry-After": seconds},
        correlation_id=_get_correlation_id(request),
    )


async def _answer_document(request: Request, error: DocumentError) -> Response:
    return make_problem(
        422,
        f"document-{error.code.value}",
        error.message,
        errors=[{"code": error.code.value, "message": error.message}],
        correlation_id=_get_correlation_id(request),
    )


async def _answer_large(request: Request, error: TooLargeError) -> Response:
    return make_problem(
        422,
        "too-large",
        f"内容过大，无法保存。It is too large to be stored: {error.message}",
        hint="请缩短文字，或分成几部分。Shorten its texts, or divide it.",
        correlation_id=_get_correlation_id(request),
    )


async def _answer_invalid(request: Request, error: RequestValidationError) -> Response:
    rows = [
        {"where": ".".join(map(str, row["loc"])), "message": describe_value_fault(row)}
        for row in error.errors()[:_MOST]
    ]
    return make_problem(
        422,
        "invalid",
        "请求有误。The request is not valid.",
        hint="请修改列出的每一处（`errors`）。Correct each place that is named (`errors`).",
        errors=rows,
        correlation_id=_get_correlation_id(request),
    )


async def _answer_http(request: Request, error: HTTPException) -> Response:
    name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return make_problem(
        error.status_code,
        name,
        _HTTP_FAULTS.get(error.status_code, "") + str(error.detail),
        hint=_HTTP_HINTS.get(error.status_code, ""),
        headers=error.headers,
        correlation_id=_get_correlation_id(request),
    )


async def _answer_database(request: Request, error: DBAPIError) -> Response:
    """A value that PostgreSQL refuses is the caller's error; any other error is raised again."""
    if not (getattr(error.orig, "sqlstate", None) or "").startswith(_UNSTORABLE):
        raise error
    return make_problem(
        422,
        "invalid",
        "请求中有无法保存的内容。The request contains a value that can't be stored.",
        hint="请去掉控制字符，并核对数字和日期。"
        "Leave out control characters and keep numbers and dates within reason.",
        correlation_id=_get_correlation_id(request),
    )


async def _answer_newer_value(request: Request, error: NewerValueError) -> Response:
    """Another process, of the newer release, may answer the same request."""
    log(__name__).error("http.newer_value", wrong=error.message, hint=error.hint)
    return make_problem(
        503,
        "newer-release",
        "数据由更新的版本写入，本进程不能识别。"
        "A newer release of the service stored a value that this one does not know.",
        hint="请在升级完成后重试。Try again after the upgrade has ended.",
        headers={"Retry-After": "60"},
        correlation_id=_get_correlation_id(request),
    )


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    ProblemError: _answer_problem,
    RefusedError: _answer_refusal,
    SignInError: _answer_sign_in,
    DocumentError: _answer_document,
    TooLargeError: _answer_large,
    RequestValidationError: _answer_invalid,
    HTTPException: _answer_http,
    DBAPIError: _answer_database,
    NewerValueError: _answer_newer_value,
}


def install(app: FastAPI) -> None:
    """Let the application answer its errors as problems."""
    for kind, handler in _HANDLERS.items():
        app.exception_handler(kind)(handler)
