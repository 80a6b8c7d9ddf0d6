"""The title of each kind of problem, in Chinese and then in English (RFC 9457, section 3.1.3).

A title names the kind and is the same each time; the detail says what happened this time.
"""

from collections.abc import Mapping
from http import HTTPStatus

TITLES: Mapping[str, str] = {
    "aborted": "请求中途断开。The request ended too early.",
    "bad-cursor": "翻页位置无效。The place in the list is not valid.",
    "bad-form": "表单无法解析。The form can't be read.",
    "bad-idempotency-key": "幂等键无效。The idempotency key is not valid.",
    "clock-wrong": "服务器时间不准。The server's clock is wrong.",
    "code-needed": "还需要一次性验证码。A one-time code is needed.",
    "code-wrong": "验证码不正确。The code is wrong.",
    "conflict": "现在的状态不允许这样做。The present state does not allow it.",
    "database-restored": "数据库刚恢复。The database was restored.",
    "document": "读不出这个文件。The document can't be read.",
    "forbidden": "没有这项权限。The caller is not permitted to do it.",
    "idempotency-key-reused": "幂等键已用于另一请求。The key belongs to another request.",
    "internal": "服务程序出错。The program failed.",
    "invalid": "请求有误。The request is not valid.",
    "link-expired": "链接已失效。The link is no longer valid.",
    "link-unknown": "链接或办理码无效。The link or the code is not valid.",
    "newer-release": "数据由更新的版本写入。A newer release wrote it.",
    "no-account": "没有可用的账号。There is no account that can be used.",
    "no-file": "没有收到文件。There is no file in the request.",
    "not-found": "没有找到。It was not found.",
    "provider-away": "统一身份认证暂时无法使用。The identity provider is away.",
    "provider-refused": "统一身份认证未确认。The identity provider did not confirm it.",
    "request-in-progress": "同一请求正在处理。The same request is being handled.",
    "request-too-large": "请求过大。The request is too large.",
    "sign-in-failed": "登录未成功。The sign-in failed.",
    "too-large": "内容过大。The content is too large to be stored.",
    "too-many-failures": "失败次数过多。There were too many failures.",
    "too-many-requests": "次数过多，请稍后再试。There were too many; wait.",
    "unauthorized": "需要先登录。The caller must sign in.",
    "unavailable": "服务暂时无法处理。The service can't answer now.",
    "unconfirmed": "需要先确认其后果。What it means must be confirmed.",
    "unknown-parameter": "没有这个参数。There is no such parameter.",
    "uploads-busy": "上传过多，请稍候。Too many files arrive at once.",
}
"""By the last part of a problem's `type`; `document` stands for each `document-…`."""

_CLIENT, _SERVER = "请求未被接受。The request was refused", "服务未能处理。The service failed"


def get_title(name: str, status: int) -> str:
    """The title of a kind of problem; of a kind that only a framework knows, by its status."""
    kind = "document" if name.startswith("document-") else name
    side = _SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _CLIENT
    return TITLES.get(kind) or f"{side}: {HTTPStatus(status).phrase}."
